//! `tidegate screen`: messages in, verdicts out, in order.
//!
//! A chunk of lines is screened, written, and flushed; so a pipe that sends one line gets one answer at once, and a file of any length
//! takes the memory of a chunk.

mod human;
mod senders;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::verdict::Report;
use tidegate::{Action, Scanner, Timestamp, Verdict};

use crate::messages::{At, Bad, Chunk, Crew, Input, Line, Source};
use crate::packs::{Rules, TenantFile};
use crate::{Broke, Done, term, time};

use senders::Senders;

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
    /// Leave the base library out
    #[arg(long)]
    no_base: bool,
    /// A tenant's file: its packs are screened with as well, its policy decides, and a line of another tenant is a bad one
    #[arg(long, value_name = "FILE")]
    tenant: Option<PathBuf>,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Ndjson,
}

pub(crate) fn run(args: Args) -> Result<Done, Broke> {
    let source = Source::open(args.file.as_deref())?;
    let tenant = match &args.tenant {
        Some(file) => Some(TenantFile::load(file)?),
        None => None,
    };
    let rules = Rules::load(&args.packs, args.no_base, tenant.as_ref())?;
    let watched = term::is_watched();
    let format = args.format.unwrap_or(if watched {
        Format::Human
    } else {
        Format::Ndjson
    });
    let mut out = Sink::new(format);
    let screener = Screener {
        rules: &rules,
        tenant: tenant.as_ref().map(|file| &*file.tenant.id),
        at: args.at,
        plain: args.lines,
        human: out.color(),
        typed: source.typed,
        senders: Senders::new(&rules.rulesets()),
    };
    let crew = Crew::new(args.jobs, Scanner::new)?;
    let (mut lines, bar) = source.lines(!watched);
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
    Ok(if tally.bad > 0 {
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
            let mut places = vec![Vec::new(); senders::SHARDS];
            for (place, shard) in shards.into_iter().flatten().enumerate() {
                places[shard].push(place);
            }
            return crew.work_apart(chunk, &places, |scanner, shard, line| {
                let (mut answer, mut tally) = (Vec::new(), Tally::default());
                let line = (line, chunk.bytes(line), shard);
                self.answer(scanner, &rulesets, line, now, (&mut answer, &mut tally));
                (answer, tally)
            });
        }
        crew.work(chunk, |scanner, lines| {
            let mut answers = Vec::with_capacity(lines.len() * 256);
            let mut tally = Tally::default();
            for line in lines {
                self.answer(
                    scanner,
                    &rulesets,
                    (line, chunk.bytes(line), 0),
                    now,
                    (&mut answers, &mut tally),
                );
            }
            (answers, tally)
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
    ) {
        let mut input = Input::default();
        let read = input.read(line, bytes, self.plain);
        if let Err(bad) = read.and_then(|()| input.belongs_to(self.tenant)) {
            tally.bad += 1;
            let bad = BadLine {
                line: line.number,
                id: input.id,
                error: &bad,
            };
            match self.human {
                Some(_) => human::bad(out, &bad),
                None => json_line(out, &bad),
            }
            return;
        }
        let parts = input.parts();
        let mut message = input.message(&parts, self.tenant);
        let at = self.at.of(&message, now);
        let id = self.senders.as_ref().and_then(|_| input.id_text());
        message.id = id.as_deref();
        let mut state = self.senders.as_ref().map(|senders| senders.lock(shard));
        let of_sender = state.as_mut().and_then(|state| state.of(&message, at));
        let policy = &self.rules.policy;
        let verdict = match of_sender {
            Some(sender) => scanner.scan_in(sender, rulesets, policy, &message, at),
            None => scanner.scan(rulesets, policy, &message, at),
        };
        tally.count(verdict);
        match self.human {
            Some(color) => {
                let shown = human::Shown {
                    line: line.number,
                    id: input.id,
                    message: &message,
                    verdict,
                };
                human::verdict(out, self.rules, &shown, color, self.typed);
            }
            None => json_line(out, &Report::new(verdict, &message).with_id(input.id)),
        }
    }
}

fn json_line(out: &mut Vec<u8>, value: &impl Serialize) {
    // A vector takes all that is written, and nothing here fails to be written as JSON.
    if serde_json::to_writer(&mut *out, value).is_ok() {
        out.push(b'\n');
    }
}
