//! The outbox: alerts on disk before an answer says so, in one audit chain, with evidence that can be erased.
//!
//! Two redb files in a folder. `outbox.redb` holds the records, encrypted, and how far each sink has come; `keys.redb` holds what opens
//! them. Whoever screens hands alerts to [`Outbox::submit`] and waits on the [`Ticket`]: the first who waits writes for all that have
//! submitted (group commit), so that a thousand alerts cost as many syncs as one. Sinks read behind, at their own pace; nobody waits for
//! them. A message without an alert never comes near.

mod custody;
mod disk;
mod keys;
mod row;
mod store;
#[cfg(test)]
mod tests;
mod trouble;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::disk::{Disk, Folder};
use self::store::{Store, Tail};
use super::chain::Head;
use super::evidence::{EvidencePolicy, Grant};
use super::identity::{AlertId, Identity, MasterKey};
use super::named;
use super::note::Note;
use super::record::{Alert, Facts};
use crate::primitives::Timestamp;

pub use custody::{Case, Erasure, Office, Proof};
pub use trouble::Trouble;
pub use verify::{Fault, Verification};

/// After a failure to write, the files are opened again no sooner than this.
const RETRY: Duration = Duration::from_millis(500);

/// What happens with a message whose alert cannot be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// It is refused: its answer is an error, and it is not delivered.
    #[default]
    Refuse,
    /// It is decided as usual, and the alert is counted as spilled. The count becomes a record as soon as one can be written.
    Spill,
}

/// How much the outbox takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboxLimits {
    /// What happens beyond them, and when the disk fails.
    pub when_full: WhenFull,
    /// Records that the slowest enabled sink may be behind.
    pub backlog: u64,
    /// Bytes of all records.
    pub bytes: u64,
    /// Submissions that wait for a commit.
    pub queue: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            when_full: WhenFull::Refuse,
            backlog: 100_000,
            bytes: 4 << 30,
            queue: 10_000,
        }
    }
}

/// How far a sink has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The last record that it is done with.
    pub seq: u64,
    /// Alerts that it took.
    pub delivered: u64,
    /// Alerts that were muted.
    pub muted: u64,
    /// Alerts that it refused for good.
    pub dead: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Why nothing is sent to it any more, until someone says so.
    pub disabled: Option<String>,
}

/// A notice that a sink refused for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The number of its record.
    pub seq: u64,
    /// The id that the sink was sent: of the alert, or of the note.
    pub id: String,
    /// What the sink said, without message text.
    pub reason: String,
    /// When.
    #[serde(with = "named::time")]
    pub at: Timestamp,
}

/// Why a record is kept beyond its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The law or the order.
    pub ground: String,
    /// Until when, exclusively.
    #[serde(with = "named::time")]
    pub until: Timestamp,
    /// Who, as a role.
    pub by: String,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the chain.
    pub head: Head,
    /// What it is.
    pub what: What,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// An alert as it is kept, and how much of it sinks may be told.
    Alert(Box<Alert>, Grant),
    /// An alert whose content was erased.
    Erased(Facts),
    /// An alert that does not open: its content was changed, or its key is lost. [`Outbox::verify`] says which.
    Unreadable(Facts),
    /// What was done with alerts.
    Note(Note),
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk.
    Stored,
    /// It is not, and was counted: [`WhenFull::Spill`].
    Spilled,
}

/// The state of an outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The end of the chain.
    pub head: Head,
    /// Bytes of all records.
    pub bytes: u64,
    /// Records that can still be opened.
    pub open: u64,
    /// Records under a hold.
    pub held: usize,
    /// Alerts that were spilled and are not yet in the chain.
    pub spilled: u64,
    /// By sink.
    pub sinks: BTreeMap<String, SinkStats>,
}

/// The state of a sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SinkStats {
    /// How far it has come.
    #[serde(flatten)]
    pub cursor: Cursor,
    /// Records that it has not seen.
    pub behind: u64,
    /// When the oldest alert that it has not seen was raised.
    #[serde(with = "named::time_or_none")]
    pub oldest: Option<Timestamp>,
}

struct Pending {
    alerts: Vec<(Alert, EvidencePolicy)>,
    slot: Arc<Slot>,
}

#[derive(Default)]
struct Slot(OnceLock<Result<Outcome, Trouble>>);

/// What only one thread does at a time.
struct Writer {
    tail: Tail,
    /// Why the store is closed, and when it may be opened again.
    broken: Option<(Trouble, Instant)>,
}

type Spilled = BTreeMap<(String, String), u64>;

/// A durable, bounded store of alerts. Share it behind an `Arc`; all methods take `&self`.
pub struct Outbox {
    disk: Box<dyn Disk>,
    master: MasterKey,
    identity: Identity,
    limits: OutboxLimits,
    store: RwLock<Option<Store>>,
    writer: Mutex<Writer>,
    queue: Mutex<Vec<Pending>>,
    cursors: Mutex<(BTreeMap<String, Cursor>, bool)>,
    spilled: Mutex<(Spilled, String)>,
    end: (Mutex<u64>, Condvar),
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What a panic elsewhere leaves behind here is whole: the store is only changed by transactions.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox {
    /// Opens the outbox in a folder, and makes it if there is none. Finishes an erasure that was broken off.
    ///
    /// # Errors
    ///
    /// If the files cannot be opened, another process has them open, or the master key is another one.
    pub fn open(folder: &Path, master: MasterKey, limits: OutboxLimits) -> Result<Self, Trouble> {
        std::fs::create_dir_all(folder)?;
        Self::on(Box::new(Folder::new(folder)), master, limits)
    }

    /// The same, but an outbox must be there already.
    ///
    /// # Errors
    ///
    /// `outbox-missing`, and as [`Self::open`].
    pub fn open_existing(
        folder: &Path,
        master: MasterKey,
        limits: OutboxLimits,
    ) -> Result<Self, Trouble> {
        std::fs::metadata(folder.join("outbox.redb"))?;
        Self::open(folder, master, limits)
    }

    fn on(disk: Box<dyn Disk>, master: MasterKey, limits: OutboxLimits) -> Result<Self, Trouble> {
        let store = Store::open(&*disk, &master)?;
        let tail = store.tail()?;
        let cursors = store.cursors()?;
        Ok(Self {
            disk,
            identity: store.keys.identity.clone(),
            master,
            limits,
            store: RwLock::new(Some(store)),
            writer: Mutex::new(Writer { tail, broken: None }),
            queue: Mutex::default(),
            cursors: Mutex::new((cursors, false)),
            spilled: Mutex::default(),
            end: (Mutex::new(tail.head.seq), Condvar::new()),
        })
    }

    /// The keys of its ids and pseudonyms.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Hands alerts in, without waiting for anything. They are stored once the ticket says so.
    pub fn submit(&self, alerts: Vec<Alert>, policy: &EvidencePolicy) -> Ticket<'_> {
        let slot = Arc::new(Slot::default());
        let ticket = Ticket {
            outbox: self,
            slot: Arc::clone(&slot),
        };
        let pending = Pending {
            alerts: alerts.into_iter().map(|alert| (alert, *policy)).collect(),
            slot,
        };
        if let Some(full) = self.full() {
            self.fail(pending, &full);
            return ticket;
        }
        let mut queue = lock(&self.queue);
        if queue.len() >= self.limits.queue {
            drop(queue);
            self.fail(
                pending,
                &Trouble::full("too many wait for the disk", "等待写盘的过多"),
            );
        } else {
            queue.push(pending);
        }
        ticket
    }

    /// Hands alerts in and waits until they are on disk.
    ///
    /// # Errors
    ///
    /// What was in the way, if the policy is [`WhenFull::Refuse`].
    pub fn store(&self, alerts: Vec<Alert>, policy: &EvidencePolicy) -> Result<Outcome, Trouble> {
        self.submit(alerts, policy).wait()
    }

    /// Whether no more alerts are taken.
    fn full(&self) -> Option<Trouble> {
        let head = *lock(&self.end.0);
        let behind = {
            let cursors = lock(&self.cursors);
            let enabled = cursors
                .0
                .values()
                .filter(|cursor| cursor.disabled.is_none());
            enabled.map(|cursor| cursor.seq).min()
        };
        if behind.is_some_and(|seq| head.saturating_sub(seq) >= self.limits.backlog) {
            return Some(Trouble::full(
                "a sink is too far behind",
                "有接收端积压过多",
            ));
        }
        // Whoever writes just now will see it next time.
        let bytes = self.writer.try_lock().map_or(0, |writer| writer.tail.bytes);
        (bytes >= self.limits.bytes)
            .then(|| Trouble::full("its records take too many bytes", "记录占用字节过多"))
    }

    /// Answers a submission that cannot be stored, as the policy says.
    fn fail(&self, pending: Pending, why: &Trouble) {
        let outcome = match self.limits.when_full {
            WhenFull::Refuse => Err(why.clone()),
            WhenFull::Spill => {
                let mut spilled = lock(&self.spilled);
                for (alert, _) in &pending.alerts {
                    let key = (alert.facts.tenant.clone(), alert.facts.rule.clone());
                    *spilled.0.entry(key).or_default() += 1;
                }
                why.code.clone_into(&mut spilled.1);
                Ok(Outcome::Spilled)
            }
        };
        let _ = pending.slot.0.set(outcome);
    }

    /// Writes what was submitted, what was spilled, and how far the sinks have come. The lock is held by whoever waits first.
    fn lead(&self, writer: &mut Writer) -> Result<(), Trouble> {
        let pending = std::mem::take(&mut *lock(&self.queue));
        let (cursors, dirty) = {
            let mut cursors = lock(&self.cursors);
            let dirty = std::mem::take(&mut cursors.1);
            (cursors.0.clone(), dirty)
        };
        let (spilled, why) = std::mem::take(&mut *lock(&self.spilled));
        if pending.is_empty() && !dirty && spilled.is_empty() {
            return Ok(());
        }
        let mut notes = Vec::new();
        if !spilled.is_empty() {
            notes.push(Note::Spilled {
                alerts: spilled
                    .iter()
                    .map(|((tenant, rule), count)| (tenant.clone(), rule.clone(), *count))
                    .collect(),
                why: why.clone(),
                at: now(),
            });
        }
        let (slots, alerts): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .map(|pending| (pending.slot, pending.alerts))
            .unzip();
        let lengths: Vec<usize> = alerts.iter().map(Vec::len).collect();
        let mut alerts = alerts.concat();
        let written = self.write(writer, |store, tail| {
            store.append(tail, &alerts, &notes, &cursors)
        });
        match &written {
            Ok(()) => {
                for slot in slots {
                    let _ = slot.0.set(Ok(Outcome::Stored));
                }
            }
            Err(trouble) => {
                {
                    let mut again = lock(&self.spilled);
                    for (key, count) in spilled {
                        *again.0.entry(key).or_default() += count;
                    }
                    again.1 = why;
                }
                lock(&self.cursors).1 |= dirty;
                for (slot, length) in slots.into_iter().zip(lengths) {
                    let alerts = alerts.drain(..length).collect();
                    self.fail(Pending { alerts, slot }, trouble);
                }
            }
        }
        written
    }

    /// Does something with the store that gives the chain a new end. After a failure of the disk the store is closed, and opened again later: what a
    /// failed write left behind is known only then.
    fn write(
        &self,
        writer: &mut Writer,
        work: impl FnOnce(&Store, Tail) -> Result<Tail, Trouble>,
    ) -> Result<(), Trouble> {
        self.reopen(writer)?;
        let done = match &*self.store.read().unwrap_or_else(PoisonError::into_inner) {
            Some(store) => work(store, writer.tail),
            None => Err(Trouble::damaged("it is closed")),
        };
        match done {
            Ok(tail) => {
                writer.tail = tail;
                let mut end = lock(&self.end.0);
                if *end != tail.head.seq {
                    *end = tail.head.seq;
                    self.end.1.notify_all();
                }
                Ok(())
            }
            Err(trouble) => {
                if matches!(trouble.code, "disk-full" | "read-only" | "outbox-io") {
                    *self.store.write().unwrap_or_else(PoisonError::into_inner) = None;
                    writer.broken = Some((trouble.clone(), Instant::now() + RETRY));
                }
                Err(trouble)
            }
        }
    }

    fn reopen(&self, writer: &mut Writer) -> Result<(), Trouble> {
        let Some((why, after)) = &writer.broken else {
            return Ok(());
        };
        if Instant::now() < *after {
            return Err(why.clone());
        }
        let opened = Store::open(&*self.disk, &self.master)
            .and_then(|store| store.tail().map(|tail| (store, tail)));
        match opened {
            Ok((store, tail)) => {
                *self.store.write().unwrap_or_else(PoisonError::into_inner) = Some(store);
                writer.tail = tail;
                writer.broken = None;
                Ok(())
            }
            Err(trouble) => {
                writer.broken = Some((trouble.clone(), Instant::now() + RETRY));
                Err(trouble)
            }
        }
    }

    fn reading<T>(&self, read: impl FnOnce(&Store) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return read(store);
        }
        drop(store);
        let mut writer = lock(&self.writer);
        self.reopen(&mut writer)?;
        match &*self.store.read().unwrap_or_else(PoisonError::into_inner) {
            Some(store) => read(store),
            None => Err(Trouble::damaged("it is closed")),
        }
    }

    /// Adds a record that is no alert: a decision by a person, a reversal.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    pub fn note(&self, note: Note) -> Result<(), Trouble> {
        let mut writer = lock(&self.writer);
        self.write(&mut writer, |store, tail| {
            store.append(tail, &[], &[note], &BTreeMap::new())
        })
    }

    /// Writes what waits, if anything does.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn flush(&self) -> Result<(), Trouble> {
        self.lead(&mut lock(&self.writer))
    }

    /// At most `most` records from number `from` on.
    ///
    /// # Errors
    ///
    /// If the store cannot be read, or a record does not open.
    pub fn read(&self, from: u64, most: usize) -> Result<Vec<Entry>, Trouble> {
        self.reading(|store| store.read(from, most))
    }

    /// The record of an alert.
    ///
    /// # Errors
    ///
    /// `unknown-alert` if there is none.
    pub fn find(&self, id: AlertId) -> Result<Entry, Trouble> {
        self.reading(|store| {
            let seq = store.seq_of(&id.0)?.ok_or_else(Trouble::unknown)?;
            let row = store.row(seq)?.ok_or_else(Trouble::unknown)?;
            store.entry(seq, &row)
        })
    }

    /// The end of the chain.
    pub fn head(&self) -> Head {
        lock(&self.writer).tail.head
    }

    /// Waits until there is a record after number `seq`, or the time is over; whether there is one.
    pub fn wait_past(&self, seq: u64, time: Duration) -> bool {
        let end = lock(&self.end.0);
        let waited = self.end.1.wait_timeout_while(end, time, |end| *end <= seq);
        *waited.unwrap_or_else(PoisonError::into_inner).0 > seq
    }

    /// Makes a sink known, so that it counts as behind until it has seen everything. One that is known keeps its place.
    pub fn register(&self, sink: &str) -> Cursor {
        let mut cursors = lock(&self.cursors);
        if !cursors.0.contains_key(sink) {
            cursors.0.insert(sink.to_owned(), Cursor::default());
            cursors.1 = true;
        }
        cursors.0.get(sink).cloned().unwrap_or_default()
    }

    /// Moves a sink's place. Kept in memory, and written with the next commit or [`Self::flush`]: after a crash a sink sees again what
    /// it had seen since.
    pub fn advance(&self, sink: &str, cursor: Cursor) {
        let mut cursors = lock(&self.cursors);
        cursors.0.insert(sink.to_owned(), cursor);
        cursors.1 = true;
    }

    /// The places of all sinks that were ever known.
    pub fn cursors(&self) -> BTreeMap<String, Cursor> {
        lock(&self.cursors).0.clone()
    }

    /// Puts alerts that a sink refused for good aside, durably.
    ///
    /// # Errors
    ///
    /// If that cannot be stored.
    pub fn bury(&self, sink: &str, dead: &[DeadLetter]) -> Result<(), Trouble> {
        let mut writer = lock(&self.writer);
        self.write(&mut writer, |store, tail| {
            store.bury(sink, dead).map(|()| tail)
        })
    }

    /// Takes alerts from a sink's dead letters.
    ///
    /// # Errors
    ///
    /// If that cannot be stored.
    pub fn dig_up(&self, sink: &str, seqs: &[u64]) -> Result<(), Trouble> {
        let mut writer = lock(&self.writer);
        self.write(&mut writer, |store, tail| {
            store.dig_up(sink, seqs).map(|()| tail)
        })
    }

    /// What a sink refused for good.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn dead(&self, sink: &str) -> Result<Vec<DeadLetter>, Trouble> {
        self.reading(|store| store.dead(sink))
    }

    /// Alerts that were spilled and are not yet counted in the chain. A crash loses this number.
    pub fn spilled(&self) -> u64 {
        lock(&self.spilled).0.values().sum()
    }

    /// The state of things.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn stats(&self) -> Result<Stats, Trouble> {
        let tail = lock(&self.writer).tail;
        let cursors = self.cursors();
        let spilled = self.spilled();
        self.reading(|store| {
            let mut sinks = BTreeMap::new();
            for (sink, cursor) in cursors {
                let oldest = store.oldest_after(cursor.seq)?;
                let behind = tail.head.seq.saturating_sub(cursor.seq);
                let stats = SinkStats {
                    cursor,
                    behind,
                    oldest,
                };
                sinks.insert(sink, stats);
            }
            Ok(Stats {
                head: tail.head,
                bytes: tail.bytes,
                open: store.keys.len()?,
                held: store.holds()?.len(),
                spilled,
                sinks,
            })
        })
    }

    /// Gives free pages back to the file system. Nobody reads or writes meanwhile.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn compact(&self) -> Result<(), Trouble> {
        let _writer = lock(&self.writer);
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &mut *store {
            store.records.compact()?;
        }
        Ok(())
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        // Whoever needs to know asks `flush` before.
        let _ = self.flush();
    }
}

/// The receipt for alerts that were handed in.
#[derive(Clone)]
#[must_use = "alerts are stored once somebody waits"]
pub struct Ticket<'a> {
    outbox: &'a Outbox,
    slot: Arc<Slot>,
}

impl fmt::Debug for Ticket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.slot.0.get()).finish()
    }
}

impl Ticket<'_> {
    /// Waits until the alerts are on disk. Takes one commit, or the rest of one that is under way and the next; writes for everybody who has submitted.
    ///
    /// # Errors
    ///
    /// What was in the way, if the policy is [`WhenFull::Refuse`]: then nothing of it may be called alerted.
    pub fn wait(&self) -> Result<Outcome, Trouble> {
        if let Some(outcome) = self.slot.0.get() {
            return outcome.clone();
        }
        let mut writer = lock(&self.outbox.writer);
        if let Some(outcome) = self.slot.0.get() {
            return outcome.clone();
        }
        let led = self.outbox.lead(&mut writer);
        match (self.slot.0.get(), led) {
            (Some(outcome), _) => outcome.clone(),
            (None, Err(trouble)) => Err(trouble),
            (None, Ok(())) => Err(Trouble::damaged("a submission was lost")),
        }
    }
}

/// The time now. The outbox is an edge and has a clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }))
}
