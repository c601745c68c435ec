//! Callbacks of other servers, over HTTP. What each dialect says is held to in `tests/it/callbacks.rs`.

use std::io::Write;
use std::time::{Duration, Instant};

use data_encoding::BASE64_NOPAD;
use ed25519_compact::{PublicKey, Signature};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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

/// `/sign` over HTTP. What is signed in which version is for `tests/it/signing.rs`; the one event here is written out as it is hashed and signed, and another
/// implementation of Ed25519 checks the signature by the key that the server tells.
#[test]
fn events_are_signed_for_rooms_of_a_policy_server() {
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["serve", "--new-signing-key"])
        .output()
        .expect("it runs");
    let made = String::from_utf8(made.stdout).expect("text");
    let (key, public) = made.trim().split_once('\n').expect("two lines");
    let home = Home::new();
    home.write("policy.key", key);
    let more = "[[callback]]\nname = \"policy\"\ndialect = \"matrix-sign\"\ntenant = \"acme\"\nsecret = { file = \"policy.key\" }\nserver = \"policy.example.org\"\nrooms = { \"!r:example.org\" = \"11\" }\n";
    let server = Server::start_in(home, more, &[]);
    let known = server.get("/.well-known/matrix/policy_server");
    assert_eq!(known.header("access-control-allow-origin"), Some("*"));
    let told = known.json()["public_keys"]["ed25519"].clone();
    assert_eq!(public, format!("public_key = {told}"));
    let told = BASE64_NOPAD.decode(told.as_str().expect("a key").as_bytes());
    let told = PublicKey::from_slice(&told.expect("base64")).expect("a key");
    let before = r#"{"auth_events":[],"content":"#;
    let behind = |room: &str| {
        format!(
            r#""origin_server_ts":1795428000000,"prev_events":[],"room_id":"{room}","sender":"@a:example.org","type":"m.room.message"}}"#
        )
    };
    let hash = |room: &str, text: &str| {
        let event = format!(
            r#"{before}{{"body":"{text}","msgtype":"m.text"}},"depth":1,{}"#,
            behind(room)
        );
        BASE64_NOPAD.encode(&Sha256::digest(event))
    };
    let event = |room: &str, text: &str, hash: &str| {
        format!(
            r#"{before}{{"body":"{text}","msgtype":"m.text"}},"unsigned":{{"age":1}},"signatures":{{}},"hashes":{{"sha256":"{hash}"}},"depth":1,{}"#,
            behind(room)
        )
    };
    let of = |room: &str, text: &str| event(room, text, &hash(room, text));
    let sign = |body: String| {
        let answer = server.post("/_matrix/policy/v1/sign", &[], body);
        (answer.status, answer.json())
    };
    let (status, body) = sign(of("!r:example.org", "good day"));
    assert_eq!(status, 200, "{body}");
    let signature = body["policy.example.org"]["ed25519:policy_server"].as_str();
    let signature = BASE64_NOPAD.decode(signature.expect("a signature").as_bytes());
    let signature = Signature::from_slice(&signature.expect("base64")).expect("a signature");
    let signed = format!(
        r#"{before}{{}},"depth":1,"hashes":{{"sha256":"{}"}},{}"#,
        hash("!r:example.org", "good day"),
        behind("!r:example.org")
    );
    told.verify(&signed, &signature)
        .expect("it is of this event");
    assert!(told.verify(signed.replace("@a", "@b"), &signature).is_err());
    let room = "!r:example.org";
    for (body, status, code) in [
        (of(room, "a sunflower"), 400, "M_FORBIDDEN"),
        (
            event(room, "good day", &hash(room, "good night")),
            400,
            "M_BAD_JSON",
        ),
        (of("!other:example.org", "good day"), 404, "M_NOT_FOUND"),
        ("{".to_owned(), 400, "M_NOT_JSON"),
        ("{}".to_owned(), 400, "M_BAD_JSON"),
    ] {
        let (got, answer) = sign(body);
        assert_eq!((got, answer["errcode"].as_str()), (status, Some(code)));
    }
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("route=\"matrix-sign\""), "{metrics}");
    let unreadable = "{cause=\"unreadable\",answer=\"refuse\"} 2";
    assert!(metrics.contains(unreadable), "{metrics}");
}

#[test]
fn nothing_is_signed_where_nothing_is_set_up_for_it() {
    let server = Server::start("");
    let answer = server.post("/_matrix/policy/v1/sign", &[], "{}");
    assert_eq!(
        (answer.status, &answer.json()["errcode"]),
        (404, &json!("M_UNRECOGNIZED"))
    );
    assert_eq!(server.get("/.well-known/matrix/policy_server").status, 404);
}

#[test]
fn what_cannot_be_signed_with_is_told() {
    let home = Home::new();
    let entry = |more: &str| {
        configuration(&format!(
            "[[callback]]\nname = \"policy\"\ntenant = \"acme\"\n{more}\n"
        ))
    };
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    home.write("policy.key", key);
    home.write("short.key", &key[..40]);
    let signs = "dialect = \"matrix-sign\"\n";
    let secret = "secret = { file = \"policy.key\" }\n";
    let server = "server = \"policy.example.org\"\n";
    for (more, expected) in [
        (
            format!("{signs}{server}room_version = \"11\""),
            "needs a `secret`",
        ),
        (
            format!("{signs}{secret}room_version = \"11\""),
            "whose signatures",
        ),
        (
            format!("{signs}{server}secret = {{ file = \"short.key\" }}"),
            "base64 of 32 bytes",
        ),
        (format!("{signs}{secret}{server}"), "no version for all"),
        (
            format!("{signs}{secret}{server}room_version = \"5\""),
            "one of \"6\" to \"12\"",
        ),
        (
            format!("{signs}{secret}{server}rooms = {{ \"!r:example.org\" = \"13\" }}"),
            "version `13`",
        ),
        (
            format!("dialect = \"matrix\"\n{server}"),
            "have no `server`",
        ),
    ] {
        home.write("serve.toml", &entry(&more));
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["serve", "--lang", "en", "--check", "--config"])
            .arg(home.0.join("serve.toml"))
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(
            said.contains(expected) && !said.contains(&key[..8]),
            "{said}"
        );
    }
}
