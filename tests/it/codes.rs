//! Every code is explained, and its example shows what is said.

use tidegate::diag::codes::CODES;
use tidegate::diag::{Diagnostics, Level};
use tidegate::pack::{Checks, Pack};
use tidegate::{PackLimits, Timestamp};

/// Codes whose example is told in words: what is too much to print, or lies in other files.
const TOLD: [&str; 41] = [
    "pack-too-big",
    "pack-too-complex",
    "term-too-long",
    "too-many-terms",
    "too-many-rules",
    "too-many-regexes",
    "too-many-samples",
    "regex-too-long",
    "bad-path",
    "word-file",
    "word-file-too-big",
    "word-file-encoding",
    "wide-comment",
    "id-reused",
    "id-dropped",
    "version-not-raised",
    "pack-encoding",
    "weakened",
    "bad-tenant-id",
    "bad-mask",
    "bad-sink",
    "bad-refusal",
    "unknown-rule",
    "tenant-limit",
    "older-pack",
    "duplicate-tenant",
    "unreadable",
    "unsigned-pack",
    "bad-signature",
    "bad-sum",
    "unknown-override",
    "pack-twice",
    "term-matches-nothing",
    "ruleset-too-large",
    "not-a-ruleset",
    "other-ruleset",
    "damaged-ruleset",
    "stale-ruleset",
    "control-character",
    "short-latin-term",
    "padded-term",
];

#[test]
fn every_code_is_explained() {
    let chinese = |text: &str| text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    for code in CODES {
        let name = code.name;
        for (en, zh) in [code.title, code.explanation] {
            assert!(!en.is_empty() && !chinese(en), "{name}: {en}");
            assert!(chinese(zh), "{name}: {zh}");
        }
        assert!(
            !code.example.is_empty() && !code.instead.is_empty(),
            "{name}"
        );
        assert_ne!(code.example, code.instead, "{name}");
    }
    let mut names: Vec<&str> = CODES.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CODES.len());
}

#[test]
fn examples_show_what_is_said() {
    for code in CODES.iter().filter(|code| !TOLD.contains(&code.name)) {
        let bad = check(&pack_of(code.example));
        let found: Vec<&str> = bad.iter().map(|said| said.code).collect();
        assert!(found.contains(&code.name), "{}: {found:?}", code.name);
        let good = check(&pack_of(code.instead));
        let left: Vec<&str> = good.iter().map(|said| said.code).collect();
        let errors = good.iter().any(|said| said.level == Level::Error);
        assert!(
            !left.contains(&code.name) && !errors,
            "{}: {left:?}\n{good}",
            code.name
        );
    }
}

fn check(source: &str) -> Diagnostics {
    let categories = ["terrorism.organisation".into()];
    let checks = Checks::default()
        .at(Timestamp::parse("2026-06-01").expect("a date"))
        .categories(&categories);
    let limits = PackLimits::default();
    let mut none = |_: &str| Err(String::new());
    match Pack::check("t.toml", source, &limits, &mut none, &checks) {
        Ok(parsed) => parsed.warnings,
        Err(said) => said,
    }
}

/// The lines of an example with what they leave out.
fn pack_of(lines: &str) -> String {
    const HEAD: &str = "format = 1\n[pack]\nid = \"t\"\nversion = \"1.0.0\"\n";
    const RULE: &str = "[[rule]]\nid = \"r\"\ncategory = \"c\"\n";
    const SAMPLES: &str = "[rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n";
    if lines.starts_with("format") || lines.starts_with('{') {
        return lines.to_owned();
    }
    if lines.starts_with("[pack]") {
        return format!("format = 1\n{lines}\n");
    }
    if lines.contains("[rule]\n") || lines.contains("[[rule]]\n") {
        return format!("{HEAD}{lines}\n");
    }
    let looks = |key: &str| lines.lines().any(|line| line.trim_start().starts_with(key));
    let terms = if looks("terms") || looks("when") {
        ""
    } else {
        "terms = [\"坏词\"]\n"
    };
    let samples = if lines.contains("[rule.samples]") {
        ""
    } else {
        SAMPLES
    };
    format!("{HEAD}{RULE}{terms}{lines}\n{samples}")
}
