//! The base library.

use std::collections::{BTreeMap, BTreeSet};
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

/// A sentence of `tests/data/acts`.
struct Sentence {
    id: &'static str,
    half: &'static str,
    scene: Scene,
    text: &'static str,
}

fn sentences(file: &'static str) -> Vec<Sentence> {
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [id, half, scene, text] = columns[..] else {
                panic!("four columns: {line}");
            };
            Sentence {
                id,
                half,
                scene: Scene::from_name(scene).expect("a scene"),
                text,
            }
        })
        .collect()
}

/// The day that the figures are for.
fn day() -> Timestamp {
    Timestamp::parse("2026-09-01T00:00:00Z").expect("a time")
}

#[test]
fn support_is_held_and_what_reports_or_denies_it_is_not() {
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let mut scanner = Scanner::new();
    let files = [
        ("support", include_str!("../data/acts/support.tsv")),
        ("reported", include_str!("../data/acts/reported.tsv")),
    ];
    for (file, lines) in files {
        let sentences = sentences(lines);
        assert!(sentences.len() >= 300, "{file}: {}", sentences.len());
        let mut held: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        let mut classes: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for sentence in &sentences {
            let message = Message::text(sentence.text).scene(sentence.scene);
            let verdict = scanner.scan(&[&base], &Policy::default(), &message, day());
            let class = sentence
                .id
                .rsplit_once('-')
                .expect("class-language-number")
                .0;
            for (hits, all) in [
                held.entry(sentence.half).or_default(),
                classes.entry(class).or_default(),
            ] {
                *all += 1;
                *hits += u32::from(verdict.action >= Action::Review);
            }
        }
        #[expect(
            clippy::print_stdout,
            reason = "the figures are what the test is read for"
        )]
        {
            println!("{file}: held of all, by half {held:?}, by class {classes:?}");
        }
        assert_eq!(held.keys().copied().collect::<Vec<_>>(), ["held", "tune"]);
        assert_eq!(classes.len(), 16, "eight classes in two languages");
        for (half, (hits, all)) in held {
            if file == "support" {
                assert!(hits * 100 >= all * 95, "{file}, {half}: {hits} of {all}");
            } else {
                assert!(hits * 100 <= all * 5, "{file}, {half}: {hits} of {all}");
            }
        }
    }
}

/// Rounds of sentences that came after the rules. Those of the half `tune` have lent the rules words since; the bounds of the others are what
/// wording that no rule has seen is known to reach, and far from what is wanted.
#[test]
fn rounds_of_other_wording_are_told_apart() {
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let mut scanner = Scanner::new();
    let files = [
        ("support", include_str!("../data/acts/rounds-support.tsv")),
        ("reported", include_str!("../data/acts/rounds-reported.tsv")),
    ];
    for (file, lines) in files {
        let mut rounds: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
        let mut halves: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for sentence in &sentences(lines) {
            let message = Message::text(sentence.text).scene(sentence.scene);
            let verdict = scanner.scan(&[&base], &Policy::default(), &message, day());
            let round = sentence.id.split_once('-').expect("round-class").0;
            for (hits, all) in [
                rounds.entry((round, sentence.half)).or_default(),
                halves.entry(sentence.half).or_default(),
            ] {
                *all += 1;
                *hits += u32::from(verdict.action >= Action::Review);
            }
        }
        #[expect(
            clippy::print_stdout,
            reason = "the figures are what the test is read for"
        )]
        {
            println!("{file}, held of all, by round: {rounds:?}, by half: {halves:?}");
        }
        assert_eq!(halves.keys().copied().collect::<Vec<_>>(), ["held", "tune"]);
        for (half, (hits, all)) in halves {
            let bound = match (file, half) {
                ("support", "tune") => 92,
                ("support", _) => 55,
                (_, "tune") => 4,
                _ => 20,
            };
            if file == "support" {
                assert!(hits * 100 >= all * bound, "{half}: {hits} of {all}");
            } else {
                assert!(hits * 100 <= all * bound, "{half}: {hits} of {all}");
            }
        }
    }
}

/// A plain sentence about a name, in its script.
fn sentence(name: &str) -> (&'static str, String) {
    let first = |range: std::ops::RangeInclusive<char>| name.chars().any(|c| range.contains(&c));
    if first('\u{4e00}'..='\u{9fff}') {
        ("Han", format!("昨天的讲座提到了{name}。"))
    } else if first('\u{600}'..='\u{6ff}') {
        ("Arabic", format!("تحدثوا أمس عن {name} في الدرس"))
    } else if first('\u{400}'..='\u{4ff}') {
        (
            "Cyrillic",
            format!("Вчера на уроке говорили о {name} снова."),
        )
    } else if first('\u{370}'..='\u{3ff}') {
        ("Greek", format!("Χθες στο μάθημα μίλησαν για {name} ξανά."))
    } else {
        (
            "Latin",
            format!("Yesterday's lesson was about {name} again."),
        )
    }
}

#[test]
fn every_name_is_found_in_a_plain_sentence() {
    let packs = tidegate::base::packs().unwrap_or_else(|problems| panic!("{problems}"));
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let pack = pack_of(&packs, "base.organisations");
    let mut scanner = Scanner::new();
    let mut found: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut missed = Vec::new();
    for rule in &pack.rules {
        let names = rule.lists.iter().filter(|list| &*list.name != "ambiguous");
        for term in names
            .flat_map(|list| &list.terms)
            .filter(|term| !term.regex)
        {
            let (script, text) = sentence(&term.text);
            let message = Message::text(&text);
            let verdict = scanner.scan(&[&base], &Policy::default(), &message, day());
            let (hits, all) = found.entry(script).or_default();
            *all += 1;
            let id = format!("base.organisations/{}", rule.id);
            if verdict.findings.iter().any(|finding| *finding.rule == id) {
                *hits += 1;
            } else {
                missed.push(term.text.to_string());
            }
            assert_eq!(verdict.action, Action::Pass, "{text}");
        }
    }
    #[expect(
        clippy::print_stdout,
        reason = "the figures are what the test is read for"
    )]
    {
        println!("names found of all, by script: {found:?}; missed: {missed:?}");
    }
    assert_eq!(found.len(), 5);
    for (script, (hits, all)) in found {
        assert!(
            hits * 100 >= all * 99,
            "{script}: {hits} of {all}; {missed:?}"
        );
    }
}

fn pack_of<'a>(packs: &'a [Pack], id: &str) -> &'a Pack {
    packs
        .iter()
        .find(|pack| &*pack.id == id)
        .expect("the pack is in the base")
}

/// The names whose spellings a regex takes together.
#[test]
fn every_branch_of_al_haramain_is_found() {
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let mut scanner = Scanner::new();
    for (name, reference) in [
        ("Al-Haramain Foundation (Pakistan)", "QDe.104"),
        ("Al-Haramayn Foundation (Kenya)", "QDe.105"),
        ("Al-Haramayn Foundation (Tanzania)", "QDe.106"),
        (
            "Al-Haramain & Al Masjed Al-Aqsa Charity Foundation",
            "QDe.109",
        ),
        ("Al-Haramain: Afghanistan Branch", "QDe.110"),
        ("Al-Haramain: Albania Branch", "QDe.111"),
        ("Al-Haramain: Bangladesh Branch", "QDe.112"),
        ("Al-Haramain: Ethiopia Branch", "QDe.113"),
        ("Al-Haramain: The Netherlands Branch", "QDe.114"),
        ("Al-Haramain Foundation (Union of the Comoros)", "QDe.116"),
    ] {
        let (_, text) = sentence(name);
        let verdict = scanner.scan(&[&base], &Policy::default(), &Message::text(&text), day());
        let listings = verdict
            .findings
            .iter()
            .flat_map(|finding| finding.listings.iter());
        assert!(
            listings
                .into_iter()
                .any(|listing| *listing.reference == *reference),
            "{text}"
        );
        assert_eq!(verdict.action, Action::Pass, "{text}");
    }
    let text = "The Al-Haramain hotel in Mecca is full, donate to the hospital next door";
    let verdict = scanner.scan(&[&base], &Policy::default(), &Message::text(text), day());
    assert_eq!(verdict.findings, []);
}

#[test]
fn no_ambiguous_name_alone_is_counted() {
    let packs = tidegate::base::packs().unwrap_or_else(|problems| panic!("{problems}"));
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let plain: BTreeSet<String> = pack_of(&packs, "base.organisations")
        .rules
        .iter()
        .flat_map(|rule| &rule.lists)
        .filter(|list| &*list.name != "ambiguous")
        .flat_map(|list| &list.terms)
        .map(|term| term.text.to_lowercase())
        .collect();
    let mut scanner = Scanner::new();
    let mut count = 0;
    for line in include_str!("../data/acts/ambiguous.tsv").lines() {
        if line.starts_with('#') {
            continue;
        }
        let (name, _) = line.split_once('\t').expect("the name, the entry, why");
        count += 1;
        assert!(
            !plain.contains(&name.to_lowercase()),
            "{name} stands as a plain term"
        );
        let (_, text) = sentence(name);
        let verdict = scanner.scan(&[&base], &Policy::default(), &Message::text(&text), day());
        assert_eq!(verdict.findings, [], "{text}");
    }
    assert!(count >= 200, "{count}");
}

#[test]
fn a_name_that_several_bear_returns_them_all() {
    let base = tidegate::base::ruleset().unwrap_or_else(|problems| panic!("{problems}"));
    let message = Message::text("A book about Ansar al-Sharia");
    let mut scanner = Scanner::new();
    let verdict = scanner.scan(&[&base], &Policy::default(), &message, day());
    let listed: BTreeSet<&str> = verdict
        .findings
        .iter()
        .flat_map(|finding| finding.listings.iter())
        .filter(|listing| &*listing.list == "UN")
        .map(|listing| &*listing.reference)
        .collect();
    for reference in ["QDe.143", "QDe.145", "QDe.146"] {
        assert!(listed.contains(reference), "{listed:?}");
    }
}

/// What an auditor would check by hand.
#[test]
fn every_rule_says_on_whose_authority() {
    let packs = tidegate::base::packs().unwrap_or_else(|problems| panic!("{problems}"));
    let mut entries = BTreeSet::new();
    for pack in &packs {
        let of_names = matches!(&*pack.id, "base.organisations" | "base.aliases");
        for rule in &pack.rules {
            let id = format!("{}/{}", pack.id, rule.id);
            let has = |what: &str| rule.references.iter().any(|text| text.contains(what));
            assert!(!rule.references.is_empty(), "{id}");
            let names = of_names && rule.category.starts_with("terrorism.organisation")
                || &*rule.category == "terrorism.alias";
            if names {
                let un = rule.listings.iter().find(|listing| &*listing.list == "UN");
                let un = un.unwrap_or_else(|| panic!("{id} is on no list of the UN"));
                assert!(un.from.is_some(), "{id}: when was it listed?");
                assert_eq!((rule.action, rule.alert), (Action::Pass, false), "{id}");
                entries.insert(un.reference.to_string());
            } else {
                assert!(rule.listings.is_empty(), "{id}");
            }
            if rule.action >= Action::Review {
                assert!(has("2021/784 art. 2(7)"), "{id}");
                assert!(has("PRC Counter-Terrorism Law art. "), "{id}");
                assert!(has("DSA KEYWORD_"), "{id}");
            }
            assert_eq!(rule.alert, rule.action == Action::Block, "{id}");
        }
    }
    let of = |regime: &str| {
        entries
            .iter()
            .filter(|entry| entry.starts_with(regime))
            .count()
    };
    assert_eq!(
        (of("QDe."), of("TAe."), of("SOe."), of("1988")),
        (88, 5, 1, 1)
    );
    assert!(
        pack_of(&packs, "base.organisations")
            .title
            .contains(tidegate::base::AS_OF)
    );
}
