//! The wrapped keys, in a file of their own.
//!
//! Each record's body is sealed under a key of its own; that is wrapped by the tenant's key of the month; that by the master key. A
//! record is erased by making this file anew without its key: a store that deletes a row keeps its bytes on old pages, so this one is
//! never deleted from. It also knows whose records are whose, by pseudonym, and forgets that in the same way.

use std::collections::BTreeSet;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::disk::Disk;
use super::trouble::{Trouble, random};
use crate::alert::identity::{Identity, MasterKey};
use crate::alert::seal;
use crate::primitives::Timestamp;

const NAME: &str = "keys.redb";
const NEXT: &str = "keys.next.redb";

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Tenant, 0x1F and month; the wrapped key.
const PERIODS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("periods");
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
const SUBJECTS: TableDefinition<'_, (&[u8; 16], u64), ()> = TableDefinition::new("subjects");

/// What is known of a record's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyRow {
    /// When the record is to be erased.
    pub(super) expires: Timestamp,
    /// The pseudonym of the sender, or zeros.
    pub(super) subject: [u8; 16],
    /// The period whose key wraps this one.
    pub(super) period: String,
    pub(super) wrapped: Vec<u8>,
}

impl KeyRow {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(26 + self.period.len() + self.wrapped.len());
        bytes.extend_from_slice(&self.expires.0.to_le_bytes());
        bytes.extend_from_slice(&self.subject);
        bytes.extend_from_slice(&(self.period.len() as u16).to_le_bytes());
        bytes.extend_from_slice(self.period.as_bytes());
        bytes.extend_from_slice(&self.wrapped);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (expires, rest) = bytes.split_first_chunk()?;
        let (subject, rest) = rest.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (period, wrapped) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
        Some(Self {
            expires: Timestamp(i64::from_le_bytes(*expires)),
            subject: *subject,
            period: std::str::from_utf8(period).ok()?.to_owned(),
            wrapped: wrapped.to_owned(),
        })
    }
}

/// A record that needs a key.
pub(super) struct Wanted<'a> {
    pub(super) seq: u64,
    pub(super) tenant: &'a str,
    pub(super) at: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) subject: Option<[u8; 16]>,
}

/// The file of keys, open.
#[derive(Debug)]
pub(super) struct Keys {
    database: Database,
    wrapping: seal::Key,
    pub(super) identity: Identity,
}

impl Keys {
    pub(super) fn open(disk: &dyn Disk, master: &MasterKey) -> Result<Self, Trouble> {
        // It was not finished: what it was to replace is still whole.
        disk.remove(NEXT)?;
        let database = disk.open(NAME)?;
        let wrapping = master.wrapping();
        let txn = database.begin_write()?;
        let identity = {
            let mut meta = txn.open_table(META)?;
            txn.open_table(PERIODS)?;
            txn.open_table(RECORDS)?;
            txn.open_table(SUBJECTS)?;
            let found = meta
                .get("identity")?
                .map(|wrapped| wrapped.value().to_owned());
            match found {
                Some(wrapped) => {
                    let seed = seal::open_key(&wrapping, b"identity", &wrapped)
                        .ok_or_else(Trouble::wrong_key)?;
                    Identity::of_seed(*seed)
                }
                None => {
                    let identity = Identity::of(master);
                    let sealed = seal::seal(&wrapping, random()?, b"identity", &identity.seed());
                    meta.insert("identity", &*sealed)?;
                    identity
                }
            }
        };
        txn.commit()?;
        Ok(Self {
            database,
            wrapping,
            identity,
        })
    }

    /// A new key for each of the records, durable when this returns. A key of the same number that was left behind by a crash is
    /// replaced: no record was sealed under it.
    pub(super) fn add(&self, wanted: &[Wanted<'_>]) -> Result<Vec<seal::Key>, Trouble> {
        let mut keys = Vec::with_capacity(wanted.len());
        let txn = self.database.begin_write()?;
        {
            let mut periods = txn.open_table(PERIODS)?;
            let mut records = txn.open_table(RECORDS)?;
            let mut subjects = txn.open_table(SUBJECTS)?;
            for record in wanted {
                let month = record.at.to_string();
                let period = format!("{}\u{1f}{}", record.tenant, &month[..month.len() - 13]);
                let found = periods.get(&*period)?.map(|row| row.value().to_owned());
                let of_period = match found {
                    Some(wrapped) => seal::open_key(&self.wrapping, period.as_bytes(), &wrapped)
                        .ok_or_else(|| Trouble::damaged("a period's key"))?,
                    None => {
                        let key = seal::Key::new(random()?);
                        let bound = period.as_bytes();
                        let wrapped = seal::seal(&self.wrapping, random()?, bound, &*key);
                        periods.insert(&*period, &*wrapped)?;
                        key
                    }
                };
                let key = seal::Key::new(random()?);
                let bound = record.seq.to_le_bytes();
                let row = KeyRow {
                    expires: record.expires,
                    subject: record.subject.unwrap_or_default(),
                    period,
                    wrapped: seal::seal(&of_period, random()?, &bound, &*key),
                };
                let before = records
                    .insert(record.seq, &*row.to_bytes())?
                    .and_then(|row| KeyRow::from_bytes(row.value()));
                if let Some(before) = before {
                    subjects.remove((&before.subject, record.seq))?;
                }
                if let Some(subject) = record.subject {
                    subjects.insert((&subject, record.seq), ())?;
                }
                keys.push(key);
            }
        }
        txn.commit()?;
        Ok(keys)
    }

    /// The key of a record; `None` if there is none, or it does not open.
    pub(super) fn get(&self, seq: u64) -> Result<Option<seal::Key>, Trouble> {
        let txn = self.database.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        let Some(row) = records
            .get(seq)?
            .and_then(|row| KeyRow::from_bytes(row.value()))
        else {
            return Ok(None);
        };
        let periods = txn.open_table(PERIODS)?;
        let of_period = periods.get(&*row.period)?.and_then(|wrapped| {
            seal::open_key(&self.wrapping, row.period.as_bytes(), wrapped.value())
        });
        Ok(of_period.and_then(|key| seal::open_key(&key, &seq.to_le_bytes(), &row.wrapped)))
    }

    /// The records of a sender, in order.
    pub(super) fn of_subject(&self, subject: &[u8; 16]) -> Result<Vec<u64>, Trouble> {
        let txn = self.database.begin_read()?;
        let subjects = txn.open_table(SUBJECTS)?;
        let mut found = Vec::new();
        for row in subjects.range((subject, 0)..=(subject, u64::MAX))? {
            found.push(row?.0.value().1);
        }
        Ok(found)
    }

    /// The records whose time is over at `now`, in order. Reads every row.
    pub(super) fn expired(&self, now: Timestamp) -> Result<Vec<u64>, Trouble> {
        let txn = self.database.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        let mut found = Vec::new();
        for row in records.iter()? {
            let (seq, row) = row?;
            if KeyRow::from_bytes(row.value()).is_none_or(|row| row.expires <= now) {
                found.push(seq.value());
            }
        }
        Ok(found)
    }

    /// How many records have keys.
    pub(super) fn len(&self) -> Result<u64, Trouble> {
        use redb::ReadableTableMetadata;
        Ok(self.database.begin_read()?.open_table(RECORDS)?.len()?)
    }

    /// What the master key has wrapped.
    #[cfg(test)]
    pub(super) fn under_the_master_key(&self) -> Result<Vec<Vec<u8>>, Trouble> {
        let txn = self.database.begin_read()?;
        let mut wrapped = Vec::new();
        for table in [META, PERIODS] {
            for row in txn.open_table(table)?.iter()? {
                wrapped.push(row?.1.value().to_owned());
            }
        }
        Ok(wrapped)
    }

    /// Lets the records end at that time, if they would have ended later.
    pub(super) fn end_by(&self, ends: &[(u64, Timestamp)]) -> Result<(), Trouble> {
        let txn = self.database.begin_write()?;
        {
            let mut records = txn.open_table(RECORDS)?;
            for (seq, until) in ends {
                let row = records
                    .get(*seq)?
                    .and_then(|row| KeyRow::from_bytes(row.value()));
                if let Some(mut row) = row {
                    row.expires = row.expires.min(*until);
                    records.insert(*seq, &*row.to_bytes())?;
                }
            }
        }
        txn.commit()?;
        Ok(())
    }

    /// Makes the file anew under that master key, without the keys of these records, and without periods that nothing is left of.
    ///
    /// Costs a copy of all other keys. After an error the file is as it was.
    pub(super) fn anew(
        self,
        disk: &dyn Disk,
        master: &MasterKey,
        gone: &BTreeSet<u64>,
    ) -> Result<Self, Trouble> {
        disk.remove(NEXT)?;
        {
            let next = disk.open(NEXT)?;
            self.copy(&next, &master.wrapping(), gone)?;
        }
        // Closed, or the file could not be put in its place everywhere.
        drop(self);
        disk.replace(NEXT, NAME)?;
        Self::open(disk, master)
    }

    fn copy(
        &self,
        next: &Database,
        wrapping: &seal::Key,
        gone: &BTreeSet<u64>,
    ) -> Result<(), Trouble> {
        let wrap_again = |bound: &[u8], wrapped: &[u8]| -> Result<Vec<u8>, Trouble> {
            match seal::open_key(&self.wrapping, bound, wrapped) {
                Some(key) => Ok(seal::seal(wrapping, random()?, bound, &*key)),
                // It did not open before, and does not now.
                None => Ok(wrapped.to_owned()),
            }
        };
        let from = self.database.begin_read()?;
        let to = next.begin_write()?;
        {
            let mut meta = to.open_table(META)?;
            for row in from.open_table(META)?.iter()? {
                let (key, value) = row?;
                let wrapped = wrap_again(key.value().as_bytes(), value.value())?;
                meta.insert(key.value(), &*wrapped)?;
            }
            let mut live = BTreeSet::new();
            let mut records = to.open_table(RECORDS)?;
            let mut subjects = to.open_table(SUBJECTS)?;
            for row in from.open_table(RECORDS)?.iter()? {
                let (seq, value) = row?;
                let seq = seq.value();
                let Some(row) = KeyRow::from_bytes(value.value()) else {
                    continue;
                };
                if gone.contains(&seq) {
                    continue;
                }
                records.insert(seq, value.value())?;
                if row.subject != [0; 16] {
                    subjects.insert((&row.subject, seq), ())?;
                }
                live.insert(row.period);
            }
            let mut periods = to.open_table(PERIODS)?;
            for row in from.open_table(PERIODS)?.iter()? {
                let (period, wrapped) = row?;
                if live.contains(period.value()) {
                    let wrapped = wrap_again(period.value().as_bytes(), wrapped.value())?;
                    periods.insert(period.value(), &*wrapped)?;
                }
            }
        }
        to.commit()?;
        Ok(())
    }
}
