//! The slow reference: "The relations" of `src/ARCHITECTURE.md`, section by section, in the plainest code.
//!
//! It knows packs, the tables and the words, and nothing of the compiler or the engine, which are held to it by tests.
//! It knows no step limit and no hit limit.
//!
//! | section | file |
//! |---|---|
//! | 1. Reading a text | `reading`, `escapes` |
//! | 2. Reading a term, 3. The walk | `walk` |
//! | 4. Hits | `hits` |
//! | 5. Regex terms | `regex` |
//! | 7. Conditions | `conditions` |
//! | 8. The verdict | here |
//! | 9. Windows | `windows` |
//! | 10. Tenants and the operator | `policy` |

mod conditions;
mod escapes;
mod forms;
mod hits;
mod policy;
mod reading;
mod regex;
#[cfg(test)]
mod tests;
mod transport;
mod walk;
mod windows;

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use crate::limits::Limits;
use crate::pack::{Operator, Pack, Tenant, Term};
use crate::primitives::{Scene, Span, Timestamp};
use crate::variant::Variants;
use crate::verdict::{Action, Coverage, Finding};

pub use windows::Before;

/// One message, and what it is screened by.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The rulesets in order, each of several packs.
    pub packs: &'a [&'a [Pack]],
    /// The texts of the message.
    pub parts: &'a [&'a str],
    /// Earlier messages of the same sender in the same conversation, in order.
    pub before: &'a [Before<'a>],
    /// Where the message goes.
    pub scene: Scene,
    /// The conversation it goes to.
    pub conversation: Option<&'a str>,
    /// When it is screened.
    pub at: Timestamp,
    /// The tenant's jurisdictions, beside `UN`.
    pub jurisdictions: &'a [&'a str],
    /// The bounds. Those on steps and hits are not known here.
    pub limits: &'a Limits,
    /// What an incomplete look means.
    pub on_partial: Action,
    /// Who else decides.
    pub house: House<'a>,
}

/// A tenant's file, and the operator's. Both are taken as they are: that they may stand is for others to say.
#[derive(Clone, Copy, Debug, Default)]
pub struct House<'a> {
    /// The tenant's; its `jurisdictions` and `on_partial` count in place of the case's.
    pub tenant: Option<&'a Tenant>,
    /// The operator's.
    pub operator: Option<&'a Operator>,
    /// How many of the first rulesets are locked.
    pub locked: usize,
}

/// What the relations say of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The strongest action.
    pub action: Action,
    /// How completely the message was looked at.
    pub coverage: Coverage,
    /// The findings of rules in force.
    pub findings: Vec<Finding>,
    /// The findings of rules in shadow.
    pub shadow: Vec<Finding>,
}

/// The answer to one message.
pub fn screen(case: &Case<'_>) -> Answer {
    let (parts, mut coverage) = within_limit(case.parts, case.limits.text_bytes);
    if parts.is_empty() {
        coverage = Coverage::NOT_TEXT;
    }
    let (mut findings, mut shadow) = conditions::findings(case, &parts);
    policy::settle(case, &mut findings);
    policy::settle(case, &mut shadow);
    Answer {
        action: policy::action(case, &findings, coverage),
        coverage,
        findings,
        shadow,
    }
}

/// The hits of one term in one text, sorted by place.
pub fn hits(term: &Term, text: &str, limits: &Limits) -> Vec<(Span, Variants)> {
    hits::of_term(term, &hits::Text::new(text), limits)
}

/// Whether `term` has at least one significant symbol.
pub fn is_significant(term: &Term) -> bool {
    term.regex || !walk::Pattern::new(term, term.variants).symbols.is_empty()
}

/// A term as a pack would hold it.
pub fn term(text: &str, regex: bool, word: Option<bool>, variants: Variants) -> Term {
    Term {
        text: Arc::from(text),
        regex,
        word,
        variants,
    }
}

/// What is read of the parts: `bytes` in sum, cut back to a grapheme border. Nothing is read after a cut.
fn within_limit<'a>(parts: &[&'a str], bytes: usize) -> (Vec<&'a str>, Coverage) {
    let mut left = bytes;
    let mut coverage = Coverage::COMPLETE;
    let mut read = Vec::new();
    for &part in parts {
        if part.len() <= left {
            left -= part.len();
            read.push(part);
        } else {
            let cut = borders(part)
                .into_iter()
                .rfind(|border| *border <= left)
                .unwrap_or(0);
            left = 0;
            coverage = Coverage::TEXT_LIMIT;
            read.push(&part[..cut]);
        }
    }
    (read, coverage)
}

/// Where the graphemes of a text begin and end, in order.
fn borders(text: &str) -> Vec<usize> {
    text.grapheme_indices(true)
        .map(|(start, _)| start)
        .chain([text.len()])
        .collect()
}
