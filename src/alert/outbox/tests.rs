//! The outbox on disks that fail, and in the hands of those who change it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use redb::{BackendError, Database, StorageBackend};

use super::disk::{Disk, builder};
use super::row::Row;
use super::store::RECORDS;
use super::*;
use crate::alert::record::sample;

const NOW: Timestamp = Timestamp(1_795_428_000);

fn master() -> MasterKey {
    MasterKey::new([9; 32])
}

fn alert_of(outbox: &Outbox, message: &str, sender: &str) -> Alert {
    let mut alert = sample(message);
    alert.particulars.sender = Some(outbox.identity().sender("acme", sender));
    alert
}

/// A disk in memory that can lose its power and refuse to write.
#[derive(Clone, Debug, Default)]
struct Rig(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Arc<Mutex<Image>>>,
    /// What writes fail with.
    refuses: Option<io::ErrorKind>,
    /// Writes until the power fails.
    writes_left: Option<u32>,
    random: u64,
    /// What the disk held when it failed.
    after_cut: Option<BTreeMap<String, Vec<u8>>>,
}

/// What was written, and what of it was synced.
#[derive(Debug, Default)]
struct Image {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl State {
    fn next(&mut self) -> u64 {
        // xorshift64, Marsaglia.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// Some of what was not synced reaches the disk, in no order, and one write in part.
    fn cut(&mut self) {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|(name, image)| (name.clone(), Arc::clone(image)))
            .collect();
        let mut after = BTreeMap::new();
        for (name, image) in files {
            let image = lock(&image);
            let mut bytes = image.durable.clone();
            bytes.resize(image.now.len(), 0);
            for (at, written) in &image.unsynced {
                let whole = written.len().min(bytes.len().saturating_sub(*at));
                let reached = match self.next() % 4 {
                    0 => 0,
                    1 => usize::try_from(self.next()).unwrap_or(0) % (whole + 1),
                    _ => whole,
                };
                bytes[*at..*at + reached].copy_from_slice(&written[..reached]);
            }
            after.insert(name, bytes);
        }
        self.after_cut = Some(after);
    }
}

impl Rig {
    fn random(seed: u64) -> Self {
        let rig = Self::default();
        lock(&rig.0).random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        rig
    }

    /// The disk as it is when the machine starts again; what it held last if the power did not fail.
    fn restarted(&self) -> Self {
        let state = lock(&self.0);
        let rig = Self::default();
        let files = match &state.after_cut {
            Some(files) => files.clone(),
            None => state
                .files
                .iter()
                .map(|(name, image)| (name.clone(), lock(image).durable.clone()))
                .collect(),
        };
        lock(&rig.0).files = files
            .into_iter()
            .map(|(name, bytes)| {
                let image = Image {
                    now: bytes.clone(),
                    durable: bytes,
                    unsynced: Vec::new(),
                };
                (name, Arc::new(Mutex::new(image)))
            })
            .collect();
        rig
    }

    fn refuse(&self, why: Option<io::ErrorKind>) {
        lock(&self.0).refuses = why;
    }

    fn outbox(&self, limits: OutboxLimits) -> Result<Outbox, Trouble> {
        Outbox::on(Box::new(self.clone()), master(), limits)
    }

    /// May this write go on?
    fn writing(&self) -> io::Result<()> {
        let mut state = lock(&self.0);
        if let Some(why) = state.refuses {
            return Err(why.into());
        }
        match state.writes_left {
            Some(0) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(1) => {
                state.writes_left = Some(0);
                state.cut();
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Some(left) => state.writes_left = Some(left - 1),
            None => {}
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Platter {
    rig: Rig,
    image: Arc<Mutex<Image>>,
}

impl StorageBackend for Platter {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(lock(&self.image).now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let image = lock(&self.image);
        let at = offset as usize;
        let read = image
            .now
            .get(at..at + out.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(read);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.rig.writing()?;
        lock(&self.image).now.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.rig.writing()?;
        let mut image = lock(&self.image);
        image.durable = image.now.clone();
        image.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.rig.writing()?;
        let mut image = lock(&self.image);
        let at = offset as usize;
        image.now[at..at + data.len()].copy_from_slice(data);
        image.unsynced.push((at, data.to_owned()));
        Ok(())
    }

    fn try_lock_range(
        &self,
        _: std::ops::Bound<u64>,
        _: std::ops::Bound<u64>,
    ) -> Result<bool, BackendError> {
        Err(BackendError::Unsupported)
    }
}

impl Disk for Rig {
    fn open(&self, name: &str) -> Result<Database, Trouble> {
        let image = Arc::clone(lock(&self.0).files.entry(name.to_owned()).or_default());
        let rig = self.clone();
        Ok(builder().create_with_backend(Platter { rig, image })?)
    }

    fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        self.writing()?;
        let mut state = lock(&self.0);
        let image = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_owned(), image);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        lock(&self.0).files.remove(name);
        Ok(())
    }
}

fn office(ground: &str) -> Office<'_> {
    Office {
        by: "dpo",
        ground,
        at: NOW,
    }
}

fn messages(outbox: &Outbox) -> Vec<String> {
    outbox
        .read(1, usize::MAX)
        .expect("it can be read")
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Alert(alert, _) => Some(alert.particulars.message),
            _ => None,
        })
        .collect()
}

fn store(outbox: &Outbox, message: &str, sender: &str) -> Result<Outcome, Trouble> {
    outbox.store(
        vec![alert_of(outbox, message, sender)],
        &EvidencePolicy::default(),
    )
}

#[test]
fn an_alert_is_stored_once_and_comes_back() {
    let rig = Rig::random(1);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    let alert = alert_of(&outbox, "m1", "u1");
    for _ in 0..2 {
        let stored = outbox.store(vec![alert.clone()], &EvidencePolicy::default());
        assert_eq!(stored, Ok(Outcome::Stored));
    }
    drop(outbox);
    let outbox = rig
        .restarted()
        .outbox(OutboxLimits::default())
        .expect("it opens again");
    let entries = outbox.read(1, 10).expect("it can be read");
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries[0].what,
        What::Alert(Box::new(alert.clone()), Grant::Offsets)
    );
    assert_eq!(
        outbox.find(alert.facts.id).expect("it is there"),
        entries[0]
    );
    assert_eq!(outbox.head(), entries[0].head);
}

#[test]
fn another_key_opens_nothing() {
    let rig = Rig::random(2);
    drop(rig.outbox(OutboxLimits::default()).expect("it opens"));
    let other = Outbox::on(
        Box::new(rig.restarted()),
        MasterKey::new([1; 32]),
        OutboxLimits::default(),
    );
    assert_eq!(other.expect_err("another key").code, "wrong-key");
}

/// Tickets that were handed out before anybody waited are all written by one commit.
#[test]
fn submissions_share_a_commit() {
    let rig = Rig::random(3);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    let writes = |count: usize| {
        lock(&rig.0).writes_left = Some(1_000_000);
        let tickets: Vec<Ticket<'_>> = (0..count)
            .map(|n| {
                let alert = alert_of(&outbox, &format!("{count}-{n}"), "u1");
                outbox.submit(vec![alert], &EvidencePolicy::default())
            })
            .collect();
        for ticket in tickets {
            assert_eq!(ticket.wait(), Ok(Outcome::Stored));
        }
        1_000_000 - lock(&rig.0).writes_left.expect("it counts")
    };
    let (one, many) = (writes(1), writes(50));
    assert!(many < one * 10, "{one} writes for one, {many} for fifty");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_fails() {
    let runs =
        std::env::var("TIDEGATE_POWER_CUTS").map_or(60, |runs| runs.parse().expect("a number"));
    let mut cuts = 0;
    for seed in 0..runs {
        let rig = Rig::random(seed);
        drop(rig.outbox(OutboxLimits::default()).expect("it opens"));
        let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
        let left = lock(&rig.0).next() % 400 + 1;
        lock(&rig.0).writes_left = Some(left as u32);
        let (mut stored, mut erased) = (Vec::new(), Vec::new());
        for n in 0..30 {
            let message = format!("m{n}");
            let sender = format!("u{}", n % 5);
            match store(&outbox, &message, &sender) {
                Ok(_) => stored.push((message, sender.clone())),
                Err(_) => break,
            }
            if n % 7 == 6 {
                match outbox.erase_sender("acme", &sender, &office("request")) {
                    Ok(_) => erased.push(sender),
                    // It may have come to pass, or not.
                    Err(_) => {
                        stored.retain(|(_, whose)| *whose != sender);
                        break;
                    }
                }
                stored.retain(|(_, whose)| !erased.contains(whose));
                erased.clear();
            }
        }
        drop(outbox);
        cuts += u32::from(lock(&rig.0).after_cut.is_some());
        let outbox = rig
            .restarted()
            .outbox(OutboxLimits::default())
            .unwrap_or_else(|trouble| panic!("seed {seed}: {trouble}"));
        let there = messages(&outbox);
        for (message, _) in &stored {
            assert!(there.contains(message), "seed {seed}: {message} is lost");
        }
        let verified = outbox.verify(&[]).expect("it can be read");
        assert!(verified.is_whole(), "seed {seed}: {:?}", verified.faults);
        assert_eq!(store(&outbox, "after", "u9"), Ok(Outcome::Stored));
    }
    assert!(
        cuts * 2 > runs as u32,
        "the power failed {cuts} times in {runs} runs"
    );
}

#[test]
fn a_disk_that_refuses_is_told_of_and_nothing_is_acknowledged() {
    for (why, code) in [
        (io::ErrorKind::StorageFull, "disk-full"),
        (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
    ] {
        let rig = Rig::random(4);
        let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
        assert_eq!(store(&outbox, "m1", "u1"), Ok(Outcome::Stored));
        rig.refuse(Some(why));
        for _ in 0..3 {
            assert_eq!(store(&outbox, "m2", "u1").map_err(|t| t.code), Err(code));
        }
        rig.refuse(None);
        std::thread::sleep(RETRY);
        assert_eq!(messages(&outbox), ["m1"]);
        assert_eq!(store(&outbox, "m3", "u1"), Ok(Outcome::Stored));
        assert_eq!(messages(&outbox), ["m1", "m3"]);
        assert!(outbox.verify(&[]).expect("it can be read").is_whole());
    }
}

#[test]
fn what_is_spilled_is_counted_in_the_chain() {
    let rig = Rig::random(5);
    let limits = OutboxLimits {
        when_full: WhenFull::Spill,
        ..OutboxLimits::default()
    };
    let outbox = rig.outbox(limits).expect("it opens");
    rig.refuse(Some(io::ErrorKind::StorageFull));
    for n in 0..3 {
        assert_eq!(store(&outbox, &format!("m{n}"), "u1"), Ok(Outcome::Spilled));
    }
    assert_eq!(lock(&outbox.spilled).0.values().sum::<u64>(), 3);
    rig.refuse(None);
    std::thread::sleep(RETRY);
    assert_eq!(store(&outbox, "m4", "u1"), Ok(Outcome::Stored));
    let spilled = outbox
        .read(1, 10)
        .expect("it can be read")
        .into_iter()
        .find_map(|entry| match entry.what {
            What::Note(Note::Spilled { alerts, why, .. }) => Some((alerts, why)),
            _ => None,
        });
    let expected = vec![("acme".to_owned(), "acme.custom/lure".to_owned(), 3)];
    assert_eq!(spilled, Some((expected, "disk-full".to_owned())));
}

#[test]
fn a_sink_that_is_too_far_behind_fills_the_outbox() {
    let rig = Rig::random(6);
    let limits = OutboxLimits {
        backlog: 2,
        ..OutboxLimits::default()
    };
    let outbox = rig.outbox(limits).expect("it opens");
    outbox.register("slow");
    assert_eq!(store(&outbox, "m1", "u1"), Ok(Outcome::Stored));
    assert_eq!(store(&outbox, "m2", "u1"), Ok(Outcome::Stored));
    let full = store(&outbox, "m3", "u1");
    assert_eq!(full.map_err(|trouble| trouble.code), Err("outbox-full"));
    outbox.advance(
        "slow",
        Cursor {
            seq: 1,
            ..Cursor::default()
        },
    );
    assert_eq!(store(&outbox, "m3", "u1"), Ok(Outcome::Stored));
    assert_eq!(messages(&outbox), ["m1", "m2", "m3"]);
}

#[test]
fn any_byte_that_is_changed_is_found() {
    let rig = Rig::random(7);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    for n in 0..3 {
        store(&outbox, &format!("m{n}"), "u1").expect("it is stored");
    }
    outbox
        .hold(
            alert_of(&outbox, "m1", "u1").facts.id,
            Timestamp(NOW.0 + 1),
            &office("order 1"),
        )
        .expect("it is held");
    let heads = [outbox.head()];
    outbox
        .reading(|store| {
            for seq in 1..=4 {
                let whole = store.row(seq)?.expect("it is there").to_bytes();
                for at in 0..whole.len() {
                    let mut changed = whole.clone();
                    changed[at] ^= 0x20;
                    put(store, seq, &changed);
                    let found = store.verify(&heads)?;
                    assert!(!found.is_whole(), "record {seq}, byte {at}");
                }
                put(store, seq, &whole);
            }
            assert!(store.verify(&heads)?.is_whole());
            Ok(())
        })
        .expect("it can be read");
}

fn put(store: &Store, seq: u64, bytes: &[u8]) {
    let txn = store.records.begin_write().expect("it can be written");
    txn.open_table(RECORDS)
        .expect("it is there")
        .insert(seq, bytes)
        .expect("it is written");
    txn.commit().expect("it is written");
}

#[test]
fn what_is_taken_away_is_found() {
    let rig = Rig::random(8);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    for n in 0..4 {
        store(&outbox, &format!("m{n}"), "u1").expect("it is stored");
    }
    let heads: Vec<Head> = outbox
        .read(1, 10)
        .expect("it can be read")
        .iter()
        .map(|entry| entry.head)
        .collect();
    let take = |store: &Store, seq: u64| {
        let txn = store.records.begin_write().expect("it can be written");
        txn.open_table(RECORDS)
            .expect("it is there")
            .remove(seq)
            .expect("it is taken");
        txn.commit().expect("it is written");
    };
    let codes = |store: &Store, heads: &[Head]| -> Vec<&'static str> {
        let found = store.verify(heads).expect("it can be read");
        found.faults.iter().map(|fault| fault.code).collect()
    };
    outbox
        .reading(|store| {
            let rows: Vec<Row> = (1..=4)
                .map(|seq| store.row(seq).expect("it is read").expect("it is there"))
                .collect();
            // One from the middle.
            take(store, 2);
            assert_eq!(codes(store, &[]), ["removed"]);
            put(store, 2, &rows[1].to_bytes());
            // The tail: a head from beyond the cut shows it.
            take(store, 4);
            assert_eq!(codes(store, &heads[..3]), [""; 0]);
            assert_eq!(codes(store, &heads), ["cut-off"]);
            // Another record in its place, made by someone who has the key.
            let other = Row::new(
                &store.chain,
                rows[2].hash,
                4,
                rows[3].kind,
                b"{}".to_vec(),
                Vec::new(),
            );
            put(store, 4, &other.to_bytes());
            assert!(codes(store, &heads).contains(&"other-head"));
            put(store, 4, &rows[3].to_bytes());
            // The content alone, without an erasure on record.
            let mut hollow = rows[0].clone();
            hollow.body.clear();
            put(store, 1, &hollow.to_bytes());
            assert_eq!(codes(store, &heads), ["content-removed"]);
            Ok(())
        })
        .expect("it can be read");
}

#[test]
fn a_person_is_erased_and_the_chain_stands() {
    let rig = Rig::random(9);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    for (message, sender) in [("m1", "u1"), ("m2", "u2"), ("m3", "u1"), ("m4", "u1")] {
        store(&outbox, message, sender).expect("it is stored");
    }
    let kept = alert_of(&outbox, "m4", "u1").facts.id;
    let until = Timestamp(NOW.0 + 1_000);
    outbox
        .hold(kept, until, &office("Regulation 2021/784 art. 6"))
        .expect("it is held");
    let subject = outbox.identity().sender("acme", "u1");
    let erasure = outbox
        .erase_sender("acme", "u1", &office("GDPR art. 17"))
        .expect("it is erased");
    assert_eq!(erasure.erased.len(), 2);
    assert_eq!(erasure.held.len(), 1);
    assert_eq!(erasure.held[0].0, kept);
    assert_eq!(messages(&outbox), ["m2", "m4"]);
    assert!(outbox.verify(&[]).expect("it can be read").is_whole());
    // The hold ends, and so does the last record.
    assert_eq!(outbox.expire(Timestamp(until.0 - 1)), Ok(0));
    assert_eq!(outbox.expire(until), Ok(1));
    assert_eq!(messages(&outbox), ["m2"]);
    let verified = outbox.verify(&[]).expect("it can be read");
    assert!(verified.is_whole());
    assert_eq!((verified.open, verified.erased), (1, 3));
    // Nothing is left of them in the keys: no row, no pseudonym, in the clear or otherwise.
    outbox
        .reading(|store| {
            assert!(store.keys.of_subject(&subject.0)?.is_empty());
            assert_eq!(store.keys.len()?, 1);
            Ok(())
        })
        .expect("it can be read");
    let (mut in_keys, mut in_records) = (false, false);
    for (name, image) in &lock(&rig.0).files {
        let image = lock(image);
        let found = image.now.windows(16).any(|window| window == subject.0);
        match &**name {
            "keys.redb" => in_keys = found,
            _ => in_records |= found,
        }
        for canary in ["canary-7f3a", "gift card"] {
            let canary = canary.as_bytes();
            let clear = image
                .now
                .windows(canary.len())
                .any(|window| window == canary);
            assert!(!clear, "{name} holds text in the clear");
        }
    }
    assert!(!in_keys && !in_records);
    // Erased is not unknown: the id is not stored a second time.
    store(&outbox, "m1", "u1").expect("it was stored");
    assert_eq!(messages(&outbox), ["m2"]);
    assert_eq!(
        outbox
            .export(kept, &office("order"))
            .expect_err("gone")
            .code,
        "erased-alert"
    );
}

#[test]
fn another_master_key_takes_over_and_the_old_one_opens_nothing() {
    let rig = Rig::random(11);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    store(&outbox, "m1", "u1").expect("it is stored");
    store(&outbox, "m2", "u2").expect("it is stored");
    let subject = outbox.identity().sender("acme", "u1");
    let next = MasterKey::new([8; 32]);
    let refused = outbox.rekey(next.clone(), &office(" "));
    assert_eq!(refused.expect_err("no ground").code, "no-ground");
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    let before = outbox
        .reading(|store| store.keys.under_the_master_key())
        .expect("it can be read");
    assert_eq!(before.len(), 2);
    let outbox = outbox
        .rekey(next.clone(), &office("rotation"))
        .expect("it is rekeyed");
    // It goes on as it is.
    assert_eq!(messages(&outbox), ["m1", "m2"]);
    assert_eq!(outbox.identity().sender("acme", "u1"), subject);
    store(&outbox, "m3", "u1").expect("it is stored");
    drop(outbox);
    let wrong = rig.outbox(OutboxLimits::default());
    assert_eq!(wrong.expect_err("the old key").code, "wrong-key");
    let open = || Outbox::on(Box::new(rig.clone()), next.clone(), OutboxLimits::default());
    let outbox = open().expect("the new key opens it");
    assert_eq!(messages(&outbox), ["m1", "m2", "m3"]);
    let verified = outbox.verify(&[]).expect("it can be read");
    assert!(verified.is_whole());
    assert_eq!((verified.records, verified.open), (4, 3));
    let kinds: Vec<_> = outbox
        .read(1, 10)
        .expect("it can be read")
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Note(note) => Some(note.kind()),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["rekeyed"]);
    // Nothing that the old key opens is left in the file.
    let image = Arc::clone(&lock(&rig.0).files["keys.redb"]);
    let image = lock(&image);
    for wrapped in before {
        assert!(
            !image
                .now
                .windows(wrapped.len())
                .any(|window| window == wrapped)
        );
    }
}

/// A note names so many records that a webhook can hold it.
#[test]
fn the_erasure_of_many_records_is_told_in_pieces() {
    let rig = Rig::random(13);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    let alerts = (0..700)
        .map(|n| alert_of(&outbox, &format!("m{n}"), "u1"))
        .collect();
    outbox
        .store(alerts, &EvidencePolicy::default())
        .expect("they are stored");
    let erasure = outbox
        .erase_sender("acme", "u1", &office("GDPR art. 17"))
        .expect("they are erased");
    let notes = outbox.read(701, 10).expect("it can be read");
    let mut named = Vec::new();
    for entry in &notes {
        let What::Note(Note::Erased { ids, .. }) = &entry.what else {
            panic!("a note of erasure");
        };
        assert!(ids.len() <= 300);
        named.extend(ids.iter().copied());
    }
    assert_eq!(named, erasure.erased);
    assert_eq!((notes.len(), named.len()), (3, 700));
    let verified = outbox.verify(&[]).expect("it can be read");
    assert!(verified.is_whole());
    assert_eq!(verified.erased, 700);
}

#[test]
fn old_records_are_erased() {
    let rig = Rig::random(10);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    store(&outbox, "m1", "u1").expect("it is stored");
    assert_eq!(outbox.expire(Timestamp(NOW.0 + 30 * 86_400 - 1)), Ok(0));
    assert_eq!(outbox.expire(Timestamp(NOW.0 + 30 * 86_400)), Ok(1));
    assert_eq!(outbox.expire(Timestamp(NOW.0 + 30 * 86_400)), Ok(0));
    assert_eq!(messages(&outbox), [""; 0]);
    assert!(outbox.verify(&[]).expect("it can be read").is_whole());
    outbox.compact().expect("it is compacted");
    assert!(outbox.verify(&[]).expect("it can be read").is_whole());
}

#[test]
fn a_case_is_exported_with_its_proof_and_that_is_on_record() {
    let rig = Rig::random(11);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    for n in 0..5 {
        store(&outbox, &format!("m{n}"), "u1").expect("it is stored");
    }
    let id = alert_of(&outbox, "m2", "u1").facts.id;
    let nobody = Office {
        by: " ",
        ..office("order")
    };
    assert_eq!(
        outbox.export(id, &nobody).expect_err("nobody").code,
        "no-ground"
    );
    let bytes = outbox
        .export(id, &office("order 7"))
        .expect("it is exported");
    let case: Case = serde_json::from_slice(&bytes).expect("it is JSON");
    assert_eq!(
        case.alert.particulars.spans[0].text.as_deref(),
        Some("canary-7f3a")
    );
    assert!(outbox.proves(&case).expect("it can be read"));
    let mut changed = case.clone();
    changed.alert.facts.rule.push('x');
    assert!(!outbox.proves(&changed).expect("it can be read"));
    let mut changed = case.clone();
    changed.proof.links.pop();
    assert!(!outbox.proves(&changed).expect("it can be read"));
    let mut changed = case;
    changed.proof.body = changed.proof.before;
    assert!(!outbox.proves(&changed).expect("it can be read"));
    let last = outbox.read(outbox.head().seq, 1).expect("it can be read");
    let What::Note(Note::Exported { digest, by, .. }) = &last[0].what else {
        panic!("the export is on record");
    };
    assert_eq!(*digest, crate::alert::chain::ChainHash::of_body(&bytes));
    assert_eq!(by, "dpo");
}

#[test]
fn threads_share_an_outbox() {
    let rig = Rig::random(12);
    let outbox = rig.outbox(OutboxLimits::default()).expect("it opens");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let outbox = &outbox;
            scope.spawn(move || {
                for n in 0..10 {
                    let stored = store(outbox, &format!("{thread}-{n}"), "u1");
                    assert_eq!(stored, Ok(Outcome::Stored));
                }
            });
        }
    });
    assert_eq!(messages(&outbox).len(), 40);
    assert!(outbox.verify(&[]).expect("it can be read").is_whole());
}
