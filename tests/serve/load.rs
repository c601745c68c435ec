//! What the server carries, on loopback: beside the same stack with a handler that answers a constant, and with all connections busy. Figures are printed and held to
//! with `TIDEGATE_LOAD=1 cargo test --release --test serve load -- --nocapture --test-threads=1`; without it each runs for a moment, and is held to nothing but being answered.

#![expect(
    clippy::print_stdout,
    reason = "figures are for those who ask for them"
)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{ACME, SECRET, Server};

/// Whether figures are wanted.
pub(crate) fn wanted() -> bool {
    std::env::var_os("TIDEGATE_LOAD").is_some()
}

/// The server that answers a constant: the test's own program, asked to be one.
const CONSTANT: &str = "TIDEGATE_CONSTANT_SERVER";

#[test]
fn constant_server() {
    if std::env::var_os(CONSTANT).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("\nlistening:{}", listener.local_addr().expect("an address").port());
        let verdict = "{\"id\":1,\"action\":\"pass\",\"coverage\":\"complete\",\"findings\":[],\"shadow\":[],\"masked\":null,\"ruleset\":\"b3:0000000000000000000000000000000000000000000000000000000000000000\"}";
        let router = axum::Router::new().route(
            "/v1/screen",
            axum::routing::post(async move |_: axum::body::Bytes| ([("content-type", "application/json")], verdict)),
        );
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.set_nodelay(true);
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let stream = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
            });
        }
    });
}

/// Times of answers, and how many were refusals.
#[derive(Default)]
pub(crate) struct Seen {
    micros: Vec<u64>,
    took: Duration,
    refused: usize,
}

impl Seen {
    fn quantile(&mut self, part: f64) -> Duration {
        self.micros.sort_unstable();
        let last = self.micros.len().saturating_sub(1);
        let place = (last as f64 * part) as usize;
        Duration::from_micros(self.micros.get(place).copied().unwrap_or(0))
    }

    pub(crate) fn answered(&self) -> usize {
        self.micros.len()
    }

    pub(crate) fn refused(&self) -> usize {
        self.refused
    }

    pub(crate) fn rate(&self) -> f64 {
        self.micros.len() as f64 / self.took.as_secs_f64()
    }
}

/// Sends a request and reads its answer; whether that has a refusal in it. Nothing, if the connection is closed.
pub(crate) async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
    refusal: &str,
) -> Option<bool> {
    // It may have been answered before all of it is sent.
    let _ = stream.write_all(request).await;
    buffer.clear();
    loop {
        let mut piece = [0; 8_192];
        let read = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        buffer.extend_from_slice(&piece[..read]);
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        if buffer.len() >= end + 4 + length {
            return Some(String::from_utf8_lossy(&buffer[end + 4..]).contains(refusal));
        }
    }
}

/// So many connections ask for so long: each as soon as it is answered, or every so often.
pub(crate) fn ask(
    port: u16,
    connections: usize,
    time: Duration,
    every: Option<Duration>,
    request: &str,
    refusal: &'static str,
) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let request: std::sync::Arc<[u8]> = request.as_bytes().into();
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("it listens");
            stream.set_nodelay(true).expect("no delay");
            streams.push(stream);
        }
        let began = Instant::now();
        let tasks: Vec<_> = streams
            .into_iter()
            .enumerate()
            .map(|(number, mut stream)| {
                let request = std::sync::Arc::clone(&request);
                tokio::spawn(async move {
                    let (mut seen, mut buffer) = (Seen::default(), Vec::new());
                    let mut due = began
                        + every
                            .unwrap_or_default()
                            .mul_f64(number as f64 / connections as f64);
                    while began.elapsed() < time {
                        if let Some(every) = every {
                            tokio::time::sleep_until(due.into()).await;
                            due += every;
                        }
                        let sent = Instant::now();
                        let refused = exchange(&mut stream, &request, &mut buffer, refusal).await;
                        let refused = refused.expect("an answer");
                        seen.micros
                            .push(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
                        seen.refused += usize::from(refused);
                    }
                    seen
                })
            })
            .collect();
        let mut all = Seen::default();
        for task in tasks {
            let seen = task.await.expect("it asks");
            all.micros.extend(seen.micros);
            all.refused += seen.refused;
        }
        all.took = began.elapsed();
        all
    })
}

pub(crate) fn post(path: &str, more: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn beside_a_constant() {
    let mut constant = Command::new(std::env::current_exe().expect("a program"))
        .args(["--exact", "load::constant_server", "--nocapture"])
        .env(CONSTANT, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let out = BufReader::new(constant.stdout.take().expect("a pipe"));
    let port = out
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening:")?.parse::<u16>().ok());
    let other = port.expect("it says where it is");
    // With the base library, as it would run.
    let server = Server::start_with_base();
    let body = r#"{"id":1,"text":"The meeting moved to Thursday, see you at the usual place","sender":"u1","conversation":"g7"}"#;
    let request = post(
        "/v1/screen",
        &format!("authorization: Bearer {ACME}\r\n"),
        body,
    );
    let (rounds, time) = if wanted() {
        (5, Duration::from_secs(3))
    } else {
        (1, Duration::from_millis(100))
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let mut seen = ask(other, 64, time, None, &request, "error");
        theirs.push((seen.rate(), seen.quantile(0.99)));
        let mut seen = ask(server.port, 64, time, None, &request, "error");
        // Where others keep the machine busy, a few are answered without a look.
        assert!(
            seen.refused * 20 <= seen.micros.len(),
            "{} refused",
            seen.refused
        );
        ours.push((seen.rate(), seen.quantile(0.99)));
        println!(
            "round {round}: constant {:.0}/s p99 {:?}; tidegate {:.0}/s p99 {:?}",
            theirs[round].0, theirs[round].1, ours[round].0, ours[round].1
        );
    }
    let _ = constant.kill();
    let _ = constant.wait();
    let mut ratios: Vec<f64> = ours
        .iter()
        .zip(&theirs)
        .map(|(ours, theirs)| ours.0 / theirs.0)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let mut later: Vec<i128> = ours
        .iter()
        .zip(&theirs)
        .map(|(ours, theirs)| ours.1.as_micros() as i128 - theirs.1.as_micros() as i128)
        .collect();
    later.sort_unstable();
    let (ratio, later) = (ratios[rounds / 2], later[rounds / 2]);
    println!(
        "median: {:.0}% of the constant's requests a second, p99 {later} µs later",
        ratio * 100.0
    );
    if wanted() {
        assert!(
            ratio >= 0.6,
            "{ratio:.2} of the constant's requests a second"
        );
        assert!(later <= 3_000, "p99 is {later} µs later");
    }
}

/// As many connections as the server takes, each asking as fast as it can.
#[test]
fn with_all_connections_busy_answers_come_in_time() {
    let secret = "secret = { env = \"IM_SECRET\" }\n";
    let server = Server::start(&format!(
        "[[callback]]\nname = \"wildfire\"\ndialect = \"wildfire\"\ntenant = \"acme\"\n{secret}"
    ));
    let request = post(
        &format!("/callback/wildfire/{SECRET}"),
        "",
        r#"{"payload":{"type":1,"searchableContent":"good day"}}"#,
    );
    let (connections, time) = if wanted() {
        (500, Duration::from_secs(5))
    } else {
        (50, Duration::from_millis(200))
    };
    let mut seen = ask(server.port, connections, time, None, &request, "nothing");
    let (p99, most) = (seen.quantile(0.99), seen.quantile(1.0));
    println!(
        "{connections} connections: {:.0}/s, answers after {p99:?} (p99), {most:?} (longest)",
        seen.rate()
    );
    if wanted() {
        assert!(p99 <= Duration::from_millis(200), "{p99:?}");
    }
}
