//! Which rules are asked about when a candidate of a set, or of a category, is seen.
//!
//! A rule can hold only if something of every part of its `and`, and of both sides of its `near`, is there. So it is enough to ask when the
//! rarest of these is: a rule that wants a frequent word beside a name wakes at the name.

use std::collections::BTreeSet;

use crate::pack::frequency;
use crate::ruleset::{Groups, NewRule, NewTerm, Node, ON_A_SET, Operand};
use crate::text::tables;

use super::conditions::Conditions;

/// How often, in a million places, a category stands whose hits come from rulesets that are not known here.
const UNKNOWN: f64 = 1_000.0;

/// Who is woken by what.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// For each set, the rules.
    pub(super) sets: Groups,
    /// For each category of the ruleset, the rules.
    pub(super) categories: Groups,
    /// For each set, the categories that see its hits.
    pub(super) set_categories: Groups,
    /// The categories that the rules are of, each once.
    pub(super) kinds: Vec<std::sync::Arc<str>>,
    /// For each set, those of rules that look at it.
    pub(super) set_kinds: Groups,
}

impl Watch {
    /// `sets` is how many sets there are.
    pub(super) fn new(
        rules: &[NewRule],
        conditions: &Conditions,
        sets: usize,
        terms: &[NewTerm],
        term_sets: &[(u32, u32)],
    ) -> Self {
        let mut rates = Rates {
            sets: vec![0.0; sets],
            categories: vec![0.0; conditions.categories.len()],
        };
        let mut kinds = Vec::new();
        let (mut set_kinds, mut set_categories) = (BTreeSet::new(), BTreeSet::new());
        for rule in rules {
            let known = kinds.iter().position(|kind| *kind == rule.traits.category);
            let kind = known.unwrap_or_else(|| {
                kinds.push(std::sync::Arc::clone(&rule.traits.category));
                kinds.len() - 1
            });
            set_kinds.extend(rule.positive.iter().map(|set| (*set, kind as u32)));
            for (category, name) in (0_u32..).zip(&conditions.categories) {
                if rule.traits.is_below(name) {
                    set_categories.extend(rule.positive.iter().map(|set| (*set, category)));
                }
            }
        }
        // What is looked at alone is watched however frequent it is.
        let mut weighed = vec![false; sets];
        for rule in rules.iter().filter(|rule| rule.when & ON_A_SET == 0) {
            for operand in everything(conditions, rule.when) {
                match operand {
                    Operand::Set(set) => weighed[set as usize] = true,
                    Operand::Category(category) => {
                        let seen = set_categories.iter().filter(|(_, seen)| *seen == category);
                        seen.for_each(|(set, _)| weighed[*set as usize] = true);
                    }
                }
            }
        }
        for (term, set) in term_sets {
            if weighed[*set as usize] {
                rates.sets[*set as usize] += rate(&terms[*term as usize].text);
            }
        }
        for (set, category) in &set_categories {
            rates.categories[*category as usize] += rates.sets[*set as usize];
        }
        for rate in &mut rates.categories {
            if *rate == 0.0 {
                *rate = UNKNOWN;
            }
        }
        let (mut of_sets, mut of_categories) = (Vec::new(), Vec::new());
        for (number, rule) in (0_u32..).zip(rules) {
            let watched = match rates.watched(conditions, rule.when) {
                Some((_, watched)) => watched,
                None => everything(conditions, rule.when),
            };
            for operand in watched {
                match operand {
                    Operand::Set(set) => of_sets.push((set, number)),
                    Operand::Category(category) => of_categories.push((category, number)),
                }
            }
        }
        let all = |pairs: BTreeSet<(u32, u32)>| pairs.into_iter().collect::<Vec<_>>();
        Self {
            sets: Groups::new(sets, &of_sets),
            categories: Groups::new(conditions.categories.len(), &of_categories),
            set_categories: Groups::new(sets, &all(set_categories)),
            kinds,
            set_kinds: Groups::new(sets, &all(set_kinds)),
        }
    }
}

/// How often each is expected, in a million places.
struct Rates {
    sets: Vec<f64>,
    categories: Vec<f64>,
}

impl Rates {
    fn of(&self, operands: &[Operand]) -> f64 {
        let rate = |operand: &Operand| match *operand {
            Operand::Set(set) => self.sets[set as usize],
            Operand::Category(category) => self.categories[category as usize],
        };
        operands.iter().map(rate).sum()
    }

    /// Operands without any of which the condition cannot hold, and how often one of them is expected; `None` if it can hold without hits.
    fn watched(&self, conditions: &Conditions, node: u32) -> Option<(f64, Vec<Operand>)> {
        let operands = |of: &std::ops::Range<u32>| conditions.range(of);
        let members = |of: &std::ops::Range<u32>| {
            conditions.members[of.start as usize..of.end as usize]
                .iter()
                .map(|member| self.watched(conditions, *member))
        };
        let weighed = |of: &[Operand]| (self.of(of), of.to_vec());
        match &conditions.node(node) {
            Node::Any(of) | Node::Terms { of, .. } => Some(weighed(&[conditions.operand(*of)])),
            Node::And(all) => members(all).flatten().min_by(|a, b| a.0.total_cmp(&b.0)),
            Node::Or(all) => members(all).try_fold((0.0, Vec::new()), |(rate, mut all), member| {
                let (more, watched) = member?;
                all.extend(watched);
                Some((rate + more, all))
            }),
            Node::Not(_) => None,
            Node::Near { left, right, .. } => {
                let (left, right) = (weighed(operands(left)), weighed(operands(right)));
                Some(if left.0 <= right.0 { left } else { right })
            }
            Node::Lists { count, of } => {
                let mut all = operands(of).to_vec();
                all.sort_by(|a, b| self.of(&[*a]).total_cmp(&self.of(&[*b])));
                // If so many lists have hits, one of all but the most frequent has.
                all.truncate(all.len() + 1 - *count as usize);
                Some(weighed(&all))
            }
        }
    }
}

/// All that a condition looks at.
fn everything(conditions: &Conditions, node: u32) -> Vec<Operand> {
    let range = |of: &std::ops::Range<u32>| of.start as usize..of.end as usize;
    match &conditions.node(node) {
        Node::Any(of) | Node::Terms { of, .. } => vec![conditions.operand(*of)],
        Node::And(all) | Node::Or(all) => conditions.members[range(all)]
            .iter()
            .flat_map(|member| everything(conditions, *member))
            .collect(),
        Node::Not(inner) => everything(conditions, *inner),
        Node::Near { left, right, .. } => [left, right]
            .into_iter()
            .flat_map(|of| conditions.operands[range(of)].to_vec())
            .collect(),
        Node::Lists { of, .. } => conditions.operands[range(of)].to_vec(),
    }
}

/// How often a term is expected, in a million places: what is not known to be frequent, by its length. So a list of a thousand names is rarer
/// than one with a single word of every day.
fn rate(text: &str) -> f64 {
    let plain = text.to_lowercase();
    if let Some((rate, _)) = frequency(&plain, text) {
        return f64::from(rate);
    }
    let mut chars = text.chars();
    let unspaced = chars
        .next()
        .is_some_and(|c| tables::script(c).is_unspaced());
    match 1 + chars.count() {
        _ if text.contains(char::is_whitespace) => 0.02,
        // Single characters are not in the tables of frequencies.
        1 if unspaced => 1_000.0,
        2 if unspaced => 3.0,
        3 if unspaced => 0.3,
        _ if unspaced => 0.05,
        len => 20.0 * 0.5_f64.powi(len.min(64) as i32),
    }
}
