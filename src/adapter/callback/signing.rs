//! Signatures of a Matrix policy server: MSC4284 and `POST /_matrix/policy/v1/sign` of the server-server API, version 1.18 and on.
//!
//! A server that has an event to send asks for a signature; without one, others do not take the event. What is signed is the event as it would be left by a
//! redaction, in which a hash stands for the content. So the hash is held against the content that was judged: else somebody could have a harmless content
//! judged, and the hash of another signed.

use std::collections::BTreeMap;
use std::fmt;

use ruma_common::canonical_json::try_from_json_map;
use ruma_common::room_version_rules::RoomVersionRules;
use ruma_common::serde::Base64;
use ruma_common::serde::base64::Standard;
use ruma_common::{CanonicalJsonObject, CanonicalJsonValue, RoomVersionId};
use ruma_signatures::{Ed25519KeyPair, content_hash, reference_hash, sign_event};
use serde_json::{Value, json};

use super::Reply;
use crate::adapter::answer::{Answer, Refusal};

/// The name of the key, as the specification sets it.
const KEY: &str = "policy_server";
/// What stands before the 32 bytes of a private Ed25519 key in PKCS #8, version 1 (RFC 8410).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What a Matrix policy server signs with, and the versions of its rooms (feature `matrix-sign`).
pub struct Signing {
    server: String,
    key: Ed25519KeyPair,
    /// For rooms that are not named.
    usual: Option<RoomVersionRules>,
    rooms: BTreeMap<String, RoomVersionRules>,
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
    /// The event is none, or is longer than 65,535 bytes.
    BadEvent,
    /// The event's hash is not that of its content.
    BadHash,
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadKey => "the key is not the base64 of 32 bytes",
            Self::UnknownVersion => "the version is none of 6 to 12",
            Self::UnknownRoom => "this room is not protected here",
            Self::BadEvent => "this is no event of its room's version",
            Self::BadHash => "the event's hash is not that of its content",
        })
    }
}

impl std::error::Error for Unsigned {}

impl Signing {
    /// Signs as the server of that name, with a key as base64.
    ///
    /// # Errors
    ///
    /// [`Unsigned::BadKey`].
    pub fn new(server: &str, key: &str) -> Result<Self, Unsigned> {
        let key = Base64::<Standard>::parse(key.trim()).map_err(|_| Unsigned::BadKey)?;
        let document = [&PKCS8[..], key.as_bytes()].concat();
        if key.as_bytes().len() != 32 {
            return Err(Unsigned::BadKey);
        }
        let key = Ed25519KeyPair::from_der(&document, KEY.to_owned());
        Ok(Self {
            server: server.to_owned(),
            key: key.map_err(|_| Unsigned::BadKey)?,
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
        let old = ["1", "2", "3", "4", "5"];
        let rules = RoomVersionId::try_from(version)
            .ok()
            .and_then(|id| id.rules());
        let rules = rules
            .filter(|_| !old.contains(&version))
            .ok_or(Unsigned::UnknownVersion)?;
        match room {
            Some(room) => {
                self.rooms.insert(room.to_owned(), rules);
            }
            None => self.usual = Some(rules),
        }
        Ok(self)
    }

    /// The public key as unpadded base64, for `m.room.policy` and `/.well-known/matrix/policy_server`.
    pub fn public_key(&self) -> String {
        Base64::<Standard, _>::new(self.key.public_key()).encode()
    }

    fn event(&self, event: &Value) -> Result<(CanonicalJsonObject, &RoomVersionRules), Unsigned> {
        let object = event.as_object().cloned().ok_or(Unsigned::BadEvent)?;
        // The room of a creation has no id before version 12's reference hash gives it one.
        let room = object.get("room_id").and_then(Value::as_str);
        let rules = room.and_then(|room| self.rooms.get(room));
        let rules = rules.or(self.usual.as_ref()).ok_or(Unsigned::UnknownRoom)?;
        let object = try_from_json_map(object).map_err(|_| Unsigned::BadEvent)?;
        Ok((object, rules))
    }

    /// The id of an event, which is the hash of what is left of it by a redaction.
    pub(super) fn id(&self, event: &Value) -> Option<String> {
        let (object, rules) = self.event(event).ok()?;
        let hash = reference_hash(&object, rules).ok()?;
        Some(format!("${hash}"))
    }

    /// The signature of an event, in the form that `/sign` answers with.
    fn sign(&self, event: &Value) -> Result<Value, Unsigned> {
        let (mut object, rules) = self.event(event)?;
        let hash = content_hash(&object).map_err(|_| Unsigned::BadEvent)?;
        let told = match object.get("hashes") {
            Some(CanonicalJsonValue::Object(hashes)) => hashes.get("sha256"),
            _ => None,
        };
        if told.and_then(CanonicalJsonValue::as_str) != Some(&*hash.encode()) {
            return Err(Unsigned::BadHash);
        }
        object.remove("signatures");
        sign_event(&self.server, &self.key, &mut object, &rules.redaction)
            .map_err(|_| Unsigned::BadEvent)?;
        let signatures = object.remove("signatures");
        signatures
            .map(|signatures| json!(signatures))
            .ok_or(Unsigned::BadEvent)
    }

    /// The answer of `/sign` about an event.
    pub(super) fn reply(&self, event: Option<&Value>, answer: &Answer) -> Reply {
        let refused = |code: &str, said: &str| Reply {
            status: 400,
            body: json!({ "errcode": code, "error": said })
                .to_string()
                .into_bytes(),
        };
        let forbidden = |refusal: &Refusal| refused("M_FORBIDDEN", &refusal.text);
        match answer {
            Answer::Refuse(refusal) | Answer::Review(refusal) => return forbidden(refusal),
            Answer::Replace(_) | Answer::Drop => return forbidden(&Refusal::default()),
            Answer::Allow => {}
        }
        match event
            .ok_or(Unsigned::BadEvent)
            .and_then(|event| self.sign(event))
        {
            Ok(signatures) => Reply::json(&signatures),
            Err(Unsigned::UnknownRoom) => {
                refused("M_NOT_FOUND", &Unsigned::UnknownRoom.to_string())
            }
            Err(bad) => refused("M_BAD_JSON", &bad.to_string()),
        }
    }
}
