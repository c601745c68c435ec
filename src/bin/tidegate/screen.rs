//! `tidegate screen`: messages in, verdicts out, in order.
//!
//! A chunk of lines is screened, written, and flushed; so a pipe that sends one line gets one answer at once, and a file of any length
//! takes the memory of a chunk.

mod alerting;
mod human;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::adapter::Senders;
use tidegate::verdict::Report;
use tidegate::{Action, Message, Scanner, Timestamp, Verdict};

use crate::messages::{At, Bad, Chunk, Crew, Input, Line, Source, id_text};
use crate::operator::OperatorFile;
use crate::packs::{Rules, TenantFile};
use crate::{Broke, Done, term, time};
use alerting::{Alerting, Answered, Pledge};

/// Screens messages, one a line, and answers each with a line, in order
///
/// A line is a JSON object with a `text`, or `parts`, and whatever else is known of the message. A bad line is answered with its number
/// and what is wrong; the rest goes on, and the exit status is 1.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The messages; `-`, or none, is standard input
    file: Option<PathBuf>,
    /// Lines are plain texts, not JSON
    #[arg(long)]
    lines: bool,
    /// A pack, or a folder of packs, to screen with (repeatable)
    #[arg(long = "pack", value_name = "PATH")]
    packs: Vec<PathBuf>,
    /// A file that `tidegate compile` wrote, in place of packs (repeatable); with `--tenant`, one compiled from its file
    #[arg(long = "ruleset", value_name = "FILE")]
    rulesets: Vec<PathBuf>,
    /// Leave the base library out
    #[arg(long)]
    no_base: bool,
    /// A tenant's file: its packs are screened with as well, its policy decides, and a line of another tenant is a bad one
    #[arg(long, value_name = "FILE")]
    tenant: Option<PathBuf>,
    /// The operator's file: its floor holds, its base rules in shadow are, and its packs of jurisdictions count
    #[arg(long, value_name = "FILE")]
    operator: Option<PathBuf>,
    /// A jurisdiction whose lists count beside those of the United Nations, such as EU (repeatable); a tenant's file names its own
    #[arg(long = "jurisdiction", value_name = "CODE", conflicts_with = "tenant", value_parser = crate::packs::jurisdiction)]
    jurisdictions: Vec<String>,
    /// For people or for programs [default: human on a terminal, ndjson elsewhere]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Threads [default: all cores]; the answers are the same and in the same order
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The time that rules and listings are judged by: `now`, `message` (the time of each message, or now if it has none), or a time
    /// such as 2026-11-23T10:00:00Z
    #[arg(long, default_value = "now", value_parser = At::parse)]
    at: At,
    /// Keep alerts in the outbox in this folder, which is made if need be, and tell its sinks (`tidegate alerts` shows them). `alert` in a
    /// finding is then the id of an alert that is on disk
    #[arg(long, value_name = "DIR")]
    alerts: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Ndjson,
}

pub(crate) fn run(args: Args) -> Result<Done, Broke> {
    let source = Source::open(args.file.as_deref())?;
    let tenant = match &args.tenant {
        Some(file) if args.rulesets.is_empty() => Some(TenantFile::load(file)?),
        Some(file) => Some(TenantFile::load_alone(file)?),
        None => None,
    };
    let operator = match &args.operator {
        Some(file) => Some(OperatorFile::load(Some(file))?),
        None => None,
    };
    let rules = Rules::load_under(
        &args.packs,
        &args.rulesets,
        args.no_base,
        tenant.as_ref(),
        operator.as_ref(),
    )?
    .with_jurisdictions(&args.jurisdictions);
    let watched = term::is_watched();
    let format = args.format.unwrap_or(if watched && args.alerts.is_none() {
        Format::Human
    } else {
        Format::Ndjson
    });
    let alerting = match &args.alerts {
        Some(_) if format == Format::Human => {
            return Err(Broke::Usage(
                "`--alerts` answers programs: leave `--format human` out".to_owned(),
            ));
        }
        Some(folder) => Some(Alerting::open(
            folder,
            rules.policy.sinks(),
            rules.versions.clone(),
        )?),
        None => None,
    };
    let mut out = Sink::new(format);
    let screener = Screener {
        rules: &rules,
        tenant: tenant.as_ref().map(|file| &*file.tenant.id),
        at: args.at,
        plain: args.lines,
        human: out.color(),
        typed: source.typed,
        senders: senders(&rules.rulesets()),
        alerting: alerting.as_ref(),
        clean: Clean::default(),
    };
    let crew = Crew::new(args.jobs, Scanner::new)?;
    let (mut lines, bar) = source.lines(!watched, crew.threads());
    let began = Instant::now();
    let mut chunk = Chunk::default();
    let mut tally = Tally::default();
    while lines.fill(&mut chunk)? {
        for (answers, part) in screener.answers(&crew, &chunk, time::now()) {
            out.write_all(&answers)?;
            tally.add(&part);
        }
        // What was read is answered before waiting for more.
        out.flush()?;
    }
    bar.finish_and_clear();
    if let Sink::Human(out) = &mut out {
        human::summary(out, &tally, began.elapsed())?;
        out.flush()?;
    }
    let kept = match alerting {
        Some(alerting) => alerting.finish()?,
        None => true,
    };
    Ok(if tally.bad > 0 || !kept {
        Done::Badly
    } else {
        Done::Well
    })
}

/// Where answers go.
enum Sink {
    Human(term::Out),
    Ndjson(io::BufWriter<io::StdoutLock<'static>>),
}

impl Sink {
    fn new(format: Format) -> Self {
        match format {
            Format::Human => Self::Human(term::Out::new()),
            Format::Ndjson => {
                Self::Ndjson(io::BufWriter::with_capacity(1 << 16, io::stdout().lock()))
            }
        }
    }

    /// Whether people read it, and if so whether in colour.
    fn color(&self) -> Option<bool> {
        match self {
            Self::Human(out) => Some(out.color),
            Self::Ndjson(_) => None,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Human(out) => out.write(bytes),
            Self::Ndjson(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Human(out) => out.flush(),
            Self::Ndjson(out) => out.flush(),
        }
    }
}

/// What was answered.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// By action.
    actions: [usize; 4],
    bad: usize,
    /// Messages that are delivered, and would be held if the rules in shadow were in force.
    shadow_held: usize,
    /// Of these, how many each rule in shadow would hold.
    shadow_rules: BTreeMap<Arc<str>, usize>,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        for (all, more) in self.actions.iter_mut().zip(other.actions) {
            *all += more;
        }
        self.bad += other.bad;
        self.shadow_held += other.shadow_held;
        for (rule, more) in &other.shadow_rules {
            *self.shadow_rules.entry(Arc::clone(rule)).or_default() += more;
        }
    }

    fn count(&mut self, verdict: &Verdict) {
        self.actions[verdict.action as usize] += 1;
        if verdict.action >= Action::Review {
            return;
        }
        let mut held = false;
        for finding in &verdict.shadow {
            if finding.action >= Action::Review {
                held = true;
                let rule = Arc::clone(&finding.rule);
                *self.shadow_rules.entry(rule).or_default() += 1;
            }
        }
        self.shadow_held += usize::from(held);
    }

    fn messages(&self) -> usize {
        self.actions.iter().sum()
    }
}

/// All that decides on a line.
struct Screener<'a> {
    rules: &'a Rules,
    /// The tenant whose messages these are, if it is known.
    tenant: Option<&'a str>,
    at: At,
    /// Lines are texts.
    plain: bool,
    /// Answers are for people, in colour or not.
    human: Option<bool>,
    /// Somebody types, and waits for an answer to clean messages as well.
    typed: bool,
    /// What is kept of senders, if a rule has a window.
    senders: Option<Senders>,
    /// Where alerts go.
    alerting: Option<&'a Alerting>,
    clean: Clean,
}

/// How messages without findings are answered. But for the id all these answers are one, as the rules are.
#[derive(Default)]
struct Clean {
    /// What stands behind the id.
    rest: OnceLock<Vec<u8>>,
}

impl Clean {
    fn report(
        &self,
        out: &mut Vec<u8>,
        verdict: &Verdict,
        message: &Message<'_>,
        id: Option<&str>,
    ) {
        let report = Report::new(verdict, message);
        if verdict.action != Action::Pass
            || !verdict.coverage.is_complete()
            || !verdict.findings.is_empty()
            || !verdict.shadow.is_empty()
        {
            let id = id.and_then(|id| serde_json::from_str::<&RawValue>(id).ok());
            return json_line(out, &report.with_id(id));
        }
        let rest = self.rest.get_or_init(|| {
            let mut line = Vec::new();
            json_line(&mut line, &report);
            line[0] = b',';
            line
        });
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(id.unwrap_or("null").as_bytes());
        out.extend_from_slice(rest);
    }
}

/// A line that could not be read.
#[derive(Serialize)]
struct BadLine<'a> {
    line: u64,
    id: Option<&'a RawValue>,
    error: &'a Bad,
}

impl Screener<'_> {
    /// The answers to the lines of a chunk, in order.
    fn answers(
        &self,
        crew: &Crew<Scanner>,
        chunk: &Chunk,
        now: Timestamp,
    ) -> Vec<(Vec<u8>, Tally)> {
        let rulesets = self.rules.rulesets();
        if self.senders.is_some() {
            let shards = crew.work(chunk, |_, lines| {
                lines
                    .iter()
                    .map(|line| self.shard(line, chunk.bytes(line)))
                    .collect::<Vec<usize>>()
            });
            let mut places = vec![Vec::new(); Senders::SHARDS];
            for (place, shard) in shards.into_iter().flatten().enumerate() {
                places[shard].push(place);
            }
            let answers = crew.work_apart(chunk, &places, |scanner, shard, line| {
                let (mut answer, mut tally) = (Vec::new(), Tally::default());
                let line = (line, chunk.bytes(line), shard);
                let pledge = self.answer(scanner, &rulesets, line, now, (&mut answer, &mut tally));
                (answer, tally, pledge)
            });
            // All are pledged before the first is waited for.
            let settled = answers.into_iter().map(|(answer, mut tally, pledge)| {
                let answer = alerting::settle(pledge.into_iter().collect(), answer, &mut tally);
                (answer, tally)
            });
            return settled.collect();
        }
        crew.work(chunk, |scanner, lines| {
            let mut answers = Vec::with_capacity(lines.len() * 256);
            let mut tally = Tally::default();
            let mut pledges = Vec::new();
            for line in lines {
                let pledge = self.answer(
                    scanner,
                    &rulesets,
                    (line, chunk.bytes(line), 0),
                    now,
                    (&mut answers, &mut tally),
                );
                pledges.extend(pledge);
            }
            (alerting::settle(pledges, answers, &mut tally), tally)
        })
    }

    /// Where what is kept of the sender of a line is; any place if there is none.
    fn shard(&self, line: &Line, bytes: &[u8]) -> usize {
        let mut input = Input::default();
        let parts = None;
        match input.read(line, bytes, self.plain) {
            Ok(()) => Senders::shard(&input.message(&parts, self.tenant), line.number),
            Err(_) => 0,
        }
    }

    fn answer(
        &self,
        scanner: &mut Scanner,
        rulesets: &[&tidegate::Ruleset],
        (line, bytes, shard): (&Line, &[u8], usize),
        now: Timestamp,
        (out, tally): (&mut Vec<u8>, &mut Tally),
    ) -> Option<Pledge<'_>> {
        let mut input = Input::default();
        let read = input.read(line, bytes, self.plain);
        if let Err(bad) = read.and_then(|()| input.belongs_to(self.tenant)) {
            tally.bad += 1;
            let bad = BadLine {
                line: line.number,
                id: input.id(),
                error: &bad,
            };
            match self.human {
                Some(_) => human::bad(out, &bad),
                None => json_line(out, &bad),
            }
            return None;
        }
        let parts = input.parts();
        let mut message = input.message(&parts, self.tenant);
        let own = input.raw_id().filter(|raw| *raw != "null");
        let id = match self.alerting {
            Some(to) => Some(to.id(own, line.number)),
            None => own.filter(|_| self.senders.is_some()).map(id_text),
        };
        message.id = id.as_deref();
        let at = self.at.of(&message, now);
        let mut state = self.senders.as_ref().map(|senders| senders.lock(shard));
        let of_sender = state.as_mut().and_then(|state| state.of(&message, at));
        let policy = &self.rules.policy;
        let verdict = match of_sender {
            Some(sender) => scanner.scan_in(sender, rulesets, policy, &message, at),
            None => scanner.scan(rulesets, policy, &message, at),
        };
        tally.count(verdict);
        if let Some(to) = self.alerting {
            let given = id.as_ref().filter(|_| own.is_none());
            let given = given.and_then(|id| serde_json::value::to_raw_value(id).ok());
            let own = if given.is_none() { input.id() } else { None };
            let answered = Answered {
                number: line.number,
                echoed: given.as_deref().or(own),
            };
            if verdict.alert() {
                return Some(to.answer(verdict, &message, &answered, now, out));
            }
            let id = answered.echoed.map(RawValue::get);
            self.clean.report(out, verdict, &message, id);
            return None;
        }
        match self.human {
            Some(color) => {
                let shown = human::Shown {
                    line: line.number,
                    id: input.id(),
                    message: &message,
                    verdict,
                };
                human::verdict(out, self.rules, &shown, color, self.typed);
            }
            None => self.clean.report(out, verdict, &message, input.raw_id()),
        }
        None
    }
}

/// `None` if no rule has a window.
fn senders(rulesets: &[&tidegate::Ruleset]) -> Option<Senders> {
    let longest = rulesets
        .iter()
        .map(|ruleset| ruleset.longest_window())
        .max()?;
    (longest > 0).then(|| Senders::new(longest))
}

fn json_line(out: &mut Vec<u8>, value: &impl Serialize) {
    // A vector takes all that is written, and nothing here fails to be written as JSON.
    if serde_json::to_writer(&mut *out, value).is_ok() {
        out.push(b'\n');
    }
}
