//! Messages from files and pipes, and the threads that look at them.
//!
//! Lines are read in chunks: as many whole lines as are there without waiting, up to [`lines::CHUNK`] bytes. A chunk is looked at on all
//! cores if it is worth it.

mod flat;
mod input;
mod lines;

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use tidegate::{Message, Timestamp};

use crate::Broke;

pub(crate) use input::{Bad, Input, id_text};
pub(crate) use lines::{Chunk, Line, Lines};

/// Which time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Now,
    Message,
    Time(Timestamp),
}

impl At {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            "message" => Ok(Self::Message),
            _ => Timestamp::parse(text).map(Self::Time).ok_or_else(|| {
                "write `now`, `message`, or a time such as 2026-11-23T10:00:00Z".to_owned()
            }),
        }
    }

    /// The time by which a message that is screened now is judged.
    pub(crate) fn of(self, message: &Message<'_>, now: Timestamp) -> Timestamp {
        match self {
            Self::Now => now,
            Self::Message => message.time.unwrap_or(now),
            Self::Time(at) => at,
        }
    }
}

/// Where messages come from.
pub(crate) struct Source {
    read: Box<dyn Read>,
    /// Bytes of the file; `None` for standard input.
    len: Option<u64>,
    /// Whether somebody types.
    pub(crate) typed: bool,
}

impl Source {
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Broke> {
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

    /// Its lines, read in chunks for so many threads, and a bar on standard error that shows how far they are read, where that is seen
    /// and `shown`.
    pub(crate) fn lines(self, shown: bool, threads: usize) -> (Lines<impl Read>, ProgressBar) {
        let bar = self.bar(shown);
        let at_once = if threads > 1 {
            lines::CHUNK
        } else {
            lines::CHUNK_OF_ONE
        };
        (Lines::new(bar.wrap_read(self.read), at_once), bar)
    }

    fn bar(&self, shown: bool) -> ProgressBar {
        let Some(len) = self.len.filter(|_| shown && io::stderr().is_terminal()) else {
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

/// What each thread works with, such as a scanner.
pub(crate) struct Crew<S> {
    pool: Option<rayon::ThreadPool>,
    tools: Vec<Mutex<S>>,
}

/// Fewer lines than this are not worth waking other threads for.
const FEW: usize = 32;

impl<S: Send> Crew<S> {
    /// A crew of so many threads, or of one for each core.
    pub(crate) fn new(jobs: Option<NonZeroUsize>, tool: impl Fn() -> S) -> Result<Self, Broke> {
        let jobs = jobs
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get);
        let pool = if jobs > 1 {
            let built = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
            Some(built.map_err(|error| Broke::Usage(error.to_string()))?)
        } else {
            None
        };
        Ok(Self {
            pool,
            tools: (0..jobs).map(|_| Mutex::new(tool())).collect(),
        })
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.tools.len()
    }

    /// What comes of the lines of a chunk, piece by piece, in order.
    pub(crate) fn work<T: Send>(
        &self,
        chunk: &Chunk,
        work: impl Fn(&mut S, &[Line]) -> T + Sync,
    ) -> Vec<T> {
        match &self.pool {
            Some(pool) if chunk.lines().len() >= FEW => {
                let size = (chunk.lines().len() / (self.tools.len() * 4)).max(FEW / 2);
                let pieces = chunk.lines().par_chunks(size);
                pool.install(|| {
                    pieces
                        .map(|lines| self.with_tool(|tool| work(tool, lines)))
                        .collect()
                })
            }
            _ => vec![self.with_tool(|tool| work(tool, chunk.lines()))],
        }
    }

    /// What comes of each line of a chunk, in order. Lines of one shard are looked at one after another; `shards` holds their places.
    pub(crate) fn work_apart<T: Send>(
        &self,
        chunk: &Chunk,
        shards: &[Vec<usize>],
        work: impl Fn(&mut S, usize, &Line) -> T + Sync,
    ) -> Vec<T> {
        let shard = |(shard, places): (usize, &Vec<usize>)| -> Vec<(usize, T)> {
            let lines = places.iter().map(|place| (*place, &chunk.lines()[*place]));
            self.with_tool(|tool| {
                lines
                    .map(|(place, line)| (place, work(tool, shard, line)))
                    .collect()
            })
        };
        let mut all: Vec<(usize, T)> = match &self.pool {
            Some(pool) if chunk.lines().len() >= FEW => {
                pool.install(|| shards.par_iter().enumerate().flat_map_iter(shard).collect())
            }
            _ => shards.iter().enumerate().flat_map(shard).collect(),
        };
        all.sort_unstable_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, made)| made).collect()
    }

    fn with_tool<T>(&self, work: impl FnOnce(&mut S) -> T) -> T {
        // Only this thread takes the tool of its number, so there is nobody to wait for; and what a scan that panicked leaves
        // behind is scratch.
        let own = rayon::current_thread_index().unwrap_or(0);
        let mut tool = match self.tools[own].lock() {
            Ok(tool) => tool,
            Err(poisoned) => poisoned.into_inner(),
        };
        work(&mut tool)
    }
}
