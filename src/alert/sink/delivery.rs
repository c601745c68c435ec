//! The threads that bring notices from the outbox to sinks.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::notify::{Muter, Notify, grouped};
use super::pace::Pace;
use super::{Progress, Sink, Stop};
use crate::alert::format::{Notice, Told};
use crate::alert::outbox::{Cursor, DeadLetter, Entry, Outbox, Trouble, What, now};
use crate::alert::record::Facts;

/// How often a thread looks whether it is to end.
const LOOK: Duration = Duration::from_millis(200);
/// How far a place in memory may be ahead of the one on disk, in time.
const FLUSH: Duration = Duration::from_secs(1);
/// Records that are read at once for a sink that groups.
const GROUPED: usize = 1_000;

/// A sink, its name in the outbox, and how it is treated.
#[derive(Debug)]
pub struct Plan {
    /// Under which its place is kept.
    pub name: String,
    /// Whether it is told only of alerts whose tenant names it, and of what is done with them.
    pub on_request: bool,
    /// Where notices go.
    pub sink: Box<dyn Sink>,
    /// What it is spared.
    pub notify: Notify,
    /// When it is tried again.
    pub pace: Pace,
}

impl Plan {
    /// A sink that is told everything, at the usual pace.
    pub fn new(name: impl Into<String>, sink: impl Sink + 'static) -> Self {
        Self {
            name: name.into(),
            on_request: false,
            sink: Box::new(sink),
            notify: Notify::default(),
            pace: Pace::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Ending {
    asked: Mutex<bool>,
    told: Condvar,
}

impl Ending {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for so long, or until the end; whether it is the end.
    fn wait(&self, time: Duration) -> bool {
        let waited = self
            .told
            .wait_timeout_while(self.lock(), time, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Sinks at work. Dropping it ends them, each after the attempt that it is at.
#[derive(Debug)]
pub struct Delivery {
    outbox: Arc<Outbox>,
    names: Vec<String>,
    ending: Arc<Ending>,
    threads: Vec<JoinHandle<()>>,
}

impl Delivery {
    /// Starts a thread for each sink. Each goes on where it was; one that is new begins with the first record that is kept.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(outbox: Arc<Outbox>, plans: Vec<Plan>) -> std::io::Result<Self> {
        let mut delivery = Self {
            names: plans.iter().map(|plan| plan.name.clone()).collect(),
            outbox,
            ending: Arc::default(),
            threads: Vec::new(),
        };
        for name in &delivery.names {
            delivery.outbox.register(name);
        }
        for plan in plans {
            let worker = Worker {
                cursor: delivery.outbox.register(&plan.name),
                plan,
                outbox: Arc::clone(&delivery.outbox),
                ending: Arc::clone(&delivery.ending),
                muter: Muter::default(),
                failures: 0,
                flushed: Instant::now(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("sink {}", worker.plan.name))
                .spawn(move || worker.run())?;
            delivery.threads.push(thread);
        }
        Ok(delivery)
    }

    /// Waits until every sink that is enabled has seen every record, or the time is over; whether they have.
    pub fn drain(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            let head = self.outbox.head().seq;
            let cursors = self.outbox.cursors();
            let done = self.names.iter().all(|name| {
                cursors
                    .get(name)
                    .is_none_or(|cursor| cursor.seq >= head || cursor.disabled.is_some())
            });
            if done || Instant::now() >= until {
                return done;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        *self.ending.lock() = true;
        self.ending.told.notify_all();
        for thread in self.threads.drain(..) {
            // A sink that panicked has ended, too.
            let _ = thread.join();
        }
        // What is not written is seen again.
        let _ = self.outbox.flush();
    }
}

struct Worker {
    plan: Plan,
    outbox: Arc<Outbox>,
    ending: Arc<Ending>,
    cursor: Cursor,
    muter: Muter,
    /// In a row.
    failures: u32,
    flushed: Instant,
}

/// A record on its way, and the notice that it became.
struct Taken {
    seq: u64,
    notice: Option<Notice>,
    muted: bool,
}

impl Worker {
    fn run(mut self) {
        loop {
            if self.ending.wait(Duration::ZERO) {
                return;
            }
            if let Some(kept) = self.outbox.cursors().get(&self.plan.name)
                && *kept != self.cursor
            {
                // Somebody moved its place, or enabled it.
                self.cursor = kept.clone();
            }
            if self.cursor.disabled.is_some() {
                self.ending.wait(LOOK);
                continue;
            }
            if !self.outbox.wait_past(self.cursor.seq, LOOK) {
                self.flush();
                continue;
            }
            if let Some(grouping) = &self.plan.notify.group
                && self
                    .ending
                    .wait(Duration::from_secs(grouping.seconds.into()))
            {
                return;
            }
            if let Err(trouble) = self.round() {
                // The store is in trouble; it says so to whoever screens.
                let _: Trouble = trouble;
                self.ending.wait(LOOK);
            }
        }
    }

    fn flush(&mut self) {
        if self.flushed.elapsed() >= FLUSH {
            // After a crash, what is not written is seen again.
            let _ = self.outbox.flush();
            self.flushed = Instant::now();
        }
    }

    fn round(&mut self) -> Result<(), Trouble> {
        let open = self.plan.pace.is_open(self.failures);
        let most = match (&self.plan.notify.group, open) {
            (Some(_), _) => GROUPED,
            (None, true) => 1,
            (None, false) => self.plan.sink.batch().max(1),
        };
        let entries = self.outbox.read(self.cursor.seq + 1, most)?;
        let mut taken = Vec::with_capacity(entries.len());
        for entry in entries {
            taken.push(self.take(entry)?);
        }
        match &self.plan.notify.group {
            Some(grouping) => {
                let last = taken.last().map_or(self.cursor.seq, |taken| taken.seq);
                let muted = taken.iter().filter(|taken| taken.muted).count() as u64;
                let notices = taken.into_iter().filter_map(|taken| taken.notice).collect();
                let notices = grouped(grouping, notices);
                // Its place moves when all of them are taken: a group is told whole.
                let mut from = 0;
                while from < notices.len() {
                    let to = (from + self.plan.sink.batch().max(1)).min(notices.len());
                    let done = self.deliver(&notices[from..to])?;
                    from += done;
                    if done < to - from && self.cursor.disabled.is_some() {
                        return Ok(());
                    }
                    if self.ending.wait(Duration::ZERO) {
                        return Ok(());
                    }
                }
                self.cursor.seq = last;
                self.cursor.muted += muted;
                self.save();
            }
            None => {
                let notices: Vec<Notice> = taken
                    .iter()
                    .filter_map(|taken| taken.notice.clone())
                    .collect();
                let done = match notices.is_empty() {
                    true => 0,
                    false => self.deliver(&notices)?,
                };
                // Past what was taken, and past what was muted behind it.
                let mut left = done;
                for record in taken {
                    if record.notice.is_some() {
                        if left == 0 {
                            break;
                        }
                        left -= 1;
                    }
                    self.cursor.muted += u64::from(record.muted);
                    self.cursor.seq = record.seq;
                }
                self.save();
            }
        }
        self.flush();
        Ok(())
    }

    fn save(&mut self) {
        self.outbox.advance(&self.plan.name, self.cursor.clone());
    }

    /// What the sink is told of a record.
    fn take(&mut self, entry: Entry) -> Result<Taken, Trouble> {
        let Entry { head, what } = entry;
        let mut muted = false;
        let told = match what {
            What::Alert(alert, _) if !self.is_for(&alert.facts) => None,
            What::Alert(alert, _) if self.muter.mutes(&self.plan.notify, &alert) => {
                muted = true;
                None
            }
            What::Alert(alert, tell) => Some(Told::Alert(Box::new(alert.told(tell)))),
            What::Note(note) if self.plan.on_request => {
                let known = |id| match self.outbox.find(id).map(|entry| entry.what) {
                    Ok(What::Alert(alert, _)) => self.is_for(&alert.facts),
                    Ok(What::Erased(facts) | What::Unreadable(facts)) => self.is_for(&facts),
                    _ => false,
                };
                note.about(&known).map(Told::Note)
            }
            What::Note(note) => Some(Told::Note(note)),
            // It was told before, or nobody may be told any more.
            What::Erased(_) => None,
            What::Unreadable(facts) if !self.is_for(&facts) => None,
            What::Unreadable(facts) => {
                self.bury(DeadLetter {
                    seq: head.seq,
                    id: facts.id.to_string(),
                    reason: "the record does not open".to_owned(),
                    at: now(),
                })?;
                None
            }
        };
        Ok(Taken {
            seq: head.seq,
            muted,
            notice: told.map(|told| Notice {
                head,
                told,
                grouped: Vec::new(),
            }),
        })
    }

    fn is_for(&self, facts: &Facts) -> bool {
        !self.plan.on_request || facts.sinks.contains(&self.plan.name)
    }

    fn bury(&mut self, letter: DeadLetter) -> Result<(), Trouble> {
        self.outbox.bury(&self.plan.name, &[letter])?;
        self.cursor.dead += 1;
        Ok(())
    }

    /// One attempt; how many notices are done with. After a failure it waits, as the pace says.
    fn deliver(&mut self, notices: &[Notice]) -> Result<usize, Trouble> {
        let Progress { mut done, stop } = self.plan.sink.deliver(notices);
        done = done.min(notices.len());
        let alerts = notices[..done]
            .iter()
            .filter(|notice| matches!(notice.told, Told::Alert(_)));
        self.cursor.delivered += alerts
            .map(|notice| 1 + notice.grouped.len() as u64)
            .sum::<u64>();
        match stop {
            None => self.failures = 0,
            Some(Stop::Reject { reason }) => {
                self.failures = 0;
                if let Some(notice) = notices.get(done) {
                    let seq = match &notice.told {
                        // The head of a group is that of its last member.
                        Told::Alert(alert) => self.outbox.find(alert.facts.id)?.head.seq,
                        Told::Note(_) => notice.head.seq,
                    };
                    self.bury(DeadLetter {
                        seq,
                        id: notice.id(),
                        reason,
                        at: now(),
                    })?;
                    done += 1;
                }
            }
            Some(Stop::Disable { reason }) => {
                self.cursor.disabled = Some(reason);
                self.save();
                // It must not be forgotten.
                self.outbox.flush()?;
            }
            Some(Stop::Retry { after, .. }) => {
                self.failures += 1;
                self.cursor.failures += 1;
                self.save();
                let random = getrandom::u64().unwrap_or(u64::MAX / 2);
                let wait = self.plan.pace.after(self.failures, after, random);
                self.ending.wait(wait);
            }
        }
        Ok(done)
    }
}
