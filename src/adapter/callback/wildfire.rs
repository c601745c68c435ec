//! WildFire: 200 delivers (a body replaces the payload), 403 refuses, and anything else delivers.

use serde_json::Value;

use super::body::Body;
use super::{Account, Call, Incoming, Kind, Read, Reply, between};
use crate::adapter::answer::Answer;
use crate::primitives::Scene;

/// `payload.type` of a text.
const TEXT: i64 = 1;

pub(super) fn read(account: &Account, call: &Call<'_>) -> Read {
    let Some(mut body) = Body::parse(call.body) else {
        return Read::Unreadable;
    };
    if !body.at("/payload").is_some_and(Value::is_object) {
        return Read::Unreadable;
    }
    for key in ["searchableContent", "content", "pushContent"] {
        body.take_filled(&format!("/payload/{key}"));
    }
    let either = |one: &str, other: &str| body.text_at(one).or_else(|| body.text_at(other));
    let sender = either("/sender", "/fromUser");
    let to = either("/conv/target", "/conversation/target");
    let kind = body
        .number_at("/conv/type")
        .or_else(|| body.number_at("/conversation/type"));
    let (kind, scene, conversation) = match kind {
        Some(0) => (
            Kind::Private,
            Scene::Private,
            between(sender.as_deref(), to.as_deref()),
        ),
        Some(2) => (Kind::Group, Scene::OpenGroup, to),
        Some(3) => (Kind::Group, Scene::Channel, to),
        _ => (Kind::Group, account.group_scene, to),
    };
    Read::Message(Incoming {
        scene,
        conversation,
        id: either("/messageId", "/msgId"),
        time: body.time_at("/timestamp"),
        whole: body.number_at("/payload/type") == Some(TEXT),
        sender,
        kind,
        body,
    })
}

pub(super) fn reply(incoming: Option<&Incoming>, answer: &Answer) -> Reply {
    let say = |status: u16, body: Vec<u8>| Reply { status, body };
    match answer {
        Answer::Allow => say(200, Vec::new()),
        Answer::Refuse(_) | Answer::Review(_) | Answer::Drop => say(403, Vec::new()),
        Answer::Replace(texts) => incoming
            .and_then(|incoming| {
                incoming
                    .body
                    .replaced(texts)?
                    .get_mut("payload")
                    .map(Value::take)
            })
            .map_or_else(
                || say(403, Vec::new()),
                |payload| say(200, payload.to_string().into_bytes()),
            ),
    }
}
