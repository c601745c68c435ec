//! `tidegate test --evade`: what part of disguised terms is found, and what is found where nothing is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tidegate::evade::{Asked, Class, Report, Tier, recall};
use tidegate::pack::Pack;
use tidegate::{Message, PackLimits, Policy, Ruleset, Scanner, Span, Variant, Variants, Verdict};

use crate::check::Format;
use crate::packs;
use crate::term::{self, Out, styled};
use crate::{Broke, Done, time};

/// False findings that are shown, and kept.
const SHOWN: usize = 100;

/// What `tidegate test` takes for this.
#[derive(Debug, clap::Args)]
pub(crate) struct Evade {
    /// Disguise the terms and `match` samples in every class that their variants name, and show what part is found
    #[arg(long)]
    pub(crate) evade: bool,
    /// What the disguises follow from: the same seed makes the same
    #[arg(long, requires = "evade", default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Disguises of each class that are tried for each rule, at most
    #[arg(long, requires = "evade", default_value_t = 20, value_name = "N")]
    per_class: usize,
    /// A text file in which nothing should be found, one message a line: shows what is
    #[arg(long, requires = "evade", value_name = "FILE")]
    benign: Option<PathBuf>,
}

pub(crate) fn run(args: &Evade, packs: Vec<Pack>, format: Format) -> Result<Done, Broke> {
    let asked = Asked {
        seed: args.seed,
        per_class: args.per_class,
    };
    let (base, own): (Vec<Pack>, Vec<Pack>) =
        packs.into_iter().partition(|pack| packs::is_base(&pack.id));
    let mut report = Report::default();
    let mut add = |made: Report| {
        report.counts.extend(made.counts);
        report.untried.extend(made.untried);
    };
    let mut rulesets = Vec::new();
    if !base.is_empty() {
        add(recall(None, &base, &PackLimits::operator(), asked).map_err(packs::broken)?);
        rulesets.push(packs::compile(base, true)?);
    }
    if !own.is_empty() {
        if rulesets.is_empty() {
            rulesets.push(tidegate::base::ruleset().map_err(packs::broken)?);
        }
        let made = recall(rulesets.first(), &own, &PackLimits::default(), asked);
        add(made.map_err(packs::broken)?);
        rulesets.push(packs::compile(own.clone(), false)?);
    }
    let of_own: Vec<Arc<str>> = own.iter().map(|pack| Arc::clone(&pack.id)).collect();
    let benign = match &args.benign {
        Some(file) => Some(Benign::read(file, &rulesets, &of_own)?),
        None => None,
    };
    let mut out = Out::new();
    if matches!(format, Format::Human) {
        human(&mut out, asked, &report, benign.as_ref())?;
    } else {
        serde_json::to_writer(&mut out, &Whole::of(asked, &report, benign.as_ref()))
            .map_err(io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(Done::Well)
}

/// What is found in a file in which nothing should be.
#[derive(Serialize)]
struct Benign {
    file: String,
    lines: usize,
    /// Lines in which a rule fires.
    found: usize,
    /// Lines in which none would, but for a hit through a disguise other than `case`.
    disguised: usize,
    /// The first of them.
    findings: Vec<False>,
}

#[derive(Serialize)]
struct False {
    line: usize,
    rule: String,
    spans: Vec<Place>,
    /// For people only: it is the reader's own file.
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct Place {
    start: usize,
    end: usize,
    term: String,
    variants: Vec<&'static str>,
}

impl Benign {
    /// Screens the file. Rules of the base count only if none but base packs are tested.
    fn read(path: &Path, rulesets: &[Ruleset], own: &[Arc<str>]) -> Result<Self, Broke> {
        let name = path.display().to_string();
        let failed = |error: io::Error| Broke::Usage(format!("{name}: {error}"));
        let mut lines = BufReader::new(File::open(path).map_err(failed)?);
        let rulesets: Vec<&Ruleset> = rulesets.iter().collect();
        let policy = Policy::default();
        let mut scanner = Scanner::new();
        let at = time::now();
        let mut benign = Self {
            file: name.clone(),
            lines: 0,
            found: 0,
            disguised: 0,
            findings: Vec::new(),
        };
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if lines.read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
                break;
            }
            benign.lines += 1;
            let Ok(line) = str::from_utf8(&bytes) else {
                let line = benign.lines;
                return Err(Broke::Usage(format!(
                    "{name}: line {line} is not UTF-8; save the file as UTF-8"
                )));
            };
            let text = line.trim_end_matches(['\n', '\r']);
            let verdict = scanner.scan(&rulesets, &policy, &Message::text(text), at);
            benign.line(text, verdict, own);
        }
        Ok(benign)
    }

    fn line(&mut self, text: &str, verdict: &Verdict, own: &[Arc<str>]) {
        let mut disguised = false;
        let mut found = false;
        for finding in verdict.findings.iter().chain(&verdict.shadow) {
            let pack = finding.rule.split('/').next().unwrap_or_default();
            if !own.is_empty() && !own.iter().any(|id| **id == *pack) {
                continue;
            }
            found = true;
            let plain = Variants::of(&[Variant::Case]);
            disguised |= finding
                .hits
                .iter()
                .any(|hit| !plain.contains_all(hit.variants));
            if self.findings.len() < SHOWN {
                self.findings.push(False {
                    line: self.lines,
                    rule: finding.rule.to_string(),
                    spans: finding
                        .hits
                        .iter()
                        .map(|hit| Place {
                            start: hit.span.start,
                            end: hit.span.end,
                            term: hit.term.to_string(),
                            variants: hit.variants.iter().map(Variant::name).collect(),
                        })
                        .collect(),
                    text: text.to_owned(),
                });
            }
        }
        self.found += usize::from(found);
        self.disguised += usize::from(disguised);
    }
}

/// How many were tried and found.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Sum {
    tried: usize,
    found: usize,
}

impl Sum {
    fn add(&mut self, tried: usize, found: usize) {
        self.tried += tried;
        self.found += found;
    }

    fn shown(self) -> String {
        let Self { tried, found } = self;
        // Never rounded up to all of them.
        let per_mille = (found * 1000).checked_div(tried).unwrap_or(0);
        format!(
            "{:>3}.{}%  {found} of {tried}",
            per_mille / 10,
            per_mille % 10
        )
    }
}

/// Over all rules.
fn by_class(report: &Report) -> Vec<(Class, Sum)> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for count in &report.counts {
        let sum = sums.entry(count.class.name()).or_default();
        sum.add(count.tried, count.found);
    }
    Class::all()
        .filter_map(|class| Some((class, *sums.get(class.name())?)))
        .collect()
}

fn tiers(counts: impl IntoIterator<Item = (Class, Sum)>) -> (Sum, Sum) {
    let (mut core, mut stretch) = (Sum::default(), Sum::default());
    for (class, sum) in counts {
        let of = match class.tier() {
            Tier::Core => &mut core,
            Tier::Stretch => &mut stretch,
        };
        of.add(sum.tried, sum.found);
    }
    (core, stretch)
}

fn human(out: &mut Out, asked: Asked, report: &Report, benign: Option<&Benign>) -> io::Result<()> {
    let classes = by_class(report);
    writeln!(
        out,
        "{}",
        styled(
            term::BOLD,
            format_args!("Found in disguise, seed {}", asked.seed)
        )
    )?;
    for (class, sum) in &classes {
        writeln!(
            out,
            "  {:<22} {:<8} {}",
            class.name(),
            class.tier().name(),
            sum.shown()
        )?;
    }
    let (core, stretch) = tiers(classes);
    writeln!(out, "  {:<22} {:<8} {}", "together", "core", core.shown())?;
    writeln!(out, "  {:<22} {:<8} {}", "", "stretch", stretch.shown())?;
    let mut rule: Option<&str> = None;
    for count in &report.counts {
        if rule != Some(&*count.rule) {
            rule = Some(&*count.rule);
            let of = report.counts.iter().filter(|of| of.rule == count.rule);
            let (core, stretch) = tiers(of.map(|of| {
                let (tried, found) = (of.tried, of.found);
                (of.class, Sum { tried, found })
            }));
            writeln!(out)?;
            writeln!(out, "{}", styled(term::BOLD, &count.rule))?;
            writeln!(out, "  core    {}", core.shown())?;
            writeln!(out, "  stretch {}", stretch.shown())?;
        }
        if count.found < count.tried {
            let (tried, found) = (count.tried, count.found);
            let sum = Sum { tried, found };
            writeln!(out, "  {:<22} {}", count.class.name(), sum.shown())?;
            for messages in &count.missed {
                let texts: Vec<String> = messages
                    .iter()
                    .map(|text| term::marked(text, [], out.color))
                    .collect();
                writeln!(
                    out,
                    "    {}",
                    styled(term::DIM, format_args!("missed {}", texts.join(" / ")))
                )?;
            }
        }
    }
    for rule in &report.untried {
        writeln!(
            out,
            "\n{}  nothing to disguise: no text of one message fires it through a literal term",
            styled(term::BOLD, rule)
        )?;
    }
    benign.map_or(Ok(()), |benign| found_in(out, benign))
}

fn found_in(out: &mut Out, benign: &Benign) -> io::Result<()> {
    writeln!(
        out,
        "\n{}  {} found in {}, {} of them through a disguise",
        styled(term::BOLD, &benign.file),
        benign.found,
        term::count(benign.lines, "line"),
        benign.disguised
    )?;
    for False {
        line,
        rule,
        spans,
        text,
    } in &benign.findings
    {
        let places: Vec<Span> = spans
            .iter()
            .map(|span| Span::new(span.start, span.end))
            .collect();
        writeln!(out, "  {}:{line}  {rule}", benign.file)?;
        writeln!(out, "    {}", term::marked(text, places, out.color))?;
        for span in spans {
            writeln!(
                out,
                "    {}..{} {} {}",
                span.start,
                span.end,
                term::shown(&span.term),
                span.variants.join(", ")
            )?;
        }
    }
    Ok(())
}

/// What `--format json` writes.
#[derive(Serialize)]
struct Whole<'a> {
    seed: u64,
    core: Sum,
    stretch: Sum,
    classes: Vec<OneClass>,
    rules: Vec<OneRule<'a>>,
    untried: &'a [Arc<str>],
    benign: Option<&'a Benign>,
}

#[derive(Serialize)]
struct OneClass {
    class: &'static str,
    tier: &'static str,
    #[serde(flatten)]
    sum: Sum,
}

#[derive(Serialize)]
struct OneRule<'a> {
    rule: &'a str,
    class: &'static str,
    #[serde(flatten)]
    sum: Sum,
    missed: &'a [Vec<String>],
}

impl<'a> Whole<'a> {
    fn of(asked: Asked, report: &'a Report, benign: Option<&'a Benign>) -> Self {
        let classes = by_class(report);
        let (core, stretch) = tiers(classes.iter().copied());
        Self {
            seed: asked.seed,
            core,
            stretch,
            classes: classes
                .into_iter()
                .map(|(class, sum)| OneClass {
                    class: class.name(),
                    tier: class.tier().name(),
                    sum,
                })
                .collect(),
            rules: report
                .counts
                .iter()
                .map(|count| OneRule {
                    rule: &count.rule,
                    class: count.class.name(),
                    sum: Sum {
                        tried: count.tried,
                        found: count.found,
                    },
                    missed: &count.missed,
                })
                .collect(),
            untried: &report.untried,
            benign,
        }
    }
}
