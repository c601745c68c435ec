//! `tidegate explain`: why a text is decided as it is, and why not otherwise.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::Serialize;
use tidegate::explain::{
    Candidate, CandidateExplained, ConditionExplained, Explanation, HitExplained, Miss,
    RuleExplained, ViewExplained,
};
use tidegate::verdict::Report;
use tidegate::{Message, Scanner, Scene, Timestamp, Variant, Variants};

use crate::check::Format;
use crate::packs::Rules;
use crate::term::{self, Out, styled};
use crate::{Broke, Done, time};

/// Candidates that are shown.
const CANDIDATES: usize = 40;

/// Shows why a text is decided as it is: how it is read, what might stand in it, what does, and what each rule makes of that
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text; `-` reads it from standard input
    text: String,
    /// A pack, or a folder of packs, to screen with (repeatable)
    #[arg(long = "pack", value_name = "PATH")]
    packs: Vec<PathBuf>,
    /// Leave the base library out
    #[arg(long)]
    no_base: bool,
    /// Where the text goes: private, group, open_group, channel or profile
    #[arg(long, default_value = "group", value_parser = scene)]
    scene: Scene,
    /// The time that rules and listings are judged by: `now`, or a time such as 2026-11-23T10:00:00Z
    #[arg(long, default_value = "now", value_parser = time::parse)]
    at: Timestamp,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

fn scene(name: &str) -> Result<Scene, String> {
    Scene::from_name(name).ok_or_else(|| {
        let all: Vec<&str> = Scene::ALL.into_iter().map(Scene::name).collect();
        format!("write one of {}", all.join(", "))
    })
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let mut text = args.text.clone();
    if text == "-" {
        text.clear();
        io::stdin().lock().read_to_string(&mut text)?;
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    let rules = Rules::load(&args.packs, args.no_base, None)?;
    let message = Message::text(&text).scene(args.scene);
    let explanation = Scanner::new().explain(&rules.rulesets(), &rules.policy, &message, args.at);
    let mut out = Out::new();
    match args.format {
        Format::Json => {
            #[derive(Serialize)]
            struct Whole<'a> {
                verdict: Report<'a>,
                scene: Scene,
                at: String,
                #[serde(flatten)]
                explanation: &'a Explanation,
            }
            let whole = Whole {
                verdict: Report::new(&explanation.verdict, &message),
                scene: args.scene,
                at: time::show(args.at),
                explanation: &explanation,
            };
            serde_json::to_writer(&mut out, &whole).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Format::Human => human(&mut out, &rules, &explanation, &text)?,
    }
    out.flush()?;
    Ok(Done::Well)
}

fn human(out: &mut Out, rules: &Rules, explanation: &Explanation, text: &str) -> io::Result<()> {
    let spans = explanation.hits.iter().map(|hit| hit.span);
    heading(out, "Text")?;
    writeln!(out, "  {}", term::marked(text, spans, out.color))?;
    for view in &explanation.views {
        let how = match (view.decoded, view.as_l) {
            (false, false) => "Read as",
            (false, true) => "Read with look-alikes of i and l as l",
            (true, false) => "Read with escapes decoded",
            (true, true) => "Read with escapes decoded, and look-alikes of i and l as l",
        };
        heading(out, how)?;
        read(out, view, text)?;
        candidates(out, view, text)?;
    }
    heading(out, "Hits")?;
    if explanation.hits.is_empty() {
        writeln!(out, "  none")?;
    }
    for hit in &explanation.hits {
        writeln!(out, "  {}", hit_line(hit, text))?;
    }
    heading(out, "Rules")?;
    if explanation.rules.is_empty() {
        writeln!(out, "  none was touched")?;
    }
    for rule in &explanation.rules {
        rule_lines(out, rule, explanation, rules.title(&rule.rule))?;
    }
    for (rule, why) in &rules.asleep {
        writeln!(
            out,
            "  {}",
            styled(term::DIM, format_args!("{rule} is {why}, and not screened"))
        )?;
    }
    let verdict = &explanation.verdict;
    heading(out, "Verdict")?;
    write!(
        out,
        "  {}",
        styled(term::of(verdict.action), verdict.action)
    )?;
    if !verdict.coverage.is_complete() {
        write!(out, ", not looked at completely: {}", verdict.coverage)?;
    }
    writeln!(out)
}

fn heading(out: &mut Out, text: &str) -> io::Result<()> {
    writeln!(out, "{}", styled(term::BOLD, text))
}

fn read(out: &mut Out, view: &ViewExplained, text: &str) -> io::Result<()> {
    writeln!(out, "  folded    {}", term::shown(&view.folded()))?;
    writeln!(out, "  skeleton  {}", term::shown(&view.skeleton))?;
    let mut looks: Vec<String> = Vec::new();
    for cluster in &view.clusters {
        let shown = text.get(cluster.span.start..cluster.span.end);
        if let (Some(look), Some(shown)) = (&cluster.look, shown) {
            let said = format!("{} like {look}", term::shown(shown));
            if !looks.contains(&said) {
                looks.push(said);
            }
        }
    }
    if !looks.is_empty() {
        writeln!(out, "  looks     {}", looks.join(", "))?;
    }
    Ok(())
}

fn candidates(out: &mut Out, view: &ViewExplained, text: &str) -> io::Result<()> {
    let mut all: Vec<&CandidateExplained> = view.candidates.iter().collect();
    // Of what is not found, first what came furthest.
    all.sort_by_key(|candidate| {
        let missed = matches!(candidate.outcome, Candidate::Missed(_));
        (missed, candidate.symbols - candidate.matched)
    });
    for candidate in all.iter().take(CANDIDATES) {
        let shown = text.get(candidate.span.start..candidate.span.end);
        let shown = term::shown(shown.unwrap_or_default());
        let (mark, said) = match candidate.outcome {
            Candidate::Found => (tick(true), "found".to_owned()),
            Candidate::Covered => (
                tick(true),
                "found, and another hit of it is there".to_owned(),
            ),
            Candidate::Missed(miss) => (tick(false), why(miss).to_owned()),
        };
        writeln!(
            out,
            "  {mark} {}  in {shown}  {}",
            term::shown(&candidate.term),
            styled(term::DIM, said)
        )?;
    }
    if all.len() > CANDIDATES {
        let more = all.len() - CANDIDATES;
        writeln!(
            out,
            "    {}",
            styled(term::DIM, format_args!("and {more} more candidates"))
        )?;
    }
    Ok(())
}

/// Why a candidate is no hit.
pub(crate) const fn why(miss: Miss) -> &'static str {
    match miss {
        Miss::Letter => "another letter stands where the term goes on",
        Miss::Gap => {
            "the gap is one that ordinary prose has, or too long, or the term does not take gaps"
        }
        Miss::Stretch => "the letter is doubled as ordinary words double it",
        Miss::LeftBorder => "it begins inside a word",
        Miss::RightBorder => "it ends inside a word",
        Miss::Grapheme => "it would begin or end inside a character",
    }
}

fn tick(held: bool) -> String {
    if held {
        styled(term::GOOD, "✓")
    } else {
        styled(term::BAD, "✗")
    }
}

fn by(variants: Variants) -> String {
    if variants.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = variants.iter().map(Variant::name).collect();
    format!(", by {}", names.join(" and "))
}

fn hit_line(hit: &HitExplained, text: &str) -> String {
    let shown = text.get(hit.span.start..hit.span.end).unwrap_or_default();
    format!(
        "{}  {}..{} {}  in {}{}",
        term::shown(&hit.term),
        hit.span.start,
        hit.span.end,
        term::shown(shown),
        hit.lists.join(", "),
        by(hit.variants)
    )
}

/// A rule: whether it fires, and if not, what keeps it.
pub(crate) fn rule_lines(
    out: &mut Out,
    rule: &RuleExplained,
    explanation: &Explanation,
    title: Option<&str>,
) -> io::Result<()> {
    write!(
        out,
        "  {} {}",
        tick(rule.fired),
        styled(term::BOLD, &rule.rule)
    )?;
    if let Some(title) = title {
        write!(out, "  {title}")?;
    }
    let found = &explanation.verdict;
    let finding = found
        .findings
        .iter()
        .chain(&found.shadow)
        .find(|finding| finding.rule == rule.rule);
    match finding {
        Some(finding) => {
            write!(
                out,
                "  {}",
                styled(term::of(finding.action), finding.action)
            )?;
            if let Some(from) = finding.lowered_from {
                write!(out, ", lowered from {from}")?;
            }
        }
        None => write!(out, "  does not fire")?,
    }
    writeln!(out, "{}", if rule.shadow { ", in shadow" } else { "" })?;
    if !rule.in_scene {
        writeln!(out, "      {} not in this scene", tick(false))?;
    }
    if !rule.in_effect {
        writeln!(out, "      {} not in effect at this time", tick(false))?;
    }
    if rule.rollout < 10_000 {
        let percent = f64::from(rule.rollout) / 100.0;
        let said = if rule.rolled_out {
            "this conversation is one of them"
        } else {
            "not this one: in shadow"
        };
        let mark = tick(rule.rolled_out);
        writeln!(
            out,
            "      {mark} in {percent}% of the conversations, {said}"
        )?;
    }
    let listed = rule
        .listings
        .iter()
        .any(|listing| listing.in_force && listing.heeded);
    for listing in &rule.listings {
        let said = match (listing.in_force, listing.heeded) {
            (true, true) => "in force",
            (false, _) => "not in force at this time",
            (true, false) => "not among the jurisdictions",
        };
        let mark = match listing.in_force && listing.heeded {
            // One is enough.
            false if listed => styled(term::DIM, "·"),
            counts => tick(counts),
        };
        let (list, reference) = (&listing.list, &listing.reference);
        writeln!(out, "      {mark} listed: {list} {reference}, {said}")?;
    }
    condition(out, &rule.when, explanation, "", 6)?;
    for removed in &rule.removed {
        let (hit, by) = (
            &explanation.hits[removed.hit],
            &explanation.hits[removed.by],
        );
        let (hit, by) = (term::shown(&hit.term), term::shown(&by.term));
        writeln!(
            out,
            "        {hit} does not count inside the exception {by}"
        )?;
    }
    if let Some(lower) = rule.lower.as_ref().filter(|_| rule.when.held) {
        let held = if lower.held {
            "it holds"
        } else {
            "it does not hold"
        };
        writeln!(out, "      lower to {}: {held}", lower.to)?;
        condition(out, &lower.when, explanation, "when ", 8)?;
        if let Some(unless) = &lower.unless {
            condition(out, unless, explanation, "unless ", 8)?;
        }
    }
    Ok(())
}

fn condition(
    out: &mut Out,
    condition: &ConditionExplained,
    explanation: &Explanation,
    word: &str,
    indent: usize,
) -> io::Result<()> {
    let mark = tick(condition.held);
    write!(out, "{:indent$}{mark} {word}{}", "", condition.says)?;
    if condition.members.is_empty() {
        let mut hits: Vec<String> = condition
            .hits
            .iter()
            .map(|hit| {
                let hit = &explanation.hits[*hit];
                term::shown(&hit.term) + &by(hit.variants)
            })
            .collect();
        hits.dedup();
        if !hits.is_empty() {
            write!(out, ": {}", hits.join("; "))?;
        }
    }
    if let Some(nearest) = condition.nearest.filter(|_| !condition.held) {
        let nearest = format!("  the nearest are {} apart", term::count(nearest, "unit"));
        write!(out, "{}", styled(term::DIM, nearest))?;
    }
    writeln!(out)?;
    // Of many names, those of which nothing was found say nothing that the line above does not.
    let many = condition.members.len() > 2;
    for member in &condition.members {
        if !many || member.held || !member.members.is_empty() {
            self::condition(out, member, explanation, "", indent + 2)?;
        }
    }
    Ok(())
}
