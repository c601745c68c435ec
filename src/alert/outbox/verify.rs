//! Whether the records are those that were written.

use redb::{ReadableDatabase, ReadableTable};
use serde::Serialize;

use super::Outbox;
use super::row::{self, Row};
use super::store::{RECORDS, Store};
use super::trouble::Trouble;
use crate::alert::chain::{ChainHash, Head};
use crate::alert::note::Note;
use crate::diag::{Said, said};

/// Faults that are listed; further ones are counted.
const LISTED: usize = 100;

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The number of the record.
    pub seq: u64,
    /// Stable, kebab-case: `changed`, `removed`, `cut-off`, `other-head`, `content-removed`, `key-lost`, `unreadable`.
    pub code: &'static str,
    /// In words.
    pub message: Said,
}

/// What a look at every record came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// Records, of all kinds.
    pub records: u64,
    /// Alerts whose content can be opened.
    pub open: u64,
    /// Alerts whose content was erased, with a note that says so.
    pub erased: u64,
    /// The end of the chain.
    pub head: Option<Head>,
    /// What is wrong, in order; at most a hundred.
    pub faults: Vec<Fault>,
    /// How many there are in all.
    pub fault_count: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, seq: u64, code: &'static str, message: Said) {
        self.fault_count += 1;
        if self.faults.len() < LISTED {
            self.faults.push(Fault { seq, code, message });
        }
    }
}

/// For serde: what a program reads.
#[derive(Serialize)]
struct FaultJson<'a> {
    record: u64,
    code: &'a str,
    message: &'a str,
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FaultJson {
            record: self.seq,
            code: self.code,
            message: &self.message.en,
        }
        .serialize(serializer)
    }
}

impl Outbox {
    /// Walks the whole chain, opens every alert, and holds the store against heads that sinks were sent.
    ///
    /// Reads everything. A tail that was cut off is found only with a head from beyond the cut.
    ///
    /// # Errors
    ///
    /// If the store cannot be read at all.
    pub fn verify(&self, heads: &[Head]) -> Result<Verification, Trouble> {
        self.reading(|store| store.verify(heads))
    }
}

impl Store {
    pub(super) fn verify(&self, heads: &[Head]) -> Result<Verification, Trouble> {
        let mut found = Verification::default();
        let txn = self.records.begin_read()?;
        let records = txn.open_table(RECORDS)?;
        let mut tail = Head {
            seq: 0,
            hash: self.chain.begin(),
        };
        let mut tombstones = Vec::new();
        let mut erased: Vec<(u64, u64)> = Vec::new();
        for next in records.iter()? {
            let (seq, bytes) = match next {
                Ok(next) => next,
                Err(error) => {
                    let message = said!(
                        "the store cannot be read from here on: {error}",
                        "存储自此处起无法读取：{error}"
                    );
                    found.fault(tail.seq + 1, "unreadable", message);
                    break;
                }
            };
            let seq = seq.value();
            found.records += 1;
            if seq > tail.seq + 1 {
                let (first, last) = (tail.seq + 1, seq - 1);
                let message = said!(
                    "records {first} to {last} are not there",
                    "缺少第 {first} 至 {last} 条记录"
                );
                found.fault(first, "removed", message);
            }
            let Some(row) = Row::from_bytes(bytes.value()) else {
                let message = said!("record {seq} is no record", "第 {seq} 条不是有效记录");
                found.fault(seq, "changed", message);
                tail.seq = seq;
                continue;
            };
            // After a gap the chain is taken up again at the next record.
            let joined = seq == tail.seq + 1;
            if joined && row.expected(&self.chain, tail.hash, seq) != row.hash {
                let message = said!(
                    "record {seq} or the one before it is not what was written",
                    "第 {seq} 条或其前一条记录与写入时不一致"
                );
                found.fault(seq, "changed", message);
            }
            tail = Head {
                seq,
                hash: row.hash,
            };
            match row.kind {
                row::ALERT if row.is_erased() => tombstones.push(seq),
                row::ALERT => {
                    let same = ChainHash::of_body(&row.body) == row.digest;
                    if !same {
                        let message = said!(
                            "what record {seq} holds is not what was written",
                            "第 {seq} 条记录的内容与写入时不一致"
                        );
                        found.fault(seq, "changed", message);
                    } else if !self.opens(seq, &row)? {
                        let message = said!(
                            "what record {seq} holds is there, and its key is not",
                            "第 {seq} 条记录的内容尚在，但其密钥缺失"
                        );
                        found.fault(seq, "key-lost", message);
                    } else {
                        found.open += 1;
                    }
                }
                _ => {
                    if let Ok(Note::Erased { records, .. }) = serde_json::from_slice(&row.header) {
                        erased.extend(records);
                    }
                }
            }
        }
        erased.sort_unstable();
        for seq in tombstones {
            let before = erased.partition_point(|(first, _)| *first <= seq);
            let noted = before > 0 && seq <= erased[before - 1].1;
            if noted {
                found.erased += 1;
            } else {
                let message = said!(
                    "what record {seq} held is gone, and no erasure is on record",
                    "第 {seq} 条记录的内容已不存在，且没有删除记录"
                );
                found.fault(seq, "content-removed", message);
            }
        }
        for head in heads {
            let Head { seq, hash } = *head;
            if seq > tail.seq {
                let last = tail.seq;
                let message = said!(
                    "a sink was sent record {seq}, and the store ends with record {last}",
                    "接收端收到过第 {seq} 条记录，而存储止于第 {last} 条"
                );
                found.fault(seq, "cut-off", message);
                continue;
            }
            let row = records
                .get(seq)?
                .and_then(|row| Row::from_bytes(row.value()));
            if row.is_none_or(|row| row.hash != hash) {
                let message = said!(
                    "a sink was sent another record {seq} than the store holds",
                    "接收端收到的第 {seq} 条记录与存储中的不一致"
                );
                found.fault(seq, "other-head", message);
            }
        }
        found.head = (tail.seq > 0).then_some(tail);
        Ok(found)
    }
}
