//! OpenIM: before a message to one person or to a group is sent, and before one is changed.
//!
//! A message is refused only by `actionCode` 0 and `nextCode` 1. Before-send cannot change a text. `content` has been seen as plain text and as an object with
//! `text` or `content`.

use serde_json::{Value, json};

use super::body::Body;
use super::{Account, Call, Incoming, Kind, Read, Reply, between, code_of};
use crate::adapter::answer::{Answer, Refusal};
use crate::primitives::Scene;

const SINGLE: &str = "callbackBeforeSendSingleMsgCommand";
const GROUP: &str = "callbackBeforeSendGroupMsgCommand";
const EDIT: &str = "callbackBeforeMsgModifyCommand";
/// `errCode` of a refusal; 0 would mean that all is well.
const CODE: i64 = 1;
/// `contentType` of text, of text that calls somebody, of a quotation with text, and of rich text.
const TEXT: i64 = 101;
const WITH_TEXT: [i64; 3] = [106, 114, 117];
/// `sessionType` of a conversation of two.
const OF_TWO: i64 = 1;

pub(super) fn read(account: &Account, command: &str, call: &Call<'_>) -> Read {
    let Some(mut body) = Body::parse(call.body) else {
        return Read::Unreadable;
    };
    let named = body.text_at("/callbackCommand");
    let kind = match named.as_deref().unwrap_or(command) {
        SINGLE => Kind::Private,
        GROUP => Kind::Group,
        EDIT => Kind::Edit,
        "" => return Read::Unreadable,
        _ => return Read::Nothing,
    };
    let content_type = body.number_at("/contentType");
    let whole = match content_type {
        // What a user typed may look like an object: all of it is looked at.
        Some(TEXT) | None => body.take_content("/content", &["content", "text"], true),
        Some(other) if WITH_TEXT.contains(&other) => {
            body.take_content("/content", &["text", "content"], false)
        }
        // A picture, a file, a custom message: what it holds is not read.
        Some(_) => false,
    };
    let sender = body.text_at("/sendID");
    let of_two = match kind {
        Kind::Private => true,
        Kind::Group => false,
        Kind::Edit => body.number_at("/sessionType") == Some(OF_TWO),
    };
    let (scene, conversation) = if of_two {
        let to = body.text_at("/recvID");
        (Scene::Private, between(sender.as_deref(), to.as_deref()))
    } else {
        (account.group_scene, body.text_at("/groupID"))
    };
    Read::Message(Incoming {
        scene,
        conversation,
        id: body
            .text_at("/serverMsgID")
            .or_else(|| body.text_at("/clientMsgID")),
        time: body.time_at("/sendTime"),
        sender,
        kind,
        whole,
        body,
    })
}

pub(super) fn reply(account: &Account, incoming: Option<&Incoming>, answer: &Answer) -> Reply {
    let say = |code: i64, said: &str, next: i64| json!({"actionCode": 0, "errCode": code, "errMsg": said, "errDlt": said, "nextCode": next});
    let refuse = |refusal: &Refusal| {
        let code = code_of(refusal, account.code, CODE, |code| code != 0);
        say(code, &refusal.text, 1)
    };
    Reply::json(&match answer {
        Answer::Allow => say(0, "", 0),
        Answer::Refuse(refusal) | Answer::Review(refusal) => refuse(refusal),
        Answer::Drop => refuse(&Refusal::default()),
        Answer::Replace(texts) => incoming
            .filter(|incoming| incoming.kind == Kind::Edit)
            .and_then(|incoming| changed(say(0, "", 0), &incoming.body, texts))
            .unwrap_or_else(|| refuse(&Refusal::default())),
    })
}

/// The answer to an edit with another text. `content` is a string that holds an object, also where it was plain text.
fn changed(mut said: Value, body: &Body, texts: &[String]) -> Option<Value> {
    let value = body.replaced(texts)?;
    let content = value.get("content")?.as_str()?;
    let is_object = serde_json::from_str::<Value>(content).is_ok_and(|value| value.is_object());
    said["content"] = if is_object {
        content.into()
    } else {
        json!({ "content": content }).to_string().into()
    };
    for (key, from, none) in [
        ("ex", "ex", Value::from("")),
        ("atUserIDList", "atUserList", json!([])),
    ] {
        said[key] = value.get(from).cloned().unwrap_or(none);
    }
    Some(said)
}
