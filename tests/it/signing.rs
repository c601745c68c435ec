//! Signatures of a Matrix policy server: what a homeserver checks, and what is never signed.
//!
//! Source: MSC4284 and `POST /_matrix/policy/v1/sign` of the server-server API, version 1.18. Events and keys were made for these tests.

use std::sync::Arc;

use ruma_common::CanonicalJsonObject;
use ruma_common::canonical_json::redact;
use ruma_common::room_version_rules::RoomVersionRules;
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, add_content_hash_to_event, verify_json};
use serde_json::{Value, json};
use tidegate::adapter::callback::{Account, Call, Dialect, Read, Reply, Signing, Unsigned};
use tidegate::adapter::{Answer, Refusal};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const SERVER: &str = "policy.example.org";

fn account() -> Account {
    let signing = Signing::new(SERVER, KEY)
        .and_then(|signing| signing.with_version(None, "11"))
        .and_then(|signing| signing.with_version(Some("!old:example.org"), "6"))
        .expect("a key and versions");
    let mut account = Account::new(Dialect::MatrixSign, "acme", KEY);
    account.signing = Some(Arc::new(signing));
    account
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
    let mut object: CanonicalJsonObject = serde_json::from_value(event).expect("canonical JSON");
    add_content_hash_to_event(&mut object).expect("a hash");
    serde_json::to_value(object).expect("JSON")
}

fn message(text: &str) -> Value {
    event(json!({ "type": "m.room.message", "content": { "msgtype": "m.text", "body": text } }))
}

fn ask(account: &Account, event: &Value, answer: &Answer) -> Reply {
    let body = event.to_string();
    let call = Call {
        path: "",
        query: "",
        body: body.as_bytes(),
    };
    match account.read(&call) {
        Read::Message(incoming) => account.reply(Some(&incoming), answer),
        Read::Nothing => account.reply_to_nothing(&call),
        _ => account.reply(None, answer),
    }
}

/// What a homeserver does: it appends the signature, and checks it over what a redaction leaves.
fn holds(event: &Value, reply: &Reply, rules: &RoomVersionRules) -> bool {
    let signatures: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(
        signatures
            .as_object()
            .map(|signatures| signatures.keys().collect::<Vec<_>>()),
        Some(vec![&SERVER.to_owned()])
    );
    let mut event = event.clone();
    event["signatures"] = signatures;
    let object: CanonicalJsonObject = serde_json::from_value(event).expect("canonical JSON");
    let redacted = redact(object, &rules.redaction, None).expect("an event");
    let account = account();
    let public = account.signing.as_ref().expect("a key").public_key();
    let public = Base64::parse(public).expect("base64");
    let keys = [("ed25519:policy_server".to_owned(), public)].into();
    let keys: PublicKeyMap = [(SERVER.to_owned(), keys)].into();
    verify_json(&keys, &redacted).is_ok()
}

fn code(reply: &Reply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
    body["errcode"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_may_pass_is_signed_as_a_homeserver_checks_it() {
    let account = account();
    for event in [
        message("good day"),
        event(
            json!({ "type": "m.room.member", "state_key": "@a:example.org", "content": { "membership": "join", "displayname": "A" } }),
        ),
        // What sets a room up is asked about, too.
        event(
            json!({ "type": "m.room.power_levels", "state_key": "", "content": { "users_default": 0, "invite": 50 } }),
        ),
        event(
            json!({ "type": "m.room.join_rules", "state_key": "", "content": { "join_rule": "public" } }),
        ),
    ] {
        let reply = ask(&account, &event, &Answer::Allow);
        assert_eq!(reply.status, 200, "{event}");
        assert!(holds(&event, &reply, &RoomVersionRules::V11), "{event}");
        // The text is not signed itself, its hash is.
        let mut other = event.clone();
        other["hashes"]["sha256"] = "AAAA".into();
        assert!(!holds(&other, &reply, &RoomVersionRules::V11));
    }
}

#[test]
fn each_room_has_the_rules_of_its_version() {
    // Version 11 keeps `invite` of power levels where version 6 drops it.
    let of = |room: &str| {
        event(
            json!({ "room_id": room, "type": "m.room.power_levels", "state_key": "", "content": { "invite": 50 } }),
        )
    };
    let (old, new) = (of("!old:example.org"), of("!room:example.org"));
    let account = account();
    let (by_old, by_new) = (
        ask(&account, &old, &Answer::Allow),
        ask(&account, &new, &Answer::Allow),
    );
    assert!(holds(&old, &by_old, &RoomVersionRules::V6));
    assert!(!holds(&old, &by_old, &RoomVersionRules::V11));
    assert!(holds(&new, &by_new, &RoomVersionRules::V11));
    assert!(!holds(&new, &by_new, &RoomVersionRules::V6));
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
        Answer::Drop,
        Answer::Replace(vec!["x".to_owned()]),
    ] {
        let reply = ask(&account(), &message("good day"), &answer);
        assert_eq!(
            (reply.status, &*code(&reply)),
            (400, "M_FORBIDDEN"),
            "{answer:?}"
        );
    }
}

/// A harmless content beside the hash of another would be signed for that other.
#[test]
fn a_hash_that_is_not_the_contents_is_not_signed() {
    let mut event = message("good day");
    event["hashes"] = message("something else")["hashes"].clone();
    let reply = ask(&account(), &event, &Answer::Allow);
    assert_eq!((reply.status, &*code(&reply)), (400, "M_BAD_JSON"));
    for broken in [
        json!({ "type": "m.room.message", "room_id": "!room:example.org", "content": { "body": "a", "msgtype": "m.text" } }),
        json!({ "type": "m.room.message", "room_id": "!room:example.org", "content": { "body": "a", "msgtype": "m.text", "x": 1.5 } }),
        json!({ "type": 7 }),
        json!([]),
    ] {
        let reply = ask(&account(), &broken, &Answer::Allow);
        assert_eq!(
            (reply.status, &*code(&reply)),
            (400, "M_BAD_JSON"),
            "{broken}"
        );
    }
}

#[test]
fn keys_versions_and_rooms_that_are_none_are_told() {
    for key in ["", "AAAA", "not base64!", &KEY[..40]] {
        assert_eq!(
            Signing::new(SERVER, key).err(),
            Some(Unsigned::BadKey),
            "{key}"
        );
    }
    for version in ["", "1", "5", "99", "org.example.x"] {
        let signing = Signing::new(SERVER, KEY).expect("a key");
        let signing = signing.with_version(None, version);
        assert_eq!(signing.err(), Some(Unsigned::UnknownVersion), "{version}");
    }
    let signing = Signing::new(SERVER, KEY).expect("a key");
    let signing = signing
        .with_version(Some("!other:example.org"), "11")
        .expect("a version");
    assert!(!format!("{signing:?}").contains(&KEY[..8]));
    let mut account = Account::new(Dialect::MatrixSign, "acme", KEY);
    account.signing = Some(Arc::new(signing));
    let reply = ask(&account, &message("good day"), &Answer::Allow);
    assert_eq!((reply.status, &*code(&reply)), (400, "M_NOT_FOUND"));
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
    assert!(id.starts_with('$') && id.len() == 44, "{id}");
    event["unsigned"] = json!({});
    event["signatures"] = json!({});
    assert_eq!(name(&event), id);
    assert_ne!(name(&message("good night")), id);
}
