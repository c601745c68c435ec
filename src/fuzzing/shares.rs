//! What the made cases exercise.

use std::collections::BTreeMap;

use super::Made;
use crate::oracle::Answer;
use crate::pack::{Condition, Pack, Rule};
use crate::variant::Variants;
use crate::verdict::Finding;

/// How many cases, a text and its packs each, show what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// All cases.
    pub cases: usize,
    /// Cases with a finding.
    pub finding: usize,
    /// Cases with some feature, by its name: `near`, `then`, `not`, `except`, `lower`, `border`, `listing`, and the
    /// standard variants.
    pub features: BTreeMap<&'static str, usize>,
}

/// What must come up, beside the standard variants.
const FEATURES: [&str; 7] = [
    "near", "then", "not", "except", "lower", "border", "listing",
];

impl Shares {
    /// Counts the text at `index`, of which the oracle says `answer`.
    pub fn add(&mut self, made: &Made, index: usize, answer: &Answer) {
        let findings: Vec<&Finding> = answer.findings.iter().chain(&answer.shadow).collect();
        self.cases += 1;
        self.finding += usize::from(!findings.is_empty());
        let rules: Vec<&Rule> = findings
            .iter()
            .filter_map(|finding| rule_of(made, finding))
            .collect();
        let by = |holds: fn(&Condition) -> bool| rules.iter().any(|rule| needs(&rule.when, holds));
        let is_near = |c: &Condition| matches!(c, Condition::Near { ordered: false, .. });
        let is_then = |c: &Condition| matches!(c, Condition::Near { ordered: true, .. });
        let is_not = |c: &Condition| matches!(c, Condition::Not(_));
        let without_exceptions = changed(made, index, answer, |pack| {
            pack.except.clear();
            pack.rules.iter_mut().for_each(|rule| rule.except.clear());
            pack.lists.iter_mut().for_each(|list| list.except.clear());
        });
        let without_borders = changed(made, index, answer, |pack| {
            let own = pack.rules.iter_mut().flat_map(|rule| &mut rule.lists);
            for list in pack.lists.iter_mut().chain(own) {
                for term in &mut list.terms {
                    term.word = Some(false);
                }
            }
        });
        let mut seen = vec![
            ("near", by(is_near)),
            ("then", by(is_then)),
            ("not", by(is_not)),
            ("except", without_exceptions),
            ("lower", findings.iter().any(|f| f.lowered_from.is_some())),
            ("border", without_borders),
            ("listing", findings.iter().any(|f| !f.listings.is_empty())),
        ];
        for variant in Variants::STANDARD.iter() {
            let explains = |finding: &&Finding| {
                let mut hits = finding.hits.iter();
                hits.any(|hit| hit.variants.contains(variant))
            };
            seen.push((variant.name(), findings.iter().any(explains)));
        }
        for (feature, shows) in seen {
            *self.features.entry(feature).or_default() += usize::from(shows);
        }
    }

    /// What comes up too rarely: findings in less than 30 of 100 cases, anything else in less than 5.
    pub fn shortfalls(&self) -> Vec<String> {
        let mut wanted = vec![("finding", self.finding, 30)];
        let names = FEATURES.into_iter();
        for name in names.chain(Variants::STANDARD.iter().map(|variant| variant.name())) {
            wanted.push((name, self.features.get(name).copied().unwrap_or(0), 5));
        }
        wanted
            .into_iter()
            .filter(|(_, count, percent)| count * 100 < percent * self.cases)
            .map(|(name, count, percent)| {
                format!("{name}: {count} of {} cases, wanted {percent}%", self.cases)
            })
            .collect()
    }
}

fn rule_of<'a>(made: &'a Made, finding: &Finding) -> Option<&'a Rule> {
    [&made.base, &made.tenant].into_iter().find_map(|pack| {
        let id = finding.rule.strip_prefix(&*pack.id)?.strip_prefix('/')?;
        pack.rules.iter().find(|rule| &*rule.id == id)
    })
}

/// Whether a condition cannot hold without a member of that kind.
fn needs(condition: &Condition, kind: fn(&Condition) -> bool) -> bool {
    kind(condition)
        || match condition {
            Condition::And(members) => members.iter().any(|member| needs(member, kind)),
            Condition::Or(members) => members.iter().all(|member| needs(member, kind)),
            _ => false,
        }
}

/// Whether the answer would be another, were the packs changed.
fn changed(made: &Made, index: usize, answer: &Answer, change: impl Fn(&mut Pack)) -> bool {
    let (mut base, mut tenant) = (made.base.clone(), made.tenant.clone());
    change(&mut base);
    change(&mut tenant);
    made.answer_with(&base, &tenant, index) != *answer
}
