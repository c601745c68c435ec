//! Terms cut over messages.

use tidegate::{
    Action, Compiler, Conversation, Conversations, Coverage, Message, Pack, Policy, Ruleset,
    Scanner, Span, Timestamp, fuzzing,
};

/// The engine is held to the oracle on as many made conversations as `TIDEGATE_SEEDS` says, fourteen messages each.
#[test]
fn the_engine_agrees_with_the_oracle_over_messages() {
    let seeds = std::env::var("TIDEGATE_SEEDS").map_or(60, |seeds| {
        seeds.parse().expect("TIDEGATE_SEEDS is a number of seeds")
    });
    let across: usize = (0..seeds).map(fuzzing::windows).sum();
    assert!(
        across as u64 > seeds,
        "{across} spans over messages in {seeds} conversations"
    );
}

const PACK: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.0.0"
title = "Words"
[lists]
words = ["礼品卡", "灯塔", "sunflower", "gift card", "ISIS", "도서관", "5号线", "мимоза", { text = "Lisbon", case_sensitive = true }]
ask = ["私信我", "dm me"]
[[rule]]
id = "words"
category = "house.words"
when = "words"
window = { messages = 8, seconds = 60 }
[rule.samples]
match = ["礼品卡", { messages = ["出售礼品", "卡"] }, { messages = [{ text = "礼", at = 2026-01-01T00:00:00Z }, { text = "品", at = 2026-01-01T00:00:20Z }, { text = "卡", at = 2026-01-01T00:00:40Z }] }]
pass = ["好", { messages = ["礼品。", "卡"] }, { messages = [{ text = "礼品", at = 2026-01-01T00:00:00Z }, { text = "卡", at = 2026-01-01T00:01:01Z }] }]
[[rule]]
id = "both"
category = "house.both"
when = "words and ask"
window = { messages = 2, seconds = 60 }
[rule.samples]
match = ["礼品卡私信我", { messages = ["出售礼品", "卡，私信我"] }]
pass = ["私信我"]
[[rule]]
id = "alone"
category = "house.alone"
when = "words"
[rule.samples]
match = ["礼品卡"]
pass = ["好", { messages = ["出售礼品", "卡"] }]
"#;

fn ruleset() -> (Pack, Ruleset) {
    let parsed = Pack::parse("words.toml", PACK).unwrap_or_else(|refused| panic!("{refused}"));
    let built = Compiler::new().pack(parsed.pack.clone()).build();
    (
        parsed.pack,
        built.unwrap_or_else(|refused| panic!("{refused}")),
    )
}

/// The rules that fire on the last of these messages of one sender, two seconds apart.
fn fired(texts: &[&str]) -> Vec<String> {
    let (_, ruleset) = ruleset();
    let (mut scanner, mut conversation) = (Scanner::new(), Conversation::new());
    let mut fired = Vec::new();
    for (text, second) in texts.iter().zip((0..).step_by(2)) {
        let message = Message::text(text).sender("u1");
        let (policy, at) = (Policy::default(), Timestamp(second));
        let verdict = scanner.scan_in(&mut conversation, &[&ruleset], &policy, &message, at);
        fired = verdict
            .findings
            .iter()
            .map(|finding| finding.rule.to_string())
            .collect();
    }
    fired
}

#[test]
fn what_is_a_disguise_and_what_is_not() {
    let rows: [(&[&str], bool, &str); 29] = [
        (&["出售礼品", "卡，便宜"], true, "cut in two"),
        (&["礼", "品", "卡"], true, "a character a message"),
        (&["礼", "品", "卡便宜"], true, "the last goes on"),
        (&["卖礼", "品", "卡"], true, "the first began before"),
        (
            &["礼品", "🔥", "卡"],
            true,
            "a message without a letter is passed over",
        ),
        (&["禮品", "ｋ", "卡"], false, "something stands between"),
        (&["禮", "品🔥", "卡"], true, "folded, and a sign at the end"),
        (&["礼品。", "卡"], false, "a sentence's end"),
        (&["礼品", "，卡吧"], false, "a comma begins the message"),
        (
            &["礼.", "品.", "卡."],
            true,
            "signs beside single characters",
        ),
        (&["卡", "礼品"], false, "another order"),
        (&["我看到灯", "塔吊真高"], false, "two characters in talk"),
        (&["灯", "塔"], true, "two characters, a message each"),
        (&["灯", "塔吊"], false, "the second is no single character"),
        (&["a sunfl", "ower"], true, "inside a word"),
        (&["SUN", "flower!"], true, "five letters or more"),
        (&["a sunfl", "owers"], false, "no border at the end"),
        (&["asunfl", "ower"], false, "no border at the beginning"),
        (&["what it is", "is it?"], false, "short words of talk"),
        (&["I", "S", "I", "S"], true, "a letter a message"),
        (&["I", "S", "I", "Sit"], false, "no border"),
        (
            &["a gift", "card please"],
            true,
            "the term has a space there",
        ),
        (&["a gift.", "Card games"], false, "a sentence's end"),
        (&["gi", "ft ca", "rd"], true, "in three"),
        (&["도서", "관에서 만나"], true, "three syllables"),
        (&["5", "号线停运"], true, "the letters decide"),
        (&["мим", "оза"], true, "Cyrillic"),
        (&["Lis", "bon"], true, "with its case"),
        (&["lis", "bon"], false, "the term minds the case"),
    ];
    for (texts, is_hit, why) in rows {
        let found = fired(texts).contains(&"acme.words/words".to_owned());
        assert_eq!(found, is_hit, "{texts:?}: {why}");
    }
}

/// A rule of two lists sees a term cut over messages and one in this message; a rule without a window sees none of the first.
#[test]
fn hits_over_messages_take_part_in_conditions() {
    assert_eq!(
        fired(&["出售礼品", "卡，私信我"]),
        ["acme.words/words", "acme.words/both"]
    );
    assert_eq!(fired(&["出售礼", "品", "卡，私信我"]), ["acme.words/words"]);
    assert_eq!(fired(&["出售礼品卡", "私信我"]), Vec::<String>::new());
}

#[test]
fn samples_of_several_messages_are_run() {
    let (pack, _) = ruleset();
    let limits = tidegate::PackLimits::default();
    let report = tidegate::selftest::run(None, &[pack], &limits)
        .unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(report.samples.len(), 12);
    let failed: Vec<_> = report.failures().map(|failed| &failed.text).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn spans_name_their_messages() {
    let (_, ruleset) = ruleset();
    let (mut scanner, mut conversation) = (Scanner::new(), Conversation::new());
    let policy = Policy::default();
    let mut say = |text: &str, id: Option<&str>| {
        let mut message = Message::text(text);
        message.id = id;
        let at = Timestamp(0);
        let verdict = scanner.scan_in(&mut conversation, &[&ruleset], &policy, &message, at);
        let first = verdict.findings.first();
        let hits = first
            .map(|finding| finding.hits.clone())
            .unwrap_or_default();
        let earlier = |hit: &tidegate::Hit| {
            hit.earlier
                .as_ref()
                .map(|earlier| (earlier.back, earlier.id.as_deref().map(str::to_owned)))
        };
        hits.iter()
            .map(|hit| (hit.span, earlier(hit)))
            .collect::<Vec<_>>()
    };
    assert!(say("卖礼", Some("m1")).is_empty());
    assert!(say(" 品 ", None).is_empty());
    let spans = say("卡!", Some("m3"));
    let expected = [
        (Span::new(3, 6), Some((2, Some("m1".to_owned())))),
        (Span::new(1, 4), Some((1, None))),
        (Span::new(0, 3), None),
    ];
    assert_eq!(spans, expected);
}

#[test]
fn senders_are_apart_bounded_and_forgotten() {
    let (_, ruleset) = ruleset();
    let mut scanner = Scanner::new();
    let policy = Policy::default().with_on_partial(Action::Block);
    let mut all = Conversations::new(2, ruleset.longest_window());
    let mut say = |all: &mut Conversations, sender: &str, conversation: &str, text: &str, at| {
        let message = Message::text(text)
            .sender(sender)
            .conversation(conversation);
        let at = Timestamp(at);
        let of_sender = all.of(&message, at).expect("it names a sender");
        let verdict = scanner.scan_in(of_sender, &[&ruleset], &policy, &message, at);
        (
            !verdict.findings.is_empty(),
            verdict.coverage,
            verdict.action,
        )
    };
    assert!(
        all.of(&Message::text("礼品").conversation("g1"), Timestamp(0))
            .is_none()
    );
    let clean = (false, Coverage::COMPLETE, Action::Pass);
    // Another sender, or another conversation, is another matter.
    assert_eq!(say(&mut all, "u1", "g1", "礼品", 0), clean);
    assert_eq!(say(&mut all, "u2", "g1", "卡", 1), clean);
    assert!(say(&mut all, "u1", "g1", "卡", 2).0);
    assert_eq!(all.len(), 2);
    // A third pushes out who was silent longest, and may be one who was pushed out.
    assert_eq!(say(&mut all, "u1", "g2", "礼品", 3).1, Coverage::LOST_STATE);
    assert_eq!(all.len(), 2);
    let (fires, coverage, action) = say(&mut all, "u2", "g1", "a", 4);
    assert_eq!((fires, coverage), (false, Coverage::LOST_STATE));
    assert_eq!(action, Action::Pass, "told, and nothing is done about it");
    // After the longest window nothing can be missing.
    assert_eq!(say(&mut all, "u3", "g1", "卡", 200), clean);
    assert_eq!(all.len(), 1);
}
