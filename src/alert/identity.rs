//! Ids and pseudonyms: keyed hashes, so that they say nothing to whoever lacks the key and are the same on every machine that has it.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// The key that all others of a store are derived from or wrapped by: 32 bytes from a file or the environment, never stored by
/// tidegate. Shown as nothing, and overwritten in memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(pub(crate) [u8; 32]);

impl MasterKey {
    /// The key of these bytes. They must come from a random generator.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits, white space around them left out; `None` for anything else, and for a key of zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = from_hex::<32>(text.trim())?;
        (bytes != [0; 32]).then_some(Self(bytes))
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The keys of ids, pseudonyms and the audit chain. Two machines with one master key give the same ids.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    seed: [u8; 32],
    ids: [u8; 32],
    people: [u8; 32],
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.ids.zeroize();
        self.people.zeroize();
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Identity {
    /// The keys that belong to a master key.
    pub fn of(master: &MasterKey) -> Self {
        Self::of_seed(blake3::derive_key(
            "tidegate 2026-11 alert identity",
            &master.0,
        ))
    }

    pub(crate) fn of_seed(seed: [u8; 32]) -> Self {
        Self {
            seed,
            ids: blake3::derive_key("tidegate 2026-11 alert ids", &seed),
            people: blake3::derive_key("tidegate 2026-11 alert pseudonyms", &seed),
        }
    }

    #[cfg(feature = "alert-outbox")]
    pub(crate) fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// The key of the audit chain of the store of that id.
    #[cfg(feature = "alert-outbox")]
    pub(crate) fn chain_key(&self, store: &[u8; 16]) -> [u8; 32] {
        let key = blake3::derive_key("tidegate 2026-11 alert chain", &self.seed);
        *blake3::keyed_hash(&key, store).as_bytes()
    }

    /// The id of the alert that `rule` raises for a message.
    pub fn alert_id(
        &self,
        tenant: &str,
        conversation: Option<&str>,
        message: &str,
        rule: &str,
    ) -> AlertId {
        AlertId(short(keyed(
            &self.ids,
            &[
                tenant,
                if conversation.is_some() { "c" } else { "" },
                conversation.unwrap_or_default(),
                message,
                rule,
            ],
        )))
    }

    /// The pseudonym of a sender. Each tenant has its own: the same person is another one elsewhere.
    pub fn sender(&self, tenant: &str, sender: &str) -> Pseudonym {
        self.pseudonym(tenant, "sender", sender)
    }

    /// The pseudonym of a conversation.
    pub fn conversation(&self, tenant: &str, conversation: &str) -> Pseudonym {
        self.pseudonym(tenant, "conversation", conversation)
    }

    fn pseudonym(&self, tenant: &str, kind: &str, value: &str) -> Pseudonym {
        let of_tenant = *keyed(&self.people, &[tenant]).as_bytes();
        Pseudonym(short(keyed(&of_tenant, &[kind, value])))
    }
}

/// A keyed hash of several texts, each under its length, so that no two lists are written alike.
fn keyed(key: &[u8; 32], texts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize()
}

fn short(hash: blake3::Hash) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    bytes
}

/// The id of an alert: the same however often its message is screened. `al-` and 32 hexadecimal digits; holds no dot, so that it serves as
/// the id of a CloudEvent and of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub(crate) [u8; 16]);

/// A pseudonym of a sender or a conversation within one tenant. `p-` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub(crate) [u8; 16]);

macro_rules! written {
    ($type:ident, $prefix:literal, $what:literal) => {
        impl $type {
            /// Reads what `Display` writes.
            pub fn parse(text: &str) -> Option<Self> {
                from_hex(text.strip_prefix($prefix)?).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, Hex(&self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom($what))
            }
        }
    };
}

written!(AlertId, "al-", "not the id of an alert");
written!(Pseudonym, "p-", "not a pseudonym");

/// Bytes in hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// An id for a message that came without one, from 16 random bytes that the caller draws. Give it to the message before it is screened,
/// and echo it: whoever sends the message again must send it along.
pub fn fresh_message_id(random: [u8; 16]) -> String {
    format!("tg-{}", Hex(&random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity::of(&MasterKey::new([7; 32]))
    }

    #[test]
    fn ids_tell_all_their_parts_apart() {
        let identity = identity();
        let mut seen = std::collections::BTreeSet::new();
        for (tenant, conversation, message, rule) in [
            ("a", Some("b"), "c", "d"),
            ("ab", Some(""), "c", "d"),
            ("a", Some("bc"), "", "d"),
            ("a", None, "c", "d"),
            ("a", Some(""), "c", "d"),
            ("a", Some("b"), "cd", ""),
        ] {
            assert!(seen.insert(identity.alert_id(tenant, conversation, message, rule)));
        }
        let same = identity.alert_id("a", Some("b"), "c", "d");
        assert!(seen.contains(&same));
        assert_eq!(AlertId::parse(&same.to_string()), Some(same));
        assert!(!same.to_string().contains('.'));
        let other = Identity::of(&MasterKey::new([8; 32]));
        assert_ne!(other.alert_id("a", Some("b"), "c", "d"), same);
    }

    #[test]
    fn pseudonyms_are_a_tenants_own() {
        let identity = identity();
        let one = identity.sender("acme", "u1");
        assert_eq!(one, identity.sender("acme", "u1"));
        assert_ne!(one, identity.sender("other", "u1"));
        assert_ne!(one, identity.conversation("acme", "u1"));
        assert!(!one.to_string().contains("u1"));
    }

    #[test]
    fn master_keys_are_read_and_not_shown() {
        let text = format!("{}\n", "0f".repeat(32));
        let key = MasterKey::parse(&text).expect("a key");
        assert_eq!(key.0, [15; 32]);
        assert!(!format!("{key:?}").contains("15"));
        for bad in ["", "0f", &"0".repeat(64), &"zz".repeat(32), &"é".repeat(32)] {
            assert_eq!(MasterKey::parse(bad), None, "{bad}");
        }
    }
}
