//! Signatures of a Matrix policy server: MSC4284 and `POST /_matrix/policy/v1/sign` of the Server-Server API, version 1.18.
//!
//! A server that has an event to send asks for a signature; without one, others do not take the event. What is signed is the event as it would be left by a
//! redaction, in which a hash stands for the content. So the hash is held against the content that was judged: else somebody could have a harmless content
//! judged, and the hash of another signed.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::{BASE64_NOPAD, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::event::{Event, Unread, Version};
use crate::adapter::answer::Answer;
use crate::adapter::callback::Reply;

/// The name of the key, as the specification sets it.
const KEY: &str = "ed25519:policy_server";
/// The greatest event in bytes of canonical JSON (Client-Server API, "Size limits").
const EVENT_BYTES: usize = 65_536;

/// What a Matrix policy server signs with, and the versions of its rooms.
pub struct Signing {
    server: String,
    key: SigningKey,
    /// For rooms that are not named.
    usual: Option<Version>,
    rooms: BTreeMap<String, Version>,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signing")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Why something is not signed, or cannot be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsigned {
    /// The key is not the base64 of 32 bytes.
    BadKey,
    /// It is none of the versions 6 to 12: before 6 it is not settled how an event is written to be signed.
    UnknownVersion,
    /// Nobody said which version the room has.
    UnknownRoom,
    /// What came is no JSON.
    NotJson,
    /// The event is none of its room's version, or is longer than 65,536 bytes.
    BadEvent,
    /// The event's hash is not that of its content.
    BadHash,
}

impl Unsigned {
    pub(super) fn reply(self) -> Reply {
        let (status, code) = match self {
            Self::UnknownRoom => (404, "M_NOT_FOUND"),
            Self::NotJson => (400, "M_NOT_JSON"),
            Self::BadKey | Self::UnknownVersion | Self::BadEvent | Self::BadHash => {
                (400, "M_BAD_JSON")
            }
        };
        error(status, code, &self.to_string())
    }
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadKey => "the key is not the base64 of 32 bytes",
            Self::UnknownVersion => "the version is none of 6 to 12",
            Self::UnknownRoom => "this room is not protected here",
            Self::NotJson => "this is no JSON",
            Self::BadEvent => "this is no event of its room's version",
            Self::BadHash => "the event's hash is not that of its content",
        })
    }
}

impl std::error::Error for Unsigned {}

impl From<Unread> for Unsigned {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Malformed => Self::BadEvent,
            Unread::UnknownRoom => Self::UnknownRoom,
        }
    }
}

impl Signing {
    /// Signs as the server of that name, with the 32 bytes of an Ed25519 key (RFC 8032) as base64.
    ///
    /// # Errors
    ///
    /// [`Unsigned::BadKey`].
    pub fn new(server: &str, key: &str) -> Result<Self, Unsigned> {
        let key = decode(key.trim()).ok_or(Unsigned::BadKey)?;
        Ok(Self {
            server: server.to_owned(),
            key: SigningKey::from_bytes(&key),
            usual: None,
            rooms: BTreeMap::new(),
        })
    }

    /// The version of a room, or where no room is named, of all that are not named. Events of other rooms are not signed.
    ///
    /// # Errors
    ///
    /// [`Unsigned::UnknownVersion`].
    pub fn with_version(mut self, room: Option<&str>, version: &str) -> Result<Self, Unsigned> {
        let version = Version::parse(version).ok_or(Unsigned::UnknownVersion)?;
        match room {
            Some(room) => {
                self.rooms.insert(room.to_owned(), version);
            }
            None => self.usual = Some(version),
        }
        Ok(self)
    }

    /// The public key as unpadded base64, for `m.room.policy` and `/.well-known/matrix/policy_server`.
    pub fn public_key(&self) -> String {
        BASE64_NOPAD.encode(self.key.verifying_key().as_bytes())
    }

    fn event(&self, event: &Value) -> Result<Event, Unsigned> {
        let version = |room: &str| self.rooms.get(room).copied().or(self.usual);
        Ok(Event::new(event, version)?)
    }

    /// The id of an event, which is the hash of what is left of it by a redaction.
    pub(super) fn id(&self, event: &Value) -> Option<String> {
        let hash = self.event(event).ok()?.reference_hash()?;
        Some(format!("${hash}"))
    }

    /// The signature of an event, in the form that `/sign` answers with.
    fn sign(&self, event: &Event) -> Result<Value, Unsigned> {
        if event.len().is_none_or(|bytes| bytes > EVENT_BYTES) {
            return Err(Unsigned::BadEvent);
        }
        let told = event.told_hash().and_then(decode);
        if told.is_none() || told != event.content_hash() {
            return Err(Unsigned::BadHash);
        }
        let signature = self.signature(&event.signed().ok_or(Unsigned::BadEvent)?);
        Ok(json!({ &self.server: { KEY: signature } }))
    }

    fn signature(&self, text: &str) -> String {
        BASE64_NOPAD.encode(&self.key.sign(text.as_bytes()).to_bytes())
    }

    /// The answer of `/sign` about an event.
    pub(super) fn reply(&self, event: &Value, answer: &Answer) -> Reply {
        let event = match self.event(event) {
            Ok(event) => event,
            Err(unsigned) => return unsigned.reply(),
        };
        match answer {
            Answer::Allow => match self.sign(&event) {
                Ok(signed) => Reply::json(&signed),
                Err(unsigned) => unsigned.reply(),
            },
            answer => forbidden(answer),
        }
    }
}

/// The answer about an event that is not signed, for what became of it, or because it was not read.
pub(super) fn forbidden(answer: &Answer) -> Reply {
    match answer {
        Answer::Refuse(refusal) | Answer::Review(refusal) if !refusal.text.is_empty() => {
            refused(&refusal.text)
        }
        _ => refused("the event is not signed"),
    }
}

pub(super) fn refused(said: &str) -> Reply {
    error(400, "M_FORBIDDEN", said)
}

fn error(status: u16, code: &str, said: &str) -> Reply {
    let body = json!({ "errcode": code, "error": said });
    Reply {
        status,
        body: body.to_string().into_bytes(),
    }
}

/// 32 bytes of base64, with padding or without, and whatever its last bits are: servers are to take both, and the specification's own test key needs the latter.
fn decode(text: &str) -> Option<[u8; 32]> {
    let mut lenient = BASE64_NOPAD.specification();
    lenient.check_trailing_bits = false;
    let lenient: Encoding = lenient.encoding().ok()?;
    let bytes = lenient.decode(text.trim_end_matches('=').as_bytes()).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::event::canonical;
    use super::Signing;

    /// The test vectors of the appendices; those of events are in `tests/it/signing.rs`.
    #[test]
    fn json_is_signed_as_the_specification_signs_it() {
        let key = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
        let signing = Signing::new("domain", key).expect("a key");
        let rows = [
            (
                json!({}),
                "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ",
            ),
            (
                json!({ "two": "Two", "one": 1 }),
                "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
            ),
        ];
        for (value, expected) in rows {
            let text = canonical(value).expect("integers alone");
            assert_eq!(signing.signature(&text), expected);
        }
    }
}
