//! EaseMob: JSON, signed by MD5 over call id, secret and timestamp. An answer has at most 1,000 characters.

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::body::Body;
use super::{Account, Call, Incoming, Kind, Read, Reply, between, hex, same};
use crate::adapter::answer::{Answer, Refusal};
use crate::primitives::Scene;

const LONGEST: usize = 1_000;
/// Characters of a refusal; escaped, each takes six at most.
const SAID: usize = 120;

pub(super) fn read(account: &Account, call: &Call<'_>) -> Read {
    let Some(mut body) = Body::parse(call.body) else {
        return Read::Unreadable;
    };
    let get = |pointer: &str| body.text_at(pointer).unwrap_or_default();
    let mut hasher = Md5::new();
    for part in [&*get("/callId"), &*account.secret, &*get("/timestamp")] {
        hasher.update(part.as_bytes());
    }
    let signature = hex(&hasher.finalize());
    if !same(&get("/security").to_ascii_lowercase(), &signature) {
        return Read::Forged;
    }
    // One body, or an array of them.
    let bodies = body.at("/payload/bodies").and_then(Value::as_array);
    let places: Vec<String> = match bodies {
        Some(bodies) => (0..bodies.len())
            .map(|place| format!("/payload/bodies/{place}"))
            .collect(),
        None if body.at("/payload").is_some_and(Value::is_object) => vec!["/payload".to_owned()],
        None => return Read::Unreadable,
    };
    let mut whole = true;
    for place in places {
        let is_text = body.at(&format!("{place}/type")).and_then(Value::as_str) == Some("txt");
        whole &= is_text && body.take(&format!("{place}/msg"));
    }
    let sender = body.text_at("/from");
    let group = body.text_at("/group_id");
    let (kind, scene, conversation) = match body.text_at("/chat_type").as_deref() {
        Some("chat") => {
            let to = body.text_at("/to");
            (
                Kind::Private,
                Scene::Private,
                between(sender.as_deref(), to.as_deref()),
            )
        }
        Some("chatroom") => (Kind::Group, Scene::OpenGroup, group),
        _ => (Kind::Group, account.group_scene, group),
    };
    Read::Message(Incoming {
        scene,
        conversation,
        id: body.text_at("/msg_id"),
        time: body.time_at("/timestamp"),
        sender,
        kind,
        whole,
        body,
    })
}

pub(super) fn reply(account: &Account, incoming: Option<&Incoming>, answer: &Answer) -> Reply {
    let refuse = |refusal: &Refusal| {
        let code = match refusal.code.or(account.code) {
            Some(code) => code.to_string(),
            None => refusal.text.chars().take(SAID).collect(),
        };
        Reply::json(&json!({"valid": false, "code": code}))
    };
    match answer {
        Answer::Allow => Reply::json(&json!({"valid": true})),
        Answer::Refuse(refusal) | Answer::Review(refusal) => refuse(refusal),
        Answer::Drop => refuse(&Refusal::default()),
        Answer::Replace(texts) => incoming
            .and_then(|incoming| {
                incoming
                    .body
                    .replaced(texts)?
                    .get_mut("payload")
                    .map(Value::take)
            })
            .map(|payload| Reply::json(&json!({"valid": true, "payload": payload})))
            .filter(|reply| String::from_utf8_lossy(&reply.body).chars().count() <= LONGEST)
            .unwrap_or_else(|| refuse(&Refusal::default())),
    }
}
