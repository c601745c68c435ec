//! Versions that were live, kept over a restart so that no source goes below them.

use std::fmt;
use std::sync::Arc;

use crate::ruleset::PackRow;

/// A pack of a tenant that is live, or was when the tenant was removed. Written as a line of text: digest, version, id of the pack, tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPack {
    pub(super) tenant: Arc<str>,
    pub(super) pack: PackRow,
}

impl KnownPack {
    /// Reads what [`Display`](fmt::Display) writes; `None` if it is anything else.
    pub fn parse(line: &str) -> Option<Self> {
        let mut parts = line.splitn(4, ' ');
        let (hex, version, id, tenant) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let mut digest = [0; 32];
        if hex.len() != 64 || tenant.is_empty() || version.is_empty() || id.is_empty() {
            return None;
        }
        for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self {
            tenant: tenant.into(),
            pack: PackRow {
                id: id.into(),
                version: version.into(),
                digest,
            },
        })
    }
}

impl fmt::Display for KnownPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.pack.digest {
            write!(f, "{byte:02x}")?;
        }
        let PackRow { id, version, .. } = &self.pack;
        write!(f, " {version} {id} {}", self.tenant)
    }
}
