//! Matrix policy servers: `/check` of MSC4284, and `/sign`, which took its place; each has the event as its body.

mod event;
mod signing;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::body::Body;
use super::{Account, Call, Dialect, Incoming, Kind, Read, Reply};
use crate::adapter::answer::Answer;
use crate::primitives::Scene;

pub use signing::{Signing, Unsigned};

/// What sets a room up, and says nothing.
const SETTINGS: [&str; 16] = [
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.create",
    "m.room.encryption",
    "m.room.guest_access",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.pinned_events",
    "m.room.policy",
    "m.room.power_levels",
    "m.room.redaction",
    "m.room.server_acl",
    "m.room.third_party_invite",
    "m.room.tombstone",
    "m.space.child",
    "m.space.parent",
];

pub(super) fn read(account: &Account, call: &Call<'_>) -> Read {
    let Some(mut body) = Body::parse(call.body) else {
        return Read::Unreadable;
    };
    let Some(kind) = body.text_at("/type") else {
        return Read::Unreadable;
    };
    let mut scene = account.group_scene;
    let whole = match &*kind {
        "m.room.message" => {
            for place in ["/content", "/content/m.new_content"] {
                for key in ["body", "formatted_body"] {
                    body.take_filled(&format!("{place}/{key}"));
                }
            }
            let kind = body.at("/content/msgtype").and_then(Value::as_str);
            matches!(kind, Some("m.text" | "m.notice" | "m.emote"))
        }
        "m.room.name" => body.take("/content/name"),
        "m.room.topic" => body.take("/content/topic"),
        "m.reaction" => body.take("/content/m.relates_to/key"),
        "m.room.member" => {
            scene = Scene::Profile;
            body.take_filled("/content/displayname");
            body.take_filled("/content/reason");
            if body.texts().next().is_none() {
                return Read::Nothing;
            }
            true
        }
        "m.room.encrypted" | "m.sticker" => false,
        // What nobody knows may be a message.
        known if SETTINGS.contains(&known) => return Read::Nothing,
        _ => false,
    };
    let is_edit = body.at("/content/m.new_content").is_some();
    Read::Message(Incoming {
        scene,
        conversation: body.text_at("/room_id"),
        sender: body.text_at("/sender"),
        id: id(account, call, &body),
        time: body.time_at("/origin_server_ts"),
        kind: if is_edit { Kind::Edit } else { Kind::Group },
        whole,
        body,
    })
}

/// The id of an event. For `/sign` it is what its server computes, too, whatever the event says of itself; `/check` names it in its path, for newer room versions leave it
/// out of the body.
fn id(account: &Account, call: &Call<'_>, body: &Body) -> Option<String> {
    if account.dialect == Dialect::MatrixSign {
        return account.signing.as_ref()?.id(body.value());
    }
    body.text_at("/event_id").or_else(|| {
        let name = call.path.trim_end_matches("/check").rsplit('/').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// The answer of `/sign`, about an event if there was one that could be read.
pub(super) fn sign(account: &Account, event: Option<&Value>, answer: &Answer) -> Reply {
    match (&account.signing, event) {
        (Some(signing), Some(event)) => signing.reply(event, answer),
        (Some(_), None) => signing::forbidden(answer),
        (None, _) => signing::refused("nothing is signed here"),
    }
}

/// The same where no message was read in the body: what sets a room up is signed, too, and what is no event is told so.
pub(super) fn sign_unread(account: &Account, body: &[u8], answer: &Answer) -> Reply {
    match Body::parse(body) {
        Some(body) => sign(account, Some(body.value()), answer),
        None if serde_json::from_slice::<IgnoredAny>(body).is_ok() => Unsigned::BadEvent.reply(),
        None => Unsigned::NotJson.reply(),
    }
}

pub(super) fn reply(answer: &Answer) -> Reply {
    let recommendation = match answer {
        Answer::Allow => "ok",
        Answer::Replace(_) | Answer::Refuse(_) | Answer::Review(_) | Answer::Drop => "spam",
    };
    Reply::json(&json!({ "recommendation": recommendation }))
}
