//! How long evidence is kept, who may see it, and how it is erased.

use std::collections::BTreeSet;

use redb::{ReadableDatabase, ReadableTable};
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::row::{self, Row, ranges};
use super::store::{HOLDS, META, RECORDS, Store, Tail, json};
use super::trouble::Trouble;
use super::{Hold, Outbox, lock};
use crate::alert::chain::{ChainHash, ChainKey, Head};
use crate::alert::identity::{AlertId, MasterKey};
use crate::alert::named;
use crate::alert::note::Note;
use crate::alert::record::{Alert, Facts};
use crate::alert::report::{Figures, Row as Figure};
use crate::diag::said;
use crate::primitives::Timestamp;

/// Characters of a ground, and of a role.
const WORDS: usize = 200;
/// Links that a proof holds at most.
const LINKS: usize = 4_096;

/// Records that one note of erasure names, so that it fits into a webhook.
const NOTED: usize = 300;

/// Who does something, and why. Both stand in the audit chain for good: a role, not a name, and no personal data.
#[derive(Clone, Copy, Debug)]
pub struct Office<'a> {
    /// The role, such as `dpo`.
    pub by: &'a str,
    /// The law, the order or the request.
    pub ground: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Office<'_> {
    fn check(&self) -> Result<(), Trouble> {
        let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= WORDS;
        if fits(self.by) && fits(self.ground) {
            return Ok(());
        }
        Err(Trouble::new(
            "no-ground",
            said!(
                "say who (a role) and on what ground, in at most {WORDS} characters each",
                "请说明由谁（角色）以及依据，各不超过 {WORDS} 个字符"
            ),
        ))
    }
}

/// What an erasure came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// Records whose content is gone.
    pub erased: Vec<AlertId>,
    /// Records that a hold keeps, until it ends: then they are erased.
    pub held: Vec<(AlertId, Hold)>,
}

/// One case as a file: the record, the rule, what explains it, and its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The form of this file: `tidegate-case/1`.
    pub format: String,
    /// The record, with the evidence that is kept.
    pub alert: Alert,
    /// The hold that it is under.
    pub hold: Option<Hold>,
    /// Who exported it: a role.
    pub by: String,
    /// Why.
    pub ground: String,
    /// When.
    #[serde(with = "named::time")]
    pub at: Timestamp,
    /// Its place in the chain.
    pub proof: Proof,
}

/// What shows, to whoever has the chain's key, that a record stands in the chain, and before which head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The hash of the record before.
    pub before: ChainHash,
    /// The record's header, byte for byte.
    pub header: String,
    /// The digest of its body, as it was sealed.
    pub body: ChainHash,
    /// The record.
    pub record: Head,
    /// What each of the next records is, up to the head.
    pub links: Vec<ChainHash>,
    /// Where the links end.
    pub head: Head,
}

impl Proof {
    /// Whether it adds up.
    fn holds(&self, key: &ChainKey) -> bool {
        let content = ChainHash::of_record(row::ALERT, self.header.as_bytes(), self.body);
        let first = key.next(self.before, self.record.seq, content);
        let mut end = Head {
            seq: self.record.seq,
            hash: first,
        };
        for link in &self.links {
            end.seq += 1;
            end.hash = key.next(end.hash, end.seq, *link);
        }
        first == self.record.hash && end == self.head
    }
}

impl Outbox {
    /// Erases what is older than it may be kept, held records left out. How many records. Reads every key; made for once an hour or a day.
    ///
    /// # Errors
    ///
    /// If the store cannot be written.
    pub fn expire(&self, at: Timestamp) -> Result<usize, Trouble> {
        let mut gone = self.reading(|store| store.keys.expired(at))?;
        if gone.is_empty() {
            return Ok(0);
        }
        let holds = self.reading(Store::holds)?;
        gone.retain(|seq| holds.get(seq).is_none_or(|hold| hold.until <= at));
        let office = Office {
            by: "tidegate",
            ground: "retention period over",
            at,
        };
        self.destroy(&gone, Vec::new(), &office)?;
        Ok(gone.len())
    }

    /// Erases every record of a sender, except those under a hold, which are erased when it ends.
    ///
    /// What sinks were sent is out of reach: they get the ids of what was erased. Nobody writes for as long as a copy of the keys takes.
    ///
    /// # Errors
    ///
    /// If the store cannot be written, or no ground is given.
    pub fn erase_sender(
        &self,
        tenant: &str,
        sender: &str,
        office: &Office<'_>,
    ) -> Result<Erasure, Trouble> {
        let subject = self.identity().sender(tenant, sender);
        let seqs = self.reading(|store| store.keys.of_subject(&subject.0))?;
        self.erase(&seqs, office)
    }

    /// Erases one record, or lets it end with its hold.
    ///
    /// # Errors
    ///
    /// If there is no such record, the store cannot be written, or no ground is given.
    pub fn erase_alert(&self, id: AlertId, office: &Office<'_>) -> Result<Erasure, Trouble> {
        let (seq, _) = self.live(id)?;
        self.erase(&[seq], office)
    }

    fn erase(&self, seqs: &[u64], office: &Office<'_>) -> Result<Erasure, Trouble> {
        office.check()?;
        let holds = self.reading(Store::holds)?;
        let mut erasure = Erasure::default();
        let (mut gone, mut ends) = (Vec::new(), Vec::new());
        for seq in seqs {
            let id = self.reading(|store| store.id_of(*seq))?;
            match holds.get(seq).filter(|hold| office.at < hold.until) {
                Some(hold) => {
                    ends.push((*seq, hold.until));
                    erasure.held.push((id, hold.clone()));
                }
                None => {
                    gone.push(*seq);
                    erasure.erased.push(id);
                }
            }
        }
        if !ends.is_empty() {
            let mut writer = lock(&self.writer);
            self.write(&mut writer, |store, tail| {
                store.keys.end_by(&ends).map(|()| tail)
            })?;
        }
        self.destroy(&gone, erasure.erased.clone(), office)?;
        Ok(erasure)
    }

    /// Writes the tombstones and the note, then makes the file of keys anew.
    fn destroy(&self, seqs: &[u64], ids: Vec<AlertId>, office: &Office<'_>) -> Result<(), Trouble> {
        if seqs.is_empty() {
            return Ok(());
        }
        let notes: Vec<Note> = seqs
            .chunks(NOTED)
            .enumerate()
            .map(|(number, seqs)| Note::Erased {
                records: ranges(seqs),
                ids: ids
                    .iter()
                    .skip(number * NOTED)
                    .take(NOTED)
                    .copied()
                    .collect(),
                ground: office.ground.to_owned(),
                by: office.by.to_owned(),
                at: office.at,
            })
            .collect();
        let mut writer = lock(&self.writer);
        self.write(&mut writer, |store, tail| {
            store.bury_bodies(tail, seqs, &notes)
        })?;
        let mut place = self
            .store
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let finished = match place.take() {
            Some(store) => store.finish_erasure(&*self.disk, &self.master),
            None => Store::open(&*self.disk, &self.master),
        };
        match finished {
            Ok(store) => {
                *place = Some(store);
                Ok(())
            }
            Err(trouble) => {
                // It is finished when the store is opened again.
                writer.broken = Some((trouble.clone(), std::time::Instant::now()));
                Err(trouble)
            }
        }
    }

    /// Keeps a record beyond its time.
    ///
    /// # Errors
    ///
    /// If there is no such record or it was erased, no ground is given, or the store cannot be written.
    pub fn hold(&self, id: AlertId, until: Timestamp, office: &Office<'_>) -> Result<(), Trouble> {
        office.check()?;
        let (seq, _) = self.live(id)?;
        let hold = Hold {
            ground: office.ground.to_owned(),
            until,
            by: office.by.to_owned(),
        };
        let note = Note::Held {
            id,
            ground: office.ground.to_owned(),
            until,
            by: office.by.to_owned(),
            at: office.at,
        };
        let mut writer = lock(&self.writer);
        self.write(&mut writer, |store, tail| {
            store.set_hold(tail, seq, Some(&hold), &note)
        })
    }

    /// Ends a hold.
    ///
    /// # Errors
    ///
    /// As [`Self::hold`].
    pub fn release(&self, id: AlertId, office: &Office<'_>) -> Result<(), Trouble> {
        office.check()?;
        let (seq, _) = self.live(id)?;
        let note = Note::Released {
            id,
            ground: office.ground.to_owned(),
            by: office.by.to_owned(),
            at: office.at,
        };
        let mut writer = lock(&self.writer);
        self.write(&mut writer, |store, tail| {
            store.set_hold(tail, seq, None, &note)
        })
    }

    /// Puts the store under another master key: every tenant's key of every month is wrapped anew, and the file of keys written anew. Ids,
    /// pseudonyms and the chain stay as they are, and so do the records. That it was done stands in the chain first.
    ///
    /// Costs a copy of all keys; an outbox is rekeyed while nobody else has it open. Copies of the old file of keys still open with the old
    /// key: destroy both. A new outbox made under `next` would give other ids and pseudonyms than this one.
    ///
    /// # Errors
    ///
    /// If no ground is given, or the store cannot be written: then it is under the old key.
    pub fn rekey(mut self, next: MasterKey, office: &Office<'_>) -> Result<Self, Trouble> {
        office.check()?;
        self.note(Note::Rekeyed {
            ground: office.ground.to_owned(),
            by: office.by.to_owned(),
            at: office.at,
        })?;
        let place = self
            .store
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(store) = place.take() {
            let Store {
                records,
                keys,
                chain,
            } = store;
            let keys = keys.anew(&*self.disk, &next, &BTreeSet::new())?;
            *place = Some(Store {
                records,
                keys,
                chain,
            });
        }
        self.master = next;
        Ok(self)
    }

    /// The hold that an alert is under.
    ///
    /// # Errors
    ///
    /// If there is no such record, or the store cannot be read.
    pub fn hold_of(&self, id: AlertId) -> Result<Option<Hold>, Trouble> {
        let seq = self.find(id)?.head.seq;
        self.reading(|store| Ok(store.holds()?.remove(&seq)))
    }

    /// One case as JSON. That it was exported, by whom and why, is in the chain before the bytes are handed out.
    ///
    /// # Errors
    ///
    /// If there is no such record or it was erased, no ground is given, or the store cannot be written.
    pub fn export(&self, id: AlertId, office: &Office<'_>) -> Result<Vec<u8>, Trouble> {
        office.check()?;
        let (seq, alert) = self.live(id)?;
        let case = self.reading(|store| {
            Ok(Case {
                format: "tidegate-case/1".to_owned(),
                alert,
                hold: store.holds()?.remove(&seq),
                by: office.by.to_owned(),
                ground: office.ground.to_owned(),
                at: office.at,
                proof: store.proof(seq)?,
            })
        })?;
        let mut bytes = serde_json::to_vec_pretty(&case).unwrap_or_default();
        bytes.push(b'\n');
        self.note(Note::Exported {
            id,
            digest: ChainHash::of_body(&bytes),
            ground: office.ground.to_owned(),
            by: office.by.to_owned(),
            at: office.at,
        })?;
        Ok(bytes)
    }

    /// Whether a case's proof adds up under this store's key, and its facts are those of the record.
    pub fn proves(&self, case: &Case) -> Result<bool, Trouble> {
        self.reading(|store| {
            let facts = serde_json::from_str(&case.proof.header).ok();
            Ok(facts.as_ref() == Some(&case.alert.facts) && case.proof.holds(&store.chain))
        })
    }

    /// Figures of the alerts raised from `from` on and before `until`. Reads every record, and opens none.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn figures(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Figure>, Trouble> {
        let mut figures = Figures::new(from, until);
        self.reading(|store| {
            store.each_row(1, &mut |_, row| {
                match row.kind {
                    row::ALERT => {
                        if let Ok(facts) = serde_json::from_slice(&row.header) {
                            figures.alert(&facts);
                        }
                    }
                    _ => {
                        if let Ok(note) = serde_json::from_slice(&row.header) {
                            figures.note(&note);
                        }
                    }
                }
                true
            })
        })?;
        Ok(figures.rows())
    }

    fn live(&self, id: AlertId) -> Result<(u64, Alert), Trouble> {
        let entry = self.find(id)?;
        match entry.what {
            super::What::Alert(alert, _) => Ok((entry.head.seq, *alert)),
            super::What::Unreadable(_) => Err(Trouble::damaged("the record does not open")),
            _ => Err(Trouble::erased()),
        }
    }
}

impl Store {
    fn id_of(&self, seq: u64) -> Result<AlertId, Trouble> {
        let row = self.row(seq)?.ok_or_else(Trouble::unknown)?;
        let facts: Facts = serde_json::from_slice(&row.header)
            .map_err(|_| Trouble::damaged(&format!("record {seq}")))?;
        Ok(facts.id)
    }

    /// When the first alert after record `seq` was raised.
    pub(super) fn oldest_after(&self, seq: u64) -> Result<Option<Timestamp>, Trouble> {
        let mut oldest = None;
        self.each_row(seq + 1, &mut |_, row| {
            if row.kind == row::ALERT {
                let facts: Option<Facts> = serde_json::from_slice(&row.header).ok();
                oldest = facts.map(|facts| facts.raised);
            }
            oldest.is_none()
        })?;
        Ok(oldest)
    }

    /// Hands out the records from number `from` on, in order, until told to stop.
    pub(super) fn each_row(
        &self,
        from: u64,
        see: &mut dyn FnMut(u64, &Row) -> bool,
    ) -> Result<(), Trouble> {
        let txn = self.records.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        for found in records.range(from..)? {
            let (seq, row) = found?;
            let seq = seq.value();
            let row = Row::from_bytes(row.value())
                .ok_or_else(|| Trouble::damaged(&format!("record {seq}")))?;
            if !see(seq, &row) {
                break;
            }
        }
        Ok(())
    }

    fn proof(&self, seq: u64) -> Result<Proof, Trouble> {
        let before = match seq {
            1 => self.chain.begin(),
            _ => self.row(seq - 1)?.ok_or_else(Trouble::unknown)?.hash,
        };
        let row = self.row(seq)?.ok_or_else(Trouble::unknown)?;
        let record = Head {
            seq,
            hash: row.hash,
        };
        let (mut links, mut head) = (Vec::new(), record);
        self.each_row(seq + 1, &mut |seq, row| {
            links.push(row.content());
            head = Head {
                seq,
                hash: row.hash,
            };
            links.len() < LINKS
        })?;
        Ok(Proof {
            before,
            header: String::from_utf8(row.header)
                .map_err(|_| Trouble::damaged(&format!("record {seq}")))?,
            body: row.digest,
            record,
            links,
            head,
        })
    }

    /// Leaves of these records what concerns no person, and notes it. The keys are still there: [`Self::finish_erasure`].
    fn bury_bodies(&self, tail: Tail, seqs: &[u64], notes: &[Note]) -> Result<Tail, Trouble> {
        let mut tail = tail;
        let txn = self.records.begin_write()?;
        {
            let mut records = txn.open_table(RECORDS)?;
            let mut holds = txn.open_table(HOLDS)?;
            for seq in seqs {
                let row = records.get(*seq)?.map(|row| row.value().to_owned());
                let Some(mut row) = row.and_then(|bytes| Row::from_bytes(&bytes)) else {
                    continue;
                };
                tail.bytes = tail.bytes.saturating_sub(row.body.len() as u64);
                row.body = Vec::new();
                records.insert(*seq, &*row.to_bytes())?;
                holds.remove(*seq)?;
            }
            for note in notes {
                tail = add_note(&self.chain, &mut records, tail, note)?;
            }
            let mut meta = txn.open_table(META)?;
            meta.insert("bytes", &tail.bytes.to_le_bytes()[..])?;
            meta.insert("unfinished", &b"erasure"[..])?;
        }
        txn.commit()?;
        Ok(tail)
    }

    /// Makes the file of keys anew without those of erased records.
    pub(super) fn finish_erasure(
        self,
        disk: &dyn Disk,
        master: &MasterKey,
    ) -> Result<Self, Trouble> {
        let mut gone = BTreeSet::new();
        for seq in self.keys.expired(Timestamp(i64::MAX))? {
            if self.row(seq)?.is_none_or(|row| row.is_erased()) {
                gone.insert(seq);
            }
        }
        let Self {
            records,
            keys,
            chain,
        } = self;
        let keys = keys.anew(disk, master, &gone)?;
        let txn = records.begin_write()?;
        txn.open_table(META)?.remove("unfinished")?;
        txn.commit()?;
        Ok(Self {
            records,
            keys,
            chain,
        })
    }

    fn set_hold(
        &self,
        tail: Tail,
        seq: u64,
        hold: Option<&Hold>,
        note: &Note,
    ) -> Result<Tail, Trouble> {
        let txn = self.records.begin_write()?;
        let tail = {
            let mut holds = txn.open_table(HOLDS)?;
            match hold {
                Some(hold) => holds.insert(seq, &*json(hold))?,
                None => holds.remove(seq)?,
            };
            let mut records = txn.open_table(RECORDS)?;
            let tail = add_note(&self.chain, &mut records, tail, note)?;
            let mut meta = txn.open_table(META)?;
            meta.insert("bytes", &tail.bytes.to_le_bytes()[..])?;
            tail
        };
        txn.commit()?;
        Ok(tail)
    }
}

fn add_note(
    chain: &ChainKey,
    records: &mut redb::Table<'_, u64, &'static [u8]>,
    tail: Tail,
    note: &Note,
) -> Result<Tail, Trouble> {
    let seq = tail.head.seq + 1;
    let row = Row::new(
        chain,
        tail.head.hash,
        seq,
        row::NOTE,
        json(note),
        Vec::new(),
    );
    let bytes = row.to_bytes();
    records.insert(seq, &*bytes)?;
    Ok(Tail {
        head: Head {
            seq,
            hash: row.hash,
        },
        bytes: tail.bytes + bytes.len() as u64,
    })
}
