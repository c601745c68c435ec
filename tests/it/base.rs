//! The base library.

use std::collections::BTreeSet;
use std::path::Path;

use tidegate::{Action, Compiler, Message, Pack, Policy, Scanner, Scene, Timestamp};

#[test]
fn every_file_of_the_folder_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/base");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("rules/base is there")
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".toml")?.to_owned()))
        .map(|name| format!("base.{name}"))
        .collect();
    let packs = tidegate::base::packs().unwrap_or_else(|problems| panic!("{problems}"));
    let embedded: BTreeSet<String> = packs.iter().map(|pack| pack.id.to_string()).collect();
    assert_eq!(embedded, there);
}

#[test]
fn the_ruleset_is_locked() {
    let ruleset = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    assert!(ruleset.is_locked());
    assert!(ruleset.rules() > 0);
}

#[test]
fn its_samples_hold() {
    let packs = tidegate::base::packs().unwrap_or_else(|problems| panic!("{problems}"));
    let report = tidegate::selftest::run(None, &packs, &tidegate::PackLimits::operator())
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert!(!report.samples.is_empty());
    let failures: Vec<(&str, &str)> = report
        .failures()
        .map(|tested| (&*tested.rule, &*tested.text))
        .collect();
    assert_eq!(failures, []);
}

#[test]
fn every_message_of_the_conversation_is_decided_as_it_expects() {
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let pack = Pack::parse("house.toml", include_str!("../examples/house.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"))
        .pack;
    let house = Compiler::new()
        .pack(pack)
        .build()
        .unwrap_or_else(|problems| panic!("{problems}"));
    let mut scanner = Scanner::new();
    let (mut wrong, mut count) = (Vec::new(), [0; 4]);
    for line in include_str!("../examples/conversation.ndjson").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let word = |key: &str| line[key].as_str().unwrap_or_default();
        let scene = Scene::from_name(word("scene")).unwrap_or_default();
        let at = Timestamp::parse(word("time")).expect("a message has its time");
        let message = Message::text(word("text")).scene(scene);
        let verdict = scanner.scan(&[&base, &house], &Policy::default(), &message, at);
        count[verdict.action as usize] += 1;
        if Action::from_name(word("expect")) != Some(verdict.action) {
            wrong.push(format!("{}: {}", word("id"), verdict.action));
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(count.into_iter().sum::<u32>() >= 200);
    assert!(
        count.into_iter().all(|n| n >= 5),
        "every action comes up: {count:?}"
    );
}
