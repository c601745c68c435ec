//! Packs are read as a whole, every problem has its fixture, and nothing hostile gets far.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tidegate::diag::codes::CODES;
use tidegate::diag::{Diagnostics, Lang, Level};
use tidegate::limits::PackLimits;
use tidegate::pack::{Checks, Condition, ListRef, Operand, Pack, Parsed, Status};
use tidegate::variant::{Variant, Variants};
use tidegate::verdict::{Action, Severity};
use tidegate::{Scene, Timestamp};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/packs")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(data().join(name)).expect(name)
}

fn parse(name: &str, source: &str, limits: &PackLimits) -> Result<Parsed, Diagnostics> {
    Pack::parse_with(name, source, limits, &mut |path| {
        std::fs::read(data().join(path)).map_err(|error| error.kind().to_string())
    })
}

fn codes_of(result: &Result<Parsed, Diagnostics>) -> Vec<&'static str> {
    let diags = match result {
        Ok(parsed) => &parsed.warnings,
        Err(diags) => diags,
    };
    diags.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn the_whole_format_is_read() {
    let parsed = parse("good.toml", &read("good.toml"), &PackLimits::default());
    let Parsed { pack, warnings, .. } = parsed.unwrap_or_else(|diags| panic!("{diags}"));
    assert_eq!((&*pack.id, &*pack.version), ("acme.custom", "2.3.0"));
    assert_eq!(pack.languages.len(), 2);
    let names: Vec<&str> = pack.lists.iter().map(|list| &*list.name).collect();
    assert_eq!(names, ["offer", "ask", "brands"]);
    let brands: Vec<&str> = pack.lists[2].terms.iter().map(|term| &*term.text).collect();
    assert_eq!(brands, ["坏词", "#话题", "two words"]);
    assert!(
        pack.lists[2]
            .terms
            .iter()
            .all(|term| term.word == Some(true))
    );
    assert!(pack.lists[1].terms[2].regex);

    let ids: Vec<&str> = pack.rules.iter().map(|rule| &*rule.id).collect();
    assert_eq!(ids, ["scam.gift-card", "words", "both", "org.example"]);
    let rule = &pack.rules[0];
    assert_eq!(
        (rule.severity, rule.action),
        (Severity::High, Action::Block)
    );
    assert!(rule.alert && rule.status == Status::Enforce);
    assert!(rule.scenes.contains(Scene::OpenGroup) && !rule.scenes.contains(Scene::Private));
    assert_eq!(rule.from, Timestamp::parse("2026-01-01"));
    assert_eq!(rule.until, Timestamp::parse("2027-01-01T00:00:00+08:00"));
    // The rule has variants of its own, so it has the lists of the pack in copies.
    let list = |index| Operand::List(ListRef::Rule(index));
    assert_eq!(
        rule.when,
        Condition::Near {
            left: vec![list(1)],
            right: vec![list(2)],
            distance: 12,
            ordered: false
        }
    );
    let lower = rule.lower.as_ref().expect("lower");
    assert_eq!(lower.when, Condition::Any(Operand::List(ListRef::Rule(0))));
    assert_eq!(rule.samples.len(), 5);
    assert_eq!(rule.samples[4].messages.len(), 2);

    let words = &pack.rules[1];
    assert_eq!(
        (words.severity, words.action),
        (Severity::Medium, Action::Review)
    );
    let isis = &words.lists[0].terms[1];
    assert_eq!(isis.word, Some(true));
    assert_eq!(isis.variants, Variants::STANDARD.without(Variant::Case));
    assert_eq!(
        pack.rules[3].listings[0].from,
        Timestamp::parse("2014-05-14")
    );

    let mut codes: Vec<&str> = warnings.iter().map(|warning| warning.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, ["untested-rule", "unused-allow"]);
}

/// What only a whole ruleset, or the bytes of a file, can show; `compile.rs` and `cli.rs` have these.
const OF_RULESETS: [&str; 8] = [
    "pack-encoding",
    "pack-twice",
    "term-matches-nothing",
    "ruleset-too-large",
    "not-a-ruleset",
    "other-ruleset",
    "damaged-ruleset",
    "stale-ruleset",
];

/// What only a tenant's file, the operator's, or a folder of them can show; `tenants.rs`, `registry.rs` and `source.rs` have these.
const OF_TENANTS: [&str; 14] = [
    "weakened",
    "unknown-override",
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
];

/// The first line of a fixture: `# code at line N[ of FILE][; limit = n, ...][against FILE]`. Checked as of June 2026.
#[test]
fn every_code_has_its_fixture() {
    for code in CODES {
        if OF_RULESETS.contains(&code.name) || OF_TENANTS.contains(&code.name) {
            continue;
        }
        let name = format!("{}.toml", code.name);
        let source = read(&name);
        let head = source.lines().next().expect("a first line");
        let (claim, limits) = head.split_once("; ").unwrap_or((head, ""));
        let (found, place) = claim.split_once(" at line ").expect(head);
        assert_eq!(found, format!("# {}", code.name));
        let (line, file) = place.split_once(" of ").unwrap_or((place, &name));

        let (limits, against) = limits.split_once("against ").unwrap_or((limits, ""));
        let old = (!against.is_empty()).then(|| {
            let old = parse(against, &read(against), &PackLimits::default());
            old.unwrap_or_else(|diags| panic!("{diags}")).pack
        });
        let categories = ["terrorism.organisation".into()];
        let mut checks = Checks::default()
            .at(Timestamp::parse("2026-06-01").expect("a date"))
            .categories(&categories);
        if let Some(old) = &old {
            checks = checks.against(old);
        }
        let mut files =
            |path: &str| std::fs::read(data().join(path)).map_err(|error| error.kind().to_string());
        let result = Pack::check(&name, &source, &limits_of(limits), &mut files, &checks);
        assert_eq!(result.is_err(), code.level == Level::Error, "{name}");
        let diags = match result {
            Ok(parsed) => parsed.warnings,
            Err(diags) => diags,
        };
        let places: Vec<String> = diags
            .placed()
            .map(|placed| {
                let diagnostic = placed.diagnostic;
                assert!(diagnostic.help.is_some(), "{name}: no help");
                format!(
                    "{} at line {} of {}",
                    diagnostic.code, placed.start.line, diagnostic.file
                )
            })
            .collect();
        // A file that is refused for its size is not kept, and has no lines.
        let line = if code.name == "pack-too-big" {
            "1"
        } else {
            line
        };
        assert_eq!(
            places,
            [format!("{} at line {line} of {file}", code.name)],
            "{diags}"
        );
    }
}

fn limits_of(text: &str) -> PackLimits {
    let mut limits = PackLimits::default();
    for part in text.split(", ").filter(|part| !part.is_empty()) {
        let (name, number) = part.split_once(" = ").expect(part);
        let number: usize = number.parse().expect(part);
        let field = match name {
            "pack_bytes" => &mut limits.pack_bytes,
            "file_bytes" => &mut limits.file_bytes,
            "rules" => &mut limits.rules,
            "terms" => &mut limits.terms,
            "term_chars" => &mut limits.term_chars,
            "regexes" => &mut limits.regexes,
            "regex_chars" => &mut limits.regex_chars,
            "samples" => &mut limits.samples,
            other => panic!("no limit {other}"),
        };
        *field = number;
    }
    limits
}

/// A pack with one rule, its body and what stands below its samples.
fn pack_of(lists: &str, body: &str) -> String {
    format!(
        "format = 1\n[pack]\nid = \"t\"\nversion = \"1.0.0\"\n[lists]\n{lists}\n[[rule]]\nid = \"r\"\n\
         category = \"c\"\n{body}\n[rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n"
    )
}

#[test]
fn all_problems_come_at_once() {
    let source = pack_of(
        "a = [\"坏词\"]",
        "severty = \"high\"\naction = \"blok\"\nwhen = \"a and b and c\"\neffective = { from = 1 }",
    );
    let result = Pack::parse("t.toml", &source);
    assert_eq!(
        codes_of(&result),
        [
            "unknown-key",
            "unknown-value",
            "unknown-list",
            "unknown-list",
            "wrong-type"
        ]
    );
    let text = result.expect_err("errors").to_text(Lang::En);
    assert!(text.contains("did you mean `severity`?"), "{text}");
    assert!(text.contains("did you mean \"block\"?"), "{text}");
}

#[test]
fn a_syntax_error_does_not_hide_the_rest() {
    let source = pack_of(
        "",
        "terms = [\"坏词\"]\nseverity = high\nactoin = \"block\"",
    );
    assert_eq!(
        codes_of(&Pack::parse("t.toml", &source)),
        ["bare-text", "unknown-key"]
    );
}

#[test]
fn places_inside_strings_are_exact() {
    for (when, marked) in [
        ("'a and zz'", "zz"),
        ("\"a and zz\"", "zz"),
        ("\"a \\u0061nd zz\"", "zz"),
        ("\"\"\"\na and \\\n  zz\"\"\"", "zz"),
    ] {
        let source = pack_of("a = [\"坏词\"]", &format!("when = {when}"));
        let diags = Pack::parse("t.toml", &source).expect_err(when);
        let spans: Vec<&str> = diags
            .iter()
            .map(|diagnostic| &source[diagnostic.span.clone()])
            .collect();
        assert_eq!(spans, [marked], "{when}");
    }
}

#[test]
fn the_most_specific_variants_win() {
    let source = pack_of(
        "shared = [\"坏词\"]\nown = { terms = [\"很坏\", { text = \"更坏\", variants = \"standard\" }], variants = \"exact\" }",
        "when = \"shared and own\"\nvariants = [\"case\", \"gaps\"]",
    );
    let pack = Pack::parse("t.toml", &source).expect("a pack").pack;
    assert_eq!(pack.lists[0].terms[0].variants, Variants::STANDARD);
    assert_eq!(pack.lists[1].terms[0].variants, Variants::EXACT);
    assert_eq!(pack.lists[1].terms[1].variants, Variants::STANDARD);
    let rule = &pack.rules[0];
    let of_rule = Operand::List(ListRef::Rule(0));
    let of_pack = Operand::List(ListRef::Pack(1));
    assert_eq!(
        rule.when,
        Condition::And(vec![Condition::Any(of_rule), Condition::Any(of_pack)])
    );
    assert_eq!(
        rule.lists[0].terms[0].variants,
        Variants::of(&[Variant::Case, Variant::Gaps])
    );
}

#[test]
fn keys_that_slid_are_told_so() {
    let source = pack_of("", "terms = [\"坏词\"]") + "severity = \"high\"\n";
    assert_eq!(codes_of(&Pack::parse("t.toml", &source)), ["slid-key"]);
    let source = pack_of(
        "",
        "when = \"a\"\n[rule.lists]\na = [\"坏词\"]\nscenes = [\"group\"]",
    );
    assert_eq!(codes_of(&Pack::parse("t.toml", &source)), ["slid-key"]);
}

#[test]
fn newer_toml_is_told_apart() {
    for (body, expected) in [
        ("terms = [{ text = \"坏词\",\n word = true }]", 1),
        ("terms = [{ text = \"坏词\", }]", 1),
        ("terms = [\"坏词\\e\"]", 2),
        ("terms = [\"\\x41\\x42\\x43\"]", 3),
        (
            "terms = [\"坏词\"]\neffective = { from = 2026-01-01T10:00Z }",
            1,
        ),
        (
            "terms = [\n\"坏词\", # a comma at the end of an array is fine\n]",
            0,
        ),
    ] {
        let result = Pack::parse("t.toml", &pack_of("", body));
        let newer = codes_of(&result)
            .iter()
            .filter(|code| **code != "bad-date")
            .count();
        assert_eq!(newer, expected, "{body}: {:?}", codes_of(&result));
    }
}

#[test]
fn base_ids_are_for_the_base() {
    let source = "format = 1\n[pack]\nid = \"base.x\"\nversion = \"1.0.0\"\n";
    assert!(Pack::parse("t.toml", source).is_err());
    let limits = PackLimits::operator();
    assert!(Pack::parse_base("t.toml", source, &limits, &mut |_| Err(String::new())).is_ok());
}

#[test]
fn the_digest_covers_word_files() {
    let source = pack_of("", "terms = { file = \"a.txt\" }");
    let digest = |words: &str| {
        Pack::parse_with("t.toml", &source, &PackLimits::default(), &mut |_| {
            Ok(words.as_bytes().to_vec())
        })
        .expect("a pack")
        .pack
        .digest
    };
    assert_eq!(digest("坏词"), digest("坏词"));
    assert_ne!(digest("坏词"), digest("坏词\n"));
}

#[test]
fn hostile_packs_end_soon() {
    let head = "format = 1\n[pack]\nid = \"t\"\nversion = \"1.0.0\"\n";
    let many = |n: usize| {
        let terms: Vec<String> = (0..n).map(|n| format!("\"坏词{n}\"")).collect();
        pack_of("", &format!("terms = [{}]", terms.join(", ")))
    };
    let when = |text: &str| pack_of("a = [\"坏词\"]", &format!("when = \"{text}\""));
    let regex = |text: &str| pack_of("", &format!("terms = [{{ regex = '{text}' }}]"));
    let packs: Vec<(&str, String, &[&str])> = vec![
        (
            "a line of 1 MiB",
            format!("{head}x = \"{}\"", "长".repeat(350_000)),
            &["unknown-key"],
        ),
        (
            "a term of 1 MiB",
            many(1).replace("坏词0", &"长".repeat(350_000)),
            &["term-too-long"],
        ),
        (
            "10,000 [",
            format!("{head}x = {}", "[".repeat(10_000)),
            &["nested-too-deep"],
        ),
        (
            "10,000 {",
            format!("{head}x = {}", "{a=".repeat(10_000)),
            &["nested-too-deep"],
        ),
        (
            "10,000 [ at the start",
            "[".repeat(10_000),
            &["syntax", "nested-too-deep"],
        ),
        (
            "a deep key",
            format!("{head}{}x = 1", "a.".repeat(100_000)),
            &["nested-too-deep"],
        ),
        (
            "a deep header",
            format!("{head}[{}x]", "a.".repeat(100_000)),
            &["nested-too-deep"],
        ),
        (
            "as deep as may be",
            format!(
                "{head}{}1{}",
                format!("{}b = {{ ", "a.".repeat(22)).repeat(23) + "c = ",
                " }".repeat(23)
            ),
            &["unknown-key"],
        ),
        (
            "a key of 1 MiB",
            format!("{head}{} = 1", "k".repeat(1 << 20)),
            &["unknown-key"],
        ),
        ("200,000 terms", many(200_000), &["too-many-terms"]),
        ("64 MiB", "# ".repeat(32 << 20), &["pack-too-big"]),
        (
            "8 MiB of brackets",
            "[".repeat(8 << 20),
            &["pack-too-complex"],
        ),
        (
            "8 MiB of wrong lines",
            "a=x\n".repeat(2 << 20),
            &["pack-too-complex"],
        ),
        (
            "500,000 wrong lines",
            "a=x\n".repeat(500_000),
            &["bare-text"],
        ),
        (
            "500,000 unknown keys",
            (0..500_000).map(|n| format!("k{n}=1\n")).collect(),
            &["unknown-key"],
        ),
        ("NUL bytes", "\0".repeat(1 << 20), &["not-toml"]),
        (
            "an exponential regex",
            regex("(a+)+$"),
            &["regex-no-literal"],
        ),
        (
            "counted repeats",
            regex("((a{1,100}){1,100}){1,100}x"),
            &["regex-too-big"],
        ),
        (
            "counted repeats of a class",
            regex(r"ab(\w{1,1000}){1,1000}"),
            &["regex-too-big"],
        ),
        (
            "a deep regex",
            regex(&format!("{}ab{}", "(".repeat(400), ")".repeat(400))),
            &["regex-syntax"],
        ),
        (
            "deep parentheses",
            when(&format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000))),
            &["condition-too-big"],
        ),
        (
            "a long condition",
            when(&"a or ".repeat(10_000)),
            &["condition-too-big"],
        ),
        (
            "many nots",
            when(&"not ".repeat(10_000)),
            &["condition-too-big"],
        ),
    ];
    for (name, source, expected) in packs {
        let start = Instant::now();
        let result = Pack::parse("t.toml", &source);
        let text = result
            .as_ref()
            .map_or_else(ToString::to_string, |_| String::new());
        #[cfg(feature = "render")]
        if let Err(diags) = &result {
            let drawn = tidegate::diag::render(diags, Lang::Zh, false);
            assert!(drawn.len() < 1 << 20, "{name}: {} bytes drawn", drawn.len());
        }
        let took = start.elapsed();
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
        assert!(text.len() < 1 << 17, "{name}: {} bytes of text", text.len());
        let found = codes_of(&result);
        assert!(
            expected.iter().any(|code| found.contains(code)),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn a_tenants_regexes_are_bounded_together() {
    let terms: Vec<String> = (0..256)
        .map(|n| format!("{{ regex = 'ab{n}\\w{{4,32}}' }}"))
        .collect();
    let start = Instant::now();
    let result = Pack::parse(
        "t.toml",
        &pack_of("", &format!("terms = [{}]", terms.join(", "))),
    );
    assert_eq!(codes_of(&result), ["regex-too-big"]);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn plain_text_names_the_place() {
    let diags = Pack::parse("p/t.toml", &read("unknown-value.toml")).expect_err("an error");
    assert_eq!(
        diags.to_string(),
        "p/t.toml:13:10: error[unknown-value]: `action` knows no `blok`\n  help: did you mean \"block\"?"
    );
}

#[cfg(feature = "render")]
#[test]
fn drawing_marks_the_place() {
    let diags = Pack::parse("t.toml", &read("unknown-list.toml")).expect_err("an error");
    let drawn = tidegate::diag::render(&diags, Lang::En, false);
    assert_eq!(
        drawn,
        "error[unknown-list]: there is no list `bad_word`\n  --> t.toml:15:23\n   |\n\
         15 | when = \"bad_words and bad_word\"\n   |                       ^^^^^^^^\n   |\n   \
         = help: did you mean `bad_words`?\n\n"
    );
}

#[cfg(feature = "serde")]
#[test]
fn json_has_the_contracts_keys() {
    let diags = Pack::parse("t.toml", &read("unknown-value.toml")).expect_err("an error");
    let json = serde_json::to_value(&diags).expect("json");
    let keys: Vec<&str> = json[0]
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    for key in [
        "code",
        "level",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "start",
        "end",
        "message",
        "message_zh",
        "help",
        "help_zh",
    ] {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(json[0]["line"], 13);
}

#[test]
fn a_rollout_is_a_percentage() {
    let read = |rollout: &str| {
        let source = format!(
            "format = 1\n[pack]\nid = \"acme.words\"\nversion = \"1.0.0\"\ntitle = \"Words\"\n[[rule]]\nid = \"words\"\n\
             category = \"house.words\"\nrollout = {rollout}\nterms = [\"坏词\"]\n[rule.samples]\nmatch = [\"坏词\"]\npass = [\"好词\"]\n"
        );
        let parsed = parse("words.toml", &source, &PackLimits::default());
        let codes = codes_of(&parsed);
        (
            parsed.ok().map(|parsed| parsed.pack.rules[0].rollout),
            codes,
        )
    };
    for (percent, hundredths) in [
        ("5", 500),
        ("0", 0),
        ("0.01", 1),
        ("33.33", 3_333),
        ("100", 10_000),
    ] {
        assert_eq!(read(percent), (Some(hundredths), vec![]), "{percent}");
    }
    for percent in ["101", "-1", "0.005", "\"5%\"", "{ percent = 5 }", "nan"] {
        assert_eq!(read(percent), (None, vec!["wrong-type"]), "{percent}");
    }
}
