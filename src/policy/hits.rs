//! How often each rule fires.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::verdict::Verdict;

/// Counts findings by rule. Keep one a thread, and merge them now and then: a verdict without findings costs two comparisons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleHits {
    rules: BTreeMap<Arc<str>, RuleCount>,
}

/// How often one rule fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleCount {
    /// Findings.
    pub findings: u64,
    /// Findings in shadow.
    pub shadow: u64,
}

impl RuleHits {
    /// Counts the findings of a verdict.
    pub fn add(&mut self, verdict: &Verdict) {
        for finding in &verdict.findings {
            self.of(&finding.rule).findings += 1;
        }
        for finding in &verdict.shadow {
            self.of(&finding.rule).shadow += 1;
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: &Self) {
        for (rule, count) in &other.rules {
            let mine = self.of(rule);
            mine.findings += count.findings;
            mine.shadow += count.shadow;
        }
    }

    /// The rules that fired, by full id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, RuleCount)> {
        self.rules.iter().map(|(rule, count)| (&**rule, *count))
    }

    fn of(&mut self, rule: &Arc<str>) -> &mut RuleCount {
        self.rules.entry(Arc::clone(rule)).or_default()
    }
}
