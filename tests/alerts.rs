//! Alerts from one end to the other: the command is killed, its disk is full, its receivers are not ours.

#![expect(clippy::print_stdout, reason = "long runs say what they came to")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate::alert::format::Notice;
use tidegate::alert::outbox::{Outbox, OutboxLimits, What};
use tidegate::alert::sink::{Delivery, Plan, Progress, Sink, Stop};
use tidegate::alert::{Alert, EvidencePolicy, MasterKey};
use tidegate::{Compiler, Message, Pack, Policy, Scanner, Timestamp};

const PACK: &str = include_str!("data/alerts/house.toml");

const ARCHIVE: &str = "[[sink]]\nname = \"archive\"\njsonl = { path = \"alerts.jsonl\" }\n";
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const CANARY: &str = "canary-9b1d";

/// A folder with a pack and an outbox to be, which goes away.
struct Temp(PathBuf);

static MADE: AtomicU64 = AtomicU64::new(0);

impl Temp {
    fn new(config: &str) -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("tidegate-alerts-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("box")).expect("a folder");
        std::fs::write(path.join("house.toml"), PACK).expect("a pack");
        std::fs::write(path.join("box/alerts.toml"), config).expect("a configuration");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.env("TIDEGATE_MASTER_KEY", KEY).current_dir(&self.0);
        command
    }

    /// `tidegate screen` with everything, one thread.
    fn screen(&self) -> Command {
        let mut command = self.command();
        command.args(SCREEN);
        command
    }

    fn start(&self) -> Child {
        self.screen()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs")
    }

    fn alerts(&self, args: &[&str]) -> Output {
        let mut all = vec!["alerts", args[0], "box"];
        all.extend(&args[1..]);
        self.command().args(all).output().expect("it runs")
    }

    /// The only line that a command prints.
    fn said(&self, args: &[&str]) -> Value {
        let output = self.alerts(args);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|_| {
            panic!(
                "{args:?}: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SCREEN: [&str; 8] = [
    "screen",
    "--no-base",
    "--pack",
    "house.toml",
    "--alerts",
    "box",
    "--jobs",
    "1",
];

fn line(id: &str, sender: &str, text: &str) -> String {
    let line =
        json!({ "id": id, "tenant": "acme", "conversation": "g1", "sender": sender, "text": text });
    format!("{line}\n")
}

/// Screens lines to the end; the answers.
fn screened(mut command: Command, input: &str) -> (Vec<Value>, Output) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let (mut pipe, input) = (child.stdin.take().expect("a pipe"), input.to_owned());
    // Beside reading: neither side waits for the other.
    let writer = std::thread::spawn(move || {
        // It may end early, and say why.
        let _ = pipe.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it ends");
    let answers = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (answers, output)
}

fn alert_of(answer: &Value) -> Option<&str> {
    answer["findings"][0]["alert"].as_str()
}

/// The ids of the alerts in a file of JSON lines.
fn delivered(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["type"] == "tidegate.alert.raised")
        .map(|event| event["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Every alert that an answer named is delivered, however the process ends. `TIDEGATE_KILLS` says how many times.
#[cfg(unix)]
#[test]
fn no_alert_is_lost_when_the_process_is_killed() {
    let runs: u64 =
        std::env::var("TIDEGATE_KILLS").map_or(6, |runs| runs.parse().expect("a number"));
    // Far more than can come to be behind: a full outbox refuses, which is another test's.
    let temp = Temp::new(&format!("[outbox]\nbacklog = 10000000\n{ARCHIVE}"));
    let mut answered = BTreeSet::new();
    let mut cut_short = 0;
    for run in 0..runs {
        let mut child = temp.start();
        let mut input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let writer = std::thread::spawn(move || {
            for n in 0..5_000 {
                if input
                    .write_all(line(&format!("{run}-{n}"), "u1", "a gift card").as_bytes())
                    .is_err()
                {
                    return;
                }
            }
        });
        let (first, seen) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut ids = Vec::new();
            for line in output.lines() {
                let Ok(line) = line else { break };
                // Nobody may wait for it.
                let _ = first.send(());
                // The last line may be cut: it was not given.
                let Ok(answer) = serde_json::from_str::<Value>(&line) else {
                    break;
                };
                ids.push(alert_of(&answer).expect("an alert").to_owned());
            }
            ids
        });
        // One in four is killed before it may have answered; the others at any moment of their commits.
        if run % 4 != 3 {
            seen.recv().expect("it answers");
        }
        std::thread::sleep(Duration::from_millis(run.wrapping_mul(7_919) % 97));
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        writer.join().expect("it ends");
        let ids = reader.join().expect("it ends");
        cut_short += u64::from(ids.len() < 5_000);
        answered.extend(ids);
    }
    assert!(!answered.is_empty());
    let replayed = temp.alerts(&["replay", "--wait", "600"]);
    assert!(replayed.status.success(), "{replayed:?}");
    // The archive, and what became of it when it was full.
    let archives: Vec<String> = std::iter::once("box/alerts.jsonl".to_owned())
        .chain((1..).map(|number| format!("box/alerts.jsonl.{number}")))
        .take_while(|name| temp.file(name).exists())
        .collect();
    let all: Vec<String> = archives
        .iter()
        .flat_map(|name| delivered(&temp.file(name)))
        .collect();
    let unique: BTreeSet<String> = all.iter().cloned().collect();
    let lost: Vec<&String> = answered.difference(&unique).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), answered.len());
    assert!(
        cut_short > runs / 2,
        "{cut_short} of {runs} runs were cut short"
    );
    let mut args = vec!["verify"];
    args.extend(archives.iter().flat_map(|name| ["--heads", name]));
    let verified = temp.said(&args);
    assert_eq!(verified["whole"], true, "{verified}");
    assert_eq!(verified["open"], unique.len());
    println!(
        "{runs} kills: {} alerts answered, {} in the store, {} deliveries, {} again",
        answered.len(),
        unique.len(),
        all.len(),
        all.len() - unique.len()
    );
}

#[test]
fn answers_name_their_alerts_and_a_replay_adds_none() {
    let temp = Temp::new(ARCHIVE);
    let input = format!(
        "{}{}{}",
        line("m1", "u1", "a gift card"),
        line("m2", "u2", "good morning"),
        "{\"text\":\"gift card\"}\n"
    );
    let (first, output) = screened(temp.screen(), &input);
    assert!(output.status.success());
    assert!(alert_of(&first[0]).is_some_and(|id| id.starts_with("al-")));
    assert_eq!(first[1]["findings"], json!([]));
    let given = first[2]["id"].as_str().expect("an id is given").to_owned();
    assert!(given.starts_with("tg-"));
    // The same lines again, the given id with them.
    let again = input.replace("{\"text\"", &format!("{{\"id\":\"{given}\",\"text\""));
    let (second, _) = screened(temp.screen(), &again);
    assert_eq!(first, second);
    assert_eq!(temp.said(&["stats"])["head"]["seq"], 2);
    // Without an outbox nothing is named.
    let mut plain = temp.command();
    plain.args(&SCREEN[..4]);
    let (plain, _) = screened(plain, &input);
    assert_eq!(plain[0]["findings"][0]["alert"], Value::Null);
    assert_eq!(plain[0]["findings"][0]["wants_alert"], true);
    assert_eq!(plain[2]["id"], Value::Null);
}

#[test]
fn an_operator_sees_keeps_exports_and_erases() {
    let temp = Temp::new(ARCHIVE);
    let input: String = (0..4)
        .map(|n| line(&format!("m{n}"), &format!("u{}", n % 2), "a gift card"))
        .collect();
    let (answers, _) = screened(temp.screen(), &input);
    let ids: Vec<&str> = answers.iter().filter_map(alert_of).collect();
    let listed = temp.alerts(&["list", "--tenant", "acme"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 4);
    let by = ["--by", "legal", "--ground", "order 7"];
    let held = temp.said(&[&["hold", ids[0]][..], &by].concat());
    assert_eq!(held["hold"]["ground"], "order 7");
    let exported = temp.alerts(&[&["export", ids[0], "--out", "case.json"][..], &by].concat());
    assert!(exported.status.success(), "{exported:?}");
    let case = std::fs::read_to_string(temp.file("case.json")).expect("a file");
    assert!(case.contains("\"text\": \"gift card\""));
    let proven = temp.said(&["verify", "--case", "case.json"]);
    assert_eq!(
        (&proven["whole"], &proven["case_proven"]),
        (&json!(true), &json!(true))
    );
    std::fs::write(temp.file("case.json"), case.replace("\"high\"", "\"low\""))
        .expect("it is written");
    let changed = temp.alerts(&["verify", "--case", "case.json"]);
    assert_eq!(changed.status.code(), Some(1));
    let erased = temp.said(&[&["erase", "--tenant", "acme", "--sender", "u0"][..], &by].concat());
    assert_eq!(erased["erased"], json!([ids[2]]));
    assert_eq!(erased["held"][0][0], ids[0]);
    let gone = temp.alerts(&[&["export", ids[2], "--out", "gone.json"][..], &by].concat());
    assert_eq!(gone.status.code(), Some(2));
    assert!(!temp.file("gone.json").exists());
    assert_eq!(temp.said(&["show", ids[2]])["state"], "erased");
    let statement = temp.said(&["statement", ids[2]]);
    assert_eq!(statement["puid"], ids[2]);
    let figures = temp.said(&["figures", "--from", "2020-01-01", "--until", "2037-01-01"]);
    assert_eq!(figures["blocked"], 4);
    // The sink hears of the erasure, and a replay tells what is left.
    assert!(temp.alerts(&["replay", "--all"]).status.success());
    let archive = std::fs::read_to_string(temp.file("box/alerts.jsonl")).expect("a file");
    assert!(archive.contains("tidegate.alert.erased"));
    assert_eq!(delivered(&temp.file("box/alerts.jsonl")).len(), 4 + 3);
    let verified = temp.said(&["verify", "--heads", "box/alerts.jsonl"]);
    assert_eq!(verified["whole"], true, "{verified}");
}

#[test]
fn the_master_key_is_changed() {
    let temp = Temp::new("");
    let (answers, _) = screened(temp.screen(), &line("m1", "u1", "a gift card"));
    let id = alert_of(&answers[0]).expect("an alert");
    let by = ["--by", "security", "--ground", "yearly rotation"];
    let made = temp.command().args(["alerts", "key", "next.key"]).output();
    assert!(made.expect("it runs").status.success());
    let rekeyed = temp.said(&[&["rekey", "--to", "next.key"][..], &by].concat());
    assert_eq!(rekeyed["rekeyed"], true);
    let old = temp.alerts(&["show", id]);
    assert!(String::from_utf8_lossy(&old.stderr).contains("wrong-key"));
    let mut new = temp.command();
    new.env_remove("TIDEGATE_MASTER_KEY")
        .env("TIDEGATE_MASTER_KEY_FILE", temp.file("next.key"))
        .args(["alerts", "show", "box", id]);
    let shown = new.output().expect("it runs");
    assert!(shown.status.success(), "{shown:?}");
    assert!(String::from_utf8_lossy(&shown.stdout).contains(r#""state":"kept""#));
}

/// A tenant may ask for a sink of its own; that takes none from the operator's.
#[test]
fn a_tenant_names_its_sinks() {
    let desk = "[[sink]]\nname = \"desk\"\non_request = true\njsonl = { path = \"desk.jsonl\" }\n";
    let temp = Temp::new(&format!("{ARCHIVE}{desk}"));
    let tenant = |sinks: &str| {
        let text =
            format!("[tenant]\nid = \"acme\"\npacks = [\"house.toml\"]\nsinks = [{sinks}]\n");
        std::fs::write(temp.file("acme.toml"), text).expect("it is written");
        let mut command = temp.command();
        command.args([
            "screen",
            "--no-base",
            "--tenant",
            "acme.toml",
            "--alerts",
            "box",
        ]);
        command
    };
    let (_, output) = screened(tenant(""), &line("m1", "u1", "a gift card"));
    assert!(output.status.success(), "{output:?}");
    screened(tenant("\"desk\""), &line("m2", "u1", "a gift card"));
    assert_eq!(delivered(&temp.file("box/alerts.jsonl")).len(), 2);
    assert_eq!(delivered(&temp.file("box/desk.jsonl")).len(), 1);
    let (_, output) = screened(tenant("\"dask\""), "");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("`dask`") && error.contains("alerts.toml"),
        "{error}"
    );
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let temp = Temp::new("[[sink]]\nname = \"x\"\nfile = \"a\"\n");
    for (config, key, said) in [
        (
            "[[sink]]\nname = \"x\"\nfile = \"a\"\n",
            KEY,
            "unknown field",
        ),
        ("[[sink]]\nname = \"x\"\n", KEY, "exactly one of"),
        ("[evidence]\nkeep = \"all\"\n", KEY, "context/40"),
        ("", "short", "64 hexadecimal digits"),
    ] {
        std::fs::write(temp.file("box/alerts.toml"), config).expect("it is written");
        let mut command = temp.screen();
        command.env("TIDEGATE_MASTER_KEY", key);
        let (answers, output) = screened(command, "");
        assert_eq!((output.status.code(), answers.len()), (Some(2), 0));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(said), "{error}");
    }
    std::fs::write(temp.file("box/alerts.toml"), "").expect("it is written");
    screened(temp.screen(), "");
    let mut other = temp.command();
    other
        .env("TIDEGATE_MASTER_KEY", KEY.replace('0', "1"))
        .args(["alerts", "stats", "box"]);
    let output = other.output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("wrong-key"));
    let output = temp
        .command()
        .args(["alerts", "stats", "nowhere"])
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("outbox-missing"));
    assert!(!temp.file("nowhere").exists());
}

#[test]
fn the_configuration_in_the_readme_is_read() {
    let readme = include_str!("../README.md");
    let config = readme
        .split("```toml\n")
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.starts_with("[outbox]"))
        .expect("the README shows it");
    let temp = Temp::new("");
    let (answers, _) = screened(temp.screen(), &line("m1", "u1", "a gift card"));
    std::fs::write(temp.file("box/alerts.toml"), config).expect("it is written");
    let statement = temp.said(&["statement", alert_of(&answers[0]).expect("an alert")]);
    assert_eq!(statement["incompatible_content_ground"], "POL-7.2");
}

/// A limit on the size of files stands for a full disk: the system refuses to write, and says so.
#[cfg(unix)]
#[test]
fn a_full_disk_refuses_messages_or_spills_alerts() {
    for (policy, refused) in [("refuse", true), ("spill", false)] {
        let temp = Temp::new(&format!("[outbox]\nwhen_full = \"{policy}\"\n"));
        // The files are made while there is room.
        screened(temp.screen(), &line("before", "u1", "a gift card"));
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_tidegate"))
            .args(SCREEN)
            .env("TIDEGATE_MASTER_KEY", KEY)
            .current_dir(&temp.0);
        let input: String = (0..2_000)
            .map(|n| line(&format!("m{n}"), "u1", "a gift card"))
            .collect();
        let (answers, output) = screened(command, &input);
        assert_eq!(
            answers.len(),
            2_000,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let alerted: BTreeSet<&str> = answers.iter().filter_map(alert_of).collect();
        let full = answers
            .iter()
            .filter(|answer| answer["error"]["code"] == "disk-full")
            .count();
        let silent = answers
            .iter()
            .filter(|answer| answer["action"] == "block" && alert_of(answer).is_none())
            .count();
        assert!(alerted.len() < 2_000, "the disk never filled");
        assert_eq!(if refused { full } else { silent }, 2_000 - alerted.len());
        // Spilled is not silent either: not even their number could be stored.
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.contains("were spilled"), !refused, "{said}");
        // With room again, all that was acknowledged is there.
        let listed = temp.alerts(&["list", "--most", "100000"]);
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        for id in alerted {
            assert!(listed.contains(id), "{id} is lost");
        }
        assert_eq!(temp.said(&["verify"])["whole"], true);
    }
}

/// Text that is kept, and told to nobody, is in no file in the clear, and in nothing that is printed.
#[test]
fn text_is_nowhere_in_the_clear() {
    let config = format!(
        "[evidence]\nkeep = \"context/200\"\n{ARCHIVE}\
         [[sink]]\nname = \"broken\"\njsonl = {{ path = \"missing/x.jsonl\" }}\npace = {{ first_ms = 1 }}\n"
    );
    let temp = Temp::new(&config);
    let text = format!("{CANARY} gift card {CANARY}");
    let input = format!(
        "{}{}{}",
        line("m1", "u1", &text),
        format_args!("{{\"text\":\"{CANARY}\" \n"),
        format_args!("{{\"scene\":\"{CANARY}\",\"text\":\"x\"}}\n"),
    );
    let (answers, output) = screened(temp.screen(), &input);
    let id = alert_of(&answers[0]).expect("an alert").to_owned();
    let mut seen = vec![
        ("answers".to_owned(), output.stdout),
        ("errors".to_owned(), output.stderr),
    ];
    for args in [
        &["list"][..],
        &["show", &id],
        &["stats"],
        &["verify"],
        &["statement", &id],
        &["notice", &id],
        &["replay", "--wait", "1"],
    ] {
        let output = temp.alerts(args);
        seen.push((format!("{args:?}"), [output.stdout, output.stderr].concat()));
    }
    for entry in std::fs::read_dir(temp.file("box")).expect("a folder") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("it is read");
        seen.push((path.display().to_string(), bytes));
    }
    assert!(seen.len() >= 12);
    for (name, bytes) in &seen {
        let found = bytes
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes());
        assert!(!found, "{name} holds message text");
    }
    // It was kept: whoever may export sees it.
    let by = ["--by", "legal", "--ground", "order", "--out", "case.json"];
    assert!(
        temp.alerts(&[&["export", &id][..], &by].concat())
            .status
            .success()
    );
    let case = std::fs::read_to_string(temp.file("case.json")).expect("a file");
    assert!(case.contains(CANARY));
}

/// A sink that hangs for good.
#[derive(Debug)]
struct Hangs;

impl Sink for Hangs {
    fn deliver(&mut self, _: &[Notice]) -> Progress {
        std::thread::sleep(Duration::from_millis(200));
        Progress::none(Stop::Retry {
            reason: "no answer".to_owned(),
            after: None,
        })
    }
}

/// Storing an alert takes as long beside a sink that hangs as beside none. `TIDEGATE_LATENCY` runs it for longer, and holds it to 1.05.
#[test]
fn a_sink_that_hangs_costs_the_verdict_nothing() {
    let strict = std::env::var_os("TIDEGATE_LATENCY").is_some();
    let rounds = if strict { 2_000 } else { 60 };
    let temp = Temp::new("");
    let key = || MasterKey::parse(KEY).expect("a key");
    let open = |name: &str| {
        let outbox = Outbox::open(&temp.file(name), key(), OutboxLimits::default());
        Arc::new(outbox.expect("it opens"))
    };
    let (alone, beside) = (open("alone"), open("beside"));
    let delivery = Delivery::start(Arc::clone(&beside), vec![Plan::new("hangs", Hangs)]);
    let pack = Pack::parse("house.toml", PACK).expect("a pack").pack;
    let ruleset = Compiler::new().pack(pack).build().expect("it compiles");
    let mut scanner = Scanner::new();
    let mut took: [Vec<Duration>; 2] = Default::default();
    for round in 0..rounds {
        let id = format!("m{round}");
        let message = Message::text("a gift card").id(&id).sender("u1");
        for (outbox, took) in [&alone, &beside].into_iter().zip(&mut took) {
            let began = Instant::now();
            let verdict = scanner.scan(&[&ruleset], &Policy::default(), &message, Timestamp(0));
            let policy = EvidencePolicy::default();
            let alerts = Alert::of_verdict(
                verdict,
                &message,
                "acme",
                outbox.identity(),
                &policy,
                Timestamp(0),
                &|_| None,
            );
            let alerts = alerts
                .expect("it has an id")
                .into_iter()
                .map(|(_, alert)| alert);
            outbox
                .store(alerts.collect(), &policy)
                .expect("it is stored");
            took.push(began.elapsed());
        }
    }
    drop(delivery);
    let [alone, beside] = took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    });
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    println!("median: {alone:?} alone, {beside:?} beside a sink that hangs; ratio {ratio:.3}");
    assert!(ratio <= if strict { 1.05 } else { 1.5 }, "{ratio}");
}

/// Two processes do not share an outbox.
#[test]
fn one_process_has_an_outbox_open() {
    let temp = Temp::new("");
    let mut child = temp.start();
    let mut input = child.stdin.take().expect("a pipe");
    input
        .write_all(line("m1", "u1", "a gift card").as_bytes())
        .expect("it reads");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut answer = String::new();
    output.read_line(&mut answer).expect("it answers");
    let busy = temp.alerts(&["stats"]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("outbox-busy"));
    drop(input);
    output.read_to_string(&mut answer).expect("it ends");
    assert!(child.wait().expect("it ends").success());
    assert_eq!(temp.said(&["stats"])["head"]["seq"], 1);
}

/// What is read back is what was stored; the whole way through files, without the command.
#[test]
fn the_library_alone_does_it_too() {
    let temp = Temp::new("");
    let key = MasterKey::parse(KEY).expect("a key");
    let outbox =
        Outbox::open(&temp.file("lib"), key.clone(), OutboxLimits::default()).expect("it opens");
    let pack = Pack::parse("house.toml", PACK).expect("a pack").pack;
    let ruleset = Compiler::new().pack(pack).build().expect("it compiles");
    let message = Message::text("a gift card").id("m1").sender("u1");
    let mut scanner = Scanner::new();
    let verdict = scanner.scan(&[&ruleset], &Policy::default(), &message, Timestamp(0));
    let policy = EvidencePolicy::default();
    let alerts = Alert::of_verdict(
        verdict,
        &message,
        "acme",
        outbox.identity(),
        &policy,
        Timestamp(0),
        &|_| None,
    )
    .expect("it has an id");
    let alert = alerts[0].1.clone();
    outbox
        .store(vec![alert.clone()], &policy)
        .expect("it is stored");
    drop(outbox);
    let outbox = Outbox::open(&temp.file("lib"), key, OutboxLimits::default()).expect("it opens");
    let entry = outbox.find(alert.facts.id).expect("it is there");
    assert!(matches!(entry.what, What::Alert(kept, _) if *kept == alert));
}

/// A receiver on libraries that are not ours accepts every signature and reads every event. `TIDEGATE_RECEIVER` names the Python that has
/// them; the continuous checks set it.
#[cfg(feature = "alert-webhook")]
#[test]
fn another_implementation_accepts_what_is_sent() {
    let Ok(python) = std::env::var("TIDEGATE_RECEIVER") else {
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/alerts/receiver.py");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    // Of the seed of 1 to 32; the public key is what cryptography makes of it.
    let seed = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let public = Command::new(&python)
        .args(["-c", "import base64,sys; from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as K; \
               print('whpk_' + base64.b64encode(K.from_private_bytes(base64.b64decode(sys.argv[1])).public_key().public_bytes_raw()).decode())", seed])
        .output()
        .expect("it runs");
    assert!(
        public.status.success(),
        "{}",
        String::from_utf8_lossy(&public.stderr)
    );
    let public = String::from_utf8_lossy(&public.stdout).trim().to_owned();
    let mut receiver = Command::new(&python)
        .args([script, secret, &public, "3"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut seen = BufReader::new(receiver.stdout.take().expect("a pipe")).lines();
    let port = seen.next().expect("a port").expect("a line");
    let config = format!(
        "[[sink]]\nname = \"hook\"\nwebhook = {{ url = \"http://127.0.0.1:{port}/\", loopback = true, secrets = [{{ env = \"HOOK\" }}, {{ env = \"PAIR\" }}] }}\n"
    );
    let temp = Temp::new(&config);
    let mut command = temp.screen();
    command
        .env("HOOK", secret)
        .env("PAIR", format!("whsk_{seed}"));
    let input: String = (0..3)
        .map(|n| line(&format!("m{n}"), "u1", "a gift card"))
        .collect();
    let (answers, output) = screened(command, &input);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for answer in &answers {
        let seen = seen.next().expect("it was accepted").expect("a line");
        let seen: Value = serde_json::from_str(&seen).expect("JSON");
        let expected = json!({ "id": alert_of(answer), "type": "tidegate.alert.raised", "v1a": 1, "rule": "acme.custom/lure" });
        assert_eq!(seen, expected);
    }
    assert!(receiver.wait().expect("it ends").success());
}
