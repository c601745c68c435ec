//! The commands for rule authors, run as they run them: what would a change do, why, and let me try it without harm.

use serde_json::{Value, json};

use crate::cli::{Folder, run};

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
