//! Signatures of a Matrix policy server: what a homeserver checks, and what is never signed.
//!
//! Source: MSC4284; Matrix Specification 1.18: `POST /_matrix/policy/v1/sign` and "Signing Events" of the Server-Server API, "Cryptographic Test Vectors" of the
//! appendices, "Redactions" of room versions 6 to 12. Events and keys that are not those of the test vectors were made for these tests.
//!
//! What is signed is made here a second time, in the plainest way, and checked by another implementation of Ed25519.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use ed25519_compact::{PublicKey, Signature};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidegate::adapter::callback::{Account, Call, Dialect, Read, Reply, Signing, Unsigned};
use tidegate::adapter::{Answer, Refusal};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// The key of the test vectors; its last bits are none of a byte.
const SEED: &str = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
const SERVER: &str = "policy.example.org";

fn account_with(key: &str, versions: &[(Option<&str>, &str)]) -> Account {
    let mut signing = Signing::new(SERVER, key).expect("a key");
    for (room, version) in versions {
        signing = signing.with_version(*room, version).expect("a version");
    }
    let mut account = Account::new(Dialect::MatrixSign, "acme", key);
    account.signing = Some(Arc::new(signing));
    account
}

fn account() -> Account {
    account_with(KEY, &[(None, "11")])
}

/// Canonical JSON by its definition.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<Vec<char>, String> = object
                .iter()
                .map(|(key, value)| {
                    let pair = format!("{}:{}", Value::from(&**key), canonical(value));
                    (key.chars().collect(), pair)
                })
                .collect();
            let pairs: Vec<String> = sorted.into_values().collect();
            format!("{{{}}}", pairs.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        value => value.to_string(),
    }
}

fn without(event: &Value, keys: &[&str]) -> Value {
    let mut event = event.clone();
    for key in keys {
        event.as_object_mut().expect("an object").remove(*key);
    }
    event
}

fn with_hash(mut event: Value) -> Value {
    let hashed = canonical(&without(&event, &["unsigned", "signatures", "hashes"]));
    event["hashes"] = json!({ "sha256": BASE64_NOPAD.encode(&Sha256::digest(hashed)) });
    event
}

/// An event as a homeserver sends it, with the hash of its content.
fn event(mut event: Value) -> Value {
    let common = json!({
        "room_id": "!room:example.org", "sender": "@a:example.org", "origin_server_ts": 1_795_428_000_000_u64, "depth": 7,
        "auth_events": ["$one"], "prev_events": ["$two"], "unsigned": { "age": 5 },
        "signatures": { "example.org": { "ed25519:a": "c2lnbmF0dXJl" } },
    });
    for (key, value) in common.as_object().expect("an object") {
        if event.get(key).is_none() {
            event[key] = value.clone();
        }
    }
    with_hash(event)
}

fn message(text: &str) -> Value {
    event(json!({ "type": "m.room.message", "content": { "msgtype": "m.text", "body": text } }))
}

fn ask_with(account: &Account, body: &[u8], answer: &Answer) -> Reply {
    let call = Call {
        path: "",
        query: "",
        body,
    };
    match account.read(&call) {
        Read::Message(incoming) => account.reply(Some(&incoming), answer),
        _ => account.reply_unread(&call, answer),
    }
}

fn ask(account: &Account, event: &Value, answer: &Answer) -> Reply {
    ask_with(account, event.to_string().as_bytes(), answer)
}

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("JSON")
}

fn code(reply: &Reply) -> (u16, String) {
    let body = body(reply);
    assert!(
        body["error"].as_str().is_some_and(|said| !said.is_empty()),
        "{body}"
    );
    let code = body["errcode"].as_str().unwrap_or_default();
    (reply.status, code.to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The signature, of which there is one.
fn signature(reply: &Reply) -> String {
    let body = body(reply);
    let signature = body[SERVER]["ed25519:policy_server"].as_str();
    let signature = signature.unwrap_or_else(|| panic!("{body}"));
    let only = json!({ SERVER: { "ed25519:policy_server": signature } });
    assert_eq!((reply.status, &body), (200, &only));
    signature.to_owned()
}

/// What a homeserver does: whether the signature is that of an event of which a redaction leaves this.
fn signs(account: &Account, reply: &Reply, redacted: &Value) -> bool {
    let public = account.signing.as_ref().expect("a key").public_key();
    let public = BASE64_NOPAD.decode(public.as_bytes()).expect("base64");
    let public = PublicKey::from_slice(&public).expect("a key");
    let signature = BASE64_NOPAD.decode(signature(reply).as_bytes());
    let signature = Signature::from_slice(&signature.expect("base64")).expect("a signature");
    let signed = canonical(&without(redacted, &["unsigned", "signatures"]));
    public.verify(signed, &signature).is_ok()
}

/// Events of the appendices, under the rules that redact them as those of the first version did.
#[test]
fn events_are_signed_as_the_specification_signs_them() {
    let rows = [
        (
            json!({
                "room_id": "!x:domain", "sender": "@a:domain", "origin": "domain", "origin_server_ts": 1_000_000, "signatures": {},
                "hashes": { "sha256": "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos" }, "type": "X", "content": {}, "prev_events": [],
                "auth_events": [], "depth": 3, "unsigned": { "age_ts": 1_000_000 },
            }),
            "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
        ),
        (
            json!({
                "content": { "body": "Here is the message content" }, "event_id": "$0:domain", "origin": "domain", "origin_server_ts": 1_000_000,
                "hashes": { "sha256": "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g" }, "type": "m.room.message", "room_id": "!r:domain",
                "sender": "@u:domain", "signatures": {}, "unsigned": { "age_ts": 1_000_000 },
            }),
            "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
        ),
    ];
    for (event, expected) in rows {
        for version in ["6", "10"] {
            let account = account_with(SEED, &[(None, version)]);
            let reply = ask(&account, &event, &Answer::Allow);
            assert_eq!(signature(&reply), expected, "{version}: {event}");
        }
    }
}

/// What is kept of a content, from one version to another.
fn redactions() -> Vec<(&'static str, Value, &'static [u8], Value)> {
    let member = || {
        json!({
            "membership": "join", "displayname": "A", "avatar_url": "mxc://a/b", "reason": "r", "join_authorised_via_users_server": "@b:example.org",
            "third_party_invite": { "display_name": "a", "signed": { "mxid": "@a:example.org", "token": "t" } },
        })
    };
    let levels = || {
        json!({
            "ban": 1, "events": { "m.room.name": 2 }, "events_default": 3, "invite": 4, "kick": 5, "notifications": { "room": 6 }, "redact": 7,
            "state_default": 8, "users": { "@a:example.org": 100 }, "users_default": 9, "x": 10,
        })
    };
    let kept_levels = || {
        json!({
            "ban": 1, "events": { "m.room.name": 2 }, "events_default": 3, "kick": 5, "redact": 7, "state_default": 8,
            "users": { "@a:example.org": 100 }, "users_default": 9,
        })
    };
    let rules =
        || json!({ "join_rule": "restricted", "allow": [{ "room_id": "!s:example.org" }], "x": 1 });
    let redaction = || json!({ "redacts": "$three", "reason": "r" });
    let creation =
        || json!({ "creator": "@a:example.org", "room_version": "11", "m.federate": true });
    let with = |mut value: Value, key: &str, more: Value| {
        value[key] = more;
        value
    };
    vec![
        (
            "m.room.member",
            member(),
            &[6, 7, 8],
            json!({ "membership": "join" }),
        ),
        (
            "m.room.member",
            member(),
            &[9, 10],
            json!({ "membership": "join", "join_authorised_via_users_server": "@b:example.org" }),
        ),
        (
            "m.room.member",
            member(),
            &[11, 12],
            json!({
                "membership": "join", "join_authorised_via_users_server": "@b:example.org",
                "third_party_invite": { "signed": { "mxid": "@a:example.org", "token": "t" } },
            }),
        ),
        (
            "m.room.create",
            creation(),
            &[6, 7, 8, 9, 10],
            json!({ "creator": "@a:example.org" }),
        ),
        ("m.room.create", creation(), &[11, 12], creation()),
        (
            "m.room.join_rules",
            rules(),
            &[6, 7],
            json!({ "join_rule": "restricted" }),
        ),
        (
            "m.room.join_rules",
            rules(),
            &[8, 9, 10, 11, 12],
            json!({ "join_rule": "restricted", "allow": [{ "room_id": "!s:example.org" }] }),
        ),
        (
            "m.room.power_levels",
            levels(),
            &[6, 7, 8, 9, 10],
            kept_levels(),
        ),
        (
            "m.room.power_levels",
            levels(),
            &[11, 12],
            with(kept_levels(), "invite", json!(4)),
        ),
        (
            "m.room.history_visibility",
            json!({ "history_visibility": "shared", "x": 1 }),
            &[6, 7, 8, 9, 10, 11, 12],
            json!({ "history_visibility": "shared" }),
        ),
        (
            "m.room.redaction",
            redaction(),
            &[6, 7, 8, 9, 10],
            json!({}),
        ),
        (
            "m.room.redaction",
            redaction(),
            &[11, 12],
            json!({ "redacts": "$three" }),
        ),
        (
            "m.room.aliases",
            json!({ "aliases": ["#a:example.org"] }),
            &[6, 7, 8, 9, 10, 11, 12],
            json!({}),
        ),
        (
            "m.room.message",
            json!({ "msgtype": "m.text", "body": "good day", "membership": "join" }),
            &[6, 7, 8, 9, 10, 11, 12],
            json!({}),
        ),
        (
            "m.room.policy",
            json!({ "via": "example.org", "public_keys": {} }),
            &[6, 7, 8, 9, 10, 11, 12],
            json!({}),
        ),
    ]
}

#[test]
fn what_is_signed_is_what_a_redaction_leaves_in_the_rooms_version() {
    let mut seen = BTreeMap::new();
    for (kind, content, versions, kept) in redactions() {
        for version in versions {
            let account = account_with(KEY, &[(None, &version.to_string())]);
            let mut sent = json!({
                "type": kind, "state_key": "", "content": content, "origin": "example.org", "membership": "join", "prev_state": [],
                "redacts": "$three", "x": { "y": 1 },
            });
            if kind == "m.room.message" {
                sent = without(&sent, &["state_key"]);
            }
            let mut sent = event(sent);
            if kind == "m.room.create" && *version == 12 {
                sent = with_hash(without(&sent, &["room_id"]));
            }
            let mut redacted = without(&sent, &["redacts", "x", "unsigned"]);
            if *version > 10 {
                redacted = without(&redacted, &["origin", "membership", "prev_state"]);
            }
            redacted["content"] = kept.clone();
            let reply = ask(&account, &sent, &Answer::Allow);
            assert!(signs(&account, &reply, &redacted), "{version}: {sent}");
            // The content is signed only by its hash.
            redacted["hashes"]["sha256"] = "AAAA".into();
            assert!(!signs(&account, &reply, &redacted));
            *seen.entry(kind).or_insert(0) += 1;
        }
    }
    assert!(seen.values().all(|versions| *versions == 7), "{seen:?}");
}

#[test]
fn each_room_has_the_rules_of_its_version() {
    let account = account_with(KEY, &[(None, "11"), (Some("!old:example.org"), "6")]);
    let kept = |room: &str, content: Value| {
        let sent = event(
            json!({ "room_id": room, "type": "m.room.power_levels", "state_key": "", "content": { "invite": 50 } }),
        );
        let mut redacted = sent.clone();
        redacted["content"] = content;
        signs(&account, &ask(&account, &sent, &Answer::Allow), &redacted)
    };
    assert!(kept("!old:example.org", json!({})));
    assert!(!kept("!old:example.org", json!({ "invite": 50 })));
    assert!(kept("!room:example.org", json!({ "invite": 50 })));
    assert!(!kept("!room:example.org", json!({})));
}

/// From version 12 on a creation has no room, for its hash names the room.
#[test]
fn a_creation_of_version_12_names_its_room() {
    let sent = |room: Option<&str>| {
        let mut event = event(
            json!({ "type": "m.room.create", "state_key": "", "auth_events": [], "prev_events": [], "content": { "room_version": "12" } }),
        );
        event["room_id"] = room.map_or(Value::Null, Value::from);
        if room.is_none() {
            event = without(&event, &["room_id"]);
        }
        with_hash(event)
    };
    let creation = sent(None);
    let redacted = without(&creation, &["unsigned", "signatures"]);
    let room = BASE64URL_NOPAD.encode(&Sha256::digest(canonical(&redacted)));
    let room = format!("!{room}");
    let account = account_with(
        KEY,
        &[(Some(&room), "12"), (Some("!old:example.org"), "11")],
    );
    assert!(signs(
        &account,
        &ask(&account, &creation, &Answer::Allow),
        &redacted
    ));
    let in_it = event(
        json!({ "type": "m.room.topic", "state_key": "", "room_id": room, "content": { "topic": "t" } }),
    );
    let mut redacted = in_it.clone();
    redacted["content"] = json!({});
    assert!(signs(
        &account,
        &ask(&account, &in_it, &Answer::Allow),
        &redacted
    ));
    for (event, expected) in [
        // With a room it is none of version 12; without one none of version 11, and what is no creation is none of any.
        (sent(Some(&room)), refused(400, "M_BAD_JSON")),
        (
            with_hash(without(&in_it, &["room_id"])),
            refused(400, "M_BAD_JSON"),
        ),
        // The creation of another room.
        (
            with_hash({
                let mut other = creation.clone();
                other["depth"] = 8.into();
                other
            }),
            refused(404, "M_NOT_FOUND"),
        ),
    ] {
        let reply = ask(&account, &event, &Answer::Allow);
        assert_eq!(code(&reply), expected, "{event}");
    }
    let old = account_with(KEY, &[(None, "11")]);
    let reply = ask(&old, &creation, &Answer::Allow);
    assert_eq!(code(&reply), refused(400, "M_BAD_JSON"));
}

#[test]
fn what_is_held_is_not_signed() {
    let refusal = Refusal {
        text: "not sent".to_owned(),
        ..Refusal::default()
    };
    for answer in [
        Answer::Refuse(refusal.clone()),
        Answer::Review(refusal),
        Answer::Refuse(Refusal::default()),
        Answer::Drop,
        Answer::Replace(vec!["x".to_owned()]),
    ] {
        let reply = ask(&account(), &message("good day"), &answer);
        assert_eq!(code(&reply), refused(400, "M_FORBIDDEN"), "{answer:?}");
    }
    // Nothing was read, or there is nothing to sign with.
    let account = account();
    let reply = account.reply(None, &Answer::Allow);
    assert_eq!(code(&reply), refused(400, "M_FORBIDDEN"));
    let account = Account::new(Dialect::MatrixSign, "acme", KEY);
    let reply = ask(&account, &message("good day"), &Answer::Allow);
    assert_eq!(code(&reply), refused(400, "M_FORBIDDEN"));
}

/// A harmless content beside the hash of another would be signed for that other.
#[test]
fn a_hash_that_is_not_the_contents_is_not_signed() {
    let mut swapped = message("good day");
    swapped["hashes"] = message("something else")["hashes"].clone();
    let mut padded = message("good day");
    padded["hashes"]["sha256"] =
        format!("{}=", padded["hashes"]["sha256"].as_str().expect("a hash")).into();
    assert_eq!(ask(&account(), &padded, &Answer::Allow).status, 200);
    let mut long = message("");
    long["content"]["body"] = "a".repeat(66_000).into();
    let most = event(
        json!({ "type": "m.room.message", "content": { "msgtype": "m.text", "body": "a".repeat(60_000) } }),
    );
    assert_eq!(ask(&account(), &most, &Answer::Allow).status, 200);
    for broken in [
        swapped,
        with_hash(long),
        without(&message("a"), &["hashes"]),
        event(json!({ "type": "m.room.message", "content": "a" })),
        event(json!({ "type": "m.room.message", "sender": 7, "content": {} })),
        event(json!({ "type": "m.room.message", "room_id": 7, "content": {} })),
        event(
            json!({ "type": "m.room.message", "content": { "msgtype": "m.text", "body": "a", "x": 1.5 } }),
        ),
        event(
            json!({ "type": "m.room.message", "content": { "msgtype": "m.text", "body": "a", "x": 9_007_199_254_740_992_u64 } }),
        ),
        json!({ "type": 7 }),
        json!({}),
        json!([]),
        json!("a"),
    ] {
        for answer in [Answer::Allow, Answer::Refuse(Refusal::default())] {
            let reply = ask(&account(), &broken, &answer);
            let expected = match (&answer, broken.get("content")) {
                // Only what may be signed is held to its hash.
                (Answer::Refuse(_), Some(Value::Object(_)))
                    if broken["sender"].is_string() && broken["room_id"].is_string() =>
                {
                    "M_FORBIDDEN"
                }
                _ => "M_BAD_JSON",
            };
            assert_eq!(code(&reply), refused(400, expected), "{broken}");
        }
    }
    for body in [&b""[..], b"{", b"\xff", b"{\"type\":"] {
        let reply = ask_with(&account(), body, &Answer::Allow);
        assert_eq!(code(&reply), refused(400, "M_NOT_JSON"));
    }
}

#[test]
fn keys_versions_and_rooms_that_are_none_are_told() {
    for key in ["", "AAAA", "not base64!", &KEY[..40], &format!("{KEY}AA")] {
        assert_eq!(
            Signing::new(SERVER, key).err(),
            Some(Unsigned::BadKey),
            "{key}"
        );
    }
    let padded = Signing::new(SERVER, &format!(" {KEY}=\n")).expect("a key");
    let plain = Signing::new(SERVER, KEY).expect("a key");
    assert_eq!(padded.public_key(), plain.public_key());
    assert_eq!(
        plain.public_key(),
        "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
    );
    for version in ["", "1", "5", "06", "13", "99", "org.example.x"] {
        let signing = Signing::new(SERVER, KEY).expect("a key");
        let signing = signing.with_version(None, version);
        assert_eq!(signing.err(), Some(Unsigned::UnknownVersion), "{version}");
    }
    let account = account_with(KEY, &[(Some("!other:example.org"), "11")]);
    assert!(!format!("{:?}", account.signing).contains(&KEY[..8]));
    let reply = ask(&account, &message("good day"), &Answer::Allow);
    assert_eq!(code(&reply), refused(404, "M_NOT_FOUND"));
}

/// An event has one id, however often it comes: its alerts are the same.
#[test]
fn an_event_is_named_by_its_hash() {
    let account = account();
    let name = |event: &Value| {
        let body = event.to_string();
        let call = Call {
            path: "",
            query: "",
            body: body.as_bytes(),
        };
        let Read::Message(incoming) = account.read(&call) else {
            panic!("no message");
        };
        incoming.with_message("acme", |message| message.id.unwrap_or_default().to_owned())
    };
    let mut event = message("good day");
    let id = name(&event);
    let mut redacted = without(&event, &["unsigned", "signatures"]);
    redacted["content"] = json!({});
    let hash = BASE64URL_NOPAD.encode(&Sha256::digest(canonical(&redacted)));
    assert_eq!(id, format!("${hash}"));
    event["unsigned"] = json!({});
    event["signatures"] = json!({});
    assert_eq!(name(&event), id);
    assert_ne!(name(&message("good night")), id);
}

fn content() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991..=9_007_199_254_740_991_i64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    });
    prop::collection::vec((any::<String>(), value), 0..5)
        .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever an event holds, its hash is found right, and its signature holds.
    #[test]
    fn any_event_is_signed(content in content(), kept in content(), version in 6_u8..=12) {
        let account = account_with(KEY, &[(None, &version.to_string())]);
        let mut event = event(json!({ "type": "org.example.x", "content": content, "prev_events": kept }));
        let reply = ask(&account, &event, &Answer::Allow);
        event["content"] = json!({});
        prop_assert!(signs(&account, &reply, &event));
    }
}
