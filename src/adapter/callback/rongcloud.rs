//! RongCloud: a form, signed by SHA-1 over secret, nonce and timestamp.

use std::collections::BTreeMap;

use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::body::Body;
use super::{Account, Call, Incoming, Kind, Read, Reply, between, hex, same};
use crate::adapter::answer::Answer;
use crate::primitives::Scene;

const TEXT: &str = "RC:TxtMsg";

pub(super) fn read(account: &Account, call: &Call<'_>) -> Read {
    let mut form: BTreeMap<String, String> = BTreeMap::new();
    // The signature may stand in the query. What is given twice counts as it is read first.
    for pairs in [call.body, call.query.as_bytes()] {
        for (key, value) in form_urlencoded::parse(pairs) {
            form.entry(key.into_owned()).or_insert(value.into_owned());
        }
    }
    let get = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
    let mut hasher = Sha1::new();
    for part in [&*account.secret, get("nonce"), get("timestamp")] {
        hasher.update(part.as_bytes());
    }
    let signature = hex(&hasher.finalize());
    if !same(&get("signature").to_ascii_lowercase(), &signature) {
        return Read::Forged;
    }
    if let Some(app) = &account.app
        && !same(get("appKey"), app)
    {
        return Read::Forged;
    }
    if !form.contains_key("msgType") || !form.contains_key("content") {
        return Read::Unreadable;
    }
    let is_text = get("msgType") == TEXT;
    let channel = get("channelType").to_owned();
    let mut body = Body::of(form);
    if is_text {
        body.take_content("/content", &["content", "extra"], false);
    }
    let sender = body.text_at("/fromUserId");
    let to = body.text_at("/targetId");
    let (kind, scene, conversation) = match &*channel {
        "PERSON" => {
            let conversation = between(sender.as_deref(), to.as_deref());
            (Kind::Private, Scene::Private, conversation)
        }
        // A chat room: anybody may come in.
        "TEMPGROUP" => (Kind::Group, Scene::OpenGroup, to),
        _ => (Kind::Group, account.group_scene, to),
    };
    Read::Message(Incoming {
        scene,
        conversation,
        id: body.text_at("/messageId"),
        time: body.time_at("/msgTimeStamp"),
        sender,
        kind,
        whole: is_text,
        body,
    })
}

pub(super) fn reply(answer: &Answer) -> Reply {
    let (pass, extra) = match answer {
        Answer::Allow => (1, ""),
        Answer::Refuse(refusal) | Answer::Review(refusal) => (0, &*refusal.text),
        Answer::Drop | Answer::Replace(_) => (0, ""),
    };
    Reply::json(&json!({"pass": pass, "extra": extra}))
}
