//! The two files of a store, open, and what is read and written in one transaction.

use std::collections::BTreeMap;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::keys::{Keys, Wanted};
use super::row::{self, Row};
use super::trouble::{Trouble, random};
use super::{Cursor, DeadLetter, Entry, Hold, What};
use crate::alert::chain::{ChainKey, Head};
use crate::alert::evidence::{EvidencePolicy, Grant};
use crate::alert::identity::MasterKey;
use crate::alert::note::Note;
use crate::alert::record::{Alert, Facts, Particulars};
use crate::alert::seal;
use crate::primitives::Timestamp;

const NAME: &str = "outbox.redb";

pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
pub(super) const IDS: TableDefinition<'_, &[u8; 16], u64> = TableDefinition::new("ids");
const CURSORS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("cursors");
const DEAD: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("dead");
pub(super) const HOLDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("holds");
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(flatten)]
    particulars: Particulars,
    tell: Grant,
}

/// What the chain has come to, and how much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) head: Head,
    /// Bytes of all records.
    pub(super) bytes: u64,
}

/// The files, open.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) records: Database,
    pub(super) keys: Keys,
    pub(super) chain: ChainKey,
}

impl Store {
    pub(super) fn open(disk: &dyn Disk, master: &MasterKey) -> Result<Self, Trouble> {
        let keys = Keys::open(disk, master)?;
        let records = disk.open(NAME)?;
        let txn = records.begin_write()?;
        let (store, unfinished) = {
            let mut meta = txn.open_table(META)?;
            txn.open_table(RECORDS)?;
            txn.open_table(IDS)?;
            txn.open_table(CURSORS)?;
            txn.open_table(DEAD)?;
            txn.open_table(HOLDS)?;
            let found = meta.get("store")?.map(|id| id.value().to_owned());
            let store: [u8; 16] = match found {
                Some(id) => id
                    .try_into()
                    .map_err(|_| Trouble::damaged("the id of the store"))?,
                None => {
                    let id = random()?;
                    meta.insert("store", &id[..])?;
                    id
                }
            };
            (store, meta.get("unfinished")?.is_some())
        };
        txn.commit()?;
        let chain = ChainKey(keys.identity.chain_key(&store));
        let mut store = Self {
            records,
            keys,
            chain,
        };
        if unfinished {
            store = store.finish_erasure(disk, master)?;
        }
        Ok(store)
    }

    pub(super) fn tail(&self) -> Result<Tail, Trouble> {
        let txn = self.records.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        let head = match records.last()? {
            None => Head {
                seq: 0,
                hash: self.chain.begin(),
            },
            Some((seq, row)) => Head {
                seq: seq.value(),
                hash: Row::from_bytes(row.value())
                    .ok_or_else(|| Trouble::damaged("its last record"))?
                    .hash,
            },
        };
        let bytes = txn
            .open_table(META)?
            .get("bytes")?
            .and_then(|bytes| bytes.value().try_into().ok())
            .map_or(0, u64::from_le_bytes);
        Ok(Tail { head, bytes })
    }

    /// Adds alerts that are not there yet, and notes; durable when this returns. An alert that is there is left as it is.
    pub(super) fn append(
        &self,
        mut tail: Tail,
        alerts: &[(Alert, EvidencePolicy)],
        notes: &[Note],
        cursors: &BTreeMap<String, Cursor>,
    ) -> Result<Tail, Trouble> {
        let fresh = self.fresh(alerts)?;
        let wanted: Vec<Wanted<'_>> = (tail.head.seq + 1..)
            .zip(&fresh)
            .map(|(seq, (alert, policy))| Wanted {
                seq,
                tenant: &alert.facts.tenant,
                at: alert.facts.raised,
                expires: Timestamp(alert.facts.raised.0 + i64::from(policy.days) * DAY),
                subject: alert.particulars.sender.map(|sender| sender.0),
            })
            .collect();
        // First the keys: a key without a record is nothing, a record without its key is lost.
        let keys = match wanted.is_empty() {
            true => Vec::new(),
            false => self.keys.add(&wanted)?,
        };
        let txn = self.records.begin_write()?;
        {
            let mut records = txn.open_table(RECORDS)?;
            let mut ids = txn.open_table(IDS)?;
            let mut add = |kind, header, body| -> Result<u64, Trouble> {
                let seq = tail.head.seq + 1;
                let row = Row::new(&self.chain, tail.head.hash, seq, kind, header, body);
                let bytes = row.to_bytes();
                records.insert(seq, &*bytes)?;
                tail.bytes += bytes.len() as u64;
                tail.head = Head {
                    seq,
                    hash: row.hash,
                };
                Ok(seq)
            };
            for (wanted, ((alert, policy), key)) in wanted.iter().zip(fresh.iter().zip(&keys)) {
                let header = json(&alert.facts);
                let body = json(&Body {
                    particulars: alert.particulars.clone(),
                    tell: policy.tell,
                });
                let bound = bound(wanted.seq, &header);
                let sealed = seal::seal(key, random()?, &bound, &body);
                let seq = add(row::ALERT, header, sealed)?;
                ids.insert(&alert.facts.id.0, seq)?;
            }
            for note in notes {
                add(row::NOTE, json(note), Vec::new())?;
            }
            txn.open_table(META)?
                .insert("bytes", &tail.bytes.to_le_bytes()[..])?;
            let mut table = txn.open_table(CURSORS)?;
            for (sink, cursor) in cursors {
                table.insert(&**sink, &*json(cursor))?;
            }
        }
        txn.commit()?;
        Ok(tail)
    }

    /// The alerts that are not stored yet, each once.
    fn fresh<'a>(
        &self,
        alerts: &'a [(Alert, EvidencePolicy)],
    ) -> Result<Vec<&'a (Alert, EvidencePolicy)>, Trouble> {
        let mut fresh = Vec::with_capacity(alerts.len());
        if alerts.is_empty() {
            return Ok(fresh);
        }
        let txn = self.records.begin_read()?;
        let ids = txn.open_table(IDS)?;
        let mut seen = std::collections::BTreeSet::new();
        for alert in alerts {
            let id = alert.0.facts.id;
            if seen.insert(id) && ids.get(&id.0)?.is_none() {
                fresh.push(alert);
            }
        }
        Ok(fresh)
    }

    /// Where the alert of that id is.
    pub(super) fn seq_of(&self, id: &[u8; 16]) -> Result<Option<u64>, Trouble> {
        let txn = self.records.begin_read()?;
        let ids = txn.open_table(IDS)?;
        Ok(ids.get(id)?.map(|seq| seq.value()))
    }

    pub(super) fn row(&self, seq: u64) -> Result<Option<Row>, Trouble> {
        let txn = self.records.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        match records.get(seq)? {
            None => Ok(None),
            Some(row) => Row::from_bytes(row.value())
                .map(Some)
                .ok_or_else(|| Trouble::damaged(&format!("record {seq}"))),
        }
    }

    /// At most `most` records from number `from` on.
    pub(super) fn read(&self, from: u64, most: usize) -> Result<Vec<Entry>, Trouble> {
        let txn = self.records.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        let mut entries = Vec::new();
        for found in records.range(from..)?.take(most) {
            let (seq, row) = found?;
            let seq = seq.value();
            let row = Row::from_bytes(row.value())
                .ok_or_else(|| Trouble::damaged(&format!("record {seq}")))?;
            entries.push(self.entry(seq, &row)?);
        }
        Ok(entries)
    }

    pub(super) fn entry(&self, seq: u64, row: &Row) -> Result<Entry, Trouble> {
        let damaged = || Trouble::damaged(&format!("record {seq}"));
        let head = Head {
            seq,
            hash: row.hash,
        };
        let what = match row.kind {
            row::ALERT => {
                let facts: Facts = serde_json::from_slice(&row.header).map_err(|_| damaged())?;
                if row.is_erased() {
                    What::Erased(facts)
                } else {
                    match self.body(seq, row)? {
                        None => What::Unreadable(facts),
                        Some(body) => What::Alert(
                            Box::new(Alert {
                                facts,
                                particulars: body.particulars,
                            }),
                            body.tell,
                        ),
                    }
                }
            }
            row::NOTE => What::Note(serde_json::from_slice(&row.header).map_err(|_| damaged())?),
            _ => return Err(damaged()),
        };
        Ok(Entry { head, what })
    }

    fn body(&self, seq: u64, row: &Row) -> Result<Option<Body>, Trouble> {
        let Some(key) = self.keys.get(seq)? else {
            return Ok(None);
        };
        let plain = seal::open(&key, &bound(seq, &row.header), &row.body);
        Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()))
    }

    /// Whether the body of a record opens.
    pub(super) fn opens(&self, seq: u64, row: &Row) -> Result<bool, Trouble> {
        Ok(self.body(seq, row)?.is_some())
    }

    pub(super) fn cursors(&self) -> Result<BTreeMap<String, Cursor>, Trouble> {
        let txn = self.records.begin_read()?;
        let table = txn.open_table(CURSORS)?;
        let mut cursors = BTreeMap::new();
        for row in table.iter()? {
            let (sink, cursor) = row?;
            let cursor = serde_json::from_slice(cursor.value())
                .map_err(|_| Trouble::damaged("a sink's cursor"))?;
            cursors.insert(sink.value().to_owned(), cursor);
        }
        Ok(cursors)
    }

    pub(super) fn bury(&self, sink: &str, dead: &[DeadLetter]) -> Result<(), Trouble> {
        let txn = self.records.begin_write()?;
        {
            let mut table = txn.open_table(DEAD)?;
            for letter in dead {
                table.insert((sink, letter.seq), &*json(letter))?;
            }
        }
        txn.commit()?;
        Ok(())
    }

    pub(super) fn dig_up(&self, sink: &str, seqs: &[u64]) -> Result<(), Trouble> {
        let txn = self.records.begin_write()?;
        {
            let mut table = txn.open_table(DEAD)?;
            for seq in seqs {
                table.remove((sink, *seq))?;
            }
        }
        txn.commit()?;
        Ok(())
    }

    pub(super) fn dead(&self, sink: &str) -> Result<Vec<DeadLetter>, Trouble> {
        let txn = self.records.begin_read()?;
        let table = txn.open_table(DEAD)?;
        let mut dead = Vec::new();
        for row in table.range((sink, 0)..=(sink, u64::MAX))? {
            let letter = serde_json::from_slice(row?.1.value())
                .map_err(|_| Trouble::damaged("a dead letter"))?;
            dead.push(letter);
        }
        Ok(dead)
    }

    pub(super) fn holds(&self) -> Result<BTreeMap<u64, Hold>, Trouble> {
        let txn = self.records.begin_read()?;
        let table = txn.open_table(HOLDS)?;
        let mut holds = BTreeMap::new();
        for row in table.iter()? {
            let (seq, hold) = row?;
            let hold =
                serde_json::from_slice(hold.value()).map_err(|_| Trouble::damaged("a hold"))?;
            holds.insert(seq.value(), hold);
        }
        Ok(holds)
    }
}

/// What a body is sealed to: its place and its header.
fn bound(seq: u64, header: &[u8]) -> Vec<u8> {
    let mut bound = seq.to_le_bytes().to_vec();
    bound.extend_from_slice(header);
    bound
}

pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    // These types have nothing that cannot be JSON.
    serde_json::to_vec(value).unwrap_or_default()
}
