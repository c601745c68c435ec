//! What a message may cost, whoever wrote it.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::compile::Compiler;
use crate::engine::{Message, Scanner};
use crate::limits::{Limits, PackLimits};
use crate::pack::Pack;
use crate::policy::Policy;
use crate::primitives::Timestamp;
use crate::ruleset::Ruleset;
use crate::verdict::Coverage;

/// Scans a text of any bytes with a pack that makes much of it, under the default limits and under narrow ones: the steps stay within
/// the limits, and the coverage says so when they would not.
///
/// # Panics
///
/// If a scan takes more steps than its limits grant, or ends early and says `complete`.
pub fn steps(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let narrow = Limits {
        steps_base: 64,
        steps_per_byte: 8,
        hits: 64,
        ..Limits::default()
    };
    for limits in [Limits::default(), narrow] {
        let looked_at = text.len().min(limits.text_bytes) as u64;
        let granted = limits.steps_base + limits.steps_per_byte * looked_at;
        // Steps are counted once taken. What is taken at a time is a pass over the text, or one walk from one place: it looks at no
        // cluster more than once in itself, and for its borders at none more than twice on either side.
        let slack = 8 * looked_at + 64;
        let mut scanner = Scanner::with_limits(limits);
        let verdict = scanner.scan(
            &[ruleset()],
            &Policy::default(),
            &Message::text(&text),
            Timestamp(0),
        );
        let coverage = verdict.coverage;
        let steps = scanner.steps();
        assert!(
            steps <= granted + slack,
            "{steps} steps for {looked_at} bytes; {granted} are granted; the worst were {} a byte: {text:?}",
            worst()
        );
        assert!(
            steps <= granted || coverage.names(Coverage::STEP_LIMIT),
            "{steps} steps for {looked_at} bytes, {granted} are granted, and the coverage is {coverage}: {text:?}"
        );
        // Texts of a few bytes would win by what does not depend on their length.
        let per_byte = steps / looked_at.max(64);
        if per_byte > WORST.load(Ordering::Relaxed) {
            WORST.store(per_byte, Ordering::Relaxed);
        }
    }
}

/// The most steps a byte that [`steps`] has seen so far in this process.
pub fn worst() -> u64 {
    WORST.load(Ordering::Relaxed)
}

static WORST: AtomicU64 = AtomicU64::new(0);

/// Terms that stand in one another, that stretch, that begin with signs, and that look alike; regexes and conditions over all of them.
fn ruleset() -> &'static Ruleset {
    static RULESET: OnceLock<Ruleset> = OnceLock::new();
    RULESET.get_or_init(|| {
        let source = source();
        let limits = PackLimits::default();
        let parsed = Pack::parse_with("steps.toml", &source, &limits, &mut |_| Err(String::new()));
        let compiled = parsed.and_then(|parsed| Compiler::new().pack(parsed.pack).build());
        match compiled {
            Ok(ruleset) => ruleset,
            Err(refused) => panic!("the pack is refused: {refused}\n{source}"),
        }
    })
}

fn source() -> String {
    let mut terms = vec!["(a".to_owned(), "((((((((a".to_owned(), "🔥🔥".to_owned()];
    for length in 1..=16 {
        terms.push("a".repeat(length));
        terms.push("ab".repeat(length));
        terms.push("哈".repeat(length));
        terms.push(format!("{}b", "a".repeat(length)));
        terms.push("ill".repeat(length));
    }
    let mut quoted = String::new();
    for term in &terms {
        // Writing to a string does not fail.
        let _ = write!(
            quoted,
            "\"{term}\", {{ text = \"{term}\", word = false }}, "
        );
    }
    let mut source = format!(
        "format = 1\n[pack]\nid = \"fuzz.steps\"\nversion = \"1.0.0\"\ntitle = \"steps\"\nexcept = [\"aaab\"]\n\
         [pack.defaults]\nvariants = \"strong\"\n[lists]\nmany = [{quoted}]\n\
         patterns = [{{ regex = 'ab\\w{{0,32}}c' }}, {{ regex = '(a+)+ab' }}, {{ regex = '哈哈.{{0,40}}!' }}]\n"
    );
    for (number, when) in [
        "many near/20 patterns",
        "many then/3 many",
        "3 of many",
        "patterns and not @fuzz.none",
    ]
    .into_iter()
    .enumerate()
    {
        let _ = write!(
            source,
            "[[rule]]\nid = \"rule-{number}\"\ncategory = \"fuzz.steps\"\nwhen = \"{when}\"\n\
             [rule.samples]\nmatch = [\"a\"]\npass = [\"b\"]\n"
        );
    }
    source
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// What costs steps.
    const PIECES: [&str; 22] = [
        "a",
        "aaaaaaaa",
        "ab",
        "b",
        "哈",
        "哈哈哈",
        "i",
        "l",
        "ӏ",
        "(",
        "((((",
        ".",
        " ",
        "*",
        "🔥",
        "🇦",
        "\u{200b}",
        "\u{301}",
        "&#97;",
        "%61",
        "\\u0061",
        "c!",
    ];

    /// So many hits that no steps are left for the pairs of a condition.
    #[test]
    fn what_is_not_done_for_want_of_steps_is_not_counted() {
        super::steps(b"aaa#Aaaaaaa#Aaaaaaaaaaaa#AaaaAa~a#Ab&#97\xcc\x7f\0");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn steps_stay_within_limits(pieces in prop::collection::vec((0..PIECES.len(), 1..40_usize), 0..40)) {
            let text: String = pieces.into_iter().map(|(piece, times)| PIECES[piece].repeat(times)).collect();
            super::steps(text.as_bytes());
        }
    }
}
