//! The API: verdicts, tokens, configuration, reload, drain.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{ACME, ANY, GLOBEX, Home, PACK, Server, answer, configuration};

#[test]
fn a_message_gets_a_verdict() {
    let server = Server::start("");
    let answer = server.screen(ACME, r#"{"id":7,"text":"a sunflower","sender":"u1"}"#);
    assert_eq!(answer.status, 200);
    let verdict = answer.json();
    assert_eq!(verdict["id"], 7);
    assert_eq!(verdict["action"], "block");
    assert_eq!(verdict["findings"][0]["rule"], "acme.words/stop");
    assert_eq!(verdict["findings"][0]["spans"][0]["start"], 2);
    assert_eq!(verdict["findings"][0]["alert"], Value::Null);
    let keys: Vec<&String> = verdict.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "id", "action", "coverage", "findings", "shadow", "masked", "ruleset"
        ]
    );
    assert_eq!(answer.header("tidegate-answer"), Some("refuse"));
    assert_eq!(answer.header("tidegate-cause"), Some("judged"));
    let masked = server
        .screen(ACME, r#"{"parts":["a lantern","b"],"tenant":"acme"}"#)
        .json();
    assert_eq!(
        (&masked["id"], &masked["masked"]),
        (&Value::Null, &json!(["a *******", "b"]))
    );
    assert_eq!(
        server.screen(ACME, r#"{"text":"good"}"#).json()["action"],
        "pass"
    );
    // A long text is judged elsewhere, and alike.
    let long = format!("{} sunflower", "good day ".repeat(2_000));
    let verdict = server
        .screen(ACME, json!({ "text": long }).to_string())
        .json();
    assert_eq!(
        (&verdict["action"], &verdict["coverage"]),
        (&json!("block"), &json!("complete"))
    );
}

#[test]
fn many_messages_are_answered_in_order() {
    let server = Server::start("[limits]\nbatch = 4");
    let token = format!("Bearer {ACME}");
    let lines = "{\"id\":1,\"text\":\"good\"}\nnonsense\n{\"id\":3,\"text\":\"sunflower\"}\n";
    let headers = [
        ("authorization", &*token),
        ("content-type", "application/x-ndjson"),
    ];
    let answer = server.post("/v1/screen/batch", &headers, lines);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<Value> = answer
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (&rows[0]["id"], &rows[0]["action"]),
        (&json!(1), &json!("pass"))
    );
    assert_eq!(
        (&rows[1]["line"], &rows[1]["error"]["code"]),
        (&json!(2), &json!("bad-json"))
    );
    assert_eq!(
        (&rows[2]["id"], &rows[2]["action"]),
        (&json!(3), &json!("block"))
    );

    let headers = [("authorization", &*token)];
    let array = r#"[{"text":"good"},{"text":"sunflower","tenant":"globex"},{"text":"lantern"}]"#;
    let rows = server.post("/v1/screen/batch", &headers, array).json();
    assert_eq!(rows[0]["action"], "pass");
    assert_eq!(rows[1]["error"]["code"], "unknown-tenant");
    assert_eq!(rows[2]["masked"], "*******");
    assert_eq!(server.post("/v1/screen/batch", &headers, "[]").body, "[]");
    assert_eq!(
        server.post("/v1/screen/batch", &headers, "{}").code(),
        "bad-json"
    );
    let many = format!("[{}]", ["{\"text\":\"x\"}"; 5].join(","));
    let answer = server.post("/v1/screen/batch", &headers, many);
    assert_eq!((answer.status, &*answer.code()), (413, "too-long"));
}

#[test]
fn a_token_sees_its_tenant_alone() {
    let server = Server::start("");
    for headers in [
        &[][..],
        &[("authorization", "Bearer wrong")],
        &[("authorization", "Basic abc")],
        &[("authorization", "Bearer ")],
        &[("authorization", ACME)],
    ] {
        let answer = server.post("/v1/screen", headers, r#"{"text":"sunflower"}"#);
        assert_eq!(
            (answer.status, &*answer.code()),
            (401, "unauthenticated"),
            "{headers:?}"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    // A tenant of somebody else and one that is not there look the same.
    let others = server.screen(GLOBEX, r#"{"text":"sunflower","tenant":"acme"}"#);
    let nobody = server.screen(GLOBEX, r#"{"text":"sunflower","tenant":"nobody"}"#);
    assert_eq!((others.status, &others.body), (403, &nobody.body));
    assert_eq!(
        server.screen(GLOBEX, r#"{"text":"sunflower"}"#).json()["action"],
        "pass"
    );
    let escaped = r#"{"text":"sunflower","tenant":"\u0061cme"}"#;
    assert_eq!(server.screen(GLOBEX, escaped).status, 403);
    assert_eq!(server.screen(ACME, escaped).json()["action"], "block");
    assert_eq!(server.screen(ANY, escaped).json()["action"], "block");
    // One for several has to say which.
    assert_eq!(
        server.screen(ANY, r#"{"text":"sunflower"}"#).code(),
        "unknown-tenant"
    );
    let stranger = server.screen(ANY, r#"{"text":"sunflower","tenant":"nobody"}"#);
    assert_eq!(
        (stranger.status, &*stranger.code()),
        (403, "unknown-tenant")
    );
    assert_eq!(stranger.header("tidegate-answer"), Some("review"));
}

#[test]
fn bad_messages_are_told_what_is_wrong() {
    let server = Server::start("");
    for (body, code) in [
        (&b"nonsense"[..], "bad-json"),
        (b"", "bad-json"),
        (b"\"text\"", "bad-json"),
        (b"{\"text\":1}", "bad-json"),
        (b"{}", "no-text"),
        (b"{\"text\":\"\xff\"}", "bad-utf8"),
        (b"{\"text\":\"a\",\"scene\":\"hall\"}", "unknown-scene"),
    ] {
        let answer = server.screen(ACME, body);
        assert_eq!((answer.status, &*answer.code()), (400, code), "{body:?}");
    }
    assert_eq!(server.get("/nowhere").status, 404);
    assert_eq!(server.get("/v1/screen").status, 405);
}

#[test]
fn it_is_ready_once_packs_are_loaded() {
    // With the base library, whose compiling takes a while.
    let configuration = configuration("").replace("no_base = true", "no_base = false");
    let server = Server::begin(Home::new(), &configuration, &[]);
    let answer = server.get("/readyz");
    assert_eq!((answer.status, &*answer.code()), (503, "not-ready"));
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(
        server.screen(ACME, r#"{"text":"good"}"#).code(),
        "not-ready"
    );
    assert!(server.get("/metrics").body.contains("tidegate_ready 0"));
    server.until_ready();
    let act = r#"{"text":"我要加入 I.S.I.S，怎么联系？"}"#;
    assert_eq!(server.screen(ACME, act).json()["action"], "block");
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("tidegate_ready 1"));
    assert!(
        metrics.contains("tidegate_rule_findings_total{rule=\"base."),
        "{metrics}"
    );
}

#[test]
fn changes_of_the_folder_go_live() {
    let server = Server::start("");
    let text = r#"{"text":"a quarry"}"#;
    assert_eq!(server.screen(ACME, text).json()["action"], "pass");
    server.home.write(
        "tenants/acme/words.toml",
        &PACK
            .replace("1.0.0", "1.1.0")
            .replace("\"sunflower\"]", "\"sunflower\", \"quarry\"]"),
    );
    server.signal("-HUP");
    server.until(|server| server.screen(ACME, text).json()["action"] == "block");
    // A bad one never replaces a good one.
    server
        .home
        .write("tenants/acme/words.toml", "format = 1\n[pack]\n");
    server.until(|server| {
        server
            .get("/metrics")
            .body
            .contains("tidegate_files_refused_total 1")
    });
    assert_eq!(server.screen(ACME, text).json()["action"], "block");
    assert!(
        server
            .home
            .read("log")
            .contains("refused; what was live stays so")
    );
}

#[test]
fn what_is_under_way_is_answered_when_the_server_ends() {
    let mut server = Server::start("");
    let body = r#"{"text":"sunflower"}"#;
    let mut slow = server.connect();
    let head = format!(
        "POST /v1/screen HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ACME}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).expect("it is sent");
    let idle = server.connect();
    std::thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    // For a moment it still says that it is not ready.
    server.until(|server| {
        server
            .send("GET", "/readyz", &[], b"")
            .is_some_and(|answer| answer.status == 503)
    });
    std::thread::sleep(Duration::from_millis(300));
    slow.write_all(body.as_bytes()).expect("it is sent");
    let answered = answer(&mut slow).expect("an answer");
    assert_eq!(answered.json()["action"], "block");
    assert_eq!(server.ended(), Some(0));
    drop(idle);
}

#[test]
fn who_does_not_finish_is_broken_off() {
    let mut server = Server::start("[limits]\ndrain_seconds = 1\ndeadline_ms = 60000");
    let mut slow = server.connect();
    let head = format!(
        "POST /v1/screen HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ACME}\r\ncontent-length: 9\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).expect("it is sent");
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.ended(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_bad_configuration_is_told_and_nothing_starts() {
    let home = Home::new();
    home.write(
        "serve.toml",
        "lisen = \"127.0.0.1:0\"\n[limits]\nbatch = 0\n",
    );
    let run = |args: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["serve", "--config"])
            .arg(home.0.join("serve.toml"))
            .args(args)
            .env("LANG", "C")
            .output()
            .expect("it runs");
        let text = [ran.stdout, ran.stderr].concat();
        (
            ran.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    };
    let (status, said) = run(&[]);
    assert_eq!(status, Some(2));
    assert!(
        said.contains("error[unknown-key]") && said.contains("write `listen`"),
        "{said}"
    );
    assert!(run(&["--lang", "zh"]).1.contains("没有键 `lisen`"));
    home.write("serve.toml", &configuration(""));
    let (status, said) = run(&["--check"]);
    assert_eq!((status, said.trim()), (Some(0), "2 tenants, 0 refused"));
    home.write("tenants/acme/words.toml", "format = 1\n[pack]\n");
    let (status, said) = run(&["--check"]);
    assert_eq!(status, Some(1));
    assert!(
        said.contains("1 tenant, 1 refused") && said.contains("missing-key"),
        "{said}"
    );
}

#[test]
fn new_tokens_come_with_their_hashes() {
    let run = |arg: &str| {
        let ran = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["serve", arg])
            .output()
            .expect("it runs");
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    let said = run("--new-token");
    let (token, hash) = said.trim().split_once('\n').expect("two lines");
    assert_eq!(hash, format!("hash = \"{}\"", crate::server::hash(token)));
    assert!(run("--new-totp").contains("otpauth://totp/"));
}

#[test]
fn what_is_there_is_described() {
    let server = Server::start("");
    let document = server.get("/openapi.json").json();
    let paths = document["paths"].as_object().expect("an object");
    for (path, methods) in paths {
        for method in methods.as_object().expect("an object").keys() {
            let path = path
                .replace("{path}", "x/y")
                .replace("{name}", "nobody")
                .replace("{event}", "$e");
            let answer = server
                .send(&method.to_uppercase(), &path, &[], b"{}")
                .expect("an answer");
            assert!(
                answer.status != 405
                    && (answer.status != 404 || path.contains("nobody") || path.contains("policy")),
                "{method} {path}"
            );
        }
    }
    let named: Vec<&str> = paths.keys().map(String::as_str).collect();
    let source = include_str!("../../src/bin/tidegate/serve/routes.rs");
    for route in source
        .split("\"/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        let route = format!("/{}", route.replace("{*", "{"));
        if route.contains(' ') {
            continue;
        }
        assert!(named.contains(&&*route), "{route} is not in the document");
    }
}

/// What the README and the deployment files show is what is there.
#[test]
fn what_is_written_of_it_is_so() {
    let readme = include_str!("../../README.md");
    let begins = readme
        .find("listen = \"127.0.0.1:8787\"")
        .expect("the README shows a configuration");
    let shown = readme[begins..].split("```").next().unwrap_or_default();
    let home = Home::new();
    home.write("serve.toml", shown);
    let ran = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["serve", "--check", "--config"])
        .arg(home.0.join("serve.toml"))
        .env("IM_SECRET", crate::server::SECRET)
        .output()
        .expect("it runs");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );

    let server = Server::start("");
    let metrics = server.get("/metrics").body;
    let dashboard: Value =
        serde_json::from_str(include_str!("../../src/adapter/deploy/dashboard.json"))
            .expect("JSON");
    let text = dashboard.to_string();
    let mut named = 0;
    for rest in text.split("tidegate_").skip(1) {
        let end = rest
            .find(|c: char| !c.is_ascii_lowercase() && c != '_')
            .unwrap_or(rest.len());
        let name = format!("tidegate_{}", &rest[..end]);
        // Those of the outbox come with one; those of workers are held to in `tests/worker.rs`.
        let there = metrics.contains(&name)
            || name.starts_with("tidegate_alerts")
            || name.starts_with("tidegate_sink")
            || name.starts_with("tidegate_worker_");
        assert!(there, "{name} is not counted");
        named += 1;
    }
    assert!(named > 15, "{named}");
}

/// Alerts are on disk before an answer names them.
#[test]
fn an_alert_that_is_named_is_on_disk() {
    let home = Home::new();
    std::fs::create_dir_all(home.0.join("outbox")).expect("a folder");
    let key = home.0.join("master.key");
    std::fs::write(&key, "11".repeat(32)).expect("a file");
    let environment = [("TIDEGATE_MASTER_KEY_FILE", key.to_str().expect("a path"))];
    let more = "alerts = \"outbox\"\n[[callback]]\nname = \"im\"\ndialect = \"wildfire\"\ntenant = \"acme\"\nsecret = { env = \"IM_SECRET\" }\n";
    let mut server = Server::start_in(home, more, &environment);
    let verdict = server
        .screen(ACME, r#"{"id":"m1","text":"a sunflower","sender":"u1"}"#)
        .json();
    let alert = verdict["findings"][0]["alert"]
        .as_str()
        .expect("an id")
        .to_owned();
    // One without an id gets one.
    let other = server.screen(ACME, r#"{"text":"sunflower"}"#).json();
    assert!(other["id"].is_string() && other["findings"][0]["alert"].is_string());
    let headers = [("authorization", &*format!("Bearer {ACME}"))];
    let rows = server
        .post(
            "/v1/screen/batch",
            &headers,
            r#"[{"text":"good"},{"id":"m1","text":"a sunflower","sender":"u1"}]"#,
        )
        .json();
    assert_eq!(rows[1]["findings"][0]["alert"], *alert);
    let body = r#"{"sender":"b","conv":{"type":1,"target":"g"},"payload":{"type":1,"searchableContent":"sunflower"}}"#;
    let path = format!("/callback/im/{}", crate::server::SECRET);
    assert_eq!(server.post(&path, &[], body).status, 403);
    assert!(
        server
            .get("/metrics")
            .body
            .contains("tidegate_alerts_total 3"),
        "{}",
        server.get("/metrics").body
    );
    // What is acknowledged survives any end.
    server.child.kill().expect("it runs");
    server.ended();
    let listed = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["alerts", "list"])
        .arg(server.home.0.join("outbox"))
        .envs(environment)
        .output()
        .expect("it runs");
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains(&alert), "{listed}");
    assert!(!server.home.read("log").contains("sunflower"));
}

/// An outbox that takes no more: the message is not delivered, and not called alerted.
#[test]
fn an_alert_that_cannot_be_kept_is_not_named() {
    let home = Home::new();
    std::fs::create_dir_all(home.0.join("outbox")).expect("a folder");
    home.write("outbox/alerts.toml", "[outbox]\nbytes = 1\n");
    home.write(
        "tenants/acme/words.toml",
        &PACK.replace("action = \"mask\"", "action = \"mask\"\nalert = true"),
    );
    let key = home.0.join("master.key");
    std::fs::write(&key, "11".repeat(32)).expect("a file");
    let environment = [("TIDEGATE_MASTER_KEY_FILE", key.to_str().expect("a path"))];
    let server = Server::start_in(home, "alerts = \"outbox\"\n", &environment);
    let until_full = |text: &str| {
        let mut last = server.screen(ACME, text);
        for _ in 0..20 {
            if last.status != 200 {
                break;
            }
            last = server.screen(ACME, text);
        }
        last
    };
    let answer = until_full(r#"{"id":"m1","text":"a lantern"}"#);
    assert_eq!((answer.status, &*answer.code()), (503, "alert-lost"));
    assert_eq!(answer.header("tidegate-answer"), Some("refuse"));
    assert_eq!(server.screen(ACME, r#"{"text":"good"}"#).status, 200);
}
