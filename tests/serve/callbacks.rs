//! Callbacks of other servers, over HTTP. What each dialect says is held to in `tests/it/callbacks.rs`.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Home, SECRET, Server, answer, configuration};

fn entry(dialect: &str, more: &str) -> String {
    let secret = if dialect == "matrix" {
        ""
    } else {
        "secret = { env = \"IM_SECRET\" }\n"
    };
    format!(
        "[[callback]]\nname = \"{dialect}\"\ndialect = \"{dialect}\"\ntenant = \"acme\"\n{secret}{more}\n"
    )
}

fn all() -> String {
    [
        "tencent",
        "openim",
        "rongcloud",
        "easemob",
        "wildfire",
        "matrix",
    ]
    .map(|dialect| entry(dialect, ""))
    .concat()
}

/// Path and body of a message in each dialect, and where its answer says that it is delivered.
fn asking(dialect: &str, text: &str) -> (String, String) {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let secret = format!("/callback/{dialect}/{SECRET}");
    match dialect {
        "tencent" => {
            let body = json!({"CallbackCommand": "C2C.CallbackBeforeSendMsg", "From_Account": "a", "To_Account": "b",
                "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]});
            (format!("{secret}?SdkAppid=1"), body.to_string())
        }
        "openim" => {
            let body = json!({"callbackCommand": "callbackBeforeSendGroupMsgCommand", "sendID": "a", "groupID": "g", "contentType": 101,
                "content": json!({"content": text}).to_string()});
            (
                format!("{secret}/callbackBeforeSendGroupMsgCommand"),
                body.to_string(),
            )
        }
        "rongcloud" => {
            use sha1::Digest as _;
            let signature = hex(&sha1::Sha1::digest(format!("{SECRET}n1")));
            let content = json!({ "content": text }).to_string();
            let body: String = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([
                    ("msgType", "RC:TxtMsg"),
                    ("content", &content),
                    ("nonce", "n"),
                    ("timestamp", "1"),
                    ("signature", &signature),
                ])
                .finish();
            ("/callback/rongcloud".to_owned(), body)
        }
        "easemob" => {
            use md5::Digest as _;
            let security = hex(&md5::Md5::digest(format!("c{SECRET}5")));
            let body = json!({"callId": "c", "timestamp": 5, "security": security, "chat_type": "chat", "payload": {"type": "txt", "msg": text}});
            ("/callback/easemob".to_owned(), body.to_string())
        }
        "wildfire" => (
            secret,
            json!({"payload": {"type": 1, "searchableContent": text}}).to_string(),
        ),
        _ => {
            let body =
                json!({"type": "m.room.message", "content": {"msgtype": "m.text", "body": text}});
            (
                "/_matrix/policy/unstable/org.matrix.msc4284/event/$e/check".to_owned(),
                body.to_string(),
            )
        }
    }
}

/// Whether the answer delivers the message; none if it is not valid.
fn delivered(dialect: &str, answer: &crate::server::Answer) -> Option<bool> {
    if dialect == "wildfire" {
        return match answer.status {
            200 => Some(true),
            403 => Some(false),
            _ => None,
        };
    }
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    if answer.status != 200 {
        return None;
    }
    match dialect {
        "tencent" => Some(body["ErrorCode"].as_i64()? == 0),
        "openim" => Some(body["nextCode"].as_i64()? == 0),
        "rongcloud" => Some(body["pass"].as_i64()? == 1),
        "easemob" => body["valid"].as_bool(),
        _ => Some(body["recommendation"].as_str()? == "ok"),
    }
}

const DIALECTS: [&str; 6] = [
    "tencent",
    "openim",
    "rongcloud",
    "easemob",
    "wildfire",
    "matrix",
];

#[test]
fn every_dialect_is_answered_in_its_words() {
    let server = Server::start(&all());
    for dialect in DIALECTS {
        for (text, expected) in [("good", true), ("a sunflower", false)] {
            let (path, body) = asking(dialect, text);
            let answer = server.post(&path, &[], body);
            assert_eq!(
                delivered(dialect, &answer),
                Some(expected),
                "{dialect} {text}: {answer:?}"
            );
        }
        // Nothing, nonsense, and too much: an answer all the same, and none that delivers.
        let (path, _) = asking(dialect, "");
        for body in [
            Vec::new(),
            b"\xff\xfe{".to_vec(),
            vec![b'['; 300_000],
            b"{}".to_vec(),
        ] {
            let answer = server.post(&path, &[], &body);
            assert_eq!(
                delivered(dialect, &answer),
                Some(false),
                "{dialect}: {answer:?}"
            );
        }
    }
    for dialect in ["tencent", "openim", "wildfire"] {
        let (path, body) = asking(dialect, "good");
        for path in [
            path.replace(SECRET, "wrong"),
            format!("/callback/{dialect}"),
        ] {
            let answer = server.post(&path, &[], &body);
            assert_eq!(delivered(dialect, &answer), Some(false), "{path}");
        }
    }
    assert_eq!(server.post("/callback/nobody/x", &[], "").status, 404);
    let metrics = server.get("/metrics").body;
    for part in [
        "cause=\"unauthenticated\",answer=\"refuse\"} 10",
        "cause=\"judged\",answer=\"allow\"} 6",
        "route=\"easemob\"",
    ] {
        assert!(metrics.contains(part), "{part} in {metrics}");
    }
}

#[test]
fn a_text_is_replaced_where_the_dialect_can() {
    let server = Server::start(&all());
    let of = |dialect: &str| {
        let (path, body) = asking(dialect, "my lantern");
        server.post(&path, &[], body)
    };
    assert_eq!(
        of("tencent").json()["MsgBody"][0]["MsgContent"]["Text"],
        "my *******"
    );
    assert_eq!(of("easemob").json()["payload"]["msg"], "my *******");
    assert_eq!(of("wildfire").json()["searchableContent"], "my *******");
    for dialect in ["openim", "rongcloud", "matrix"] {
        assert_eq!(delivered(dialect, &of(dialect)), Some(false), "{dialect}");
    }
}

#[test]
fn senders_are_told_in_their_language() {
    let more = entry("tencent", "language = \"zh\"\ncode = 120007")
        + "[tenant.acme.refusal.zh]\ntext = \"请勿发送\"\n[tenant.acme.refusal.en]\ntext = \"no\"\ncode = 120009\n";
    let server = Server::start(&more);
    let (path, body) = asking("tencent", "sunflower");
    let answer = server.post(&path, &[], body).json();
    assert_eq!(
        (&answer["ErrorInfo"], &answer["ErrorCode"]),
        (&json!("请勿发送"), &json!(120_007))
    );
}

#[test]
fn an_answer_comes_in_time_though_the_body_does_not() {
    let server = Server::start(&all());
    for dialect in ["easemob", "tencent"] {
        let (path, _) = asking(dialect, "");
        let mut stream = server.connect();
        let began = Instant::now();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{"
        )
        .expect("it is sent");
        let answer = answer(&mut stream).expect("an answer");
        assert_eq!(delivered(dialect, &answer), Some(false), "{answer:?}");
        let limit = if dialect == "easemob" { 200 } else { 2_000 };
        assert!(
            began.elapsed() < Duration::from_millis(limit),
            "{dialect}: {:?}",
            began.elapsed()
        );
    }
    assert!(
        server
            .get("/metrics")
            .body
            .contains("cause=\"deadline\",answer=\"refuse\"} 2")
    );
}

/// A tenant fails open in a scene if the operator lets it; then what could not be judged is delivered there.
#[test]
fn a_tenant_that_fails_open_is_open_where_it_may() {
    let home = Home::new();
    home.write(
        "tenants/operator.toml",
        "[floor]\nfail_open = [\"private\"]\n",
    );
    let tenant =
        "[tenant]\nid = \"acme\"\npacks = [\"words.toml\"]\nfail = { private = \"open\" }\n";
    home.write("tenants/acme/tenant.toml", tenant);
    // One connection, so that the second is one too many.
    let server = Server::start_in(home, &format!("{}[limits]\nconnections = 1\n", all()), &[]);
    let mut first = server.connect();
    write!(first, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").expect("it is sent");
    assert_eq!(answer(&mut first).expect("an answer").status, 200);
    // Between two people it is delivered, in a group it is not.
    for (dialect, expected) in [("tencent", true), ("easemob", true), ("openim", false)] {
        let (path, body) = asking(dialect, "sunflower");
        let answer = server.post(&path, &[], body);
        assert_eq!(
            delivered(dialect, &answer),
            Some(expected),
            "{dialect}: {answer:?}"
        );
        assert_eq!(answer.header("connection"), Some("close"));
    }
}

#[test]
fn callbacks_are_answered_before_packs_are_loaded() {
    let configuration = configuration(&all()).replace("no_base = true", "no_base = false");
    let server = Server::begin(Home::new(), &configuration, &[]);
    for dialect in DIALECTS {
        let (path, body) = asking(dialect, "good");
        let answer = server.post(&path, &[], body);
        assert_eq!(
            delivered(dialect, &answer),
            Some(false),
            "{dialect}: {answer:?}"
        );
    }
    assert_eq!(
        server.get("/readyz").status,
        503,
        "it was not ready meanwhile"
    );
}
