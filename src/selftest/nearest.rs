//! What a rule came closest to finding in a text.

use std::sync::Arc;

use crate::engine::trace::{Candidate, Explanation, Miss};
use crate::pack::{Condition, ListRef, Operand, Pack, Rule, Term};
use crate::primitives::Span;
use crate::text::skeleton;

/// Cells of the table of edits that are looked at for one sample: terms times their length times the text's.
const CELLS: usize = 20_000_000;

/// A near miss.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nearest {
    /// The term's letters stand there, and the match is refused.
    Refused {
        /// The term.
        term: Arc<str>,
        /// What was looked at.
        span: Span,
        /// Why it is refused.
        why: Miss,
    },
    /// The text comes this close to the term's letters.
    Differs {
        /// The term.
        term: Arc<str>,
        /// Letters to change, add or leave out.
        edits: usize,
        /// The part of the text's letters that comes closest.
        closest: String,
    },
}

/// The nearest miss among the terms of lists of which nothing was found. `None` if every list has a hit, or nothing is near.
pub(super) fn nearest(
    pack: &Pack,
    rule: &Rule,
    text: &str,
    explanation: &Explanation,
) -> Option<Nearest> {
    let found: Vec<&Arc<str>> = explanation.hits.iter().map(|hit| &hit.term).collect();
    let mut terms: Vec<&Term> = Vec::new();
    for list in lists(pack, rule) {
        if !list.iter().any(|term| found.contains(&&term.text)) {
            terms.extend(list);
        }
    }
    refused(&terms, explanation).or_else(|| differs(&terms, text))
}

fn refused(terms: &[&Term], explanation: &Explanation) -> Option<Nearest> {
    explanation
        .views
        .iter()
        .flat_map(|view| &view.candidates)
        .filter(|candidate| terms.iter().any(|term| term.text == candidate.term))
        .filter_map(|candidate| match candidate.outcome {
            Candidate::Missed(why) => Some((candidate, why)),
            _ => None,
        })
        // The first of those that got furthest.
        .min_by_key(|(candidate, _)| std::cmp::Reverse(candidate.matched))
        .map(|(candidate, why)| Nearest::Refused {
            term: Arc::clone(&candidate.term),
            span: candidate.span,
            why,
        })
}

fn differs(terms: &[&Term], text: &str) -> Option<Nearest> {
    let letters = |text: &str| -> Vec<char> { skeleton::shown(text).chars().collect() };
    let text = letters(text);
    let mut left = CELLS;
    let mut best: Option<(usize, usize, &Term, std::ops::Range<usize>)> = None;
    for term in terms.iter().filter(|term| !term.regex) {
        let sought = letters(&term.text);
        match left.checked_sub(sought.len() * text.len()) {
            Some(rest) => left = rest,
            None => break,
        }
        let Some((edits, place)) = closest(&sought, &text) else {
            continue;
        };
        // More than half of the letters wrong is no near miss.
        if edits * 2 > sought.len() {
            continue;
        }
        let better = best
            .as_ref()
            .is_none_or(|(of, len, ..)| edits * len < of * sought.len());
        if better {
            best = Some((edits, sought.len(), term, place));
        }
    }
    best.map(|(edits, _, term, place)| Nearest::Differs {
        term: Arc::clone(&term.text),
        edits,
        closest: text[place].iter().collect(),
    })
}

/// The part of `text` with the fewest edits from `sought` (Sellers, 1980), and how many. `None` where there is nothing to compare.
fn closest(sought: &[char], text: &[char]) -> Option<(usize, std::ops::Range<usize>)> {
    if sought.is_empty() || text.is_empty() {
        return None;
    }
    // For each end in the text: the edits, and where the part begins.
    let mut row: Vec<(usize, usize)> = (0..=text.len()).map(|at| (0, at)).collect();
    for letter in sought {
        let mut diagonal = row[0];
        row[0].0 += 1;
        for at in 1..row.len() {
            let (edits, from) = diagonal;
            let changed = (edits + usize::from(text[at - 1] != *letter), from);
            let (edits, from) = row[at];
            let left_out = (edits + 1, from);
            let (edits, from) = row[at - 1];
            let added = (edits + 1, from);
            diagonal = row[at];
            row[at] = changed.min(left_out).min(added);
        }
    }
    // Of equals, the one as long as what is sought.
    let (end, (edits, from)) = row
        .iter()
        .enumerate()
        .min_by_key(|(end, (edits, from))| (*edits, (end - from).abs_diff(sought.len())))?;
    Some((*edits, *from..end))
}

/// The terms of each list that the rule's condition looks at other than under `not`.
fn lists<'a>(pack: &'a Pack, rule: &'a Rule) -> Vec<&'a [Term]> {
    let mut lists: Vec<ListRef> = Vec::new();
    let mut open = vec![&rule.when];
    let mut look = |operands: &[Operand]| {
        for operand in operands {
            if let Operand::List(list) = operand {
                lists.push(*list);
            }
        }
    };
    while let Some(condition) = open.pop() {
        match condition {
            Condition::Any(operand) | Condition::Terms { of: operand, .. } => {
                look(std::slice::from_ref(operand));
            }
            Condition::And(all) | Condition::Or(all) => open.extend(all),
            Condition::Not(_) => {}
            Condition::Near { left, right, .. } => {
                look(left);
                look(right);
            }
            Condition::Lists { of, .. } => look(of),
        }
    }
    lists.sort_unstable();
    lists.dedup();
    lists
        .into_iter()
        .map(|list| match list {
            ListRef::Pack(at) => &*pack.lists[at].terms,
            ListRef::Rule(at) => &*rule.lists[at].terms,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_part_is_found() {
        let chars = |text: &str| -> Vec<char> { text.chars().collect() };
        for (sought, text, edits, part) in [
            ("giftcard", "agiftcradforyou", 2, "giftcrad"),
            ("abc", "xxabcxx", 0, "abc"),
            ("基地组织", "这是基土地织啊", 2, "基土地织"),
        ] {
            let text = chars(text);
            let (found, place) = closest(&chars(sought), &text).expect("both hold letters");
            assert_eq!(found, edits, "{sought}");
            assert_eq!(text[place].iter().collect::<String>(), part, "{sought}");
        }
    }
}
