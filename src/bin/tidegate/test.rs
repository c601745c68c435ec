//! `tidegate test`: the samples that packs carry.

mod junit;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tidegate::explain::{Explanation, Miss};
use tidegate::pack::{Pack, SampleKind};
use tidegate::selftest::{self, Failure, Nearest, Outcome, Report, Skipped, Tested, Wrong};
use tidegate::{PackLimits, Scene};

use crate::check::Format;
use crate::packs::{self, Loaded};
use crate::term::{self, Out, styled};
use crate::{Broke, Done, evade, explain, time};

/// Runs the samples of the packs
///
/// The packs form one ruleset on top of the base library; where base packs are among them, these are the base. Exits with 1 if a
/// sample fails, and with 2 if a pack cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pack files, or folders with pack files (*.toml) in them or below
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// For people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Write the results as JUnit XML to this file, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// List the terms that no sample holds
    #[arg(long)]
    untested: bool,
    #[command(flatten)]
    evade: evade::Evade,
}

pub(crate) fn run(args: &Args) -> Result<Done, Broke> {
    let mut loaded = Vec::new();
    for file in packs::files(&args.paths)? {
        loaded.push(packs::load(&file)?);
    }
    if loaded.iter().any(Loaded::has_errors) {
        for loaded in loaded.iter().filter(|loaded| loaded.has_errors()) {
            // All of them are drawn before it ends.
            if let Err(Broke::Io(error)) = packs::report(loaded) {
                return Err(error.into());
            }
        }
        return Ok(Done::Wrong);
    }
    if args.evade.evade {
        let packs = loaded.into_iter().filter_map(|loaded| loaded.pack);
        return evade::run(&args.evade, packs.collect(), args.format);
    }
    let (base, own): (Vec<Pack>, Vec<Pack>) = loaded
        .iter()
        .filter_map(|loaded| loaded.pack.clone())
        .partition(|pack| packs::is_base(&pack.id));
    let mut report = Report::default();
    if !base.is_empty() {
        let ran = selftest::run(None, &base, &PackLimits::operator()).map_err(packs::broken)?;
        report = ran;
    }
    if !own.is_empty() {
        let below = if base.is_empty() {
            tidegate::base::ruleset().map_err(packs::broken)?
        } else {
            packs::compile(base, true)?
        };
        let ran = selftest::run(Some(&below), &own, &PackLimits::default());
        let ran = ran.map_err(packs::broken)?;
        report.samples.extend(ran.samples);
        report.unexercised.extend(ran.unexercised);
    }
    let places = Places::new(&loaded);
    let failed = report.failures().count();
    if let Some(path) = &args.junit {
        let written = std::fs::write(path, junit::write(&report, &places));
        written.map_err(|error| Broke::Usage(format!("{}: {error}", path.display())))?;
    }
    let mut out = Out::new();
    match args.format {
        Format::Human => human(&mut out, &loaded, &report, &places, args.untested)?,
        Format::Json => {
            serde_json::to_writer(&mut out, &whole(&loaded, &report, &places))
                .map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(if failed > 0 { Done::Badly } else { Done::Well })
}

/// Where samples stand.
struct Places<'a> {
    files: BTreeMap<Arc<str>, &'a Loaded>,
}

impl<'a> Places<'a> {
    fn new(loaded: &'a [Loaded]) -> Self {
        Self {
            files: loaded
                .iter()
                .filter_map(|loaded| Some((Arc::clone(&loaded.pack.as_ref()?.id), loaded)))
                .collect(),
        }
    }

    fn of(&self, tested: &Tested) -> (&'a str, usize) {
        let Some(loaded) = self.files.get(&tested.pack) else {
            return ("", 1);
        };
        let before = loaded.source.get(..tested.place.start).unwrap_or_default();
        (&loaded.name, 1 + before.matches('\n').count())
    }
}

/// How many samples of a pack held, failed, and were not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Count {
    held: usize,
    failed: usize,
    skipped: usize,
}

fn counts(report: &Report) -> BTreeMap<Arc<str>, Count> {
    let mut counts: BTreeMap<Arc<str>, Count> = BTreeMap::new();
    for tested in &report.samples {
        let count = counts.entry(Arc::clone(&tested.pack)).or_default();
        match tested.outcome {
            Outcome::Held => count.held += 1,
            Outcome::Failed(_) => count.failed += 1,
            Outcome::Skipped(_) => count.skipped += 1,
        }
    }
    counts
}

pub(crate) fn kind(kind: SampleKind) -> &'static str {
    match kind {
        SampleKind::Match => "match",
        SampleKind::Pass => "pass",
        SampleKind::Todo => "todo",
    }
}

fn skipped(why: Skipped) -> &'static str {
    match why {
        Skipped::Retired => "its rule is retired",
        _ => "it cannot be run",
    }
}

fn wrong(what: Wrong) -> String {
    match what {
        Wrong::DoesNotFire => "the rule does not fire".to_owned(),
        Wrong::Fires => "the rule fires".to_owned(),
        Wrong::FiresByNow => "the rule fires by now: move the sample to `match`".to_owned(),
        Wrong::Action { expected, found } => {
            format!("the rule asks for `{found}`, not for `{expected}`")
        }
        Wrong::CutShort(coverage) => format!("the text was not looked at completely: {coverage}"),
        _ => "not as expected".to_owned(),
    }
}

fn human(
    out: &mut Out,
    loaded: &[Loaded],
    report: &Report,
    places: &Places<'_>,
    untested: bool,
) -> io::Result<()> {
    for tested in &report.samples {
        let (file, line) = places.of(tested);
        match &tested.outcome {
            Outcome::Held | Outcome::Skipped(Skipped::Retired) => {}
            Outcome::Skipped(why) => {
                let said = format!("{file}:{line}: not run: {}", skipped(*why));
                writeln!(out, "{}", styled(term::DIM, said))?;
            }
            Outcome::Failed(failure) => {
                writeln!(
                    out,
                    "{} {}  {} sample, {file}:{line}",
                    styled(term::BAD, "FAILED"),
                    styled(term::BOLD, &tested.rule),
                    kind(tested.kind),
                )?;
                failed(out, tested, failure)?;
            }
        }
    }
    let counts = counts(report);
    for loaded in loaded {
        let Some(pack) = &loaded.pack else { continue };
        let count = counts.get(&pack.id).copied().unwrap_or_default();
        let style = if count.failed > 0 {
            term::BAD
        } else {
            term::GOOD
        };
        write!(
            out,
            "{}  {}",
            styled(term::BOLD, &pack.id),
            styled(
                style,
                format_args!("{} held, {} failed", count.held, count.failed)
            )
        )?;
        if count.skipped > 0 {
            write!(out, ", {} not run", count.skipped)?;
        }
        writeln!(out)?;
        let lists = || {
            report
                .unexercised
                .iter()
                .filter(|list| list.pack == pack.id)
        };
        let terms: usize = lists().map(|list| list.terms.len()).sum();
        if terms == 0 {
            continue;
        }
        let hint = if untested {
            ":"
        } else {
            " (`--untested` lists them)"
        };
        let said = format!("  {} in no sample{hint}", term::count(terms, "term"));
        writeln!(out, "{}", styled(term::DIM, said))?;
        for list in lists().filter(|_| untested) {
            let of = list
                .rule
                .as_ref()
                .map_or(String::new(), |rule| format!(" of {rule}"));
            let shown: Vec<String> = list.terms.iter().map(|term| term::shown(term)).collect();
            writeln!(
                out,
                "    {}{of}, {} of {}: {}",
                list.list,
                shown.len(),
                list.of,
                shown.join(", ")
            )?;
        }
    }
    Ok(())
}

fn failed(out: &mut Out, tested: &Tested, failure: &Failure) -> io::Result<()> {
    writeln!(out, "  {}", wrong(failure.what))?;
    let rule = failure.rule(&tested.rule);
    // What the rule saw, or, if it fired, what took part.
    let finding = failure
        .explanation
        .verdict
        .findings
        .iter()
        .chain(&failure.explanation.verdict.shadow)
        .find(|finding| finding.rule == tested.rule);
    let spans: Vec<_> = match finding {
        Some(finding) => finding
            .hits
            .iter()
            .filter(|hit| hit.earlier.is_none())
            .map(|hit| hit.span)
            .collect(),
        None => Vec::new(),
    };
    let text = term::marked(&tested.text, spans, out.color);
    writeln!(out, "  text      {text}")?;
    writeln!(out, "  folded    {}", term::shown(&failure.folded))?;
    if tested.scene != Scene::default() {
        writeln!(out, "  scene     {}", tested.scene)?;
    }
    if let Some(nearest) = &failure.nearest {
        writeln!(out, "  nearest   {}", near(nearest, &tested.text))?;
    }
    if let Some(rule) = rule {
        if !rule.in_effect || rule.listings.iter().any(|listing| !listing.in_force) {
            writeln!(out, "  time      {}", time::show(tested.at))?;
        }
        explain::rule_lines(out, rule, &failure.explanation, None)?;
    }
    writeln!(out)
}

fn near(nearest: &Nearest, text: &str) -> String {
    match nearest {
        Nearest::Refused { term, span, why } => {
            let shown = text.get(span.start..span.end).unwrap_or_default();
            format!(
                "{} in {}: {}",
                term::shown(term),
                term::shown(shown),
                explain::why(*why)
            )
        }
        Nearest::Differs {
            term,
            edits,
            closest,
        } => {
            format!(
                "{}: the text has {}, {} off",
                term::shown(term),
                term::shown(closest),
                term::count(*edits, "letter")
            )
        }
        _ => String::new(),
    }
}

/// What `--format json` writes.
#[derive(Serialize)]
struct Whole<'a> {
    packs: Vec<OnePack<'a>>,
    samples: Vec<OneSample<'a>>,
    /// Terms that no sample holds.
    untested: Vec<Untested<'a>>,
}

#[derive(Serialize)]
struct Untested<'a> {
    pack: &'a str,
    rule: Option<&'a str>,
    list: &'a str,
    of: usize,
    terms: &'a [Arc<str>],
}

#[derive(Serialize)]
struct OnePack<'a> {
    pack: &'a str,
    file: &'a str,
    #[serde(flatten)]
    count: Count,
}

/// A sample that failed or was not run.
#[derive(Serialize)]
struct OneSample<'a> {
    rule: &'a str,
    kind: &'static str,
    file: &'a str,
    line: usize,
    outcome: &'static str,
    reason: String,
    text: &'a str,
    scene: Scene,
    at: String,
    folded: Option<&'a str>,
    nearest: Option<OneNearest<'a>>,
    explanation: Option<&'a Explanation>,
}

#[derive(Serialize)]
struct OneNearest<'a> {
    term: &'a str,
    start: Option<usize>,
    end: Option<usize>,
    why: Option<Miss>,
    edits: Option<usize>,
    closest: Option<&'a str>,
}

impl<'a> OneNearest<'a> {
    fn of(nearest: &'a Nearest) -> Option<Self> {
        Some(match nearest {
            Nearest::Refused { term, span, why } => Self {
                term,
                start: Some(span.start),
                end: Some(span.end),
                why: Some(*why),
                edits: None,
                closest: None,
            },
            Nearest::Differs {
                term,
                edits,
                closest,
            } => Self {
                term,
                start: None,
                end: None,
                why: None,
                edits: Some(*edits),
                closest: Some(closest),
            },
            _ => return None,
        })
    }
}

fn whole<'a>(loaded: &'a [Loaded], report: &'a Report, places: &Places<'a>) -> Whole<'a> {
    let counts = counts(report);
    Whole {
        packs: loaded
            .iter()
            .filter_map(|loaded| {
                let pack = &loaded.pack.as_ref()?.id;
                Some(OnePack {
                    pack,
                    file: &loaded.name,
                    count: counts.get(pack).copied().unwrap_or_default(),
                })
            })
            .collect(),
        samples: report
            .samples
            .iter()
            .filter_map(|tested| {
                let (outcome, reason, failure) = match &tested.outcome {
                    Outcome::Held => return None,
                    Outcome::Skipped(why) => ("skipped", skipped(*why).to_owned(), None),
                    Outcome::Failed(failure) => ("failed", wrong(failure.what), Some(failure)),
                };
                let (file, line) = places.of(tested);
                Some(OneSample {
                    rule: &tested.rule,
                    kind: kind(tested.kind),
                    file,
                    line,
                    outcome,
                    reason,
                    text: &tested.text,
                    scene: tested.scene,
                    at: time::show(tested.at),
                    folded: failure.map(|failure| &*failure.folded),
                    nearest: failure.and_then(|failure| OneNearest::of(failure.nearest.as_ref()?)),
                    explanation: failure.map(|failure| &failure.explanation),
                })
            })
            .collect(),
        untested: report
            .unexercised
            .iter()
            .map(|list| Untested {
                pack: &list.pack,
                rule: list.rule.as_deref(),
                list: &list.list,
                of: list.of,
                terms: &list.terms,
            })
            .collect(),
    }
}
