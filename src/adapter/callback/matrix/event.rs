//! An event of a Matrix room as a signature sees it: canonical JSON, what a redaction leaves, and the hashes over both.
//!
//! Source: Matrix Specification 1.18. Appendices, "Canonical JSON"; Server-Server API, "Signing Events"; Room Versions 6 to 12, "Redactions".

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

type Object = Map<String, Value>;

/// The greatest integer that canonical JSON may hold, on either side of zero.
const GREATEST: i64 = (1 << 53) - 1;

/// What a redaction keeps at the top of an event: the key, and the first and the last version that keep it.
const KEPT: [(&str, u8, u8); 15] = [
    ("event_id", 6, 12),
    ("type", 6, 12),
    ("room_id", 6, 12),
    ("sender", 6, 12),
    ("state_key", 6, 12),
    ("content", 6, 12),
    ("hashes", 6, 12),
    ("signatures", 6, 12),
    ("depth", 6, 12),
    ("prev_events", 6, 12),
    ("prev_state", 6, 10),
    ("auth_events", 6, 12),
    ("origin", 6, 10),
    ("origin_server_ts", 6, 12),
    ("membership", 6, 10),
];

/// The same of the content of events of a type; of another type nothing is kept. `*` is every key, and a key behind a stroke is all that is kept of the object before it.
const KEPT_OF_CONTENT: [(&str, &str, u8, u8); 18] = [
    ("m.room.member", "membership", 6, 12),
    ("m.room.member", "join_authorised_via_users_server", 9, 12),
    ("m.room.member", "third_party_invite/signed", 11, 12),
    ("m.room.create", "creator", 6, 10),
    ("m.room.create", "*", 11, 12),
    ("m.room.join_rules", "join_rule", 6, 12),
    ("m.room.join_rules", "allow", 8, 12),
    ("m.room.power_levels", "ban", 6, 12),
    ("m.room.power_levels", "events", 6, 12),
    ("m.room.power_levels", "events_default", 6, 12),
    ("m.room.power_levels", "invite", 11, 12),
    ("m.room.power_levels", "kick", 6, 12),
    ("m.room.power_levels", "redact", 6, 12),
    ("m.room.power_levels", "state_default", 6, 12),
    ("m.room.power_levels", "users", 6, 12),
    ("m.room.power_levels", "users_default", 6, 12),
    ("m.room.history_visibility", "history_visibility", 6, 12),
    ("m.room.redaction", "redacts", 11, 12),
];

/// The version of a room: 6 to 12. Events of rooms before 6 need not be canonical JSON, so that what is signed is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(u8);

impl Version {
    /// The version in which the room's id became the hash of its creation.
    const HASHED_ROOMS: Self = Self(12);

    pub(super) fn parse(name: &str) -> Option<Self> {
        let known = (6..=12).find(|known: &u8| known.to_string() == name);
        known.map(Self)
    }

    fn keeps(self, first: u8, last: u8) -> bool {
        (first..=last).contains(&self.0)
    }
}

/// An event in the format of its room's version.
#[derive(Debug)]
pub(super) struct Event {
    version: Version,
    object: Object,
}

impl Event {
    /// What is said of rooms is asked with the room's id, which for a creation of version 12 is made of its hash. `None` if it is no event, or none of the version
    /// that the room has.
    ///
    /// Needs as much memory as the event again.
    pub(super) fn new(
        event: &Value,
        version_of: impl FnOnce(&str) -> Option<Version>,
    ) -> Result<Self, Unread> {
        let object = event.as_object().ok_or(Unread::Malformed)?;
        let is_text = |key: &str| object.get(key).is_some_and(Value::is_string);
        let well = is_text("type")
            && is_text("sender")
            && object.get("content").is_some_and(Value::is_object);
        if !well {
            return Err(Unread::Malformed);
        }
        let mut event = Self {
            version: Version::HASHED_ROOMS,
            object: object.clone(),
        };
        let is_creation = object["type"] == "m.room.create" && !object.contains_key("room_id");
        let room = match object.get("room_id") {
            Some(Value::String(room)) => room.clone(),
            None if is_creation => format!("!{}", event.reference_hash().ok_or(Unread::Malformed)?),
            _ => return Err(Unread::Malformed),
        };
        event.version = version_of(&room).ok_or(Unread::UnknownRoom)?;
        let hashed = event.version == Version::HASHED_ROOMS;
        if object["type"] == "m.room.create" && hashed != is_creation {
            return Err(Unread::Malformed);
        }
        Ok(event)
    }

    /// What is hashed in `hashes`: all but what others add, as canonical JSON.
    pub(super) fn content_hash(&self) -> Option<[u8; 32]> {
        let object = without(&self.object, &["unsigned", "signatures", "hashes"]);
        Some(Sha256::digest(canonical(Value::Object(object))?).into())
    }

    /// What is signed: what a redaction leaves, as canonical JSON, but for what others add.
    pub(super) fn signed(&self) -> Option<String> {
        let redacted = without(&self.redacted(), &["unsigned", "signatures"]);
        canonical(Value::Object(redacted))
    }

    /// The hash that, in the alphabet for URLs, names the event.
    pub(super) fn reference_hash(&self) -> Option<String> {
        // What is hashed is what is signed.
        Some(BASE64URL_NOPAD.encode(&Sha256::digest(self.signed()?)))
    }

    /// The whole event in bytes of canonical JSON.
    pub(super) fn len(&self) -> Option<usize> {
        canonical(Value::Object(self.object.clone())).map(|text| text.len())
    }

    /// The hash of its content as it says itself.
    pub(super) fn told_hash(&self) -> Option<&str> {
        self.object.get("hashes")?.get("sha256")?.as_str()
    }

    fn redacted(&self) -> Object {
        let mut left = Object::new();
        for (key, first, last) in KEPT {
            let value = self.object.get(key);
            if let Some(value) = value.filter(|_| self.version.keeps(first, last)) {
                left.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(Value::Object(content)) = self.object.get("content") {
            left.insert("content".to_owned(), self.redacted_content(content).into());
        }
        left
    }

    fn redacted_content(&self, content: &Object) -> Object {
        let mut left = Object::new();
        for (kind, key, first, last) in KEPT_OF_CONTENT {
            if self.object["type"] != kind || !self.version.keeps(first, last) {
                continue;
            }
            if key == "*" {
                return content.clone();
            }
            let (outer, inner) = key.split_once('/').unwrap_or((key, ""));
            let value = match (content.get(outer), inner) {
                (Some(value), "") => value.clone(),
                (Some(Value::Object(object)), _) => {
                    let kept = object.get(inner);
                    let kept = kept.map(|value| (inner.to_owned(), value.clone()));
                    Value::Object(kept.into_iter().collect())
                }
                _ => continue,
            };
            left.insert(outer.to_owned(), value);
        }
        left
    }
}

/// Why an event is not one that can be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    Malformed,
    UnknownRoom,
}

fn without(object: &Object, keys: &[&str]) -> Object {
    let rest = object.iter().filter(|(key, _)| !keys.contains(&&***key));
    rest.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The one way to write a value down: keys in the order of code points, no white space, the shortest escapes, integers alone. `None` if it holds a number that is
/// none, or is too great.
pub(super) fn canonical(mut value: Value) -> Option<String> {
    if !make_integers(&mut value) {
        return None;
    }
    value.sort_all_objects();
    Some(value.to_string())
}

/// Writes numbers as integers, whether or not they came with a point or an exponent; says whether all are.
fn make_integers(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().or_else(|| {
                let float = number.as_f64()?;
                (float.fract() == 0.0 && float.abs() <= GREATEST as f64).then_some(float as i64)
            });
            let whole = whole.filter(|whole| whole.unsigned_abs() <= GREATEST.unsigned_abs());
            if let Some(whole) = whole {
                *number = whole.into();
            }
            whole.is_some()
        }
        Value::Array(items) => items.iter_mut().all(make_integers),
        Value::Object(object) => object.values_mut().all(make_integers),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The examples of the appendices.
    #[test]
    fn values_are_written_as_the_specification_writes_them() {
        let rows = [
            (r"{}", r"{}"),
            (r#"{ "one": 1, "two": "Two" }"#, r#"{"one":1,"two":"Two"}"#),
            (r#"{"b":"2","a":"1"}"#, r#"{"a":"1","b":"2"}"#),
            (
                r#"{"auth":{"success":true,"mxid":"@a:example.com","profile":{"display_name":"A","three_pids":[{"medium":"email","address":"a@example.org"},{"medium":"msisdn","address":"123456789"}]}}}"#,
                r#"{"auth":{"mxid":"@a:example.com","profile":{"display_name":"A","three_pids":[{"address":"a@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}}"#,
            ),
            (r#"{"a":"日本語"}"#, r#"{"a":"日本語"}"#),
            (r#"{"本":2,"日":1}"#, r#"{"日":1,"本":2}"#),
            (r#"{"a":"\u65E5"}"#, r#"{"a":"日"}"#),
            (r#"{"a":null}"#, r#"{"a":null}"#),
            (r#"{"a":-0,"b":1e10}"#, r#"{"a":0,"b":10000000000}"#),
            // By code points, which UTF-16 orders otherwise.
            (
                "{\"\u{10000}\":1,\"\u{ff5e}\":2}",
                "{\"\u{ff5e}\":2,\"\u{10000}\":1}",
            ),
            (
                r#"{"a":"\u0000\u0008\u0009\u000a\u000b\u000c\u000d\u001F\u007f\/\"\\"}"#,
                "{\"a\":\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}/\\\"\\\\\"}",
            ),
            (
                r"[9007199254740991,-9007199254740991]",
                r"[9007199254740991,-9007199254740991]",
            ),
        ];
        for (value, expected) in rows {
            let value = serde_json::from_str(value).expect("JSON");
            assert_eq!(canonical(value).as_deref(), Some(expected));
        }
    }

    #[test]
    fn numbers_that_are_no_integers_are_not_written() {
        for value in [
            json!(1.5),
            json!([{ "a": 1e-3 }]),
            json!(9_007_199_254_740_992_u64),
            json!(-9_007_199_254_740_992_i64),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
        ] {
            assert_eq!(canonical(value.clone()), None, "{value}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-GREATEST..=GREATEST).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// What is written is read as the same value, and there is one way to write it.
        #[test]
        fn canonical_json_is_read_as_what_was_written(value in value()) {
            let text = canonical(value.clone()).expect("integers alone");
            let again: Value = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(canonical(again), Some(text));
        }
    }
}
