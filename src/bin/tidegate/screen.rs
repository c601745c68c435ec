//! `tidegate screen`: messages in, verdicts out, in order.
//!
//! Lines are read in chunks: as many whole lines as are there without waiting, up to [`lines::CHUNK`] bytes. A chunk is screened on all
//! cores if it is worth it, written, and flushed; so a pipe that sends one line gets one answer at once, and a file of any length takes
//! the memory of a chunk.

mod human;
mod input;
mod lines;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::verdict::Report;
use tidegate::{Action, Message, Scanner, Timestamp, Verdict};

use crate::packs::{Rules, TenantFile};
use crate::{Broke, Done, term, time};
use input::{Bad, Input};
use lines::{Chunk, Line, Lines};

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

/// Which time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Now,
    Message,
    Time(Timestamp),
}

impl At {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            "message" => Ok(Self::Message),
            _ => Timestamp::parse(text).map(Self::Time).ok_or_else(|| {
                "write `now`, `message`, or a time such as 2026-11-23T10:00:00Z".to_owned()
            }),
        }
    }
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
    let jobs = args
        .jobs
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let mut out = Sink::new(format);
    let screener = Screener {
        rules: &rules,
        tenant: tenant.as_ref().map(|file| &*file.tenant.id),
        at: args.at,
        plain: args.lines,
        human: out.color(),
        typed: source.typed,
    };
    let crew = Crew::new(jobs)?;
    let bar = source.bar(watched);
    let began = Instant::now();
    let mut lines = Lines::new(BufReader::with_capacity(
        lines::CHUNK,
        bar.wrap_read(source.read),
    ));
    let mut chunk = Chunk::default();
    let mut tally = Tally::default();
    while lines.fill(&mut chunk)? {
        for (answers, part) in crew.answer(&screener, &chunk, time::now()) {
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

/// Where messages come from.
struct Source {
    read: Box<dyn Read>,
    /// Bytes of the file; `None` for standard input.
    len: Option<u64>,
    /// Whether somebody types.
    typed: bool,
}

impl Source {
    fn open(file: Option<&Path>) -> Result<Self, Broke> {
        let Some(path) = file.filter(|path| *path != Path::new("-")) else {
            return Ok(Self {
                read: Box::new(io::stdin()),
                len: None,
                typed: io::stdin().is_terminal(),
            });
        };
        let failed =
            |error: &dyn std::fmt::Display| Broke::Usage(format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(|error| failed(&error))?;
        let meta = file.metadata().map_err(|error| failed(&error))?;
        if meta.is_dir() {
            return Err(failed(&"it is a folder"));
        }
        Ok(Self {
            read: Box::new(file),
            len: meta.is_file().then_some(meta.len()),
            typed: false,
        })
    }

    /// A bar on standard error, where it is seen and does not stand in the answers.
    fn bar(&self, watched: bool) -> ProgressBar {
        let Some(len) = self.len.filter(|_| !watched && io::stderr().is_terminal()) else {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        };
        let style =
            ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
        let bar = ProgressBar::new(len);
        match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
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

/// Scanners, one a thread.
struct Crew {
    pool: Option<rayon::ThreadPool>,
    scanners: Vec<Mutex<Scanner>>,
}

/// Fewer lines than this are not worth waking other threads for.
const FEW: usize = 32;

impl Crew {
    fn new(jobs: usize) -> Result<Self, Broke> {
        let pool = if jobs > 1 {
            let built = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
            Some(built.map_err(|error| Broke::Usage(error.to_string()))?)
        } else {
            None
        };
        Ok(Self {
            pool,
            scanners: (0..jobs).map(|_| Mutex::new(Scanner::new())).collect(),
        })
    }

    /// The answers to the lines of a chunk, in order.
    fn answer(
        &self,
        screener: &Screener<'_>,
        chunk: &Chunk,
        now: Timestamp,
    ) -> Vec<(Vec<u8>, Tally)> {
        let rulesets = screener.rules.rulesets();
        let block = |lines: &[Line]| {
            let mut answers = Vec::with_capacity(lines.len() * 256);
            let mut tally = Tally::default();
            // Only this thread takes the scanner of its number, so there is nobody to wait for; and what a scan that panicked
            // leaves behind is scratch.
            let own = rayon::current_thread_index().unwrap_or(0);
            let mut scanner = match self.scanners[own].lock() {
                Ok(scanner) => scanner,
                Err(poisoned) => poisoned.into_inner(),
            };
            for line in lines {
                screener.answer(
                    &mut scanner,
                    &rulesets,
                    (line, chunk.bytes(line)),
                    now,
                    (&mut answers, &mut tally),
                );
            }
            (answers, tally)
        };
        match &self.pool {
            Some(pool) if chunk.lines().len() >= FEW => {
                let size = (chunk.lines().len() / (self.scanners.len() * 4)).max(FEW / 2);
                pool.install(|| chunk.lines().par_chunks(size).map(block).collect())
            }
            _ => vec![block(chunk.lines())],
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
}

/// A line that could not be read.
#[derive(Serialize)]
struct BadLine<'a> {
    line: u64,
    id: Option<&'a RawValue>,
    error: &'a Bad,
}

impl Screener<'_> {
    fn answer(
        &self,
        scanner: &mut Scanner,
        rulesets: &[&tidegate::Ruleset],
        (line, bytes): (&Line, &[u8]),
        now: Timestamp,
        (out, tally): (&mut Vec<u8>, &mut Tally),
    ) {
        let mut input = Input::default();
        let read = if self.plain {
            input.read_plain(line, bytes)
        } else {
            input.read_json(line, bytes)
        };
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
        let parts: Vec<&str>;
        let mut message = match &input.parts {
            Some(texts) => {
                parts = texts.iter().map(|text| &**text).collect();
                Message::of_parts(&parts)
            }
            None => Message::text(input.text.as_deref().unwrap_or_default()),
        };
        message = message.scene(input.scene);
        message.tenant = input.tenant.as_deref().or(self.tenant);
        message.conversation = input.conversation.as_deref();
        message.sender = input.sender.as_deref();
        message.time = input.time;
        let at = match self.at {
            At::Now => now,
            At::Message => input.time.unwrap_or(now),
            At::Time(at) => at,
        };
        let verdict = scanner.scan(rulesets, &self.rules.policy, &message, at);
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
