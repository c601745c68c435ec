//! What is logged: what became of sampled messages, and never a text.

use serde_json::{Value, json};

use crate::server::{ACME, ANY, Home, SECRET, Server};

/// What no line may hold.
const MARK: &str = "zanzibar-marmalade";

fn lines(server: &Server) -> Vec<Value> {
    let log = server.home.read("log");
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Everything that a text can come in by, at the level that says most.
#[test]
fn no_line_holds_a_text() {
    let secret = "secret = { env = \"IM_SECRET\" }\n";
    let dialects: String = ["tencent", "openim", "rongcloud", "easemob", "wildfire"]
        .map(|name| {
            format!(
                "[[callback]]\nname = \"{name}\"\ndialect = \"{name}\"\ntenant = \"acme\"\n{secret}"
            )
        })
        .concat();
    let home = Home::new();
    let key = home.0.join("master.key");
    std::fs::write(&key, "11".repeat(32)).expect("a file");
    let environment = [("TIDEGATE_MASTER_KEY_FILE", key.to_str().expect("a path"))];
    let more = format!(
        "alerts = \"outbox\"\n[limits]\nbody_bytes = 2048\n[log]\nlevel = \"trace\"\nsample = 1\n{dialects}"
    );
    let server = Server::start_in(home, &more, &environment);
    let bearer = format!("Bearer {ACME}");
    let texts = [
        json!({ "id": MARK, "sender": MARK, "conversation": MARK, "text": format!("a sunflower {MARK}") }).to_string(),
        json!({ "tenant": MARK, "text": MARK }).to_string(),
        format!("{{\"text\":\"{MARK}"),
        format!("{{\"text\":\"{MARK}\",\"scene\":\"{MARK}\"}}"),
        json!({ "text": MARK.repeat(200) }).to_string(),
    ];
    for text in &texts {
        server.screen(ACME, text);
        server.screen(ANY, text);
        server.screen(MARK, text);
        for path in ["/v1/screen/batch", "/v1/screen/stream"] {
            for kind in ["application/json", "application/x-ndjson"] {
                let headers = [("authorization", &*bearer), ("content-type", kind)];
                server.post(path, &headers, format!("{text}\n{text}\n"));
                server.post(path, &headers, format!("[{text},{text}]"));
            }
        }
        for path in [
            format!("/callback/tencent/{SECRET}?SdkAppid={MARK}"),
            format!("/callback/openim/{SECRET}/{MARK}"),
            format!("/callback/wildfire/{SECRET}"),
            "/callback/rongcloud".to_owned(),
            "/callback/easemob".to_owned(),
            format!("/callback/{MARK}/{MARK}"),
            format!("/v1/{MARK}?reason={MARK}"),
        ] {
            server.post(&path, &[], text);
        }
    }
    let mut invalid = format!("{{\"text\":\"{MARK}").into_bytes();
    invalid.push(0xff);
    server.screen(ACME, &invalid);
    let rows = lines(&server);
    let log = server.home.read("log");
    assert!(!log.contains(MARK) && !log.contains("zanzibar"), "{log}");
    assert!(!log.contains(SECRET) && !log.contains(ACME), "{log}");
    // It is not silence that is tested here.
    let spans: Vec<&Value> = rows.iter().map(|row| &row["span"]).collect();
    for route in ["screen", "batch", "stream", "tencent", "wildfire"] {
        assert!(
            spans.iter().any(|span| span["route"] == route),
            "{route} in {log}"
        );
    }
}

#[test]
fn a_sampled_message_is_told_with_what_became_of_it() {
    let server = Server::start("[log]\nsample = 1\n");
    server.screen(ACME, r#"{"text":"a sunflower"}"#);
    // A long one is judged on another thread.
    let long = format!("{} lantern", "good day ".repeat(2_000));
    server.screen(ACME, json!({ "text": long }).to_string());
    server.screen(ANY, r#"{"tenant":"nobody","text":"a sunflower"}"#);
    let headers = [
        ("authorization", &*format!("Bearer {ACME}")),
        ("content-type", "application/x-ndjson"),
    ];
    server.post(
        "/v1/screen/batch",
        &headers,
        "{\"text\":\"good\"}\n{\"text\":\"sunflower\"}\n",
    );
    let spans: Vec<Value> = lines(&server)
        .into_iter()
        .filter(|row| row["span"]["name"] == "message")
        .map(|row| {
            assert!(
                row["time.busy"].is_string() && row["level"] == "INFO",
                "{row}"
            );
            row["span"].clone()
        })
        .collect();
    let told: Vec<[&str; 6]> = spans
        .iter()
        .map(|span| {
            ["route", "tenant", "action", "rules", "answer", "cause"]
                .map(|key| span[key].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        told,
        [
            [
                "screen",
                "acme",
                "block",
                "acme.words/stop",
                "refuse",
                "judged"
            ],
            [
                "screen",
                "acme",
                "mask",
                "acme.words/hide",
                "replace",
                "judged"
            ],
            ["screen", "", "", "", "review", "unknown-tenant"],
            ["batch", "acme", "pass", "", "allow", "judged"],
            [
                "batch",
                "acme",
                "block",
                "acme.words/stop",
                "refuse",
                "judged"
            ],
        ]
    );
}

#[test]
fn how_many_are_told_and_how_much_is_as_configured() {
    let count = |more: &str| {
        let server = Server::start(more);
        for _ in 0..10 {
            server.screen(ACME, r#"{"text":"a sunflower"}"#);
        }
        let log = server.home.read("log");
        (log.matches("acme.words/stop").count(), log)
    };
    assert_eq!(count("").0, 0);
    assert_eq!(count("[log]\nsample = 5\n").0, 2);
    let (told, log) = count("[log]\nsample = 1\nlevel = \"warn\"\n");
    assert_eq!((told, &*log), (0, ""));
    let (told, log) = count("[log]\nsample = 1\njson = false\n");
    assert_eq!(told, 10);
    assert!(log.lines().all(|line| !line.starts_with('{')), "{log}");
}
