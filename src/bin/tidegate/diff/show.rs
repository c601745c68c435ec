//! What a change would do, for people and for programs.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use tidegate::{Action, Span};

use super::Side;
use super::tally::{Change, OfRule, OfTenant, Sample, Tally};
use crate::term::{self, Out, styled};

/// Rules and tenants that are shown to people.
const ROWS: usize = 30;

pub(super) struct Shown<'a> {
    pub(super) sides: [&'a Side<'a>; 2],
    pub(super) tally: &'a Tally,
    pub(super) took: Duration,
    pub(super) max_new_holds: Option<u64>,
}

/// What `--format json` writes.
#[derive(Serialize)]
struct Whole<'a> {
    old: OneSide<'a>,
    new: OneSide<'a>,
    messages: u64,
    seconds: f64,
    bad_lines: &'a std::collections::BTreeMap<&'static str, u64>,
    newly_held: u64,
    newly_freed: u64,
    other_action: u64,
    other_findings: u64,
    max_new_holds: Option<u64>,
    /// Messages by old action and new action.
    matrix: Vec<Row>,
    rules: Vec<Named<'a, OfRule>>,
    tenants: Vec<Named<'a, OfTenant>>,
    samples: &'a [Sample],
}

#[derive(Serialize)]
struct OneSide<'a> {
    name: &'a str,
    rulesets: Vec<String>,
    steps: u64,
    nanoseconds: u64,
}

#[derive(Serialize)]
struct Row {
    old: &'static str,
    new: &'static str,
    messages: u64,
}

#[derive(Serialize)]
struct Named<'a, T> {
    name: &'a str,
    #[serde(flatten)]
    counts: &'a T,
}

impl Shown<'_> {
    pub(super) fn json(&self, out: &mut Out) -> io::Result<()> {
        let side = |at: usize| OneSide {
            name: self.sides[at].name,
            rulesets: self.sides[at].digests(),
            steps: self.tally.steps[at],
            nanoseconds: self.tally.nanos[at],
        };
        let Tally {
            matrix,
            held,
            freed,
            action,
            findings,
            rules,
            tenants,
            bad,
            samples,
            ..
        } = self.tally;
        let mut rows = Vec::new();
        for old in Action::ALL {
            rows.extend(Action::ALL.map(|new| Row {
                old: old.name(),
                new: new.name(),
                messages: matrix[old as usize][new as usize],
            }));
        }
        let whole = Whole {
            old: side(0),
            new: side(1),
            messages: self.tally.messages(),
            seconds: self.took.as_secs_f64(),
            bad_lines: bad,
            newly_held: *held,
            newly_freed: *freed,
            other_action: *action,
            other_findings: *findings,
            max_new_holds: self.max_new_holds,
            matrix: rows,
            rules: rules
                .iter()
                .map(|(name, counts)| Named { name, counts })
                .collect(),
            tenants: tenants
                .iter()
                .map(|(name, counts)| Named { name, counts })
                .collect(),
            samples,
        };
        serde_json::to_writer(&mut *out, &whole).map_err(io::Error::from)?;
        writeln!(out)
    }

    pub(super) fn human(&self, out: &mut Out) -> io::Result<()> {
        let tally = self.tally;
        for (word, side) in ["old", "new"].into_iter().zip(self.sides) {
            let digest = side.digests().pop().unwrap_or_default();
            let digest = digest.get(..15).unwrap_or_default();
            writeln!(
                out,
                "{}  {}  {}",
                styled(term::BOLD, word),
                term::shown(side.name),
                styled(term::DIM, digest)
            )?;
        }
        if self.sides[0].digests() == self.sides[1].digests() {
            writeln!(out, "the rules are the same on both sides")?;
        }
        let seconds = self.took.as_secs_f64();
        write!(
            out,
            "{} in {seconds:.2} s",
            count(tally.messages(), "message")
        )?;
        let bad: u64 = tally.bad.values().sum();
        if bad > 0 {
            let codes: Vec<String> = tally
                .bad
                .iter()
                .map(|(code, bad)| format!("{bad} {code}"))
                .collect();
            let said = format!("{} ({})", count(bad, "bad line"), codes.join(", "));
            write!(out, ", {}", styled(term::BAD, said))?;
        }
        writeln!(out, "\n")?;
        self.changes(out)?;
        self.matrix(out)?;
        self.rules(out)?;
        self.tenants(out)?;
        self.cost(out)?;
        for (change, title) in [
            (Change::Held, "Newly held"),
            (Change::Freed, "Newly freed"),
            (Change::Action, "Another action"),
            (Change::Findings, "The same action, other findings"),
        ] {
            self.samples(out, change, title)?;
        }
        if let Some(most) = self.max_new_holds {
            let held = count(tally.held, "message");
            let over = tally.held > most;
            let style = if over { term::BAD } else { term::GOOD };
            let word = if over { "more than" } else { "within" };
            let said = format!("newly held: {held}, {word} the {most} allowed");
            writeln!(out, "{}", styled(style, said))?;
        }
        Ok(())
    }

    fn changes(&self, out: &mut Out) -> io::Result<()> {
        let all = self.tally.messages();
        for (name, changed, style) in [
            ("newly held", self.tally.held, term::BAD),
            ("newly freed", self.tally.freed, term::GOOD),
            ("another action", self.tally.action, term::BOLD),
            ("other findings", self.tally.findings, term::BOLD),
        ] {
            let style = if changed == 0 { term::DIM } else { style };
            let percent = 100.0 * changed as f64 / (all.max(1)) as f64;
            let said = format!("{changed:>10}  {name:<15} {percent:.4}%");
            writeln!(out, "{}", styled(style, said))?;
        }
        writeln!(out)
    }

    fn matrix(&self, out: &mut Out) -> io::Result<()> {
        write!(out, "{}", styled(term::BOLD, "old \\ new"))?;
        for new in Action::ALL {
            write!(out, "{:>11}", new.name())?;
        }
        writeln!(out)?;
        for old in Action::ALL {
            write!(out, "{:<9}", old.name())?;
            for new in Action::ALL {
                let n = self.tally.matrix[old as usize][new as usize];
                let style = match old.cmp(&new) {
                    _ if n == 0 => term::DIM,
                    std::cmp::Ordering::Less => term::BAD,
                    std::cmp::Ordering::Equal => term::BOLD,
                    std::cmp::Ordering::Greater => term::GOOD,
                };
                write!(out, "{}", styled(style, format_args!("{n:>11}")))?;
            }
            writeln!(out)?;
        }
        writeln!(out)
    }

    fn rules(&self, out: &mut Out) -> io::Result<()> {
        let moved = |rule: &OfRule| {
            let shadow = rule.shadow_old + rule.shadow_new > 0;
            rule.held + rule.freed + rule.changed > 0 || rule.fired_old != rule.fired_new || shadow
        };
        let mut rules: Vec<_> = self
            .tally
            .rules
            .iter()
            .filter(|(_, rule)| moved(rule))
            .collect();
        rules.sort_by_key(|(_, rule)| std::cmp::Reverse((rule.held, rule.freed, rule.changed)));
        let head = ["held", "freed", "changed", "fired", "shadow would hold"];
        let rows = rules.into_iter().map(|(name, rule)| {
            let shadow = match (rule.shadow_old, rule.shadow_new) {
                (0, 0) => String::new(),
                (old, new) => format!("{old} → {new}"),
            };
            let fired = format!("{} → {}", rule.fired_old, rule.fired_new);
            let counts = [rule.held, rule.freed, rule.changed].map(|count| count.to_string());
            let [held, freed, changed] = counts;
            (&**name, [held, freed, changed, fired, shadow])
        });
        table(out, "Rules", head, rows.collect())
    }

    fn tenants(&self, out: &mut Out) -> io::Result<()> {
        let tenants = &self.tally.tenants;
        if tenants.len() < 2 {
            return Ok(());
        }
        let mut tenants: Vec<_> = tenants.iter().collect();
        tenants.sort_by_key(|(_, of)| std::cmp::Reverse((of.held, of.freed, of.changed)));
        let rows = tenants.into_iter().map(|(name, of)| {
            let counts = [of.held, of.freed, of.changed, of.messages];
            (&**name, counts.map(|count| count.to_string()))
        });
        let head = ["held", "freed", "changed", "messages"];
        table(out, "Tenants", head, rows.collect())
    }

    fn cost(&self, out: &mut Out) -> io::Result<()> {
        let messages = self.tally.messages().max(1) as f64;
        let each = |all: [u64; 2]| all.map(|sum| sum as f64 / messages);
        let [old, new] = each(self.tally.steps);
        let percent = |old: f64, new: f64| 100.0 * (new / old.max(1e-9) - 1.0);
        let ratio = percent(old, new);
        writeln!(out, "{}", styled(term::BOLD, "Cost of a message"))?;
        writeln!(out, "  steps  {old:>9.1} → {new:.1}  ({ratio:+.1}%)")?;
        let [old, new] = each(self.tally.nanos).map(|nanos| nanos / 1_000.0);
        let ratio = percent(old, new);
        writeln!(out, "  time   {old:>9.2} → {new:.2} µs  ({ratio:+.1}%)\n")
    }

    fn samples(&self, out: &mut Out, change: Change, title: &str) -> io::Result<()> {
        let samples = self.tally.samples.iter();
        let samples: Vec<&Sample> = samples.filter(|sample| sample.change == change).collect();
        if samples.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", styled(term::BOLD, title))?;
        for sample in samples {
            write!(out, "  line {}", sample.line)?;
            if let Some(id) = &sample.id {
                write!(out, " ({})", term::shown(id))?;
            }
            let rules = sample.rules.join(", ");
            writeln!(out, "  {} → {}  {rules}", sample.old, sample.new)?;
            match &sample.text {
                Some(text) => {
                    let spans = sample.spans.iter();
                    let spans = spans.map(|(start, end)| Span::new(*start, *end));
                    writeln!(out, "    {}", term::marked(text, spans, out.color))?;
                }
                None => {
                    let places: Vec<String> = sample
                        .spans
                        .iter()
                        .map(|(start, end)| format!("{start}..{end}"))
                        .collect();
                    let said = format!("text left out; hits at {}", places.join(", "));
                    writeln!(out, "    {}", styled(term::DIM, said))?;
                }
            }
        }
        writeln!(out)
    }
}

/// Names with counts, those that matter most first.
fn table<const N: usize>(
    out: &mut Out,
    title: &str,
    head: [&str; N],
    rows: Vec<(&str, [String; N])>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let more = rows.len().saturating_sub(ROWS);
    let rows = &rows[..rows.len() - more];
    let name_width = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let mut widths = head.map(width);
    for (_, cells) in rows {
        for (widest, cell) in widths.iter_mut().zip(cells) {
            *widest = (*widest).max(width(cell));
        }
    }
    let name_width = name_width.max(title.len());
    let pad = |text: &dyn Display, len: usize, to: usize| {
        format!("{:1$}{text}", "", to.saturating_sub(len))
    };
    write!(out, "{title:<name_width$}")?;
    for (word, widest) in head.iter().zip(widths) {
        write!(out, "  {}", pad(word, width(word), widest))?;
    }
    writeln!(out)?;
    for (name, cells) in rows {
        let shown = term::shown(name);
        write!(
            out,
            "{shown}{:1$}",
            "",
            name_width.saturating_sub(width(name))
        )?;
        for (cell, widest) in cells.iter().zip(widths) {
            write!(out, "  {}", pad(cell, width(cell), widest))?;
        }
        writeln!(out)?;
    }
    if more > 0 {
        writeln!(
            out,
            "{}",
            styled(term::DIM, format_args!("and {more} more"))
        )?;
    }
    writeln!(out)
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn count(n: u64, one: &str) -> String {
    term::count(usize::try_from(n).unwrap_or(usize::MAX), one)
}
