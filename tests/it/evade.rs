//! Disguises from a seed: what part of them is found, and that the engine finds what the oracle finds in them.
//!
//! `TIDEGATE_EVADE` sets how many disguises of each class and language are tried.

use std::collections::BTreeMap;

use tidegate::evade::{Asked, Class, Generator, carry, recall};
use tidegate::{Limits, Pack, PackLimits, Variants, fuzzing, oracle};

const TERMS: &str = include_str!("../data/evade/terms.toml");

fn pack(variants: &str) -> Pack {
    let source = TERMS.replace(
        "variants = \"strong\"",
        &format!("variants = \"{variants}\""),
    );
    let parsed = Pack::parse("terms.toml", &source).unwrap_or_else(|refused| panic!("{refused}"));
    parsed.pack
}

fn tries(few: usize) -> usize {
    std::env::var("TIDEGATE_EVADE").map_or(few, |tries| {
        tries.parse().expect("TIDEGATE_EVADE is a number of tries")
    })
}

/// Of each class under `standard`, the least part that is found, in per cent. What is missed by design: a single letter written
/// twice, as in `good`; terms of two characters with something that prose has between them; syllables of Hangul written twice.
const FLOORS: [(&str, usize); 13] = [
    ("zalgo", 95),
    ("repeats-two", 25),
    ("repeats-many", 85),
    ("repeats-all", 75),
    ("gaps-spaces", 90),
    ("gaps-dots", 90),
    ("gaps-dashes", 90),
    ("gaps-lines", 90),
    ("gaps-mixed", 90),
    ("gaps-flags", 0),
    ("homoglyphs", 15),
    ("zalgo-dots", 85),
    ("gaps-symbols", 97),
];

#[test]
fn standard_sees_through_what_it_names() {
    let asked = Asked {
        seed: 7,
        per_class: tries(40),
    };
    let report = recall(None, &[pack("standard")], &PackLimits::default(), asked)
        .unwrap_or_else(|refused| panic!("{refused}"));
    assert!(report.untried.is_empty(), "{:?}", report.untried);
    let mut sums: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for count in &report.counts {
        let (tried, found) = sums.entry(count.class.name()).or_default();
        *tried += count.tried;
        *found += count.found;
    }
    let mut short = Vec::new();
    for class in Class::all().filter(|class| !class.is_window()) {
        if !Variants::STANDARD.contains_all(class.variants()) {
            continue;
        }
        let (tried, found) = sums.get(class.name()).copied().unwrap_or_default();
        let floor = FLOORS.iter().find(|(name, _)| *name == class.name());
        let floor = floor.map_or(99, |(_, floor)| *floor);
        if tried < 8 || found * 100 < tried * floor {
            short.push(format!(
                "{}: {found} of {tried}, and {floor}% is the least",
                class.name()
            ));
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn floors_are_of_classes() {
    for (name, _) in FLOORS {
        assert!(Class::named(name).is_some(), "{name}");
    }
}

/// In every class, seen through or not, the engine finds what the relations say, whole sets of variants and spans included.
#[test]
fn the_engine_finds_in_disguises_what_the_oracle_finds() {
    let pack = pack("strong");
    let generator = Generator::new();
    let limits = Limits::default();
    let mut compared = 0;
    for class in Class::all() {
        for rule in &pack.rules {
            let terms = &rule.lists[0].terms;
            for number in 0..tries(2) {
                let seed = number as u64 * 31 + class.name().len() as u64 * 7;
                let term = &terms[(seed as usize * 13) % terms.len()];
                let (text, span) = carry(&term.text, seed);
                let Some(disguised) = generator.disguise(class, &text, &[span], seed) else {
                    continue;
                };
                for text in &disguised.messages {
                    assert_eq!(
                        fuzzing::hits(term, text, &limits),
                        oracle::hits(term, text, &limits),
                        "{} of {:?} in {text:?}",
                        class.name(),
                        term.text
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 400, "{compared}");
}

/// A class changes what it is asked to, the same each time, and leaves the rest of the text alone.
#[test]
fn disguises_follow_from_their_seed() {
    let generator = Generator::new();
    for class in Class::all() {
        for term in [
            "图书馆5号",
            "lighthouse 5",
            "библиотека",
            "مكتبة",
            "도서관",
            "カラオケ",
        ] {
            let (text, span) = carry(term, 3);
            let spans = [span];
            let made = generator.disguise(class, &text, &spans, 3);
            assert_eq!(made, generator.disguise(class, &text, &spans, 3));
            let Some(made) = made else { continue };
            assert_ne!(made.messages, [text.as_str()], "{}", class.name());
            assert_eq!(made.changed, [0]);
            let whole = class.is_window() || class.name() == "reversed-text";
            if !whole {
                let [one] = &made.messages[..] else {
                    panic!("{}: {:?}", class.name(), made.messages);
                };
                let (before, after) = (&text[..spans[0].start], &text[spans[0].end..]);
                assert!(one.starts_with(before) && one.ends_with(after), "{one}");
            }
        }
    }
}

/// Every class has something to do for one of the terms.
#[test]
fn no_class_is_idle() {
    let pack = pack("strong");
    let generator = Generator::new();
    for class in Class::all() {
        let mut terms = pack.rules.iter().flat_map(|rule| &rule.lists[0].terms);
        let works = terms.any(|term| {
            let whole = 0..term.text.len();
            let made = generator.disguise(class, &term.text, std::slice::from_ref(&whole), 1);
            made.is_some()
        });
        assert!(works, "{}", class.name());
    }
}

#[cfg(feature = "cli")]
mod command {
    use std::path::Path;
    use std::process::Command;

    use serde_json::Value;

    fn run(args: &[&str]) -> (Option<i32>, String, String) {
        let ran = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the command runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (ran.status.code(), text(ran.stdout), text(ran.stderr))
    }

    const TERMS: &str = "tests/data/evade/terms.toml";

    #[test]
    fn it_counts_by_class_and_rule() {
        let args = ["test", "--evade", "--format", "json", "--per-class", "4"];
        let (code, out, err) = run(&[&args[..], &["--seed", "9", TERMS]].concat());
        assert_eq!((code, &*err), (Some(0), ""));
        let whole: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(whole["seed"], 9);
        let of = |class: &str| {
            let mut rows = whole["rules"].as_array().expect("rules").iter();
            let row = rows.find(|row| row["class"] == class && row["rule"] == "evade.neutral/en");
            row.map(|row| (row["tried"].clone(), row["found"].clone()))
        };
        assert_eq!(of("full-width"), Some((4.into(), 4.into())));
        assert_eq!(of("harakat"), None, "no class for English");
        let again = run(&[&args[..], &["--seed", "9", TERMS]].concat());
        assert_eq!(again.1, out, "the same seed tells the same");
    }

    #[test]
    fn a_benign_file_shows_what_is_found_in_it() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("benign.txt");
        std::fs::write(&file, "nothing here\r\na l-a-n-t-e-r-n\nan Umbrella\n").expect("written");
        let name = file.display().to_string();
        let json = ["test", "--evade", "--format", "json", "--per-class", "1"];
        let (code, out, err) = run(&[&json[..], &["--benign", &name, TERMS]].concat());
        assert_eq!((code, &*err), (Some(0), ""));
        let whole: Value = serde_json::from_str(&out).expect("JSON");
        let benign = &whole["benign"];
        assert_eq!(
            (&benign["lines"], &benign["found"], &benign["disguised"]),
            (&3.into(), &2.into(), &1.into())
        );
        assert_eq!(benign["findings"][0]["line"], 2);
        assert_eq!(benign["findings"][0]["spans"][0]["start"], 2);
        assert!(benign["findings"][0].get("text").is_none(), "places only");
        let (_, out, _) = run(&["test", "--evade", "--benign", &name, TERMS]);
        assert!(
            out.contains("2 found in 3 lines, 1 of them through a disguise"),
            "{out}"
        );
        assert!(out.contains("a «l-a-n-t-e-r-n»"), "{out}");
        let (code, _, err) = run(&["test", "--seed", "9", TERMS]);
        assert_eq!(code, Some(2));
        assert!(err.contains("--evade"), "{err}");
    }
}
