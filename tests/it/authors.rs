//! The commands for rule authors, run as they run them: what would a change do, why, and let me try it without harm.

use serde_json::{Value, json};

use crate::cli::{Folder, run, stderr};

/// A rule that is rolled out to a quarter of the conversations, and one in shadow.
const STAGED: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.0.0"
title = "Words"

[[rule]]
id = "new"
category = "house.words"
action = "review"
rollout = 25
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
[rule.samples]
match = ["golly"]
pass = ["gosh"]
"#;

#[test]
fn a_rule_is_rolled_out_by_conversation() {
    let folder = Folder::new("rollout", &[("pack.toml", STAGED)]);
    let pack = folder.file("pack.toml");
    let line = |conversation: &str| {
        format!(
            "{}\n",
            json!({"conversation": conversation, "text": "blast golly"})
        )
    };
    let mut input: String = (0..400).map(|at| line(&format!("g{at}"))).collect();
    input.push_str("{\"text\":\"blast\"}\n");
    let screen = |format: &str| {
        let args = ["screen", "--no-base", "--pack", &pack, "--format", format];
        let output = run(&args, input.as_bytes());
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let answers: Vec<Value> = screen("ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let held: Vec<bool> = answers
        .iter()
        .map(|answer| answer["action"] == "review")
        .collect();
    // The shares of g1 to g4, by BLAKE3: 75.45%, 17.44%, 60.50%, 24.49%.
    assert_eq!(held[1..5], [false, true, false, true]);
    let total = held.iter().filter(|held| **held).count();
    assert!((70..130).contains(&total), "{total} of 400 are a quarter");
    for (answer, held) in answers.iter().zip(&held) {
        let place = if *held { "findings" } else { "shadow" };
        assert_eq!(answer[place][0]["rule"], "acme.words/new");
    }
    // Without a conversation it is in no share.
    assert!(!held[400]);
    let summary = screen("human");
    let delivered = 401 - total;
    assert!(
        summary.contains(&format!(
            "rules in shadow would hold {delivered} messages that are delivered:\n"
        )),
        "{summary}"
    );
    assert!(
        summary.contains(&format!("{delivered:8}  acme.words/new\n")),
        "{summary}"
    );
    assert!(
        summary.contains(&format!("{:8}  acme.words/quiet\n", delivered - 1)),
        "{summary}"
    );
}

fn pack(version: &str, rules: &str) -> String {
    format!(
        "format = 1\n[pack]\nid = \"acme.words\"\nversion = \"{version}\"\ntitle = \"Words\"\n{rules}"
    )
}

/// A rule with the samples that it needs.
fn rule(id: &str, action: &str, terms: &str, more: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\ncategory = \"house.{id}\"\naction = \"{action}\"\nterms = {terms}\n{more}\n[rule.samples]\n\
         match = [{}]\npass = [\"nothing\"]\n",
        terms.trim_matches(['[', ']'])
    )
}

fn old_and_new() -> [String; 2] {
    [
        pack(
            "1.0.0",
            &(rule("a", "review", "[\"blast\"]", "")
                + &rule("b", "mask", "[\"golly\"]", "")
                + &rule("c", "block", "[\"gosh\"]", "")
                + &rule("d", "review", "[\"drat\"]", "status = \"shadow\"")),
        ),
        pack(
            "2.0.0",
            &(rule("a", "review", "[\"blast\", \"blimey\"]", "")
                + &rule("b", "pass", "[\"golly\"]", "")
                + &rule("c", "block", "[\"goshawk\"]", "")
                + &rule("d", "review", "[\"drat\"]", "")
                + &rule("e", "review", "[\"blast\"]", "")),
        ),
    ]
}

const MESSAGES: &str = r#"{"id":"m1","tenant":"x","text":"nothing here"}
{"id":"m2","tenant":"x","text":"oh blimey!"}
{"id":"m3","tenant":"y","text":"golly"}
{"id":"m4","tenant":"y","text":"gosh, secret"}
{"id":"m5","text":"drat it"}
{"id":"m6","text":"blast it"}
{"id":"m7","text":1}
"#;

#[test]
fn a_change_is_counted() {
    let [old, new] = old_and_new();
    let files = [
        ("old.toml", &*old),
        ("new.toml", &new),
        ("m.ndjson", MESSAGES),
    ];
    let folder = Folder::new("diff", &files);
    let (old, new, messages) = (
        folder.file("old.toml"),
        folder.file("new.toml"),
        folder.file("m.ndjson"),
    );
    let diff = |more: &[&str]| {
        let mut args = vec!["diff", &old, &new, "--messages", &messages, "--no-base"];
        args.extend(more);
        let output = run(&args, b"");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        (text, output.status.code())
    };
    let (json, code) = diff(&["--format", "json"]);
    // A line is bad.
    assert_eq!(code, Some(1));
    let said: Value = serde_json::from_str(&json).expect("one object");
    assert_eq!(said["messages"], 6);
    assert_eq!(said["bad_lines"], json!({"bad-json": 1}));
    assert_eq!(
        [
            &said["newly_held"],
            &said["newly_freed"],
            &said["other_action"],
            &said["other_findings"]
        ],
        [2, 1, 1, 1]
    );
    let moved = |old: &str, new: &str| {
        let rows = said["matrix"].as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row["old"] == old && row["new"] == new);
        row.expect("every pair is there")["messages"].clone()
    };
    assert_eq!(said["matrix"].as_array().map(Vec::len), Some(16));
    assert_eq!(moved("pass", "review"), 2);
    assert_eq!(moved("block", "pass"), 1);
    assert_eq!(moved("mask", "pass"), 1);
    assert_eq!(moved("review", "review"), 1);
    let of = |kind: &str, name: &str| {
        let rows = said[kind].as_array().expect("rows");
        let row = rows.iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("{name} is not in {rows:?}"))
            .clone()
    };
    assert_eq!(
        of("rules", "acme.words/a"),
        json!({"name": "acme.words/a", "fired_old": 1, "fired_new": 2, "held": 1, "freed": 0, "changed": 0,
               "shadow_old": 0, "shadow_new": 0})
    );
    assert_eq!(of("rules", "acme.words/d")["shadow_old"], 1);
    assert_eq!(of("rules", "acme.words/d")["held"], 1);
    assert_eq!(of("rules", "acme.words/c")["freed"], 1);
    assert_eq!(
        of("tenants", "y"),
        json!({"name": "y", "messages": 2, "held": 0, "freed": 1, "changed": 1})
    );
    assert_eq!(of("tenants", "(none)")["held"], 1);
    let sample = &said["samples"][0];
    assert_eq!(
        sample,
        &json!({"change": "held", "line": 2, "id": "m2", "tenant": "x", "old": "pass", "new": "review",
                "rules": ["acme.words/a"], "text": "oh blimey!", "spans": [[3, 9]]})
    );
    assert!(
        said["old"]["steps"].as_u64() > Some(0) && said["new"]["nanoseconds"].as_u64() > Some(0)
    );

    let (text, _) = diff(&[]);
    assert!(
        text.contains("oh «blimey»!") && text.contains("  fired"),
        "{text}"
    );
    let (text, _) = diff(&["--redact"]);
    assert!(
        !text.contains("blimey") && !text.contains("secret"),
        "{text}"
    );
    assert!(text.contains("hits at 3..9"), "{text}");
    let (text, _) = diff(&["--samples", "0"]);
    assert!(!text.contains("Newly held"), "{text}");
}

#[test]
fn new_holds_are_a_gate() {
    let [old, new] = old_and_new();
    let folder = Folder::new("gate", &[("old.toml", &old), ("new.toml", &new)]);
    let (old, new) = (folder.file("old.toml"), folder.file("new.toml"));
    let diff = |old: &str, new: &str, most: &str| {
        let args = [
            "diff",
            old,
            new,
            "--messages",
            "-",
            "--lines",
            "--no-base",
            "--max-new-holds",
            most,
        ];
        let output = run(&args, b"blimey\ndrat\nfine\n");
        (
            String::from_utf8(output.stdout).expect("UTF-8"),
            output.status.code(),
        )
    };
    let (text, code) = diff(&old, &new, "1");
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.ends_with("newly held: 2 messages, more than the 1 allowed\n"),
        "{text}"
    );
    assert_eq!(diff(&old, &new, "2").1, Some(0));
    let (text, code) = diff(&old, &old, "0");
    assert_eq!(code, Some(0));
    assert!(
        text.contains("the rules are the same on both sides"),
        "{text}"
    );
}

/// Many messages on several threads, and the same counts and samples as on one.
#[test]
fn threads_change_nothing() {
    let [old, new] = old_and_new();
    let folder = Folder::new("threads", &[("old.toml", &old), ("new.toml", &new)]);
    let (old, new) = (folder.file("old.toml"), folder.file("new.toml"));
    let words = ["blimey", "fine", "gosh", "golly", "drat", "blast", "good"];
    let input: String = (0..5_000)
        .map(|n| format!("{} {n}\n", words[n * n % 7]))
        .collect();
    let with = |jobs: &str| -> Value {
        let args = [
            "diff",
            &old,
            &new,
            "--messages",
            "-",
            "--lines",
            "--no-base",
            "--format",
            "json",
            "--jobs",
            jobs,
        ];
        let output = run(&args, input.as_bytes());
        let mut said: Value = serde_json::from_slice(&output.stdout).expect("one object");
        for side in ["old", "new"] {
            said[side]["nanoseconds"].take();
        }
        said["seconds"].take();
        said
    };
    let one = with("1");
    assert_eq!(one, with("3"));
    assert!(one["newly_held"].as_u64() > Some(500));
    assert!(one["samples"].as_array().map(Vec::len) > Some(5));
}

#[test]
fn a_pack_is_compared_with_itself_at_a_revision() {
    let [old, new] = old_and_new();
    let words = "\n[lists]\nwords = { file = \"words/w.txt\" }\n";
    let by_list = "[[rule]]\nid = \"f\"\ncategory = \"house.f\"\naction = \"block\"\nwhen = \"words\"\n[rule.samples]\n\
                   match = [\"crikey\"]\npass = [\"x\"]\n";
    let with_list = |source: &str, rules: &str| {
        source.replacen("[[rule]]", &format!("{words}[[rule]]"), 1) + rules
    };
    let tenant = "[tenant]\nid = \"acme\"\npacks = [\"pack.toml\"]\n";
    let files = [
        ("packs/pack.toml", &*with_list(&old, by_list)),
        ("packs/words/w.txt", "crikey\n"),
        ("packs/tenant.toml", tenant),
    ];
    let folder = Folder::new("revision", &files);
    let git = |args: &[&str]| {
        std::process::Command::new("git")
            .args([
                "-c",
                "user.name=test",
                "-c",
                "user.email=test@example.invalid",
            ])
            .args(args)
            .current_dir(&folder.0)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
    };
    let diff = |old: &str, new: &str| {
        let mut command = crate::cli::command(&[
            "diff",
            old,
            new,
            "--messages",
            "m.txt",
            "--lines",
            "--no-base",
        ]);
        command
            .args(["--format", "json"])
            .current_dir(&folder.0)
            .output()
            .expect("it runs")
    };
    std::fs::write(folder.0.join("m.txt"), "blimey\ncrikey\ncripes\n").expect("a file");
    if git(&["init", "-q"]).is_err() {
        let output = diff("HEAD:packs", "packs");
        assert!(stderr(&output).contains("read by `git`, which does not run"));
        return;
    }
    for args in [&["add", "."][..], &["commit", "-qm", "old"]] {
        let output = git(args).expect("git runs");
        assert!(output.status.success(), "{}", stderr(&output));
    }
    std::fs::write(folder.0.join("packs/pack.toml"), with_list(&new, by_list)).expect("a file");
    std::fs::write(folder.0.join("packs/words/w.txt"), "cripes\n").expect("a file");
    for (old, new) in [
        ("HEAD:packs/pack.toml", "packs/pack.toml"),
        ("HEAD:packs/tenant.toml", "packs/tenant.toml"),
        ("HEAD:./packs/pack.toml", "packs/pack.toml"),
    ] {
        let output = diff(old, new);
        assert_eq!(output.status.code(), Some(0), "{old}: {}", stderr(&output));
        let said: Value = serde_json::from_slice(&output.stdout).expect("one object");
        assert_eq!([&said["newly_held"], &said["newly_freed"]], [2, 1], "{old}");
    }
    for (old, says) in [
        (
            "HEAD:packs/none.toml",
            "there is no such pack at that revision",
        ),
        (
            "nowhere:packs/pack.toml",
            "`nowhere` is no revision of this repository",
        ),
        ("--all:packs", "is no revision of this repository"),
        ("packs/none.toml", "packs/none.toml: "),
    ] {
        let mut command = crate::cli::command(&[
            "diff",
            "--messages",
            "m.txt",
            "--no-base",
            "--",
            old,
            "packs/pack.toml",
        ]);
        let output = command.current_dir(&folder.0).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{old}");
        assert!(stderr(&output).contains(says), "{old}: {}", stderr(&output));
    }
}

const TENANT: &str = r#"
[tenant]
id = "acme"
packs = ["pack.toml"]
[scenes.channel]
review = "block"
[override."acme.words/new"]
action = "mask"
"#;

#[test]
fn an_explanation_is_enough_for_an_appeal() {
    let folder = Folder::new("appeal", &[("pack.toml", STAGED), ("tenant.toml", TENANT)]);
    let tenant = folder.file("tenant.toml");
    let line = r#"{"id":"m1","scene":"channel","conversation":"g2","time":"2026-03-01T00:00:00Z","text":"b.l.ａ.ś.t"}"#;
    let args = [
        "screen",
        "--no-base",
        "--tenant",
        &tenant,
        "--at",
        "message",
    ];
    let verdict: Value = serde_json::from_slice(&run(&args, line.as_bytes()).stdout).expect("JSON");
    let named = verdict["ruleset"].as_str().expect("a digest");
    let explain = |more: &[&str]| {
        let mut args = vec!["explain", "--no-base", "--tenant", &tenant];
        args.extend(more);
        run(&args, b"")
    };
    let output = explain(&[
        "--ndjson", line, "--at", "message", "--verify", named, "--format", "json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said: Value = serde_json::from_slice(&output.stdout).expect("one object");
    // The same verdict, but for the id of the line.
    for key in ["action", "findings", "shadow", "coverage", "ruleset"] {
        assert_eq!(said["verdict"][key], verdict[key], "{key}");
    }
    assert_eq!(said["verified"], true);
    assert_eq!(
        (&said["at"], &said["conversation"]),
        (&json!("2026-03-01T00:00:00Z"), &json!("g2"))
    );
    let folded = &said["views"][0]["clusters"];
    assert_eq!(folded[4]["steps"], json!([{"stage": "width", "text": "a"}]));
    assert_eq!(folded[6]["steps"], json!([{"stage": "marks", "text": "s"}]));
    let rule = &said["rules"][0];
    assert_eq!(
        (&rule["rolled_out"], &rule["fired"], &rule["live"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(
        rule["became"],
        json!({"lowered": null, "overridden": "mask", "in_scene": "mask"})
    );

    let output = explain(&["b.l.ａ.ś.t", "--conversation", "g1", "--scene", "channel"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for says in [
        "ａ U+FF41 [ef bd 81]  width → a",
        "in 25% of the conversations, not this one: in shadow",
        "action review, by an override mask",
        "decided by b3:",
    ] {
        assert!(text.contains(says), "{says} is not in {text}");
    }
    // Many rules of the base library look at whom a contact stands beside, and have nothing to say of this.
    let base = |more: &[&str]| {
        let mut args = vec!["explain", "message me"];
        args.extend(more);
        String::from_utf8(run(&args, b"").stdout).expect("UTF-8")
    };
    assert!(base(&[]).contains("rules saw hits of other rules alone and do not fire"));
    assert!(base(&["--all"]).lines().count() > base(&[]).lines().count() + 50);
    let output = explain(&["blast", "--verify", "b3:00000000"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("other rules decided then"));
    assert_eq!(
        explain(&["blast", "--verify", "latest"]).status.code(),
        Some(2)
    );
    let output = explain(&["--ndjson", "{\"text\":"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("bad-json"), "{}", stderr(&output));
    // A message of another tenant is not this one's to explain.
    let output = explain(&["--ndjson", r#"{"tenant":"other","text":"blast"}"#]);
    assert!(
        stderr(&output).contains("unknown-tenant"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn samples_are_told_to_ci_and_untried_terms_to_people() {
    let source = pack(
        "1.0.0",
        "[lists]\noffer = [\"gift card\", \"voucher\"]\nask = [\"dm me\"]\n[[rule]]\nid = \"lure\"\ncategory = \"house.lure\"\n\
         when = \"offer near/3 ask\"\nexcept = [\"voucher code\"]\n[rule.samples]\n\
         match = [\"gift card dm me\", \"gi<ft> & \\\"card\\\" dm me\"]\npass = [\"gift card\"]\ntodo = [\"gift card: dm me\"]\n\
         [[rule]]\nid = \"old\"\ncategory = \"house.old\"\nstatus = \"retired\"\nterms = [\"blast\"]\n[rule.samples]\nmatch = [\"blast\"]\n",
    );
    let folder = Folder::new("junit", &[("pack.toml", &source)]);
    let (file, junit) = (folder.file("pack.toml"), folder.file("out.xml"));
    let output = run(&["test", &file, "--junit", &junit, "--untested"], b"");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for says in [
        "the rule fires by now: move the sample to `match`",
        "text      gi<ft> & \"card\" dm me",
        "folded    gi<ft> & \"card\" dm me",
        "nearest   gift card",
        "2 terms in no sample:\n    offer, 1 of 2: voucher\n    except of acme.words/lure, 1 of 1: voucher code\n",
    ] {
        assert!(text.contains(says), "{says} is not in {text}");
    }
    let xml = std::fs::read_to_string(&junit).expect("it is written");
    for says in [
        "<testsuite name=\"acme.words\" tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"1\">",
        "<testcase classname=\"acme.words/lure\" name=\"match in line 15: gift card dm me\"",
        "<failure message=\"the rule does not fire\">text: gi&lt;ft&gt; &amp; &quot;card&quot; dm me\n",
        "condition: offer near/3 ask, which does not hold\n",
        "<skipped message=\"its rule is retired\"/>",
    ] {
        assert!(xml.contains(says), "{says} is not in {xml}");
    }
    let opened = xml.matches("<testcase").count();
    assert_eq!(opened, 5);
    let closed = xml.matches("</testcase>").count() + xml.matches("\"/>\n").count();
    assert_eq!(opened, closed, "{xml}");

    let output = run(&["test", &file, "--format", "json"], b"");
    let said: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(said["untested"][0]["terms"], json!(["voucher"]));
    assert_eq!(said["untested"][1]["rule"], "acme.words/lure");
    let nowhere = folder.file("none/out.xml");
    let output = run(&["test", &file, "--junit", &nowhere], b"");
    assert_eq!(output.status.code(), Some(2));
}

/// A rule that is rolled out to few is tested as if it were rolled out to all, and so is what rests on it.
#[test]
fn samples_do_not_wait_for_a_rollout() {
    let source = pack(
        "1.0.0",
        "[[rule]]\nid = \"a\"\ncategory = \"house.a\"\nrollout = 1\nterms = [\"blast\"]\n[rule.samples]\nmatch = [\"blast\"]\npass = [\"x\"]\n\
         [[rule]]\nid = \"b\"\ncategory = \"house.b\"\nwhen = \"word near/3 @house.a\"\n[rule.lists]\nword = [\"cap\"]\n\
         [rule.samples]\nmatch = [\"blast cap\"]\npass = [\"cap\"]\n",
    );
    let folder = Folder::new("staged-samples", &[("pack.toml", &source)]);
    let output = run(&["test", &folder.file("pack.toml")], b"");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
