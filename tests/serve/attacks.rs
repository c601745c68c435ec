//! Who means harm: slow, long, deep, many.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::server::{ACME, ANY, Server, answer};

#[test]
fn who_sends_a_head_byte_by_byte_is_cut_off() {
    let server = Server::start("[limits]\nhead_seconds = 1");
    let mut slow: Vec<_> = (0..20).map(|_| server.connect()).collect();
    let began = Instant::now();
    let mut open = slow.len();
    while open > 0 && began.elapsed() < Duration::from_secs(20) {
        open = 0;
        for stream in &mut slow {
            stream
                .set_read_timeout(Some(Duration::from_millis(1)))
                .expect("a timeout");
            let sent = stream.write_all(b"a");
            let closed = match stream.read(&mut [0; 512]) {
                Ok(read) => read == 0,
                Err(error) => !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ),
            };
            open += usize::from(sent.is_ok() && !closed);
        }
        // Others are served meanwhile.
        assert_eq!(server.screen(ACME, r#"{"text":"good"}"#).status, 200);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(open, 0, "{:?}", began.elapsed());
}

#[test]
fn long_bodies_are_refused_before_they_are_read() {
    let server = Server::start("[limits]\nbody_bytes = 4096\nbatch_bytes = 8192");
    let token = format!("Bearer {ACME}");
    let head = |path: &str, length: u64| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    for path in ["/v1/screen", "/v1/screen/batch"] {
        let mut stream = server.connect();
        stream
            .write_all(head(path, 1 << 40).as_bytes())
            .expect("it is sent");
        let answer = answer(&mut stream).expect("an answer");
        assert_eq!((answer.status, &*answer.code()), (413, "too-long"));
    }
    // In pieces, without saying how long it will be.
    let mut stream = server.connect();
    write!(stream, "POST /v1/screen HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ntransfer-encoding: chunked\r\n\r\n").expect("it is sent");
    let piece = format!("400\r\n{}\r\n", "a".repeat(1_024));
    for _ in 0..64 {
        if stream.write_all(piece.as_bytes()).is_err() {
            break;
        }
    }
    assert_eq!(answer(&mut stream).expect("an answer").status, 413);
    // A head without end.
    let mut stream = server.connect();
    let _ = stream.write_all(
        format!(
            "GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n",
            "a".repeat(100_000)
        )
        .as_bytes(),
    );
    let refused = answer(&mut stream);
    assert!(
        refused.is_none_or(|answer| answer.status == 431),
        "the head is too long"
    );
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn deep_json_breaks_nothing() {
    let server = Server::start("");
    let deep = format!("{{\"text\":\"a\",\"more\":{}", "[".repeat(60_000));
    assert_eq!(server.screen(ACME, &deep).code(), "bad-json");
    let deep = format!(
        "{{\"text\":\"a\",\"id\":{}1{}}}",
        "[".repeat(60_000),
        "]".repeat(60_000)
    );
    // An id is echoed as it came, and not looked into.
    assert_eq!(server.screen(ACME, &deep).status, 200);
    let headers = [("authorization", &*format!("Bearer {ACME}"))];
    let answer = server.post("/v1/screen/batch", &headers, "[".repeat(1 << 20));
    assert_eq!(answer.code(), "bad-json");
    assert_eq!(server.get("/healthz").status, 200);
}

/// Names in requests are no labels and are not kept.
#[test]
fn names_of_many_tenants_cost_nothing() {
    let server = Server::start("[limits]\nbatch = 100000");
    let headers = [
        ("authorization", &*format!("Bearer {ANY}")),
        ("content-type", "application/x-ndjson"),
    ];
    let rounds: u32 = if std::env::var_os("TIDEGATE_LONG").is_some() {
        50
    } else {
        4
    };
    let mut after_first = 0;
    for round in 0..rounds {
        let lines: String = (0..20_000)
            .map(|number| format!("{{\"tenant\":\"somebody-{round}-{number}\",\"sender\":\"s{round}-{number}\",\"text\":\"x\"}}\n"))
            .collect();
        let answer = server.post("/v1/screen/batch", &headers, lines);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.lines().count(), 20_000);
        assert!(
            answer
                .body
                .lines()
                .all(|line| line.contains("unknown-tenant"))
        );
        if round == 0 {
            after_first = memory(server.child.id());
        }
    }
    let metrics = server.get("/metrics").body;
    assert!(!metrics.contains("somebody"));
    assert!(metrics.lines().count() < 400, "{}", metrics.lines().count());
    assert!(!server.home.read("log").contains("somebody"));
    let now = memory(server.child.id());
    assert!(
        now < after_first + (32 << 10),
        "{after_first} KiB, then {now} KiB"
    );
}

/// Resident memory in KiB; 0 where nobody says.
pub(crate) fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[test]
fn one_connection_too_many_is_answered_and_many_too_many_are_closed() {
    let server = Server::start("[limits]\nconnections = 4");
    let mut guests = Vec::new();
    // The client that asked whether it is ready may not be gone yet.
    server.until(|server| {
        server
            .get("/metrics")
            .body
            .contains("tidegate_connections 1\n")
    });
    let mut closed = 0;
    for _ in 0..12 {
        let mut stream = server.connect();
        let body = r#"{"text":"good"}"#;
        let sent = write!(
            stream,
            "POST /v1/screen HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ACME}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        match sent.ok().and_then(|()| answer(&mut stream)) {
            Some(answer) => guests.push((stream, answer)),
            None => closed += 1,
        }
    }
    let served = guests
        .iter()
        .filter(|(_, answer)| answer.status == 200)
        .count();
    let shed: Vec<_> = guests
        .iter()
        .filter(|(_, answer)| answer.status == 503)
        .collect();
    assert_eq!(served, 4);
    assert_eq!(served + shed.len() + closed, 12);
    assert!(!shed.is_empty());
    for (_, answer) in shed {
        assert_eq!(answer.code(), "overload");
        assert_eq!(answer.header("tidegate-answer"), Some("refuse"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("connection"), Some("close"));
    }
    // Once they are gone there is room again.
    drop(guests);
    server.until(|server| {
        server
            .send(
                "POST",
                "/v1/screen",
                &[("authorization", &format!("Bearer {ACME}"))],
                br#"{"text":"good"}"#,
            )
            .is_some_and(|answer| answer.status == 200)
    });
}

#[test]
fn a_kept_connection_is_used_again() {
    let server = Server::start("");
    let mut stream = server.connect();
    for (text, action) in [("good", "pass"), ("sunflower", "block"), ("good", "pass")] {
        let body = format!("{{\"text\":\"{text}\"}}");
        write!(
            stream,
            "POST /v1/screen HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ACME}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("it is sent");
        assert_eq!(
            answer(&mut stream).expect("an answer").json()["action"],
            action
        );
    }
}
