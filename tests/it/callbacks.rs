//! The dialects of message servers, held to rows of requests and answers (`tests/data/callbacks`, each with its source), and to
//! bodies that nobody has seen.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use tidegate::adapter::callback::{Account, Call, Dialect, Incoming, Read, Reply, Signing};
use tidegate::adapter::{Answer, Refusal};

const SECRET: &str = "s3cret";

const FILES: [(Dialect, &str); 6] = [
    (
        Dialect::Tencent,
        include_str!("../data/callbacks/tencent.json"),
    ),
    (
        Dialect::OpenIm,
        include_str!("../data/callbacks/openim.json"),
    ),
    (
        Dialect::RongCloud,
        include_str!("../data/callbacks/rongcloud.json"),
    ),
    (
        Dialect::EaseMob,
        include_str!("../data/callbacks/easemob.json"),
    ),
    (
        Dialect::WildFire,
        include_str!("../data/callbacks/wildfire.json"),
    ),
    (
        Dialect::Matrix,
        include_str!("../data/callbacks/matrix.json"),
    ),
];

fn account(dialect: Dialect) -> Account {
    let mut account = Account::new(dialect, "acme", SECRET);
    account.app = match dialect {
        Dialect::Tencent => Some("1400000000".to_owned()),
        Dialect::RongCloud => Some("app1".to_owned()),
        _ => None,
    };
    if dialect == Dialect::MatrixSign {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let signing = Signing::new("policy.example.org", key);
        let signing = signing.and_then(|signing| signing.with_version(None, "11"));
        account.signing = Some(Arc::new(signing.expect("a key and a version")));
    }
    account
}

fn rows() -> impl Iterator<Item = (Dialect, Value)> {
    FILES.into_iter().flat_map(|(dialect, text)| {
        let rows: Vec<Value> = serde_json::from_str(text).expect("the rows are JSON");
        rows.into_iter().map(move |row| (dialect, row))
    })
}

/// A string as it is, another value as JSON.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        value => value.to_string().into_bytes(),
    }
}

fn read(dialect: Dialect, row: &Value) -> Read {
    account(dialect).read(&Call {
        path: row["path"].as_str().expect("a path"),
        query: row["query"].as_str().expect("a query"),
        body: &bytes(&row["body"]),
    })
}

fn answers(incoming: Option<&Incoming>) -> [(&'static str, Answer); 4] {
    let refusal = Refusal {
        code: None,
        text: "no".to_owned(),
    };
    let texts = incoming.map_or_else(Vec::new, |incoming| {
        incoming.with_message("acme", |message| {
            let texts = message.parts().iter();
            texts.map(|text| text.replace("bad", "***")).collect()
        })
    });
    [
        ("allow", Answer::Allow),
        ("replace", Answer::Replace(texts)),
        ("drop", Answer::Drop),
        ("refuse", Answer::Refuse(refusal)),
    ]
}

#[test]
fn requests_are_read_as_their_documents_say() {
    for (dialect, row) in rows() {
        let name = format!("{}: {}", dialect.name(), row["name"]);
        assert!(
            row["source"]
                .as_str()
                .is_some_and(|source| source.len() > 20),
            "{name}"
        );
        let got = match read(dialect, &row) {
            Read::Nothing => Value::from("nothing"),
            Read::Unreadable => Value::from("unreadable"),
            Read::Forged => Value::from("forged"),
            Read::Message(incoming) => incoming.with_message("acme", |message| {
                assert_eq!(message.tenant, Some("acme"));
                serde_json::json!({
                    "texts": message.parts(),
                    "scene": message.scene.name(),
                    "conversation": message.conversation,
                    "sender": message.sender,
                    "id": message.id,
                    "time": message.time.map(|time| time.0),
                    "whole": incoming.is_whole(),
                })
            }),
            _ => Value::Null,
        };
        assert_eq!(got, row["read"], "{name}");
    }
}

#[test]
fn replies_are_exact_to_the_letter() {
    let mut compared = 0;
    for (dialect, row) in rows() {
        let incoming = match read(dialect, &row) {
            Read::Message(incoming) => Some(incoming),
            _ => None,
        };
        for (kind, answer) in answers(incoming.as_ref()) {
            let Some(expected) = row["replies"].get(kind) else {
                continue;
            };
            let reply = account(dialect).reply(incoming.as_ref(), &answer);
            let name = format!("{}: {}: {kind}", dialect.name(), row["name"]);
            assert_eq!(u64::from(reply.status), expected[0], "{name}");
            let body = String::from_utf8(reply.body).expect("a body is text");
            assert_eq!(body.into_bytes(), bytes(&expected[1]), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

/// Whether a reply is one that the dialect knows, and whether it delivers the message.
fn delivers(dialect: Dialect, reply: &Reply) -> Option<bool> {
    if dialect == Dialect::WildFire {
        let fits = reply.body.is_empty()
            || serde_json::from_slice::<Value>(&reply.body).is_ok_and(|body| body.is_object());
        return match reply.status {
            200 if fits => Some(true),
            403 if reply.body.is_empty() => Some(false),
            _ => None,
        };
    }
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    let text = std::str::from_utf8(&reply.body).ok()?;
    if dialect == Dialect::MatrixSign {
        let refused = matches!(reply.status, 400 | 404)
            && body["error"].is_string()
            && body["errcode"]
                .as_str()
                .is_some_and(|code| code.starts_with("M_"));
        let signed = reply.status == 200 && body.is_object();
        return (refused || signed).then_some(signed);
    }
    if reply.status != 200 {
        return None;
    }
    match dialect {
        Dialect::Tencent => {
            let code = body["ErrorCode"].as_i64()?;
            let known = matches!(code, 0..=2 | 10_100..=10_200 | 120_001..=130_000);
            let whole = body["ActionStatus"] == "OK" && body["ErrorInfo"].is_string();
            (known && whole).then_some(code == 0)
        }
        Dialect::OpenIm => {
            let whole = body["actionCode"] == 0
                && body["errCode"].is_i64()
                && body["errMsg"].is_string()
                && body["errDlt"].is_string();
            let refused = body["nextCode"] == 1 && body["errCode"] != 0;
            (whole && (refused || body["nextCode"] == 0)).then_some(!refused)
        }
        Dialect::RongCloud => {
            let pass = body["pass"].as_i64()?;
            (matches!(pass, 0 | 1) && body["extra"].is_string()).then_some(pass == 1)
        }
        Dialect::EaseMob => (text.chars().count() <= 1_000).then_some(body["valid"].as_bool()?),
        Dialect::Matrix => match body["recommendation"].as_str()? {
            "ok" => Some(true),
            "spam" => Some(false),
            _ => None,
        },
        Dialect::WildFire | Dialect::MatrixSign => None,
    }
}

fn every_answer_is_valid(
    dialect: Dialect,
    call: &Call<'_>,
    text: &str,
) -> Result<(), TestCaseError> {
    let account = account(dialect);
    let incoming = match account.read(call) {
        Read::Message(incoming) => Some(incoming),
        _ => None,
    };
    let refusal = Refusal {
        code: [
            None,
            Some(0),
            Some(1),
            Some(10_150),
            Some(125_000),
            Some(i64::MIN),
        ][text.len() % 6],
        text: text.to_owned(),
    };
    let more = [
        ("review", Answer::Review(refusal.clone())),
        ("refuse", Answer::Refuse(refusal)),
        ("replace", Answer::Replace(vec![text.to_owned()])),
    ];
    for (kind, answer) in answers(incoming.as_ref()).into_iter().chain(more) {
        let reply = match &incoming {
            Some(incoming) => account.reply(Some(incoming), &answer),
            None => account.reply_unread(call, &answer),
        };
        let delivered = delivers(dialect, &reply);
        let expected = match kind {
            // What is no event with the hash of its content is never signed.
            "allow" => Some(dialect != Dialect::MatrixSign),
            "replace" => delivered.map(|_| delivered == Some(true)),
            _ => Some(false),
        };
        prop_assert!(delivered.is_some(), "{dialect:?} {kind}: {reply:?}");
        prop_assert_eq!(delivered, expected, "{:?} {}", dialect, kind);
    }
    Ok(())
}

/// JSON with the keys that the dialects look for, and values that they do not expect there.
fn json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "CallbackCommand",
        "MsgBody",
        "MsgType",
        "MsgContent",
        "Text",
        "Data",
        "Desc",
        "MsgTime",
        "content",
        "contentType",
        "callbackCommand",
        "payload",
        "bodies",
        "msg",
        "type",
        "callId",
        "timestamp",
        "security",
        "conv",
        "searchableContent",
        "m.new_content",
        "body",
        "sender",
        "sendTime",
        "text",
        "origin_server_ts",
    ]);
    let words = prop::sample::select(vec![
        "C2C.CallbackBeforeSendMsg",
        "Group.CallbackBeforeSendMsg",
        "callbackBeforeSendSingleMsgCommand",
        "callbackBeforeMsgModifyCommand",
        "TIMTextElem",
        "TIMCustomElem",
        "txt",
        "m.room.message",
        "{\"text\":\"bad\"}",
        "bad",
        "",
    ]);
    let leaf = prop_oneof![
        words.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|pairs| {
                Value::Object(
                    pairs
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_get_a_valid_answer(
        body in prop::collection::vec(any::<u8>(), 0..200),
        path in "(s3cret)?/?[a-zA-Z/]{0,12}",
        query in "\\PC{0,20}",
        text in "\\PC{0,300}",
    ) {
        for dialect in Dialect::ALL {
            every_answer_is_valid(dialect, &Call { path: &path, query: &query, body: &body }, &text)?;
        }
    }

    #[test]
    fn any_json_gets_a_valid_answer(body in json(), text in "\\PC{0,40}") {
        let body = body.to_string();
        for dialect in Dialect::ALL {
            let call = Call { path: SECRET, query: "SdkAppid=1400000000", body: body.as_bytes() };
            every_answer_is_valid(dialect, &call, &text)?;
        }
    }

    /// A document's request with one byte changed, cut off, or doubled.
    #[test]
    fn damaged_requests_get_a_valid_answer(row in 0_usize..64, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let all: Vec<_> = rows().collect();
        let (dialect, row) = &all[row % all.len()];
        let mut body = bytes(&row["body"]);
        if !body.is_empty() {
            let at = at.index(body.len());
            if cut { body.truncate(at); } else { body[at] = byte; }
        }
        let call = Call { path: row["path"].as_str().expect("a path"), query: row["query"].as_str().expect("a query"), body: &body };
        every_answer_is_valid(*dialect, &call, "no")?;
    }
}

#[test]
fn deep_json_is_unreadable_and_answered() {
    let body = "[".repeat(100_000);
    let deep = format!("{{\"MsgBody\":{body}");
    for dialect in [
        Dialect::Tencent,
        Dialect::OpenIm,
        Dialect::WildFire,
        Dialect::Matrix,
    ] {
        let account = Account::new(dialect, "acme", SECRET);
        let call = Call {
            path: SECRET,
            query: "",
            body: deep.as_bytes(),
        };
        assert!(
            matches!(account.read(&call), Read::Unreadable),
            "{dialect:?}"
        );
    }
}
