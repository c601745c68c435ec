//! `tidegate explain`: why a text is decided as it is, and why not otherwise.

mod ruleset;

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::Serialize;
use tidegate::explain::{
    Candidate, CandidateExplained, ClusterExplained, ConditionExplained, Explanation, HitExplained,
    Miss, RuleExplained, ViewExplained,
};
use tidegate::verdict::Report;
use tidegate::{Message, Scanner, Scene, Variant, Variants};

use crate::check::Format;
use crate::messages::{At, Input};
use crate::packs::{Rules, TenantFile};
use crate::term::{self, Out, styled};
use crate::{Broke, Done, time};

/// Candidates that are shown.
const CANDIDATES: usize = 40;
/// Rules that saw hits of other rules alone, if there are no more of them.
const BYSTANDERS: usize = 12;
/// Characters whose way through the fold is shown.
const FOLDED: usize = 24;

/// Shows why a text is decided as it is: how it is read, what might stand in it, what does, and what each rule makes of that
///
/// What decided is named at the end. With the same packs, tenant's file and version of tidegate, the message is decided in the same way
/// at any time: `--verify` says whether these are the ones that a verdict names.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text; `-` reads it from standard input
    #[arg(required_unless_present = "ruleset")]
    text: Option<String>,
    /// Show, in place of a text, how the rules that are loaded are searched for, what they take, and how long compiling them took
    #[arg(long, conflicts_with_all = ["text", "ndjson", "scene", "conversation", "at", "verify", "all"])]
    ruleset: bool,
    /// The text is a message as `screen` reads it: a JSON object that may hold scene, conversation, time and parts as well
    #[arg(long, conflicts_with_all = ["scene", "conversation"])]
    ndjson: bool,
    /// A pack, or a folder of packs, to screen with (repeatable)
    #[arg(long = "pack", value_name = "PATH")]
    packs: Vec<PathBuf>,
    /// Leave the base library out
    #[arg(long)]
    no_base: bool,
    /// A tenant's file: its packs are screened with as well, and its policy decides
    #[arg(long, value_name = "FILE")]
    tenant: Option<PathBuf>,
    /// A jurisdiction whose lists count beside those of the United Nations, such as EU (repeatable); a tenant's file names its own
    #[arg(long = "jurisdiction", value_name = "CODE", conflicts_with = "tenant", value_parser = crate::packs::jurisdiction)]
    jurisdictions: Vec<String>,
    /// Where the text goes: private, group, open_group, channel or profile
    #[arg(long, default_value = "group", value_parser = scene)]
    scene: Scene,
    /// The conversation that it goes to, for rules that are rolled out in part
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    /// The time that rules and listings are judged by: `now`, `message` (with --ndjson, its time), or a time such as
    /// 2026-11-23T10:00:00Z
    #[arg(long, default_value = "now", value_parser = At::parse)]
    at: At,
    /// The `ruleset` of a verdict, or its beginning: exits with 1 if what is loaded is not what decided then
    #[arg(long, value_name = "b3:...", value_parser = digest)]
    verify: Option<String>,
    /// Show every rule, those too that saw hits of other rules alone and do not fire
    #[arg(long)]
    all: bool,
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

fn digest(text: &str) -> Result<String, String> {
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.strip_prefix("b3:") {
        Some(digits) if (8..=64).contains(&digits.len()) && is_hex(digits) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => {
            Err("write the `ruleset` of a verdict: `b3:` and 8 to 64 hexadecimal digits".to_owned())
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let mut text = args.text.clone().unwrap_or_default();
    if text == "-" {
        text.clear();
        io::stdin().lock().read_to_string(&mut text)?;
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    let tenant = match &args.tenant {
        Some(file) => Some(TenantFile::load(file)?),
        None => None,
    };
    let rules = Rules::load(&args.packs, args.no_base, tenant.as_ref())?
        .with_jurisdictions(&args.jurisdictions);
    if args.ruleset {
        let mut out = Out::new();
        ruleset::show(&mut out, &rules, args.format)?;
        out.flush()?;
        return Ok(Done::Well);
    }
    let id = tenant.as_ref().map(|file| &*file.tenant.id);
    let mut input = Input::default();
    if args.ndjson {
        let read = input.read_alone(&text).and_then(|()| input.belongs_to(id));
        read.map_err(|bad| Broke::Usage(format!("the message: {} ({})", bad.message, bad.code)))?;
    }
    let parts = input.parts();
    let message = if args.ndjson {
        input.message(&parts, id)
    } else {
        let mut message = Message::text(&text).scene(args.scene);
        message.tenant = id;
        message.conversation = args.conversation.as_deref();
        message
    };
    let at = args.at.of(&message, time::now());
    let explanation = Scanner::new().explain(&rules.rulesets(), &rules.policy, &message, at);
    let loaded = explanation.verdict.ruleset();
    let verified = args
        .verify
        .as_ref()
        .map(|named| loaded.starts_with(&**named));
    let mut out = Out::new();
    match args.format {
        Format::Json => {
            #[derive(Serialize)]
            struct Whole<'a> {
                verdict: Report<'a>,
                scene: Scene,
                conversation: Option<&'a str>,
                at: String,
                tidegate: &'static str,
                verified: Option<bool>,
                #[serde(flatten)]
                explanation: &'a Explanation,
            }
            let whole = Whole {
                verdict: Report::new(&explanation.verdict, &message),
                scene: message.scene,
                conversation: message.conversation,
                at: time::show(at),
                tidegate: env!("CARGO_PKG_VERSION"),
                verified,
                explanation: &explanation,
            };
            serde_json::to_writer(&mut out, &whole).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Format::Human => {
            human(&mut out, &rules, &explanation, &message, args.all)?;
            writeln!(
                out,
                "  {}",
                styled(
                    term::DIM,
                    format_args!(
                        "decided by {loaded}, tidegate {}, at {}",
                        env!("CARGO_PKG_VERSION"),
                        time::show(at)
                    )
                )
            )?;
            match verified {
                Some(true) => writeln!(out, "  {} these are the rules that it names", tick(true))?,
                Some(false) => writeln!(
                    out,
                    "  {} other rules decided then: load the packs, word files and tenant's file of that day, with the same \
                     version of tidegate",
                    tick(false)
                )?,
                None => {}
            }
        }
    }
    out.flush()?;
    Ok(if verified == Some(false) {
        Done::Badly
    } else {
        Done::Well
    })
}

fn human(
    out: &mut Out,
    rules: &Rules,
    explanation: &Explanation,
    message: &Message<'_>,
    all: bool,
) -> io::Result<()> {
    heading(out, "Text")?;
    for (part, text) in message.parts().iter().enumerate() {
        let hits = explanation.hits.iter().filter(|hit| hit.part == part);
        let marked = term::marked(text, hits.map(|hit| hit.span), out.color);
        writeln!(out, "  {marked}")?;
    }
    let part = |part: usize| message.parts().get(part).copied().unwrap_or_default();
    for (at, view) in explanation.views.iter().enumerate() {
        let how = match (view.decoded, view.as_l) {
            (false, false) => "Read as",
            (false, true) => "Read with look-alikes of i and l as l",
            (true, false) => "Read with escapes decoded",
            (true, true) => "Read with escapes decoded, and look-alikes of i and l as l",
        };
        heading(out, how)?;
        let text = part(view.part);
        // Most characters are read in the same way in each view.
        let before = &explanation.views[..at];
        read(out, view, before, text)?;
        candidates(out, view, text)?;
    }
    heading(out, "Hits")?;
    if explanation.hits.is_empty() {
        writeln!(out, "  none")?;
    }
    for hit in &explanation.hits {
        writeln!(out, "  {}", hit_line(hit, part(hit.part)))?;
    }
    heading(out, "Rules")?;
    if explanation.rules.is_empty() {
        writeln!(out, "  none was touched")?;
    }
    let bystanders = explanation.rules.iter().filter(|rule| rule.is_bystander());
    let bystanders = bystanders.count();
    let left_out = !all && bystanders > BYSTANDERS;
    for rule in &explanation.rules {
        if !(left_out && rule.is_bystander()) {
            rule_lines(out, rule, explanation, rules.title(&rule.rule))?;
        }
    }
    if left_out {
        let said = format!(
            "{bystanders} rules saw hits of other rules alone and do not fire; `--all` shows them"
        );
        writeln!(out, "  {}", styled(term::DIM, said))?;
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
        write!(
            out,
            ", not looked at completely: {}; the policy sets what that means at least",
            verdict.coverage
        )?;
    }
    writeln!(out)
}

fn heading(out: &mut Out, text: &str) -> io::Result<()> {
    writeln!(out, "{}", styled(term::BOLD, text))
}

fn read(
    out: &mut Out,
    view: &ViewExplained,
    before: &[ViewExplained],
    text: &str,
) -> io::Result<()> {
    let known = |cluster: &ClusterExplained| {
        before.iter().any(|view| {
            let at = view
                .clusters
                .binary_search_by_key(&cluster.span.start, |other| other.span.start);
            at.is_ok_and(|at| view.clusters[at].steps == cluster.steps)
        })
    };
    writeln!(out, "  folded    {}", term::shown(&view.folded()))?;
    writeln!(out, "  skeleton  {}", term::shown(&view.skeleton))?;
    let mut folds: Vec<String> = Vec::new();
    let mut looks: Vec<String> = Vec::new();
    for cluster in &view.clusters {
        let shown = text.get(cluster.span.start..cluster.span.end);
        if let Some(shown) = shown.filter(|_| !is_plain(cluster) && !known(cluster)) {
            let said = fold_line(shown, cluster);
            if !folds.contains(&said) {
                folds.push(said);
            }
        }
        if let (Some(look), Some(shown)) = (&cluster.look, shown) {
            let said = format!("{} like {look}", term::shown(shown));
            if !looks.contains(&said) {
                looks.push(said);
            }
        }
    }
    for said in folds.iter().take(FOLDED) {
        writeln!(out, "  fold      {said}")?;
    }
    if folds.len() > FOLDED {
        let more = format!("and {} more characters", folds.len() - FOLDED);
        writeln!(out, "            {}", styled(term::DIM, more))?;
    }
    if !looks.is_empty() {
        writeln!(out, "  looks     {}", looks.join(", "))?;
    }
    Ok(())
}

/// Whether nothing was made of a character but a small letter.
fn is_plain(cluster: &ClusterExplained) -> bool {
    match &cluster.steps[..] {
        [] => true,
        [one] => one.stage == "case",
        _ => false,
    }
}

/// A character, its bytes and code points, and what each stage makes of it.
fn fold_line(shown: &str, cluster: &ClusterExplained) -> String {
    let bytes: Vec<String> = shown.bytes().map(|byte| format!("{byte:02x}")).collect();
    let points: Vec<String> = shown
        .chars()
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect();
    let mut said = format!(
        "{} {} [{}]",
        term::shown(shown),
        points.join(" "),
        bytes.join(" ")
    );
    for step in &cluster.steps {
        let left = match &*step.text {
            "" => "nothing".to_owned(),
            text => term::shown(text),
        };
        said.push_str(&format!("  {} → {left}", step.stage));
    }
    said
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
    if let Some(became) = &rule.became {
        let mut way = vec![rule.action.to_string()];
        let steps = [
            ("lowered to", became.lowered),
            ("by an override", became.overridden),
        ];
        let steps = steps.into_iter().chain([(
            "in this scene",
            Some(became.in_scene).filter(|action| {
                *action != became.overridden.or(became.lowered).unwrap_or(rule.action)
            }),
        )]);
        way.extend(steps.filter_map(|(how, action)| Some(format!("{how} {}", action?))));
        if way.len() > 1 {
            writeln!(out, "      action {}", way.join(", "))?;
        }
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
