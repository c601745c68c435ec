//! The engine against the oracle.

use crate::compile::{self, Compiler};
use crate::engine::{self, Message, Scanner};
use crate::limits::{Limits, PackLimits};
use crate::oracle::{self, Answer};
use crate::pack::{Pack, Term};
use crate::policy::Policy;
use crate::primitives::Span;
use crate::ruleset::Ruleset;
use crate::variant::Variants;

use super::{Made, compare, make};

/// Holds the engine to the oracle on every text of a seed, whole verdicts, spans and explanations included.
///
/// # Panics
///
/// If they differ, or a made pack is refused.
pub fn engine(seed: u64) {
    let made = make(seed);
    let rulesets = compiled(&made);
    let mut scanner = Scanner::new();
    compare(seed, |made, index| {
        answer(&mut scanner, &rulesets, made, &made.texts[index])
    });
}

/// Explanations of every text of a seed say what the scan says: which rules fire, over which hits, and with what action.
///
/// # Panics
///
/// If they differ.
pub fn explained(seed: u64) {
    let made = make(seed);
    let [base, tenant] = &compiled(&made);
    let policy = Policy::default().with_jurisdictions(&made.jurisdictions);
    let mut scanner = Scanner::new();
    for text in &made.texts {
        let mut message = Message::text(text).scene(made.scene);
        message.conversation = made.conversation.as_deref();
        let verdict = scanner
            .scan(&[base, tenant], &policy, &message, made.at)
            .clone();
        let explanation = scanner.explain(&[base, tenant], &policy, &message, made.at);
        assert_eq!(explanation.verdict, verdict, "seed {seed}: {text:?}");
        let mut fired = 0;
        for rule in &explanation.rules {
            assert_eq!(
                rule.fired,
                rule.live && rule.when.held,
                "seed {seed}: {text:?}\n{rule:#?}"
            );
            let findings = if rule.shadow {
                &verdict.shadow
            } else {
                &verdict.findings
            };
            let finding = findings.iter().find(|finding| finding.rule == rule.rule);
            assert_eq!(
                finding.is_some(),
                rule.fired,
                "seed {seed}: {text:?}\n{rule:#?}"
            );
            if let (Some(finding), Some(became)) = (finding, rule.became) {
                fired += 1;
                assert_eq!(
                    (finding.action, finding.lowered_from.is_some()),
                    (became.in_scene, became.lowered.is_some())
                );
            }
        }
        assert_eq!(
            fired,
            verdict.findings.len() + verdict.shadow.len(),
            "seed {seed}: {text:?}"
        );
    }
}

/// Whole verdicts on packs of a seed and a text of one's own: eight bytes of the one, the rest the other.
///
/// # Panics
///
/// If engine and oracle differ.
pub fn verdict(data: &[u8]) {
    let Some((seed, text)) = data.split_first_chunk::<8>() else {
        return;
    };
    let mut made = make(u64::from_le_bytes(*seed) % 1_000);
    made.texts = vec![String::from_utf8_lossy(&text[..text.len().min(600)]).into_owned()];
    let found = answer(&mut Scanner::new(), &compiled(&made), &made, &made.texts[0]);
    let expected = made.answer(0);
    assert!(
        found == expected,
        "{:?}\nexpected {expected:#?}\nfound {found:#?}\n{}\n{}",
        made.texts[0],
        made.base_toml,
        made.tenant_toml
    );
}

/// One term and one text: flags, then the two, divided by a NUL.
///
/// # Panics
///
/// If engine and oracle differ.
pub fn relation(data: &[u8]) {
    let Some((flags, rest)) = data.split_first_chunk::<3>() else {
        return;
    };
    let rest = String::from_utf8_lossy(rest);
    let Some((term, text)) = rest.split_once('\0') else {
        return;
    };
    let short: String = term.chars().take(24).collect();
    let text: String = text.chars().take(300).collect();
    let bits = u32::from(flags[0]) | u32::from(flags[1] & 1) << 8;
    let term = Term {
        text: short.as_str().into(),
        regex: false,
        word: [None, Some(true), Some(false)][usize::from(flags[2] % 3)],
        variants: if flags[2] >= 128 {
            Variants::STANDARD
        } else {
            Variants::from_bits(bits)
        },
    };
    let limits = Limits::default();
    // What is no term for the compiler may be one for the oracle: a control character where `invisible` is off.
    let Some(ruleset) = compile::one_term(&term) else {
        return;
    };
    let found = engine::hits(&ruleset, &text, &limits);
    let expected = oracle::hits(&term, &text, &limits);
    assert_eq!(found, expected, "{term:?} in {text:?}");
}

/// The hits of one term in one text, as the engine finds them; none for a term that cannot be found.
pub fn hits(term: &Term, text: &str, limits: &Limits) -> Vec<(Span, Variants)> {
    compile::one_term(term).map_or_else(Vec::new, |ruleset| engine::hits(&ruleset, text, limits))
}

pub(super) fn compiled(made: &Made) -> [Ruleset; 2] {
    [&made.base_toml, &made.tenant_toml].map(|source| {
        let parsed = if source.contains("\"base.") {
            let limits = PackLimits::default();
            Pack::parse_base("made.toml", source, &limits, &mut |_| Err(String::new()))
        } else {
            Pack::parse("made.toml", source)
        };
        let pack = match parsed {
            Ok(parsed) => parsed.pack,
            Err(refused) => panic!("a made pack is refused: {refused}\n{source}"),
        };
        match Compiler::new().pack(pack).build() {
            Ok(ruleset) => ruleset,
            Err(refused) => panic!("a made pack is refused: {refused}\n{source}"),
        }
    })
}

pub(super) fn answer(
    scanner: &mut Scanner,
    rulesets: &[Ruleset; 2],
    made: &Made,
    text: &str,
) -> Answer {
    let policy = Policy::default().with_jurisdictions(&made.jurisdictions);
    let [base, tenant] = rulesets;
    let mut message = Message::text(text).scene(made.scene);
    message.conversation = made.conversation.as_deref();
    let verdict = scanner.scan(&[base, tenant], &policy, &message, made.at);
    Answer {
        action: verdict.action,
        coverage: verdict.coverage,
        findings: verdict.findings.clone(),
        shadow: verdict.shadow.clone(),
    }
}
