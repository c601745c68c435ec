//! The guide for rule authors: every example in it is a pack without problems, and its samples hold.

use std::path::Path;

use tidegate::pack::Pack;
use tidegate::selftest::{self, Outcome};
use tidegate::{Compiler, PackLimits};

const GUIDES: [&str; 2] = ["rules/GUIDE.md", "rules/GUIDE.zh.md"];

fn guide(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

/// The blocks of a language, each with its line.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<(usize, &'a str)> {
    let open = format!("```{language}\n");
    let starts = text.match_indices(&open).map(|(at, _)| at + open.len());
    starts
        .map(|start| {
            let end = text[start..].find("```").expect("a block is closed");
            let line = 1 + text[..start].matches('\n').count();
            (line, &text[start..start + end])
        })
        .collect()
}

/// The packs of a guide. A block that begins with a rule stands under the head of the pack before it.
fn packs(name: &str) -> Vec<(String, String)> {
    let text = guide(name);
    let mut head = "";
    let mut packs = Vec::new();
    for (line, block) in blocks(&text, "toml") {
        let source = if block.starts_with("format = 1\n") {
            head = &block[..block.find("[[rule]]").expect("a rule")];
            block.to_owned()
        } else {
            assert!(
                block.starts_with("[[rule]]"),
                "{name}:{line} is neither pack nor rule"
            );
            format!("{head}{block}")
        };
        packs.push((format!("{name}:{line}"), source));
    }
    packs
}

#[test]
fn every_example_is_clean_and_its_samples_hold() {
    for name in GUIDES {
        let packs = packs(name);
        assert!(packs.len() >= 9, "{name} has {} examples", packs.len());
        for (place, source) in packs {
            let parsed = Pack::parse(&place, &source)
                .unwrap_or_else(|problems| panic!("{place}\n{problems}"));
            assert!(parsed.warnings.is_empty(), "{place}\n{}", parsed.warnings);
            let built = Compiler::new().pack(parsed.pack.clone()).build();
            built.unwrap_or_else(|problems| panic!("{place}\n{problems}"));
            let report = selftest::run(None, &[parsed.pack], &PackLimits::default())
                .unwrap_or_else(|problems| panic!("{place}\n{problems}"));
            for tested in &report.samples {
                assert!(
                    matches!(tested.outcome, Outcome::Held),
                    "{place}: {:?} sample of {}: {}\n{:?}",
                    tested.kind,
                    tested.rule,
                    tested.text,
                    tested.outcome
                );
            }
        }
    }
}

/// Both languages teach the same: as many examples, with the same rules.
#[test]
fn the_guides_agree() {
    let ids = |name: &str| -> Vec<Vec<String>> {
        let rules = |source: &str| -> Vec<String> {
            let lines = source.lines().filter(|line| line.starts_with("id = "));
            lines.map(str::to_owned).collect()
        };
        packs(name)
            .iter()
            .map(|(_, source)| rules(source))
            .collect()
    };
    assert_eq!(ids(GUIDES[0]), ids(GUIDES[1]));
}

/// The commands that a guide names are there.
#[cfg(feature = "cli")]
#[test]
fn every_command_is_there() {
    for name in GUIDES {
        let text = guide(name);
        let named: std::collections::BTreeSet<&str> = text
            .match_indices("tidegate ")
            .filter(|(at, _)| text[..*at].ends_with(['`', '\n']))
            .filter_map(|(at, word)| {
                text[at + word.len()..]
                    .split(|c: char| !c.is_ascii_lowercase())
                    .next()
            })
            .collect();
        assert!(
            named.contains("check") && named.contains("diff"),
            "{named:?}"
        );
        for command in named {
            if command == "playground" && !cfg!(feature = "playground") {
                continue;
            }
            let output = crate::cli::run(&[command, "--help"], b"");
            assert!(output.status.success(), "{name} names `tidegate {command}`");
        }
    }
}
