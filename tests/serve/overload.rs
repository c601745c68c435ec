//! Twice as many messages as the server can judge, by a schedule that waits for no answer: EaseMob's 200 ms and Tencent IM's 2 s are to be kept, by answering some of them without a
//! look. `TIDEGATE_LOAD=1 cargo test --release --test serve overload -- --nocapture --test-threads=1` prints figures and holds to them; without it each runs for a moment, and is held
//! to nothing but being answered at all. On one core, with a client that opens a connection wherever none is free, the bounds are not kept yet.
//!
//! On a machine of two cores the client would take from the server what it measures, and could not send twice of what it carries. So the server has one core (`taskset`, where there is
//! one), and messages take long to judge and little to send: short ones by a pack whose patterns are looked for at every other word, about a millisecond each, and long ones by their length.

#![expect(
    clippy::print_stdout,
    reason = "figures are for those who ask for them"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::load::{ask, exchange, post, wanted};
use crate::server::{Home, PACK, SECRET, Server, configuration};

/// What came of a load.
#[derive(Default)]
struct Outcome {
    /// Microseconds from when a message was due to its answer, and whether that was given without a look.
    answers: Vec<(u64, bool)>,
    /// Messages without an answer: the connection was refused, or closed.
    failed: usize,
    /// How late the client itself was at most.
    late: Duration,
    connections: usize,
}

impl Outcome {
    fn quantile(&self, part: f64) -> Duration {
        let mut micros: Vec<u64> = self.answers.iter().map(|(micros, _)| *micros).collect();
        micros.sort_unstable();
        let place = (micros.len().saturating_sub(1) as f64 * part) as usize;
        Duration::from_micros(micros.get(place).copied().unwrap_or(0))
    }

    fn later_than(&self, limit: Duration) -> usize {
        let limit = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        let late = self.answers.iter().filter(|(micros, _)| *micros > limit);
        late.count()
    }

    fn unseen(&self) -> usize {
        self.answers.iter().filter(|(_, unseen)| *unseen).count()
    }
}

/// Sends so many messages a second for so long. Each goes out when it is due, on a connection that is free or on a new one.
fn send(port: u16, rate: f64, time: Duration, request: &str, refusal: &'static str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let request: Arc<[u8]> = request.as_bytes().into();
    runtime.block_on(async {
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        let free: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let count = (rate * time.as_secs_f64()) as usize;
        let mut tasks = Vec::with_capacity(count);
        let began = Instant::now();
        for number in 0..count {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            } else {
                // Answers are read meanwhile.
                tokio::task::yield_now().await;
            }
            let (outcome, free, request) = (
                Arc::clone(&outcome),
                Arc::clone(&free),
                Arc::clone(&request),
            );
            let late = due.elapsed();
            tasks.push(tokio::spawn(async move {
                let known = free.lock().expect("a lock").pop();
                let stream = match known {
                    Some(stream) => Ok(stream),
                    None => {
                        outcome.lock().expect("a lock").connections += 1;
                        TcpStream::connect(("127.0.0.1", port)).await
                    }
                };
                let answer = match stream {
                    Ok(mut stream) => {
                        let _ = stream.set_nodelay(true);
                        let mut buffer = Vec::new();
                        let answer = exchange(&mut stream, &request, &mut buffer, refusal).await;
                        if answer.is_some() && !closes(&buffer) {
                            free.lock().expect("a lock").push(stream);
                        }
                        answer
                    }
                    Err(_) => None,
                };
                let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                let mut outcome = outcome.lock().expect("a lock");
                outcome.late = outcome.late.max(late);
                match answer {
                    Some(unseen) => outcome.answers.push((micros, unseen)),
                    None => outcome.failed += 1,
                }
            }));
        }
        for task in tasks {
            task.await.expect("it ends");
        }
        let mut outcome = outcome.lock().expect("a lock");
        std::mem::take(&mut *outcome)
    })
}

fn closes(answer: &[u8]) -> bool {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let head = String::from_utf8_lossy(&answer[..end.unwrap_or(0)]).to_ascii_lowercase();
    head.contains("connection: close")
}

#[test]
fn at_twice_the_load_answers_come_in_time() {
    let secret = "secret = { env = \"IM_SECRET\" }\n";
    let configuration = configuration(&format!(
        "[[callback]]\nname = \"easemob\"\ndialect = \"easemob\"\ntenant = \"acme\"\n{secret}[[callback]]\nname = \"tencent\"\ndialect = \"tencent\"\ntenant = \"acme\"\n{secret}"
    ));
    let home = Home::new();
    let patterns: Vec<String> = (0..8)
        .map(|number| format!("{{ regex = \"meadow.{{0,40}}zz{number}q\" }}"))
        .collect();
    let slow = format!(
        "[[rule]]\nid = \"slow\"\ncategory = \"house.words\"\naction = \"block\"\nterms = [{}]\n[rule.samples]\nmatch = [\"meadow zz0q\"]\npass = [\"sun\"]\n",
        patterns.join(", ")
    );
    home.write("tenants/acme/words.toml", &format!("{PACK}{slow}"));
    let server = Server::begin_on(home, &configuration, "0");
    server.until_ready();
    let security: String = {
        use md5::Digest as _;
        md5::Md5::digest(format!("c{SECRET}5"))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let (measured, time) = if wanted() {
        (Duration::from_secs(4), Duration::from_secs(10))
    } else {
        (Duration::from_millis(100), Duration::from_millis(200))
    };
    // 225 bytes, which are judged where they come in, and 52 kB, which are judged on another thread.
    for (length, text) in [
        ("short", "a meadow ".repeat(25)),
        ("long", "s.u.n.f.l.o.w.e l*a*n*t*e*r 向日葵 ".repeat(1_500)),
    ] {
        let easemob = serde_json::json!({"callId": "c", "timestamp": 5, "security": security, "chat_type": "chat", "payload": {"type": "txt", "msg": text}});
        let tencent = serde_json::json!({"CallbackCommand": "C2C.CallbackBeforeSendMsg", "From_Account": "a", "To_Account": "b",
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]});
        for (name, request, refusal, limit) in [
            (
                "EaseMob",
                post("/callback/easemob", "", &easemob.to_string()),
                "\"valid\":false",
                Duration::from_millis(200),
            ),
            (
                "Tencent IM",
                post(
                    &format!("/callback/tencent/{SECRET}"),
                    "",
                    &tencent.to_string(),
                ),
                "\"ErrorCode\":1",
                Duration::from_secs(2),
            ),
        ] {
            let carried = ask(server.port, 8, measured, None, &request, refusal);
            assert!(
                carried.refused() * 20 <= carried.answered(),
                "{} refused",
                carried.refused()
            );
            let carried = carried.rate();
            let outcome = send(server.port, 2.0 * carried, time, &request, refusal);
            let all = outcome.answers.len() + outcome.failed;
            println!(
                "{name}, {length}: carries {carried:.0}/s; sent {:.0}/s ({all} messages, {} connections, client at most {:?} late): {:.1}% without a look, {} unanswered, {} later than {limit:?}; p50 {:?}, p99 {:?}, longest {:?}",
                all as f64 / time.as_secs_f64(),
                outcome.connections,
                outcome.late,
                100.0 * outcome.unseen() as f64 / all as f64,
                outcome.failed,
                outcome.later_than(limit),
                outcome.quantile(0.5),
                outcome.quantile(0.99),
                outcome.quantile(1.0),
            );
            assert!(!outcome.answers.is_empty());
            if wanted() {
                assert_eq!(outcome.failed, 0, "{name}, {length}");
                assert_eq!(outcome.later_than(limit), 0, "{name}, {length}");
                // It was twice the load indeed.
                assert!(outcome.unseen() * 5 > all, "{name}, {length}");
            }
        }
    }
}
