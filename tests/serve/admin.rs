//! Admin calls: tokens and one-time codes, packs put and rolled back, the audit log.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

use crate::server::{ACME, Answer, Home, PACK, Server, hash};

const ADMIN: &str = "tg_token-of-the-trust-desk";
const KEY: &[u8] = b"12345678901234567890";

fn more() -> String {
    format!(
        "[[admin]]\nname = \"trust desk\"\nhash = \"{}\"\ntotp = {{ env = \"TOTP\" }}\n",
        hash(ADMIN)
    )
}

fn start(home: Home) -> Server {
    let secret = data_encoding::BASE32_NOPAD.encode(KEY);
    Server::start_in(home, &more(), &[("TOTP", &secret)])
}

/// The code of the step that many steps from now: those a little late and a little early are good as well.
fn code(steps: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let step = (now / 30).saturating_add_signed(steps);
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(KEY).expect("a key");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

fn call(server: &Server, method: &str, path: &str, code: &str, body: &str) -> Answer {
    let headers = [
        ("authorization", &*format!("Bearer {ADMIN}")),
        ("tidegate-code", code),
    ];
    server
        .send(method, path, &headers, body.as_bytes())
        .expect("an answer")
}

/// Waits for a step that has not begun to end, so that three codes in a row are good.
fn steady() {
    loop {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs();
        if now % 30 < 20 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

fn audit(home: &Home) -> Vec<Value> {
    let text = home.read("audit.jsonl");
    let mut before = blake3::hash(b"").to_string();
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(value["before"], *before, "the chain holds");
            before = blake3::hash(line.as_bytes()).to_string();
            value
        })
        .collect()
}

#[test]
fn packs_are_put_and_rolled_back() {
    steady();
    let server = start(Home::new());
    let text = r#"{"text":"a quarry"}"#;
    let newer = PACK
        .replace("1.0.0", "1.1.0")
        .replace("\"sunflower\"]", "\"sunflower\", \"quarry\"]");
    let put = call(
        &server,
        "PUT",
        "/v1/admin/packs/acme/words.toml?reason=new%20word",
        &code(-1),
        &newer,
    );
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(put.json()["tenants"], serde_json::json!(["acme"]));
    assert_eq!(server.screen(ACME, text).json()["action"], "block");
    assert_eq!(server.home.read("tenants/acme/words.toml"), newer);

    let history = call(&server, "GET", "/v1/admin/history", &code(0), "").json();
    let history = history["history"].as_array().expect("an array");
    let fingerprint = history[history.len() - 2]["fingerprint"]
        .as_str()
        .expect("a fingerprint");
    let back = call(
        &server,
        "POST",
        &format!("/v1/admin/rollback?to={fingerprint}&reason=too%20wide"),
        &code(1),
        "",
    );
    assert_eq!(back.status, 200, "{back:?}");
    assert_eq!(server.screen(ACME, text).json()["action"], "pass");

    let lines = audit(&server.home);
    let said: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default();
            assert_eq!(text("who"), "trust desk");
            (text("what"), text("outcome"), text("reason"))
        })
        .collect();
    assert_eq!(
        said,
        [
            ("put", "asked", "new word"),
            ("put", "done", "new word"),
            ("history", "done", ""),
            ("rollback", "asked", "too wide"),
            ("rollback", "done", "too wide"),
        ]
    );
    assert!(!server.home.read("audit.jsonl").contains("quarry"));
}

#[test]
fn a_bad_pack_is_refused_and_the_folder_stays() {
    steady();
    let server = start(Home::new());
    let bad = call(
        &server,
        "PUT",
        "/v1/admin/packs/acme/words.toml?reason=x",
        &code(-1),
        "format = 1\n[pack]\nid = \"acme.words\"\n",
    );
    assert_eq!(bad.status, 422, "{bad:?}");
    let problems = &bad.json()["error"]["problems"];
    assert_eq!(problems[0]["code"], "missing-key");
    assert!(problems[0]["message"]["zh"].is_string());
    assert_eq!(server.home.read("tenants/acme/words.toml"), PACK);
    assert_eq!(
        server.screen(ACME, r#"{"text":"sunflower"}"#).json()["action"],
        "block"
    );
    // An older one is refused as well.
    let older = PACK.replace("1.0.0", "0.9.0");
    assert_eq!(
        call(
            &server,
            "PUT",
            "/v1/admin/packs/acme/words.toml?reason=x",
            &code(0),
            &older
        )
        .status,
        422
    );
    let unused = call(
        &server,
        "PUT",
        "/v1/admin/packs/acme/more.toml?reason=x",
        &code(1),
        PACK,
    );
    assert_eq!((unused.status, &*unused.code()), (409, "unused"));
    assert!(!server.home.0.join("tenants/acme/more.toml").exists());
    let left = std::fs::read_dir(server.home.0.join("tenants/acme"))
        .expect("a folder")
        .count();
    assert_eq!(left, 2, "nothing is left behind");
}

#[test]
fn each_code_is_good_once_and_guessing_is_stopped() {
    steady();
    let server = start(Home::new());
    let history = |server: &Server, code: &str| call(server, "GET", "/v1/admin/history", code, "");
    let used = code(0);
    assert_eq!(history(&server, &used).status, 200);
    assert_eq!(history(&server, &used).code(), "wrong-code");
    // Not even by a process that has begun since.
    let mut server = server;
    server.child.kill().expect("it runs");
    server.ended();
    let home = Home(std::mem::take(&mut server.home.0));
    let server = start(home);
    assert_eq!(history(&server, &used).code(), "wrong-code");
    for _ in 0..4 {
        assert_eq!(history(&server, "000000").code(), "wrong-code");
    }
    let stopped = history(&server, &code(1));
    assert_eq!((stopped.status, &*stopped.code()), (429, "too-many-codes"));
    assert_eq!(
        audit(&server.home)
            .iter()
            .filter(|line| line["outcome"] == "denied")
            .count(),
        7
    );
}

#[test]
fn others_change_nothing() {
    steady();
    let server = start(Home::new());
    for token in [ACME, "wrong", ""] {
        let headers = [
            ("authorization", &*format!("Bearer {token}")),
            ("tidegate-code", &*code(0)),
        ];
        for (method, path) in [
            ("GET", "/v1/admin/history"),
            ("POST", "/v1/admin/rollback?to=b3:0&reason=x"),
            ("PUT", "/v1/admin/packs/acme/words.toml?reason=x"),
        ] {
            let answer = server.send(method, path, &headers, b"").expect("an answer");
            assert_eq!(answer.status, 401, "{path}");
        }
    }
    // An admin's token screens nothing.
    assert_eq!(server.screen(ADMIN, r#"{"text":"good"}"#).status, 401);
    assert_eq!(
        call(
            &server,
            "PUT",
            "/v1/admin/packs/acme/words.toml",
            &code(-1),
            PACK
        )
        .code(),
        "no-reason"
    );
    let outside = call(
        &server,
        "PUT",
        "/v1/admin/packs/..%2F..%2Fx.toml?reason=x",
        &code(0),
        PACK,
    );
    assert_eq!(outside.code(), "bad-path");
    let unknown = call(
        &server,
        "POST",
        "/v1/admin/rollback?to=b3:00&reason=x",
        &code(1),
        "",
    );
    assert_eq!(unknown.code(), "unknown-fingerprint");
}
