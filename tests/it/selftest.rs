//! Packs' own samples.

use tidegate::pack::{Pack, SampleKind};
use tidegate::selftest::{self, Nearest, Outcome, Skipped, Wrong};
use tidegate::{Action, PackLimits};

fn run(rules: &str) -> Vec<(SampleKind, String, Outcome)> {
    let source = format!(
        "format = 1\n[pack]\nid = \"acme.words\"\nversion = \"1.0.0\"\ntitle = \"Words\"\n{rules}"
    );
    let pack = Pack::parse("words.toml", &source)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .pack;
    let report = selftest::run(None, &[pack], &PackLimits::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    report
        .samples
        .into_iter()
        .map(|tested| (tested.kind, tested.text.to_string(), tested.outcome))
        .collect()
}

fn wrong(outcome: &Outcome) -> Option<Wrong> {
    match outcome {
        Outcome::Failed(failure) => Some(failure.what),
        _ => None,
    }
}

#[test]
fn each_kind_of_sample_holds_or_fails() {
    let samples = run(r#"
[[rule]]
id = "cards"
category = "house.cards"
action = "block"
when = "offer near/3 ask"
lower = { when = "shop", to = "review" }
scenes = ["channel"]
[rule.lists]
offer = ["gift card"]
ask = ["dm me"]
shop = ["receipt"]
[rule.samples]
match = [
  "gift card, dm me",
  { text = "gift card receipt, dm me", action = "review" },
  { text = "gift card receipt, dm me", action = "block" },
  "giftcrad, dm me",
  "gift. Card, dm me",
  "gift card one two three four dm me",
  { text = "gift card, dm me", scene = "private" },
  { messages = ["gift card", "dm me"] },
]
pass = ["gift card", "gift card! DM me", { text = "gift card, dm me", scene = "private" }]
todo = ["g1ft card, dm me", "gift card dm me"]
"#);
    let wrongs: Vec<Option<Wrong>> = samples.iter().map(|(.., outcome)| wrong(outcome)).collect();
    let not = Some(Wrong::DoesNotFire);
    assert_eq!(
        wrongs,
        [
            None,
            None,
            Some(Wrong::Action {
                expected: Action::Block,
                found: Action::Review
            }),
            not,
            not,
            not,
            not,
            not,
            None,
            Some(Wrong::Fires),
            None,
            None,
            Some(Wrong::FiresByNow),
        ]
    );
    let nearest = |at: usize| match &samples[at].2 {
        Outcome::Failed(failure) => failure.nearest.clone(),
        _ => None,
    };
    assert!(
        matches!(nearest(3), Some(Nearest::Differs { term, closest, .. }) if &*term == "gift card" && closest.starts_with("giftc"))
    );
    assert!(matches!(nearest(4), Some(Nearest::Refused { term, .. }) if &*term == "gift card"));
    // Both were found, and too far from each other.
    assert_eq!(nearest(5), None);
    let Outcome::Failed(failure) = &samples[5].2 else {
        panic!("it does not fire");
    };
    let rule = failure.rule("acme.words/cards").expect("it was looked at");
    assert_eq!(rule.when.says, "offer near/3 ask");
    assert_eq!(rule.when.nearest, Some(4));
    assert!(!rule.fired && rule.live);
}

#[test]
fn drafts_are_tested_apart() {
    let samples = run(r#"
[[rule]]
id = "new"
category = "house.a"
status = "draft"
terms = ["blast"]
[rule.samples]
match = ["blast"]

[[rule]]
id = "gone"
category = "house.a"
status = "retired"
terms = ["golly"]
[rule.samples]
match = ["no such word"]

[[rule]]
id = "near"
category = "house.b"
when = "word near/3 @house.a"
[rule.lists]
word = ["cap"]
[rule.samples]
match = ["cap golly"]
pass = ["blast cap"]
"#);
    assert!(matches!(samples[0].2, Outcome::Held));
    assert!(matches!(samples[1].2, Outcome::Skipped(Skipped::Retired)));
    // Neither a draft nor a retired rule is seen through its category.
    assert_eq!(wrong(&samples[2].2), Some(Wrong::DoesNotFire));
    assert!(matches!(samples[3].2, Outcome::Held));
}

#[test]
fn a_sample_is_set_when_its_rule_is_live() {
    let samples = run(r#"
[[rule]]
id = "listed"
category = "house.a"
terms = ["blast"]
[[rule.listings]]
list = "EU"
reference = "1"
from = 2014-05-14
until = 2020-01-01
[rule.samples]
match = ["blast"]
pass = [{ text = "blast", at = 2020-01-01 }, { text = "blast", at = 2015-01-01, jurisdictions = [] }]

[[rule]]
id = "period"
category = "house.a"
terms = ["blast"]
effective = { from = 2030-01-01 }
[rule.samples]
match = ["blast"]
pass = [{ text = "blast", at = 2029-12-31 }]
"#);
    for (kind, text, outcome) in &samples {
        assert!(matches!(outcome, Outcome::Held), "{kind:?} {text}");
    }
}
