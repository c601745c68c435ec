//! Lists that others keep: `tidegate base diff`, and the regional pack.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

fn tidegate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .output()
        .expect("the command runs")
}

fn diff(list: &str) -> Value {
    let ran = tidegate(&["base", "diff", list, "--format", "json"]);
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).expect("one JSON object")
}

/// A file of its own for one test.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lists");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, content).expect("a file");
    path
}

/// The entries of the base as a list would have them.
fn of_the_base(generated: &str) -> String {
    let packs = tidegate::base::packs().unwrap_or_else(|problems| panic!("{problems}"));
    let mut list =
        format!("<CONSOLIDATED_LIST dateGenerated=\"{generated}T00:00:00\"><ENTITIES>\n");
    let pack = packs.iter().find(|pack| &*pack.id == "base.organisations");
    for rule in &pack.expect("the organisations").rules {
        let un = rule.listings.iter().find(|listing| &*listing.list == "UN");
        let reference = &un.expect("a listing").reference;
        let term = rule
            .lists
            .iter()
            .flat_map(|list| &list.terms)
            .find(|term| !term.regex);
        let name = term.expect("a name").text.replace('&', "&amp;");
        let _ = writeln!(
            list,
            "<ENTITY><FIRST_NAME>{name}</FIRST_NAME><REFERENCE_NUMBER>{reference}</REFERENCE_NUMBER></ENTITY>"
        );
    }
    list + "</ENTITIES></CONSOLIDATED_LIST>"
}

#[test]
fn a_list_that_says_the_same_shows_no_difference() {
    let path = file("same.xml", of_the_base("2026-09-01").as_bytes());
    let diff = diff(path.to_str().expect("UTF-8"));
    for kind in ["added", "changed", "removed", "unread"] {
        assert_eq!(diff[kind], serde_json::json!([]), "{kind}");
    }
    assert_eq!(diff["compared"], 94);
    assert_eq!(diff["base_as_of"], tidegate::base::AS_OF);
    assert_eq!(diff["list_generated"], "2026-09-01");
}

#[test]
fn a_delisting_gets_its_day() {
    let list = of_the_base("2026-09-01");
    let without: Vec<&str> = list
        .lines()
        .filter(|line| !line.contains("QDe.002"))
        .collect();
    let path = file("without.xml", without.join("\n").as_bytes());
    let path = path.to_str().expect("UTF-8");
    let removed = &diff(path)["removed"];
    assert_eq!(removed.as_array().map(Vec::len), Some(1));
    assert_eq!(removed[0]["reference"], "QDe.002");
    assert_eq!(removed[0]["rule"], "base.organisations/aiai");
    assert_eq!(removed[0]["until"], "2026-09-01");
    let said = String::from_utf8(tidegate(&["base", "diff", path]).stdout).expect("UTF-8");
    assert!(said.contains("as of 2026-08-22"), "{said}");
    assert!(said.contains("write `until = 2026-09-01`"), "{said}");
}

#[test]
fn a_list_is_read_as_it_comes() {
    let diff = diff("tests/data/un-list/small.xml");
    let added = &diff["added"];
    assert_eq!(added.as_array().map(Vec::len), Some(1), "{added}");
    assert_eq!(added[0]["reference"], "QDe.999");
    assert_eq!(added[0]["name"], "A NEW GROUP");
    assert_eq!(added[0]["listed_on"], "2026-09-30");
    assert_eq!(added[0]["names"][0], "مجموعة");
    let changed = &diff["changed"];
    assert_eq!(changed.as_array().map(Vec::len), Some(1), "{changed}");
    assert_eq!(changed[0]["reference"], "QDe.096");
    assert_eq!(
        changed[0]["listed_on"],
        serde_json::json!(["2003-02-03", "2003-02-04"])
    );
    assert_eq!(
        changed[0]["names"],
        serde_json::json!(["A Name Nobody & Nothing Has"])
    );
    assert_eq!(
        diff["unread"].as_array().map(Vec::len),
        Some(2),
        "{}",
        diff["unread"]
    );
    assert_eq!(diff["unread"][0]["line"], 38);
    // All of the base but the three that the list has, and TAe.010, whose entry could not be read, among them.
    assert_eq!(diff["removed"].as_array().map(Vec::len), Some(92));
}

#[test]
fn what_is_no_list_is_refused_soon_and_says_why() {
    let nested = format!("<CONSOLIDATED_LIST>{}", "<a>".repeat(2_000_000));
    let wide = format!(
        "<CONSOLIDATED_LIST>{}</CONSOLIDATED_LIST>",
        "<a/>".repeat(6_000_000)
    );
    let attributes: String = (0..100_000).fold("<CONSOLIDATED_LIST".to_owned(), |mut all, n| {
        let _ = write!(all, " a{n}=\"\"");
        all
    }) + "/>";
    let cases: [(&str, &[u8], &str); 9] = [
        ("empty.xml", b"", "no XML that can be read"),
        ("words.xml", b"not a list", "no XML that can be read"),
        (
            "bytes.xml",
            b"<CONSOLIDATED_LIST>\xff\xfe</CONSOLIDATED_LIST>",
            "not UTF-8",
        ),
        ("html.xml", b"<html><body/></html>", "the root is `html`"),
        ("none.xml", b"<CONSOLIDATED_LIST/>", "it lists no entities"),
        (
            "cut.xml",
            b"<CONSOLIDATED_LIST><ENTITIES><ENTITY>",
            "no XML that can be read",
        ),
        ("nested.xml", nested.as_bytes(), "no XML that can be read"),
        ("wide.xml", wide.as_bytes(), "no XML that can be read"),
        (
            "attributes.xml",
            attributes.as_bytes(),
            "too many attributes",
        ),
    ];
    for (name, content, why) in cases {
        let path = file(name, content);
        refused(path.to_str().expect("UTF-8"), why);
        std::fs::remove_file(path).expect("the file is there");
    }
    refused(
        "tests/data/un-list/growing-entities.xml",
        "no XML that can be read",
    );
    refused("tests/data/un-list/there-is-none.xml", "there-is-none.xml");
}

fn refused(path: &str, why: &str) {
    let begun = Instant::now();
    let ran = tidegate(&["base", "diff", path]);
    assert_eq!(ran.status.code(), Some(2), "{path}");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains(why), "{path}: {said}");
    assert!(said.len() < 500, "{path}: {said}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{path}");
}

const REGIONAL: &str = "rules/regional/organisations.toml";

/// The action and the rules that fired, of `text` screened with those arguments.
fn screened(args: &[&str], text: &str) -> (String, Vec<String>) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{}.txt", NEXT.fetch_add(1, Ordering::Relaxed));
    let path = file(&name, text.as_bytes());
    let mut all = vec!["screen", "--lines", "--at", "2026-09-01T00:00:00Z"];
    all.extend(args);
    all.push(path.to_str().expect("UTF-8"));
    let ran = tidegate(&all);
    assert!(ran.status.success(), "{ran:?}");
    let verdict: Value = serde_json::from_slice(&ran.stdout).expect("one line");
    let rules = verdict["findings"].as_array().expect("findings");
    let rules = rules
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned());
    (
        verdict["action"].as_str().unwrap_or_default().to_owned(),
        rules.collect(),
    )
}

#[test]
fn the_regional_pack_is_off_until_somebody_asks_and_follows_the_jurisdiction() {
    let text = "我要加入库尔德工人党";
    assert_eq!(screened(&[], text).1, [""; 0]);
    let pack = ["--pack", REGIONAL];
    assert_eq!(screened(&pack, text).1, [""; 0]);
    let (action, rules) = screened(&["--pack", REGIONAL, "--jurisdiction", "EU"], text);
    assert_eq!(action, "review");
    assert!(
        rules.contains(&"regional.organisations/pkk".to_owned()),
        "{rules:?}"
    );
    assert_eq!(
        screened(&["--pack", REGIONAL, "--jurisdiction", "CN"], text).1,
        [""; 0]
    );
    // On no list of the European Union.
    let text = "The report names the Palestine Liberation Front";
    assert_eq!(
        screened(&["--pack", REGIONAL, "--jurisdiction", "EU"], text).1,
        [""; 0]
    );
    let (action, rules) = screened(&["--pack", REGIONAL, "--jurisdiction", "AU"], text);
    assert_eq!(action, "pass");
    assert_eq!(rules, ["regional.organisations/palestine-liberation-front"]);
}

#[test]
fn a_tenant_switches_the_regional_pack_on() {
    let source = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(REGIONAL));
    file("regional.toml", &source.expect("the pack"));
    let tenant = "[tenant]\nid = \"acme\"\npacks = [\"regional.toml\"]\njurisdictions = [\"UK\"]\n";
    let tenant = file("tenant.toml", tenant.as_bytes());
    let tenant = tenant.to_str().expect("UTF-8");
    let (action, rules) = screened(&["--tenant", tenant], "Donate to Babbar Khalsa today!");
    assert_eq!(action, "review");
    assert!(
        rules.contains(&"regional.organisations/babbar-khalsa".to_owned()),
        "{rules:?}"
    );
}

#[test]
fn the_regional_pack_holds_what_two_jurisdictions_list() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(REGIONAL);
    let source = std::fs::read_to_string(path).expect("the pack");
    let pack = tidegate::Pack::parse(REGIONAL, &source)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .pack;
    let mut organisations = 0;
    for rule in &pack.rules {
        if &*rule.category != "terrorism.organisation.regional" {
            continue;
        }
        organisations += 1;
        let lists: std::collections::BTreeSet<&str> =
            rule.listings.iter().map(|listing| &*listing.list).collect();
        assert!(lists.len() >= 2, "{}: {lists:?}", rule.id);
        assert!(
            lists
                .iter()
                .all(|list| ["EU", "UK", "AU", "US"].contains(list)),
            "{lists:?}"
        );
    }
    assert!(organisations >= 30, "{organisations}");
    let wrong = tidegate(&["screen", "--jurisdiction", "eu", "-"]);
    assert_eq!(wrong.status.code(), Some(2));
}
