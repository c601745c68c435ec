//! `/v1/screen/stream`: a line for each line, in order, as they come, whoever is at the other end.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::attacks::memory;
use crate::server::{ACME, Server};

/// The side of a stream that is written to.
struct Lines(TcpStream);

impl Lines {
    /// A stream that is open, and its answers.
    fn open(server: &Server) -> (Self, Answers) {
        let mut stream = server.connect();
        write!(
            stream,
            "POST /v1/screen/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ACME}\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        .expect("it is sent");
        let answers = BufReader::new(stream.try_clone().expect("a second handle"));
        (Self(stream), Answers::of(answers))
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut piece = format!("{:x}\r\n", bytes.len()).into_bytes();
        piece.extend_from_slice(bytes);
        piece.extend_from_slice(b"\r\n");
        self.0.write_all(&piece)
    }

    fn end(&mut self) {
        self.0.write_all(b"0\r\n\r\n").expect("it is sent");
    }
}

/// Its answers, out of their chunks.
struct Answers {
    stream: BufReader<TcpStream>,
    text: Vec<u8>,
    head: bool,
    /// The last chunk came: nothing was lost on the way.
    whole: bool,
}

impl Answers {
    fn of(stream: BufReader<TcpStream>) -> Self {
        Self {
            stream,
            text: Vec::new(),
            head: false,
            whole: false,
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next answer; none, if there is no more.
    fn next(&mut self) -> Option<Value> {
        if !self.head {
            let status = self.line()?;
            assert!(status.contains(" 200 "), "{status}");
            while !self.line()?.is_empty() {}
            self.head = true;
        }
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("an answer is JSON"));
            }
            let length = usize::from_str_radix(&self.line()?, 16).expect("the length of a chunk");
            let from = self.text.len();
            self.text.resize(from + length, 0);
            self.stream.read_exact(&mut self.text[from..]).ok()?;
            self.line()?;
            if length == 0 {
                self.whole = true;
                assert!(self.text.is_empty(), "an answer without an end");
                return None;
            }
        }
    }

    fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_body_far_longer_than_a_batch_is_answered_as_it_comes() {
    let server = Server::start("[limits]\nbatch_bytes = 4096\nbatch = 2\nbody_bytes = 1024");
    let (mut lines, mut answers) = Lines::open(&server);
    let count = 60_000;
    let sender = std::thread::spawn(move || {
        for first in (0..count).step_by(100) {
            let piece: String = (first..first + 100)
                .map(|id| match id % 50 {
                    0 => format!("{{\"id\":{id},\"text\":\"a sunflower, and more of them\"}}\n"),
                    _ => format!("{{\"id\":{id},\"text\":\"a meadow without anything in it\"}}\n"),
                })
                .collect();
            // Chunks end anywhere.
            let (one, two) = piece.split_at(piece.len() / 3);
            lines.send(one.as_bytes()).expect("it is sent");
            lines.send(two.as_bytes()).expect("it is sent");
        }
        lines.end();
    });
    for id in 0..count {
        let answer = answers.next().expect("an answer for each line");
        assert_eq!(answer["id"], id);
        let action = if id % 50 == 0 { "block" } else { "pass" };
        assert_eq!(answer["action"], action);
    }
    assert!(answers.next().is_none() && answers.whole);
    sender.join().expect("it sends");
    let metrics = server.get("/metrics").body;
    let row = "tidegate_decisions_total{cause=\"judged\",answer=\"allow\"} 58800";
    assert!(metrics.contains(row), "{metrics}");
    assert!(!metrics.contains("tidegate_request_seconds_count{route=\"stream\"} 0"));
}

#[test]
fn an_answer_does_not_wait_for_the_next_line() {
    let server = Server::start("");
    let (mut lines, mut answers) = Lines::open(&server);
    for id in 0..3 {
        for byte in format!("{{\"id\":{id},\"text\":\"a lantern\"}}\n").bytes() {
            lines.send(&[byte]).expect("it is sent");
        }
        let answer = answers.next().expect("an answer");
        assert_eq!(
            (&answer["id"], &answer["masked"]),
            (&id.into(), &"a *******".into())
        );
    }
    // The last line needs no end.
    lines
        .send(br#"{"id":"last","text":"good"}"#)
        .expect("it is sent");
    lines.end();
    assert_eq!(answers.next().expect("an answer")["id"], "last");
    assert!(answers.next().is_none() && answers.whole);
}

#[test]
fn bad_lines_have_their_answer_and_take_no_other_with_them() {
    let server = Server::start("[limits]\nbody_bytes = 1024");
    let (mut lines, mut answers) = Lines::open(&server);
    let long = format!("{{\"id\":5,\"text\":\"{}\"}}\n", "a".repeat(1_100));
    let longer = format!("{{\"id\":6,\"text\":\"{}\"}}\n", "a".repeat(200_000));
    let pieces: [&[u8]; 9] = [
        b"{\"id\":1,\"text\":\"good\"}\n",
        b"{\"id\":2,\"text\":\"broken\n",
        b"\n",
        b"{\"id\":4,\"text\":\"\xff\"}\n",
        long.as_bytes(),
        longer.as_bytes(),
        b"{\"id\":7,\"tenant\":\"globex\",\"text\":\"good\"}\n",
        b"{\"id\":8,\"text\":\"good\"}\n",
        b"{\"id\":9,\"text\":\"go",
    ];
    for piece in pieces {
        for part in piece.chunks(30_000) {
            lines.send(part).expect("it is sent");
        }
    }
    lines.end();
    let rows = answers.rest();
    assert!(answers.whole);
    let codes: Vec<&str> = rows.iter().map(code).collect();
    let told = [
        "",
        "bad-json",
        "bad-json",
        "bad-utf8",
        "too-long",
        "too-long",
        "unknown-tenant",
        "",
        "bad-json",
    ];
    assert_eq!(codes, told);
    for (place, row) in rows.iter().enumerate() {
        match code(row) {
            "" => assert_eq!(row["id"], place + 1),
            _ => assert_eq!(row["line"], place + 1),
        }
    }
}

#[test]
fn nothing_is_read_while_no_answer_is_taken() {
    let server = Server::start("");
    let (mut lines, mut answers) = Lines::open(&server);
    let before = memory(server.child.id());
    lines
        .0
        .set_write_timeout(Some(Duration::from_millis(700)))
        .expect("a timeout");
    let (mut sent, mut whole) = (0_u64, 0_u64);
    // What the system's buffers hold is taken; after that nothing more.
    'full: loop {
        let piece: String = (whole..whole + 100)
            .map(|id| format!("{{\"id\":{id},\"text\":\"a meadow without anything in it\"}}\n"))
            .collect();
        let framed = format!("{:x}\r\n{piece}\r\n", piece.len());
        let mut left = framed.as_bytes();
        while !left.is_empty() {
            match lines.0.write(left) {
                Ok(taken) => {
                    left = &left[taken..];
                    sent += taken as u64;
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    // The rest goes out once answers are taken.
                    let rest = left.to_vec();
                    let mut stream = lines.0.try_clone().expect("a handle");
                    stream.set_write_timeout(None).expect("no timeout");
                    std::thread::spawn(move || {
                        let _ = stream.write_all(&rest);
                        let _ = stream.write_all(b"0\r\n\r\n");
                    });
                    whole += 100;
                    break 'full;
                }
                Err(error) => panic!("{error}"),
            }
        }
        whole += 100;
        assert!(sent < 256 << 20, "it takes everything in");
    }
    let now = memory(server.child.id());
    assert!(now < before + (8 << 10), "{before} KiB, then {now} KiB");
    // Others are served, and nothing was lost.
    assert_eq!(server.screen(ACME, r#"{"text":"good"}"#).status, 200);
    for id in 0..whole {
        assert_eq!(answers.next().expect("an answer")["id"], id);
    }
    assert!(answers.next().is_none() && answers.whole);
}

#[test]
fn who_takes_no_answers_for_too_long_is_cut_off() {
    let server = Server::start("[limits]\nstream_seconds = 1");
    let (mut lines, _answers) = Lines::open(&server);
    let piece = "{\"text\":\"a meadow without anything in it\"}\n".repeat(100);
    let began = Instant::now();
    while lines.send(piece.as_bytes()).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on");
    }
    server.until(|server| {
        let metrics = server.get("/metrics").body;
        metrics.contains("tidegate_connections 1\n")
    });
}

#[test]
fn a_line_that_does_not_come_to_its_end_is_told() {
    let server = Server::start("[limits]\nstream_seconds = 1");
    let (mut lines, mut answers) = Lines::open(&server);
    lines
        .send(b"{\"id\":1,\"text\":\"good\"}\n{\"id\":2,\"te")
        .expect("it is sent");
    assert_eq!(answers.next().expect("an answer")["id"], 1);
    let began = Instant::now();
    // However often a byte comes.
    let slow = std::thread::spawn(move || {
        while lines.send(b"x").is_ok() && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let rows = answers.rest();
    assert_eq!(rows.len(), 1);
    assert_eq!((code(&rows[0]), &rows[0]["line"]), ("deadline", &2.into()));
    slow.join().expect("it sends");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    // Who sends nothing at all is answered that this is all.
    let (_lines, mut answers) = Lines::open(&server);
    assert!(answers.next().is_none() && answers.whole);
}

#[test]
fn a_server_that_ends_answers_what_it_has_and_ends_the_stream() {
    let mut server = Server::start("");
    let (mut lines, mut answers) = Lines::open(&server);
    let many: String = (0..500)
        .map(|id| format!("{{\"id\":{id},\"text\":\"a lantern\"}}\n"))
        .collect();
    lines.send(many.as_bytes()).expect("it is sent");
    assert_eq!(answers.next().expect("an answer")["id"], 0);
    lines
        .send(b"{\"id\":500,\"text\":\"go")
        .expect("it is sent");
    // All of this is there before the signal is.
    std::thread::sleep(Duration::from_millis(300));
    server.signal("-TERM");
    let rows = answers.rest();
    assert!(answers.whole);
    assert_eq!(rows.len(), 500);
    for (row, id) in rows.iter().zip(1..500) {
        assert_eq!(row["id"], id);
    }
    assert_eq!(
        (code(&rows[499]), &rows[499]["line"]),
        ("draining", &501.into())
    );
    assert_eq!(server.ended(), Some(0));
}

#[test]
fn who_may_not_ask_gets_no_stream() {
    let server = Server::start("");
    let answer = server.post("/v1/screen/stream", &[], "{\"text\":\"good\"}\n");
    assert_eq!((answer.status, &*answer.code()), (401, "unauthenticated"));
}
