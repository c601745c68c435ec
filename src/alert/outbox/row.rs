//! Records as they lie in the store.
//!
//! ```text
//! version 1 | kind | hash (32) | digest of the body (32) | length of the header (4, little endian) | header | body
//! ```
//!
//! The header is JSON in the clear; the body is a nonce and ciphertext, and empty for notes and for alerts that were erased.

use crate::alert::chain::{ChainHash, ChainKey};

const VERSION: u8 = 1;
const FIXED: usize = 2 + 32 + 32 + 4;

pub(super) const ALERT: u8 = 1;
pub(super) const NOTE: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: u8,
    pub(super) hash: ChainHash,
    pub(super) digest: ChainHash,
    pub(super) header: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Row {
    /// The record `seq`, which follows `before`.
    pub(super) fn new(
        key: &ChainKey,
        before: ChainHash,
        seq: u64,
        kind: u8,
        header: Vec<u8>,
        body: Vec<u8>,
    ) -> Self {
        let digest = ChainHash::of_body(&body);
        Self {
            kind,
            hash: key.next(before, seq, ChainHash::of_record(kind, &header, digest)),
            digest,
            header,
            body,
        }
    }

    /// The hash that it should have.
    pub(super) fn expected(&self, key: &ChainKey, before: ChainHash, seq: u64) -> ChainHash {
        key.next(before, seq, self.content())
    }

    pub(super) fn content(&self) -> ChainHash {
        ChainHash::of_record(self.kind, &self.header, self.digest)
    }

    /// Whether it is an alert whose body is gone.
    pub(super) fn is_erased(&self) -> bool {
        self.kind == ALERT && self.body.is_empty()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED + self.header.len() + self.body.len());
        bytes.extend_from_slice(&[VERSION, self.kind]);
        bytes.extend_from_slice(&self.hash.0);
        bytes.extend_from_slice(&self.digest.0);
        bytes.extend_from_slice(&(self.header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.header);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// `None` if the bytes are no record.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([version, kind], rest) = bytes.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (digest, rest) = rest.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (header, body) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        (*version == VERSION).then(|| Self {
            kind: *kind,
            hash: ChainHash(*hash),
            digest: ChainHash(*digest),
            header: header.to_owned(),
            body: body.to_owned(),
        })
    }
}

/// Sorted numbers as ranges with both ends in.
pub(super) fn ranges(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let key = ChainKey([1; 32]);
        let row = Row::new(&key, key.begin(), 1, ALERT, b"{}".to_vec(), vec![1, 2, 3]);
        assert_eq!(Row::from_bytes(&row.to_bytes()), Some(row.clone()));
        assert_eq!(row.expected(&key, key.begin(), 1), row.hash);
        assert_ne!(row.expected(&key, key.begin(), 2), row.hash);
        assert_eq!(Row::from_bytes(&row.to_bytes()[..60]), None);
    }

    #[test]
    fn ranges_join_neighbours() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), [(1, 3), (5, 5), (7, 8)]);
        assert_eq!(ranges(&[]), []);
    }
}
