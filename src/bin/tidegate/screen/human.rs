//! Verdicts for people.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::value::RawValue;
use tidegate::{Action, Finding, Message, Span, Variants, Verdict};

use super::{BadLine, Tally};
use crate::packs::Rules;
use crate::term::{self, styled};

/// Bytes of a text that are shown on each side of its hits.
const AROUND: usize = 160;

/// What is shown of one message.
pub(super) struct Shown<'a> {
    pub(super) line: u64,
    pub(super) id: Option<&'a RawValue>,
    pub(super) message: &'a Message<'a>,
    pub(super) verdict: &'a Verdict,
}

/// A message that is not clean, with its hits marked and its rules below. Clean ones are only counted, unless somebody types.
pub(super) fn verdict(
    out: &mut Vec<u8>,
    rules: &Rules,
    shown: &Shown<'_>,
    color: bool,
    typed: bool,
) {
    // A vector takes all that is written.
    let _ = try_verdict(out, rules, shown, color, typed);
}

fn try_verdict(
    out: &mut Vec<u8>,
    rules: &Rules,
    shown: &Shown<'_>,
    color: bool,
    typed: bool,
) -> io::Result<()> {
    let Verdict {
        action,
        coverage,
        findings,
        shadow,
        ..
    } = shown.verdict;
    if findings.is_empty() && shadow.is_empty() && *action == Action::Pass {
        if typed {
            writeln!(out, "{}", styled(term::DIM, "pass"))?;
        }
        return Ok(());
    }
    write!(out, "{}", styled(term::of(*action), action))?;
    let name = match shown.id {
        Some(id) => format!(
            "{} (line {})",
            term::shown(id.get().trim_matches('"')),
            shown.line
        ),
        None => format!("line {}", shown.line),
    };
    write!(out, "  {}", styled(term::BOLD, name))?;
    if !coverage.is_complete() {
        write!(out, "  not looked at completely: {coverage}")?;
    }
    writeln!(out)?;
    let all = || findings.iter().chain(shadow);
    for (part, text) in shown.message.parts().iter().enumerate() {
        let spans: Vec<Span> = all()
            .flat_map(|finding| &finding.hits)
            .filter(|hit| hit.part == part && hit.earlier.is_none())
            .map(|hit| hit.span)
            .collect();
        let (text, spans, cut) = excerpt(text, spans);
        let marked = term::marked(text, spans, color);
        writeln!(out, "  {}{marked}{}", cut.0, cut.1)?;
    }
    for finding in findings {
        rule(out, rules, finding, "")?;
    }
    for finding in shadow {
        rule(out, rules, finding, "in shadow, ")?;
    }
    writeln!(out)
}

/// The part of a long text around its hits, and what shows that it was cut.
fn excerpt(text: &str, spans: Vec<Span>) -> (&str, Vec<Span>, (&'static str, &'static str)) {
    let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let last = spans
        .iter()
        .map(|span| span.end)
        .filter(|end| *end <= first + 4 * AROUND)
        .max()
        .unwrap_or(first);
    let start = term::border(text, first.saturating_sub(AROUND));
    let end = term::border(text, last + AROUND);
    let moved = spans
        .into_iter()
        .filter(|span| span.end <= end)
        .map(|span| Span::new(span.start - start, span.end - start))
        .collect();
    (
        &text[start..end],
        moved,
        (
            if start > 0 { "…" } else { "" },
            if end < text.len() { "…" } else { "" },
        ),
    )
}

fn rule(out: &mut Vec<u8>, rules: &Rules, finding: &Finding, how: &str) -> io::Result<()> {
    let Finding {
        rule,
        category,
        severity,
        action,
        lowered_from,
        listings,
        hits,
        ..
    } = finding;
    write!(
        out,
        "  {} {}",
        styled(term::of(*action), format_args!("{how}{action}")),
        styled(term::BOLD, rule)
    )?;
    if let Some(title) = rules.title(rule) {
        write!(out, "  {title}")?;
    }
    write!(
        out,
        "  {}",
        styled(term::DIM, format_args!("{category}, {}", severity.name()))
    )?;
    if let Some(from) = lowered_from {
        write!(out, ", lowered from {from}")?;
    }
    if finding.alert {
        write!(out, ", wants an alert")?;
    }
    for listing in listings {
        write!(out, ", {} {}", listing.list, listing.reference)?;
    }
    writeln!(out)?;
    let mut seen: Vec<(&str, Variants)> = Vec::new();
    for hit in hits {
        let (term, variants) = (&*hit.term, hit.variants);
        if seen.contains(&(term, variants)) {
            continue;
        }
        seen.push((term, variants));
        write!(out, "      {}", term::shown(term))?;
        if let Some(earlier) = &hit.earlier {
            let messages = term::count(earlier.back, "message");
            write!(out, "  begun {messages} of the sender before")?;
        }
        if !variants.is_empty() {
            let names: Vec<&str> = variants.iter().map(tidegate::Variant::name).collect();
            write!(out, "  by {}", names.join(", "))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A bad line.
pub(super) fn bad(out: &mut Vec<u8>, bad: &BadLine<'_>) {
    // A vector takes all that is written.
    let _ = writeln!(
        out,
        "{}  line {}: {} ({})\n",
        styled(term::BAD, "bad line"),
        bad.line,
        bad.error.message,
        bad.error.code
    );
}

/// What it came to.
pub(super) fn summary(out: &mut term::Out, tally: &Tally, took: Duration) -> io::Result<()> {
    let messages = tally.messages();
    write!(
        out,
        "{}",
        styled(term::BOLD, term::count(messages, "message"))
    )?;
    for action in Action::ALL.into_iter().rev() {
        let n = tally.actions[action as usize];
        if n > 0 {
            write!(
                out,
                ", {}",
                styled(term::of(action), format_args!("{n} {action}"))
            )?;
        }
    }
    if tally.bad > 0 {
        let bad = term::count(tally.bad, "bad line");
        write!(out, ", {}", styled(term::BAD, bad))?;
    }
    let seconds = took.as_secs_f64();
    let rate = messages as f64 / seconds.max(1e-9);
    writeln!(
        out,
        "{}",
        styled(term::DIM, format_args!(" in {seconds:.2} s ({rate:.0}/s)"))
    )?;
    if tally.shadow_held > 0 {
        writeln!(
            out,
            "rules in shadow would hold {} that are delivered:",
            term::count(tally.shadow_held, "message")
        )?;
        for (rule, held) in &tally.shadow_rules {
            writeln!(out, "{held:8}  {rule}")?;
        }
    }
    Ok(())
}
