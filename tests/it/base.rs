//! The base library.

use std::collections::BTreeSet;
use std::path::Path;

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
