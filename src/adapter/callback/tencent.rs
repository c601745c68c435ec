//! Tencent IM: `C2C.CallbackBeforeSendMsg` and `Group.CallbackBeforeSendMsg`.
//!
//! All callbacks of an app go to one URL; those that ask about no message get yes. A `MsgBody` is an array of elements, of which
//! `TIMTextElem` is text and `TIMCustomElem` may be; others were not looked at.

use serde_json::{Value, json};

use super::body::Body;
use super::{Account, Call, Incoming, Kind, Read, Reply, between, code_of, same};
use crate::adapter::answer::Answer;
use crate::primitives::Scene;

/// The first code of the range that clients are shown, for messages between two people, and for groups.
const CODE: i64 = 120_001;
const GROUP_CODE: i64 = 10_100;
/// Refused, without a code of ours.
const PLAIN: i64 = 1;
const DROPPED: i64 = 2;

pub(super) fn read(account: &Account, call: &Call<'_>) -> Read {
    let query = |wanted: &str| {
        form_urlencoded::parse(call.query.as_bytes())
            .find(|(key, _)| key == wanted)
            .map(|(_, value)| value.into_owned())
    };
    if let Some(app) = &account.app
        && !query("SdkAppid").is_some_and(|given| same(&given, app))
    {
        return Read::Forged;
    }
    let Some(mut body) = Body::parse(call.body) else {
        return Read::Unreadable;
    };
    let Some(command) = body
        .text_at("/CallbackCommand")
        .or_else(|| query("CallbackCommand"))
    else {
        return Read::Unreadable;
    };
    let kind = match &*command {
        "C2C.CallbackBeforeSendMsg" => Kind::Private,
        "Group.CallbackBeforeSendMsg" => Kind::Group,
        _ => return Read::Nothing,
    };
    let Some(elements) = body.at("/MsgBody").and_then(Value::as_array) else {
        return Read::Unreadable;
    };
    let types: Vec<Option<String>> = elements
        .iter()
        .map(|element| Some(element.get("MsgType")?.as_str()?.to_owned()))
        .collect();
    let mut whole = true;
    for (place, kind) in types.iter().enumerate() {
        let content = format!("/MsgBody/{place}/MsgContent");
        whole &= match kind.as_deref() {
            Some("TIMTextElem") => body.take(&format!("{content}/Text")),
            Some("TIMCustomElem") => {
                let before = body.texts().count();
                body.take_filled(&format!("{content}/Data"));
                body.take_filled(&format!("{content}/Desc"));
                body.texts().count() > before
            }
            _ => false,
        };
    }
    let from = body.text_at("/From_Account");
    let (scene, conversation) = match kind {
        Kind::Group => (account.group_scene, body.text_at("/GroupId")),
        _ => {
            let to = body.text_at("/To_Account");
            (Scene::Private, between(from.as_deref(), to.as_deref()))
        }
    };
    Read::Message(Incoming {
        scene,
        conversation,
        sender: from,
        id: body.text_at("/MsgId").or_else(|| body.text_at("/MsgKey")),
        time: body.time_at("/MsgTime"),
        kind,
        whole,
        body,
    })
}

pub(super) fn reply(account: &Account, incoming: Option<&Incoming>, answer: &Answer) -> Reply {
    let say = |code: i64, info: &str| {
        Reply::json(&json!({"ActionStatus": "OK", "ErrorInfo": info, "ErrorCode": code}))
    };
    let code = |refusal| match incoming.map(|incoming| incoming.kind) {
        Some(Kind::Group) => code_of(refusal, account.group_code, GROUP_CODE, |code| {
            code == PLAIN || (GROUP_CODE..=10_200).contains(&code)
        }),
        Some(_) => code_of(refusal, account.code, CODE, |code| {
            code == PLAIN || (CODE..=130_000).contains(&code)
        }),
        // Which range holds is not known.
        None => PLAIN,
    };
    match answer {
        Answer::Allow => say(0, ""),
        Answer::Drop => say(DROPPED, ""),
        Answer::Refuse(refusal) | Answer::Review(refusal) => say(code(refusal), &refusal.text),
        Answer::Replace(texts) => {
            let replaced = incoming.and_then(|incoming| incoming.body.replaced(texts));
            match replaced.and_then(|mut value| value.get_mut("MsgBody").map(Value::take)) {
                Some(body) => Reply::json(&json!({
                    "ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0, "MsgBody": body,
                })),
                None => say(PLAIN, ""),
            }
        }
    }
}
