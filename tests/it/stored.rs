//! Rulesets as files: read as they were written, and refused in every other state.

use tidegate::diag::Lang;
use tidegate::fuzzing::{forge, stored};
use tidegate::{Compiler, Pack, PackLimits, Ruleset};

const PACK: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.2.0"
[lists]
offer = ["礼品卡", "gift card", { regex = 'gift\s*code' }]
ask = ["私信我", "dm me"]
[[rule]]
id = "lure"
category = "fraud.lure"
when = "offer near/12 ask and not shop"
window = { messages = 4, seconds = 60 }
except = ["礼品卡发票"]
[rule.lists]
shop = ["专卖店"]
[rule.samples]
match = ["礼品卡，私信我"]
pass = ["礼品卡"]
[[rule]]
id = "strong"
category = "house.words"
variants = "strong"
terms = ["图书馆", "🔥🔥"]
[rule.samples]
match = ["图书馆"]
pass = ["好"]
"#;

fn ruleset() -> Ruleset {
    let parsed = Pack::parse("words.toml", PACK).unwrap_or_else(|refused| panic!("{refused}"));
    let built = Compiler::new().pack(parsed.pack).build();
    built.unwrap_or_else(|refused| panic!("{refused}"))
}

/// The code of the refusal; `None` if it is read.
fn refusal(bytes: &[u8]) -> Option<&'static str> {
    let read = Ruleset::from_bytes("words.tdg", bytes, &PackLimits::default());
    let refused = read.err()?;
    for lang in [Lang::En, Lang::Zh] {
        let said = refused.to_text(lang);
        assert!(said.contains("words.tdg") && said.contains("tidegate compile"));
    }
    refused.iter().next().map(|problem| problem.code)
}

#[test]
fn what_was_written_is_read() {
    let ruleset = ruleset();
    let bytes = ruleset.to_bytes();
    let read = Ruleset::from_bytes("words.tdg", &bytes, &PackLimits::default());
    let read = read.unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!(read.packs().collect::<Vec<_>>(), [("acme.words", "1.2.0")]);
    assert_eq!(
        (read.rules(), read.terms(), read.longest_window()),
        (ruleset.rules(), ruleset.terms(), 60)
    );
    assert_eq!(
        format!("{:?}", read.rule_ids().collect::<Vec<_>>()),
        format!("{:?}", ruleset.rule_ids().collect::<Vec<_>>())
    );
}

/// Made packs, in all that a pack may say.
#[test]
fn verdicts_are_those_of_what_was_compiled() {
    for seed in 0..150 {
        stored(seed);
    }
}

#[test]
fn what_is_cut_off_is_refused() {
    let bytes = ruleset().to_bytes();
    for len in 0..bytes.len() {
        let code = refusal(&bytes[..len]);
        let expected = if len < 8 {
            "not-a-ruleset"
        } else {
            "damaged-ruleset"
        };
        assert_eq!(code, Some(expected), "{len} of {} bytes", bytes.len());
    }
    let longer = [&bytes[..], b"\0"].concat();
    assert_eq!(refusal(&longer), Some("damaged-ruleset"));
}

#[test]
fn every_byte_counts() {
    let bytes = ruleset().to_bytes();
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] ^= change;
            assert!(refusal(&altered).is_some(), "byte {at} of {}", bytes.len());
        }
    }
}

#[test]
fn other_files_are_told_apart() {
    assert_eq!(refusal(PACK.as_bytes()), Some("not-a-ruleset"));
    let bytes = ruleset().to_bytes();
    // An older format, a newer one, and another version of the crate.
    for (at, value) in [(8, 0), (8, 2), (13, b'9'), (15, b'9')] {
        let mut other = bytes.clone();
        assert_ne!(other[at], value);
        other[at] = value;
        assert_eq!(refusal(&other), Some("other-ruleset"), "byte {at}");
    }
}

#[test]
fn limits_hold_for_what_is_read() {
    let bytes = ruleset().to_bytes();
    let mut few = PackLimits::default();
    few.terms = 3;
    assert!(Ruleset::from_bytes("words.tdg", &bytes, &few).is_err());
    let mut none = PackLimits::default();
    none.regexes = 0;
    assert!(Ruleset::from_bytes("words.tdg", &bytes, &none).is_err());
    let mut small = PackLimits::default();
    small.regex_total_bytes = 10;
    assert!(Ruleset::from_bytes("words.tdg", &bytes, &small).is_err());
}

/// What a checksum cannot show is refused, or harmless.
#[test]
fn forged_rows_break_nothing() {
    let seeds = std::env::var("TIDEGATE_SEEDS").map_or(1_500, |seeds| {
        seeds.parse().expect("TIDEGATE_SEEDS is a number of seeds")
    });
    for seed in 0..seeds {
        forge(seed);
    }
}
