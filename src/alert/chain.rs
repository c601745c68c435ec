//! The audit chain: a keyed hash over each record and the hash of the one before.
//!
//! ```text
//! content(n) = BLAKE3("record" | kind | len(header) | header | BLAKE3(body))
//! hash(0)    = keyed BLAKE3("begin")
//! hash(n)    = keyed BLAKE3(hash(n-1) | n | content(n))
//! ```
//!
//! The body is ciphertext. When it is erased its digest stays, so that the chain still verifies; that it was erased, and why, is itself a
//! record. Without the key nobody makes a chain that verifies; whoever has the key, and changes or cuts the store, is found by a [`Head`]
//! that a sink holds.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::identity::{Hex, from_hex};

/// A link of the chain, or the digest of what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub(crate) [u8; 32]);

impl ChainHash {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// The digest of a body.
    pub fn of_body(body: &[u8]) -> Self {
        Self(*blake3::hash(body).as_bytes())
    }

    /// What record `kind` with `header` and a body of that digest is.
    pub fn of_record(kind: u8, header: &[u8], body: Self) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"record");
        hasher.update(&[kind]);
        hasher.update(&(header.len() as u64).to_le_bytes());
        hasher.update(header);
        hasher.update(&body.0);
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ChainHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not a hash of 64 hexadecimal digits"))
    }
}

/// The key of one store's chain.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainKey(pub(crate) [u8; 32]);

impl Drop for ChainKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(..)")
    }
}

impl ChainKey {
    /// The hash that the first record follows.
    pub fn begin(&self) -> ChainHash {
        ChainHash(*blake3::keyed_hash(&self.0, b"begin").as_bytes())
    }

    /// The hash of record `seq`, which is `content` and follows `before`.
    pub fn next(&self, before: ChainHash, seq: u64, content: ChainHash) -> ChainHash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&before.0);
        hasher.update(&seq.to_le_bytes());
        hasher.update(&content.0);
        ChainHash(*hasher.finalize().as_bytes())
    }
}

/// How far the chain had come: what sinks get with each record, and what the store is later held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The number of the record, from 1.
    pub seq: u64,
    /// Its hash.
    pub hash: ChainHash,
}
