//! The command, run as others run it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

pub(crate) const PACK: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.0.0"
title = "Words"

[[rule]]
id = "swear"
title = "Swear words"
category = "house.words"
severity = "low"
action = "mask"
references = ["POL-1"]
terms = ["坏词"]
[rule.samples]
match = ["坏词"]
pass = ["好词"]

[[rule]]
id = "lure"
category = "fraud.lure"
severity = "high"
action = "block"
alert = true
when = "offer near/12 ask"
lower = { when = "shop", to = "review" }
[rule.lists]
offer = ["礼品卡"]
ask = ["私信我"]
shop = ["专卖店"]
[rule.samples]
match = ["出售礼品卡，私信我"]
pass = ["礼品卡"]

[[rule]]
id = "later"
category = "house.later"
action = "review"
effective = { from = 2030-01-01 }
terms = ["blast"]
[rule.samples]
match = ["blast"]
pass = ["blasting"]

[[rule]]
id = "quiet"
category = "house.quiet"
status = "shadow"
action = "block"
terms = ["golly"]
[[rule.listings]]
list = "UN"
reference = "QDe.000"
[rule.samples]
match = ["golly"]
pass = ["gosh"]
"#;

/// A folder that goes when it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("tidegate-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        for (file, text) in files {
            let file = path.join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(args).env_remove("CLICOLOR_FORCE");
    command
}

pub(crate) fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // It may end before it has read all.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("all is written");
    output
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Screens with the pack alone.
fn screen(name: &str, args: &[&str], input: &[u8]) -> (Vec<Value>, Option<i32>) {
    let folder = Folder::new(name, &[("pack.toml", PACK)]);
    let pack = folder.file("pack.toml");
    let mut all = vec!["screen", "--no-base", "--pack", &pack];
    all.extend(args);
    let output = run(&all, input);
    (lines(&output), output.status.code())
}

#[test]
fn a_verdict_has_the_form_of_the_contract() {
    let input = r#"{"id":"1","tenant":"acme","scene":"group","conversation":"g7","sender":"u1","time":"2026-11-23T10:00:00Z","text":"出售礼品卡，私*信*我","more":[1]}"#;
    let folder = Folder::new("contract", &[("pack.toml", PACK)]);
    let pack = folder.file("pack.toml");
    let output = run(&["screen", "--no-base", "--pack", &pack], input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    let (before, ruleset) = text.split_once("b3:").expect("a digest");
    assert_eq!(ruleset.len(), 64 + "\"}\n".len());
    assert_eq!(
        before,
        concat!(
            r#"{"id":"1","action":"block","coverage":"complete","findings":[{"rule":"acme.words/lure","category":"fraud.lure","#,
            r#""severity":"high","action":"block","lowered_from":null,"confidence":1.0,"references":[],"listings":[],"#,
            r#""alert":null,"wants_alert":true,"spans":[{"start":6,"end":15,"term":"礼品卡","variants":[]},"#,
            r#"{"start":18,"end":29,"term":"私信我","variants":["gaps"]}]}],"shadow":[],"masked":null,"ruleset":""#
        )
    );
}

#[test]
fn lowered_masked_shadow_and_parts_are_told() {
    let input = r#"{"text":"专卖店礼品卡，私信我"}
{"id":{"a":1},"text":"这里有坏词。"}
{"id":[2],"parts":["好词","有坏词"]}
{"id":1.0,"text":"golly"}
{"parts":[]}
"#;
    let (lines, code) = screen("kinds", &[], input.as_bytes());
    assert_eq!(code, Some(0));
    assert_eq!(lines[0]["action"], "review");
    assert_eq!(lines[0]["findings"][0]["lowered_from"], "block");
    assert_eq!(lines[1]["id"], json!({"a": 1}));
    assert_eq!(lines[1]["masked"], "这里有**。");
    assert_eq!(lines[1]["findings"][0]["references"], json!(["POL-1"]));
    assert_eq!(lines[2]["masked"], json!(["好词", "有**"]));
    assert_eq!(
        lines[2]["findings"][0]["spans"],
        json!([{"part": 1, "start": 3, "end": 9, "term": "坏词", "variants": []}])
    );
    assert_eq!(lines[3]["action"], "pass");
    assert_eq!(lines[3]["findings"], json!([]));
    assert_eq!(
        lines[3]["shadow"][0]["listings"],
        json!([{"list": "UN", "reference": "QDe.000"}])
    );
    assert_eq!(lines[4]["coverage"], "not-text");
    assert_eq!(lines[4]["action"], "review");
    for line in &lines {
        let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(keys.len(), 7);
        assert_eq!(
            sorted,
            [
                "action", "coverage", "findings", "id", "masked", "ruleset", "shadow"
            ]
        );
    }
}

#[test]
fn a_bad_line_does_not_stop_the_rest() {
    let mut input = Vec::new();
    for line in [
        &b"{\"id\":1,\"text\":\"a\"}"[..],
        b"{\"id\":2,\"text\":\"a\"",
        b"{\"id\":3,\"text\":\"\xff\"}",
        b"{\"id\":4}",
        b"{\"id\":5,\"text\":\"a\",\"scene\":\"moon\"}",
        b"",
        b"{\"text\":\"a\"}",
    ] {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    // One byte more than a line may have, then one that just fits.
    for (id, more) in [(8, 1), (9, 0)] {
        let head = format!("{{\"id\":{id},\"text\":\"");
        input.extend_from_slice(head.as_bytes());
        input.resize(input.len() + (1 << 20) + more - head.len() - 2, b'a');
        input.extend_from_slice(b"\"}\n");
    }
    input.extend_from_slice(b"{\"id\":10,\"text\":\"no break at the end\"}");
    let (lines, code) = screen("bad", &[], &input);
    assert_eq!(code, Some(1));
    let told: Vec<(&Value, &Value, &Value)> = lines
        .iter()
        .map(|line| (&line["line"], &line["id"], &line["error"]["code"]))
        .collect();
    let none = &Value::Null;
    assert_eq!(
        told,
        [
            (none, &json!(1), none),
            (&json!(2), &json!(2), &json!("bad-json")),
            (&json!(3), &json!(3), &json!("bad-utf8")),
            (&json!(4), &json!(4), &json!("no-text")),
            (&json!(5), &json!(5), &json!("unknown-scene")),
            (&json!(6), none, &json!("bad-json")),
            (none, none, none),
            (&json!(8), &json!(8), &json!("too-long")),
            (none, &json!(9), none),
            (none, &json!(10), none),
        ]
    );
    assert_eq!(lines[8]["coverage"], "text-limit");
    for line in &lines {
        if let Some(error) = line.get("error") {
            assert_eq!(line.as_object().map(serde_json::Map::len), Some(3));
            assert!(error["message"].is_string());
        }
    }
}

#[test]
fn the_order_is_kept_on_all_cores() {
    let mut input = String::new();
    for id in 0..5_000 {
        let text = if id % 7 == 0 { "坏词" } else { "好词" };
        input.push_str(&json!({"id": id, "text": text.repeat(1 + id % 50)}).to_string());
        input.push('\n');
    }
    let (alone, code) = screen("alone", &["--jobs", "1"], input.as_bytes());
    assert_eq!(code, Some(0));
    let (together, _) = screen("together", &["--jobs", "4"], input.as_bytes());
    assert_eq!(alone, together);
    for (id, line) in together.iter().enumerate() {
        assert_eq!(line["id"], id);
        assert_eq!(line["action"], if id % 7 == 0 { "mask" } else { "pass" });
    }
}

#[test]
fn a_line_is_answered_before_the_next_is_sent() {
    let mut child = command(&["screen", "--no-base"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut answers = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for id in 0..3 {
        // The beginning of the next line holds nothing back.
        write!(stdin, "{{\"id\":{id},\"text\":\"a\"}}\n  ").expect("it reads");
        let answer = answers.next().expect("an answer").expect("UTF-8");
        assert!(answer.starts_with(&format!("{{\"id\":{id},")), "{answer}");
    }
    drop(stdin);
    // The last two blanks are a line, and no JSON.
    assert!(answers.next().is_some());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn the_time_is_the_one_asked_for() {
    let input = r#"{"time":"2031-01-01T00:00:00Z","text":"blast"}
{"time":"2029-01-01T00:00:00Z","text":"blast"}
{"text":"blast"}"#;
    let actions = |name: &str, at: &str| -> Vec<String> {
        let (lines, code) = screen(name, &["--at", at], input.as_bytes());
        assert_eq!(code, Some(0));
        lines
            .iter()
            .map(|line| line["action"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(actions("at-a", "message")[..2], ["review", "pass"]);
    assert_eq!(actions("at-b", "2030-01-01"), ["review"; 3]);
    assert_eq!(actions("at-c", "2029-12-31T23:59:59Z"), ["pass"; 3]);
    let output = run(&["screen", "--at", "tomorrow"], b"");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_tenant_brings_its_packs_and_its_policy() {
    let tenant = r#"
[tenant]
id = "acme"
packs = ["packs/pack.toml"]
[scenes.channel]
mask = "block"
[override."acme.words/lure"]
action = "mask"
"#;
    let weaker = "[tenant]\nid = \"acme\"\n[override.\"base.threat/person\"]\naction = \"pass\"\n";
    let folder = Folder::new(
        "tenant",
        &[
            ("acme.toml", tenant),
            ("packs/pack.toml", PACK),
            ("weaker.toml", weaker),
            ("typo.toml", "[tenant]\nidd = \"acme\"\n"),
            (
                "below/out.toml",
                "[tenant]\nid = \"acme\"\npacks = [\"../packs/pack.toml\"]\n",
            ),
        ],
    );
    let input = r#"{"tenant":"acme","text":"坏词"}
{"scene":"channel","text":"坏词"}
{"id":3,"tenant":"other","text":"坏词"}
{"text":"礼品卡，私信我"}"#;
    let output = run(
        &["screen", "--tenant", &folder.file("acme.toml")],
        input.as_bytes(),
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let lines = lines(&output);
    assert_eq!(lines[0]["action"], "mask");
    assert_eq!(lines[1]["action"], "block");
    assert_eq!(lines[2]["id"], 3);
    assert_eq!(lines[2]["error"]["code"], "unknown-tenant");
    assert_eq!(lines[3]["action"], "mask");
    for file in ["weaker.toml", "typo.toml", "below/out.toml"] {
        let output = run(&["screen", "--tenant", &folder.file(file)], b"");
        assert_eq!(output.status.code(), Some(2), "{file}: {}", stderr(&output));
    }
}

#[test]
fn plain_lines_are_texts() {
    let (lines, code) = screen(
        "plain",
        &["--lines", "-"],
        "\u{feff}坏词\r\n\n{\"text\":\"坏词\"}\n".as_bytes(),
    );
    assert_eq!(code, Some(0));
    let masked: Vec<&Value> = lines.iter().map(|line| &line["masked"]).collect();
    assert_eq!(
        masked,
        [&json!("**"), &Value::Null, &json!("{\"text\":\"**\"}")]
    );
}

#[test]
fn people_see_the_hits() {
    let folder = Folder::new(
        "human",
        &[
            ("pack.toml", PACK),
            (
                "in.ndjson",
                "{\"id\":\"m1\",\"text\":\"有坏*词\\u001b[31m\"}\n{\"text\":\"a\"}\n{\n",
            ),
        ],
    );
    let output = run(
        &[
            "screen",
            "--no-base",
            "--format",
            "human",
            "--pack",
            &folder.file("pack.toml"),
            &folder.file("in.ndjson"),
        ],
        b"",
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "mask  m1 (line 1)",
        "有«坏*词»<001B>[31m",
        "acme.words/swear  Swear words  house.words, low",
        "by gaps",
        "line 3: ",
        "2 messages, 1 mask, 1 pass, 1 bad line",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn whoever_stops_reading_is_no_error() {
    let mut child = command(&["screen", "--no-base"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        let line = b"{\"text\":\"a\"}\n".repeat(1_000);
        for _ in 0..100 {
            if stdin.write_all(&line).is_err() {
                return;
            }
        }
    });
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut first).expect("an answer");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer ends");
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_wrong_command_line_or_pack_ends_with_two() {
    let folder = Folder::new(
        "wrong",
        &[
            (
                "bad.toml",
                "format = 1\n[pack]\nid = \"acme\"\nversion = \"1\"\nx = 1\n",
            ),
            ("base.toml", &PACK.replace("acme.words", "base.words")),
            ("empty/readme", ""),
        ],
    );
    let (bad, base, empty) = (
        folder.file("bad.toml"),
        folder.file("base.toml"),
        folder.file("empty"),
    );
    let cases: [&[&str]; 9] = [
        &["screen", "no such file"],
        &["screen", &empty],
        &["screen", "--pack", "no such file"],
        &["screen", "--pack", &bad],
        &["screen", "--pack", &base],
        &["screen", "--pack", &empty],
        &["screen", "--jobs", "0"],
        &["explain", "a", "--scene", "moon"],
        &["walk"],
    ];
    for args in cases {
        let output = run(args, b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(output.stdout, b"", "{args:?}");
        assert!(!stderr(&output).is_empty(), "{args:?}");
    }
    // A base pack may take the base's place.
    let output = run(
        &["screen", "--no-base", "--pack", &base],
        b"{\"text\":\"a\"}",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn check_shows_every_problem() {
    let folder = Folder::new(
        "check",
        &[
            ("good.toml", PACK),
            (
                "deep/typo.toml",
                &PACK.replace("severity = \"low\"", "sevrity = \"low\""),
            ),
            ("deep/typo.txt", "no pack"),
        ],
    );
    let at = ["--at", "2031-01-01"];
    let output = run(&["check", &folder.file("good.toml"), at[0], at[1]], b"");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 pack: 0 errors, 0 warnings"));

    let all = folder.0.display().to_string();
    let output = run(&["check", &all, "--format", "json", at[0], at[1]], b"");
    assert_eq!(output.status.code(), Some(1));
    let problems = &lines(&output)[0];
    assert_eq!(problems.as_array().map(Vec::len), Some(1));
    assert_eq!(problems[0]["code"], "unknown-key");
    assert_eq!(problems[0]["file"], folder.file("deep/typo.toml"));
    assert_eq!(problems[0]["line"], 12);

    let output = run(&["check", &all, "--lang", "zh"], b"");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("错误[unknown-key]"), "{text}");
    assert!(text.contains("2 个规则包"), "{text}");
    assert_eq!(run(&["check"], b"").status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn word_files_stay_in_the_packs_folder() {
    let listed = PACK.replace(
        "terms = [\"坏词\"]",
        "when = \"bad\"\n[rule.lists]\nbad = { file = \"words/bad.txt\" }",
    );
    let folder = Folder::new(
        "words",
        &[
            ("inside/pack.toml", &listed),
            ("inside/words/bad.txt", "# words\n坏词\n"),
            ("outside/pack.toml", &listed),
            ("outside/words/other.txt", ""),
            ("secret.txt", "坏词\n"),
        ],
    );
    let secret = folder.0.join("secret.txt");
    let link = folder.0.join("outside/words/bad.txt");
    std::os::unix::fs::symlink(&secret, &link).expect("a link");
    let output = run(&["check", &folder.file("inside")], b"");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let output = run(&["check", &folder.file("outside"), "--format", "json"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output)[0][0]["code"], "word-file");
    assert!(Path::new(&link).exists());
}

#[test]
fn test_runs_the_samples() {
    let fails = PACK.replace("match = [\"坏词\"]", "match = [\"坏词\", \"坏的词\"]");
    let folder = Folder::new("test", &[("good.toml", PACK), ("fails.toml", &fails)]);
    let output = run(&["test", &folder.file("good.toml")], b"");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("acme.words  8 held, 0 failed"));

    let output = run(&["test", &folder.file("fails.toml")], b"");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "FAILED acme.words/swear  match sample",
        "fails.toml:17",
        "坏的词",
        "1 letter off",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }

    let output = run(
        &["test", &folder.file("fails.toml"), "--format", "json"],
        b"",
    );
    assert_eq!(output.status.code(), Some(1));
    let whole = &lines(&output)[0];
    assert_eq!(whole["packs"][0]["failed"], 1);
    assert_eq!(whole["samples"][0]["nearest"]["edits"], 1);
    assert_eq!(whole["samples"][0]["line"], 17);

    // Two packs of one id are none.
    let all = folder.0.display().to_string();
    assert_eq!(run(&["test", &all], b"").status.code(), Some(2));
}

#[test]
fn explain_says_how_rulesets_are_searched() {
    let nested: Vec<String> = (2..40)
        .map(|n| format!("\"{}\"", "甲乙".repeat(n)))
        .collect();
    let nested = PACK.replace("terms = [", &format!("terms = [{}, ", nested.join(", ")));
    assert_ne!(nested, PACK);
    let folder = Folder::new("ruleset", &[("pack.toml", PACK), ("nested.toml", &nested)]);
    let told = |file: &str, more: &[&str]| -> String {
        let pack = folder.file(file);
        let args = [&["explain", "--ruleset", "--pack", &pack][..], more].concat();
        let output = run(&args, b"");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let json = |file: &str, more: &[&str]| -> Value {
        let more = [&["--format", "json"][..], more].concat();
        serde_json::from_str(&told(file, &more)).expect("one object")
    };
    let both = json("pack.toml", &[]);
    assert_eq!(both["rulesets"].as_array().map(Vec::len), Some(2));
    assert_eq!(both["rulesets"][0]["locked"], true);
    let plain = json("pack.toml", &["--no-base"]);
    let plain = &plain["rulesets"][0];
    assert_eq!(plain["strategy"], "few");
    assert_eq!(
        json("nested.toml", &["--no-base"])["rulesets"][0]["strategy"],
        "automaton"
    );
    for key in [
        "rules",
        "terms",
        "patterns",
        "states",
        "search_bytes",
        "bytes",
    ] {
        assert!(plain[key].as_u64() > Some(0), "{key}: {plain}");
    }
    assert!(plain["build_ms"].as_f64() > Some(0.0), "{plain}");
    let shown = told("pack.toml", &["--no-base"]);
    for said in ["acme", "strategy", "few", "states", "bytes", "built in"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

#[test]
fn explain_says_why_and_why_not() {
    let folder = Folder::new("explain", &[("pack.toml", PACK)]);
    let pack = folder.file("pack.toml");
    let args = ["explain", "--no-base", "--pack", &pack];
    let explain = |text: &str, more: &[&str]| -> String {
        let output = run(&[&args[..], &[text], more].concat(), b"");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = explain("坏，词 礼品卡 坏*词", &[]);
    for part in [
        "✗ 坏词  in 坏，词  the gap",
        "✓ 坏词  in 坏*词  found",
        "✓ acme.words/swear",
        "✗ acme.words/lure",
        "✗ offer near/12 ask",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(explain("blast", &["--at", "2029-01-01"]).contains("not in effect at this time"));
    let json: Value =
        serde_json::from_str(&explain("坏词", &["--format", "json"])).expect("one object");
    assert_eq!(json["verdict"]["action"], "mask");
    assert_eq!(json["verdict"]["masked"], "**");
    assert_eq!(json["rules"][0]["when"]["held"], true);
    assert_eq!(json["views"][0]["candidates"][0]["outcome"], "found");
}
