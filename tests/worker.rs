//! Workers on a real NATS server: killed, restarted, and told new packs, with nothing lost.
//!
//! `TIDEGATE_NATS_SERVER` names the server's binary; the continuous checks set it, and without it there is nothing to try.
//! `TIDEGATE_WORKER_SECONDS` makes the long run longer: 60, with 100,000 messages, is what a release is held to.

#![expect(clippy::print_stdout, reason = "long runs say what they came to")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, Context};
use futures_util::StreamExt;
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const PACK: &str = r#"
format = 1
[pack]
id = "acme.custom"
version = "1.0.0"
title = "House"
[[rule]]
id = "lure"
category = "fraud.lure"
action = "block"
alert = true
terms = ["gift card"]
window = { messages = 4, seconds = 60 }
[rule.samples]
match = ["gift card"]
pass = ["card"]
"#;

const TENANT: &str = "[tenant]\nid = \"acme\"\npacks = [\"custom.toml\"]\n";

/// A folder that goes away.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tidegate-worker-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("tenants/acme")).expect("a folder");
        std::fs::write(path.join("tenants/acme/tenant.toml"), TENANT).expect("a tenant");
        std::fs::write(path.join("tenants/acme/custom.toml"), PACK).expect("a pack");
        Self(path)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that does not outlive the test.
struct Process(Child);

impl Process {
    /// SIGKILL.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Set {
    temp: Temp,
    binary: String,
    port: u16,
    server: Process,
}

impl Set {
    /// A server and what workers need; `None` if no server is named.
    fn start(name: &str) -> Option<Self> {
        let binary = std::env::var("TIDEGATE_NATS_SERVER").ok()?;
        let temp = Temp::new(name);
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let server = Self::server(&binary, port, &temp.0);
        let set = Self {
            temp,
            binary,
            port,
            server,
        };
        assert_eq!(set.put().0, Some(0));
        Some(set)
    }

    fn server(binary: &str, port: u16, folder: &Path) -> Process {
        let child = Command::new(binary)
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder.join("js"))
            .stderr(Stdio::null())
            .spawn()
            .expect("the server runs");
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Process(child)
    }

    fn restart_server(&mut self) {
        self.server.kill();
        self.server = Self::server(&self.binary, self.port, &self.temp.0);
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command
            .env("TIDEGATE_MASTER_KEY", KEY)
            .current_dir(&self.temp.0)
            .args(["worker", "--partitions", "8", "--lease", "1", "--url"])
            .arg(format!("nats://127.0.0.1:{}", self.port));
        command
    }

    /// Puts the tenants into the bucket; the exit status, and what was said.
    fn put(&self) -> (Option<i32>, String) {
        let output = self
            .command()
            .args(["--put", "tenants"])
            .output()
            .expect("it runs");
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said += &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    }

    /// A worker that is ready.
    fn worker(&self, name: &str) -> Process {
        self.worker_with(name, &[]).0
    }

    /// A worker that is ready, and what it said first.
    fn worker_with(&self, name: &str, arguments: &[&str]) -> (Process, Value) {
        let log = std::fs::File::create(self.temp.0.join(format!("log-{name}"))).expect("a file");
        let mut child = self
            .command()
            .args(arguments)
            .args(["--name", name, "--alerts"])
            .arg(format!("box-{name}"))
            .arg("--cache")
            .arg(format!("cache-{name}"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("it runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert!(line.contains("\"worker\""), "{line}");
        let said = serde_json::from_str(&line).expect("JSON");
        (Process(child), said)
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.temp.0.join(format!("log-{name}"))).expect("a file")
    }

    async fn context(&self) -> Context {
        let client = async_nats::connect(format!("nats://127.0.0.1:{}", self.port))
            .await
            .expect("a connection");
        jetstream::new(client)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Everything in a stream: subject and body.
async fn all(context: &Context, stream: &str) -> Vec<(String, Value)> {
    let mut stream = context.get_stream(stream).await.expect("a stream");
    let count = stream.info().await.expect("it is there").state.messages;
    let consumer = stream
        .create_consumer(jetstream::consumer::pull::OrderedConfig::default())
        .await
        .expect("a consumer");
    let mut found = Vec::new();
    if count == 0 {
        return found;
    }
    let mut messages = consumer.messages().await.expect("messages");
    while let Some(message) = messages.next().await {
        let message = message.expect("a message");
        let body = serde_json::from_slice(&message.payload).expect("JSON");
        found.push((message.subject.to_string(), body));
        if found.len() as u64 == count {
            break;
        }
    }
    found
}

async fn wait_for(context: &Context, stream: &str, count: u64, within: Duration) -> u64 {
    let until = Instant::now() + within;
    let mut seen = 0;
    while Instant::now() < until {
        if let Ok(stream) = context.get_stream(stream).await {
            seen = stream.cached_info().state.messages;
            if seen >= count {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    seen
}

async fn publish(context: &Context, subject: &str, body: String) {
    let stored = context
        .publish(subject.to_owned(), body.into())
        .await
        .expect("it is sent");
    stored.await.expect("it is stored");
}

/// The streams are made by a worker: one runs before anything is published.
#[test]
fn messages_are_answered_alerted_and_put_aside() {
    let Some(set) = Set::start("answers") else {
        return;
    };
    let _worker = set.worker("one");
    runtime().block_on(async {
        let context = set.context().await;
        wait_for(&context, "TIDEGATE_DEAD", 0, Duration::from_secs(10)).await;
        let line = |id: &str, text: &str| {
            json!({ "id": id, "conversation": "g1", "sender": "u1", "text": text }).to_string()
        };
        publish(&context, "tidegate.in.acme.g1", line("m1", "hello")).await;
        publish(&context, "tidegate.in.acme.g1", line("m2", "a gift")).await;
        publish(&context, "tidegate.in.acme.g1", line("m3", "card, cheap")).await;
        publish(&context, "tidegate.in.acme.g1", "{\"text\":".to_owned()).await;
        publish(&context, "tidegate.in.other.g1", line("m4", "a gift card")).await;
        publish(
            &context,
            "tidegate.in.acme.g1",
            "{\"text\":\"gift card\"}".to_owned(),
        )
        .await;
        assert_eq!(
            wait_for(&context, "TIDEGATE_OUT", 6, Duration::from_secs(20)).await,
            6
        );
        let answers = all(&context, "TIDEGATE_OUT").await;
        let of = |subject: &str| -> Vec<&Value> {
            answers
                .iter()
                .filter(|(at, _)| at == subject)
                .map(|(_, answer)| answer)
                .collect()
        };
        let acme = of("tidegate.out.acme.g1");
        assert_eq!(acme.len(), 5);
        let first: Vec<_> = acme
            .iter()
            .take(3)
            .map(|answer| (&answer["id"], &answer["action"]))
            .collect();
        assert_eq!(
            first,
            [
                (&json!("m1"), &json!("pass")),
                (&json!("m2"), &json!("pass")),
                (&json!("m3"), &json!("block"))
            ]
        );
        // Cut over two messages, of which the hit names the earlier.
        assert_eq!(acme[2]["findings"][0]["spans"][0]["message"], "m2");
        assert_eq!(acme[2]["coverage"], "complete");
        assert_eq!(acme[3]["error"]["code"], "bad-json");
        // Without an id of its own it has that of its number, the same at every attempt.
        assert!(
            acme[4]["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("tg-")),
            "{}",
            acme[4]
        );
        let other = of("tidegate.out.other.g1");
        assert_eq!(other[0]["error"]["code"], "unknown-tenant");
        let dead = all(&context, "TIDEGATE_DEAD").await;
        // Two partitions, in either order.
        let mut codes: Vec<_> = dead
            .iter()
            .filter_map(|(_, reason)| reason["code"].as_str())
            .collect();
        codes.sort_unstable();
        assert_eq!(codes, ["bad-json", "unknown-tenant"]);
        let alerts = all(&context, "TIDEGATE_ALERTS").await;
        let told: BTreeSet<_> = alerts
            .iter()
            .map(|(_, alert)| alert["id"].clone().to_string())
            .collect();
        let named: BTreeSet<_> = acme
            .iter()
            .filter_map(|answer| answer["findings"].get(0))
            .map(|finding| finding["alert"].to_string())
            .collect();
        assert_eq!((told.len(), &told), (2, &named));
        // Law 11: no text where nobody asked for it.
        assert!(!format!("{dead:?}{alerts:?}").contains("gift"));
        assert_eq!(
            wait_for(&context, "TIDEGATE_IN", 0, Duration::ZERO).await,
            0
        );
    });
}

#[test]
fn packs_reach_workers_and_bad_ones_do_not() {
    let Some(set) = Set::start("packs") else {
        return;
    };
    let _workers = [set.worker("one"), set.worker("two")];
    let pack = set.temp.0.join("tenants/acme/custom.toml");
    // A folder with a mistake is not put anywhere.
    std::fs::write(&pack, PACK.replace("action", "acton")).expect("it is written");
    let (status, said) = set.put();
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("acton") && said.contains("custom.toml"),
        "{said}"
    );
    runtime().block_on(async {
        let context = set.context().await;
        wait_for(&context, "TIDEGATE_DEAD", 0, Duration::from_secs(10)).await;
        let buckets = context
            .get_key_value("tidegate_packs")
            .await
            .expect("a bucket");
        // Somebody writes into the bucket by other means: the old pack stays.
        let bad = PACK.replace("gift card", "hello").replace("block", "blok");
        buckets
            .put("acme/custom.toml", bad.into())
            .await
            .expect("it is stored");
        tokio::time::sleep(Duration::from_secs(1)).await;
        for n in 0..16 {
            let line = json!({ "id": n, "text": "hello gift card" }).to_string();
            publish(&context, &format!("tidegate.in.acme.g{n}"), line).await;
        }
        assert_eq!(
            wait_for(&context, "TIDEGATE_OUT", 16, Duration::from_secs(20)).await,
            16
        );
        let before = all(&context, "TIDEGATE_OUT").await;
        assert!(before.iter().all(|(_, answer)| answer["action"] == "block"));
        // A good one is live everywhere within a second.
        let good = PACK.replace("gift card", "hello").replace("1.0.0", "1.1.0");
        buckets
            .put("acme/custom.toml", good.into())
            .await
            .expect("it is stored");
        tokio::time::sleep(Duration::from_secs(1)).await;
        for n in 16..32 {
            let line = json!({ "id": n, "text": "gift card" }).to_string();
            publish(&context, &format!("tidegate.in.acme.g{n}"), line).await;
        }
        assert_eq!(
            wait_for(&context, "TIDEGATE_OUT", 32, Duration::from_secs(20)).await,
            32
        );
        let after = all(&context, "TIDEGATE_OUT").await;
        assert!(
            after[16..]
                .iter()
                .all(|(_, answer)| answer["action"] == "pass")
        );
        assert_ne!(after[0].1["ruleset"], after[31].1["ruleset"]);
    });
}

/// The value of a metric without labels.
fn metric(metrics: &str, name: &str) -> Option<f64> {
    let row = metrics.lines().find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    row?.rsplit(' ').next()?.parse().ok()
}

fn metrics(said: &Value) -> String {
    let address = said["metrics"].as_str().expect("an address");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .expect("it is sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

/// A message whose alert cannot be kept holds its partition up until it is put aside, and that can be seen from outside.
#[test]
fn how_far_workers_are_behind_is_told() {
    let Some(set) = Set::start("lag") else {
        return;
    };
    std::fs::create_dir_all(set.temp.0.join("box-one")).expect("a folder");
    std::fs::write(
        set.temp.0.join("box-one/alerts.toml"),
        "[outbox]\nbytes = 1\n",
    )
    .expect("it is written");
    let arguments = [
        "--metrics",
        "127.0.0.1:0",
        "--log-level",
        "trace",
        "--log-sample",
        "1",
    ];
    let (_worker, said) = set.worker_with("one", &arguments);
    type Of<'a> = &'a dyn Fn(&str) -> f64;
    let wait = |what: &str, holds: &dyn Fn(Of<'_>) -> bool| {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let text = metrics(&said);
            let of = |name: &str| {
                metric(&text, &format!("tidegate_worker_{name}"))
                    .unwrap_or_else(|| panic!("{name} in {text}"))
            };
            if holds(&of) {
                break;
            }
            assert!(Instant::now() < until, "{what}: {text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait("all partitions", &|of| of("partitions") == 8.0);
    let send = |ids: std::ops::Range<u32>| {
        runtime().block_on(async {
            let context = set.context().await;
            for id in ids {
                let line = json!({ "id": id, "text": "a gift card" }).to_string();
                publish(&context, "tidegate.in.acme.g1", line).await;
            }
        });
    };
    // The first makes the outbox longer than it may be.
    send(0..1);
    wait("the first alert", &|of| of("answered_total") == 1.0);
    send(1..7);
    wait("one holds up five", &|of| {
        of("ack_pending") == 1.0
            && of("pending") == 5.0
            && of("backlog") == 6.0
            && of("lag_seconds") > 0.5
            && of("redelivered_total") >= 1.0
            && of("broken_off_total") >= 1.0
    });
    wait("it is put aside", &|of| of("dead_total") >= 1.0);
    wait("nothing is left", &|of| {
        of("backlog") == 0.0 && of("pending") == 0.0 && of("lag_seconds") == 0.0
    });
    let text = metrics(&said);
    for row in [
        "tidegate_worker_verdicts_total{action=\"block\"}",
        "tidegate_rule_findings_total{rule=\"tenants\",shadow=\"false\"}",
        "tidegate_worker_seconds_count",
    ] {
        assert!(
            metric(&text, row).is_some_and(|count| count >= 7.0),
            "{row} in {text}"
        );
    }
    let dashboard = include_str!("../src/adapter/deploy/dashboard.json");
    let mut named = 0;
    for rest in dashboard.split("tidegate_worker_").skip(1) {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let name = format!("tidegate_worker_{}", &rest[..end.unwrap_or(rest.len())]);
        // A metric with labels has a brace behind its name.
        let there = metric(&text, &name).is_some() || text.contains(&format!("{name}{{"));
        assert!(there, "{name} is not counted");
        named += 1;
    }
    assert!(named >= 8, "{named}");
    // Sampled messages are told about, and no text is.
    let log = set.log("one");
    assert!(
        log.contains("\"route\":\"worker\"") && log.contains("acme.custom/lure"),
        "{log}"
    );
    assert!(!log.contains("gift"), "{log}");
}

/// What a worker knew before it was killed, it knows after: an older pack stays out of it, whoever puts it into the bucket. Its alerts name the version of
/// the pack, those of the base library too.
#[test]
fn a_worker_that_is_started_again_takes_no_older_pack() {
    let Some(set) = Set::start("older") else {
        return;
    };
    let pack = set.temp.0.join("tenants/acme/custom.toml");
    std::fs::write(&pack, PACK.replace("1.0.0", "1.2.0")).expect("it is written");
    assert_eq!(set.put().0, Some(0));
    let mut worker = set.worker("one");
    runtime().block_on(async {
        let context = set.context().await;
        wait_for(&context, "TIDEGATE_DEAD", 0, Duration::from_secs(10)).await;
        let line = |text: &str| json!({ "id": text, "text": text }).to_string();
        publish(&context, "tidegate.in.acme.g1", line("a gift card")).await;
        publish(
            &context,
            "tidegate.in.acme.g1",
            line("我要加入 I.S.I.S，怎么联系？"),
        )
        .await;
        let wait = Duration::from_secs(20);
        assert_eq!(wait_for(&context, "TIDEGATE_OUT", 2, wait).await, 2);
        let versions: Vec<_> = all(&context, "TIDEGATE_ALERTS")
            .await
            .into_iter()
            .map(|(_, alert)| alert["packversion"].clone())
            .collect();
        assert_eq!(versions[0], "1.2.0");
        assert!(
            versions.len() > 1 && versions.iter().all(Value::is_string),
            "{versions:?}"
        );
        worker.kill();
        let buckets = context
            .get_key_value("tidegate_packs")
            .await
            .expect("a bucket");
        let older = PACK.replace("1.0.0", "1.1.0").replace("gift card", "hello");
        buckets
            .put("acme/custom.toml", older.into())
            .await
            .expect("it is stored");
        let _worker = set.worker("one");
        publish(&context, "tidegate.in.acme.g1", line("hello")).await;
        assert_eq!(wait_for(&context, "TIDEGATE_OUT", 3, wait).await, 3);
        let answers = all(&context, "TIDEGATE_OUT").await;
        assert_eq!(answers[2].1["error"]["code"], "unknown-tenant");
        assert!(set.log("one").contains("older-pack"), "{}", set.log("one"));
    });
}

/// Three workers; one is killed every two seconds and started again, and the server is restarted once.
#[test]
fn nothing_is_lost_when_workers_are_killed() {
    let Some(mut set) = Set::start("kills") else {
        return;
    };
    let seconds: u64 = std::env::var("TIDEGATE_WORKER_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(8);
    let count = 100_000 * seconds / 60;
    let names = ["one", "two", "three"];
    let mut workers: Vec<Process> = names.iter().map(|name| set.worker(name)).collect();
    let runtime = runtime();
    let context = runtime.block_on(set.context());
    runtime.block_on(wait_for(
        &context,
        "TIDEGATE_DEAD",
        0,
        Duration::from_secs(10),
    ));
    // One in fifty raises an alert; the number in its conversation shows the order.
    let publisher = {
        let context = context.clone();
        runtime.spawn(async move {
            for n in 0..count {
                let (conversation, number) = (n % 97, n / 97);
                let text = if n % 50 == 0 { "a gift card" } else { "see you at noon" };
                let body = json!({ "id": number, "text": text, "conversation": conversation.to_string(), "sender": "u" }).to_string();
                let subject = format!("tidegate.in.acme.{conversation}");
                // The id is what makes another attempt harmless.
                loop {
                    let message = jetstream::message::PublishMessage::build().payload(body.clone().into()).message_id(format!("in-{n}"));
                    if let Ok(stored) = context.send_publish(subject.clone(), message).await
                        && stored.await.is_ok()
                    {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        })
    };
    let began = Instant::now();
    let mut kills = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_secs(2));
        let which = kills % names.len();
        workers[which].kill();
        if kills == 1 {
            set.restart_server();
        }
        workers[which] = set.worker(names[which]);
        kills += 1;
    }
    runtime.block_on(async {
        publisher.await.expect("it ends");
        let wait = Duration::from_secs(120);
        assert_eq!(wait_for(&context, "TIDEGATE_OUT", count, wait).await, count);
        let until = Instant::now() + Duration::from_secs(20);
        while wait_for(&context, "TIDEGATE_IN", 0, Duration::ZERO).await > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(wait_for(&context, "TIDEGATE_IN", u64::MAX, Duration::from_millis(1)).await, 0, "something is left in the queue");
        let answers = all(&context, "TIDEGATE_OUT").await;
        assert_eq!(answers.len() as u64, count);
        let mut of: BTreeMap<String, u64> = BTreeMap::new();
        let mut named = BTreeSet::new();
        let mut lost_state = 0;
        for (subject, answer) in &answers {
            let next = of.entry(subject.clone()).or_default();
            assert_eq!(answer["id"], *next, "{subject}: the order is not kept");
            *next += 1;
            if let Some(finding) = answer["findings"].get(0) {
                assert!(named.insert(finding["alert"].as_str().expect("an alert").to_owned()));
            }
            lost_state += u64::from(answer["coverage"] == "lost-state");
        }
        assert_eq!(named.len() as u64, count.div_ceil(50));
        assert!(lost_state > 0, "a worker that takes over says that it knows nothing of before");
        let alerts = all(&context, "TIDEGATE_ALERTS").await;
        let told: Vec<String> = alerts.iter().filter_map(|(_, alert)| Some(alert["id"].as_str()?.to_owned())).collect();
        assert_eq!(told.len(), named.len(), "an alert is there twice, or not at all");
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), named);
        println!("{count} messages in {:.1} s, {kills} workers killed, {} alerts, {lost_state} answers with lost-state", began.elapsed().as_secs_f64(), named.len());
    });
}
