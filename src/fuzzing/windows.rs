//! Terms cut over messages: the engine against the oracle, message by message.

use crate::compile::Compiler;
use crate::engine::{Conversation, Message, Scanner};
use crate::limits::Limits;
use crate::oracle::{Answer, Before, Case, screen};
use crate::pack::Pack;
use crate::policy::Policy;
use crate::primitives::{Scene, Timestamp};
use crate::variant::Variants;
use crate::verdict::Action;

use super::Random;
use super::disguise::disguise;

/// One rule with a long window, one with a short one, one that needs two terms, and one without a window.
const PACK: &str = r#"
format = 1
[pack]
id = "made.windows"
version = "1.0.0"
title = "Windows"
[pack.defaults]
window = { messages = 16, seconds = 100 }
[lists]
words = ["图书馆", "礼品卡", "红灯", "啊啊啊啊", "lantern", "gift card", "Al-Noor", "IKEBANA", { text = "Oslo", case_sensitive = true },
  "도서관", "자전거역", "مكتبة", "قلم", "ひまわり", "5号线", "6699", "anan", { text = "arte", word = false }, "колокол", "ab", "c++lang"]
acts = ["加入", "join", "买卖"]
[[rule]]
id = "long"
category = "house.long"
when = "words"
except = ["图书馆员", "卡片", "lantern fish"]
[rule.samples]
match = ["图书馆"]
pass = ["好"]
[[rule]]
id = "short"
category = "house.short"
when = "words"
window = { messages = 3, seconds = 20 }
[rule.samples]
match = ["图书馆"]
pass = ["好"]
[[rule]]
id = "near"
category = "house.near"
when = "acts near/6 words"
[rule.samples]
match = ["加入图书馆"]
pass = ["好"]
[[rule]]
id = "not"
category = "house.not"
when = "acts and not words"
[rule.samples]
match = ["加入"]
pass = ["好"]
[[rule]]
id = "category"
category = "house.acts"
when = "acts and @house.long"
[rule.samples]
match = ["加入图书馆"]
pass = ["好"]
"#;

/// The same terms, of which no message but a whole one counts.
const PLAIN: &str = r#"
format = 1
[pack]
id = "made.plain"
version = "1.0.0"
title = "No windows"
[[rule]]
id = "plain"
category = "house.plain"
terms = ["图书馆", "lantern", "مكتبة"]
[rule.samples]
match = ["图书馆"]
pass = ["好"]
"#;

const WORDS: [&str; 12] = [
    "今天", "我去", "加入", "join", "the ", "卡", " fish", "员", "1", "في ", "오늘", "…",
];
const ENDS: [&str; 10] = ["", "", "", "", "。", "!", "🔥", " ", "-", ", "];

/// A conversation from a seed: its messages with their times, each of one part or more.
fn messages(random: &mut Random, terms: &[&str]) -> Vec<(Vec<String>, Timestamp)> {
    let mut at = 1_000;
    let mut texts: Vec<String> = Vec::new();
    while texts.len() < 14 {
        let term = random.pick(terms);
        let term = if random.chance(30) {
            disguise(random, term, Variants::STANDARD)
        } else {
            term.to_owned()
        };
        let characters: Vec<char> = term.chars().collect();
        let mut rest = &characters[..];
        let apart = random.chance(30);
        while !rest.is_empty() && texts.len() < 14 {
            let len = if apart {
                1
            } else {
                1 + random.below(rest.len())
            };
            let (piece, after) = rest.split_at(len);
            let piece: String = piece.iter().collect();
            rest = after;
            let lead = if random.chance(20) {
                random.pick(&WORDS)
            } else {
                ""
            };
            let tail = if random.chance(20) {
                random.pick(&WORDS)
            } else {
                ""
            };
            let long = if random.chance(5) {
                "啦".repeat(40)
            } else {
                String::new()
            };
            texts.push(format!("{long}{lead}{piece}{tail}{}", random.pick(&ENDS)));
            if random.chance(6) {
                texts.push(random.pick(&["🔥🔥", "。", "", "ok"]).to_owned());
            }
        }
    }
    let mut messages = Vec::new();
    for text in texts {
        at += random.pick(&[0, 1, 1, 2, 5, 19, 40, -3]);
        let parts = match random.below(30) {
            0 => vec![text, "b".to_owned()],
            1 => Vec::new(),
            _ => vec![text],
        };
        messages.push((parts, Timestamp(at)));
    }
    messages
}

/// Holds the engine to the oracle on every message of a conversation of a seed, whole verdicts included; how many spans lay in earlier
/// messages.
///
/// # Panics
///
/// If they differ; the panic shows the messages.
pub fn windows(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let packs = packs();
    let terms = packs[0].lists[0].terms.iter().map(|term| &*term.text);
    let made = messages(&mut random, &terms.collect::<Vec<_>>());
    let limits = Limits {
        // So that some are cut.
        text_bytes: if random.chance(20) { 60 } else { 64 << 10 },
        spans: if random.chance(20) { 3 } else { 64 },
        ..Limits::default()
    };
    converse(&made, &limits)
}

/// The same for messages of one's own, divided by NUL; a byte before each, the seconds since the one before.
///
/// # Panics
///
/// If they differ.
pub fn windows_of(data: &[u8]) {
    let mut at = 1_000;
    let made: Vec<_> = data
        .split(|byte| *byte == 0)
        .filter_map(<[u8]>::split_first)
        .take(20)
        .map(|(seconds, text)| {
            at += i64::from(*seconds);
            let text = String::from_utf8_lossy(&text[..text.len().min(200)]);
            (vec![text.into_owned()], Timestamp(at))
        })
        .collect();
    converse(&made, &Limits::default());
}

fn packs() -> [Pack; 2] {
    [PACK, PLAIN].map(|source| match Pack::parse("made.toml", source) {
        Ok(parsed) => parsed.pack,
        Err(refused) => panic!("a made pack is refused: {refused}"),
    })
}

fn converse(made: &[(Vec<String>, Timestamp)], limits: &Limits) -> usize {
    let packs = packs();
    let rulesets = packs
        .clone()
        .map(|pack| match Compiler::new().pack(pack).build() {
            Ok(ruleset) => ruleset,
            Err(refused) => panic!("a made pack is refused: {refused}"),
        });
    let ids: Vec<String> = (0..made.len()).map(|number| format!("m{number}")).collect();
    let parts: Vec<Vec<&str>> = made
        .iter()
        .map(|(parts, _)| parts.iter().map(String::as_str).collect())
        .collect();
    let before: Vec<Before<'_>> = made
        .iter()
        .zip(&parts)
        .zip(&ids)
        .map(|(((_, at), parts), id)| Before {
            parts,
            at: *at,
            id: Some(id).filter(|id| !id.ends_with('7')).map(String::as_str),
        })
        .collect();
    let mut scanner = Scanner::with_limits(limits.clone());
    let mut conversation = Conversation::new();
    let policy = Policy::default();
    let mut across = 0;
    for (number, newest) in before.iter().enumerate() {
        let mut message = match newest.parts {
            [text] => Message::text(text),
            parts => Message::of_parts(parts),
        };
        message.sender = Some("u1");
        message.id = newest.id;
        let [first, second] = &rulesets;
        let found = scanner.scan_in(
            &mut conversation,
            &[first, second],
            &policy,
            &message,
            newest.at,
        );
        let found = Answer {
            action: found.action,
            coverage: found.coverage,
            findings: found.findings.clone(),
            shadow: found.shadow.clone(),
        };
        let expected = screen(&Case {
            packs: &[&packs[..1], &packs[1..]],
            parts: newest.parts,
            before: &before[..number],
            scene: Scene::Group,
            conversation: None,
            at: newest.at,
            jurisdictions: &[],
            limits,
            on_partial: Action::Review,
        });
        assert!(
            found == expected,
            "message {number} of {before:#?}\nexpected {expected:#?}\nfound {found:#?}"
        );
        let hits = found.findings.iter().flat_map(|finding| &finding.hits);
        across += hits.filter(|hit| hit.earlier.is_some()).count();
    }
    across
}
