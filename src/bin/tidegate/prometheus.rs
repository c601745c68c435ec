//! Metrics in Prometheus' text format 0.0.4.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidegate::Verdict;
use tidegate::registry::{Registry, RuleHits};

/// What a body of it is called.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) fn seconds(micros: u64) -> String {
    format!("{}", micros as f64 / 1e6)
}

/// Upper bounds of times, in microseconds.
const BOUNDS: [u64; 13] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 200_000, 1_000_000,
    2_000_000,
];

/// How long something took, by bounds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

impl Times {
    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Which rules fired, and how often.
#[derive(Debug, Default)]
pub(crate) struct Rules(Mutex<RuleHits>);

impl Rules {
    pub(crate) fn judged(&self, verdict: &Verdict) {
        if !verdict.findings.is_empty() || !verdict.shadow.is_empty() {
            let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            rules.add(verdict);
        }
    }
}

/// Lines of the text format.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub(crate) fn row(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        value: impl std::fmt::Display,
    ) {
        self.0.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            self.0.push(if place == 0 { '{' } else { ',' });
            let value = value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(self.0, "{label}=\"{value}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    pub(crate) fn one(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        value: impl std::fmt::Display,
    ) {
        self.family(name, kind, help);
        self.row(name, &[], value);
    }

    /// The rows of a histogram.
    pub(crate) fn times(&mut self, name: &str, labels: &[(&str, &str)], times: &Times) {
        let mut count = 0;
        let bounds = BOUNDS.map(Some).into_iter().chain([None]);
        for (bucket, bound) in times.buckets.iter().zip(bounds) {
            count += bucket.load(Ordering::Relaxed);
            let bound = bound.map_or("+Inf".to_owned(), seconds);
            let labels = [labels, &[("le", &*bound)]].concat();
            self.row(&format!("{name}_bucket"), &labels, count);
        }
        let sum = seconds(times.sum.load(Ordering::Relaxed));
        self.row(&format!("{name}_sum"), labels, sum);
        self.row(&format!("{name}_count"), labels, count);
    }

    /// Findings by rule. Tenants' rules have one row: their names are not ours to count by.
    pub(crate) fn rules(&mut self, rules: &Rules) {
        self.family(
            "tidegate_rule_findings_total",
            "counter",
            "Findings by rule of the base library; those of tenants' rules together.",
        );
        let rules = rules.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = rules.clone();
        let mut others = (0, 0);
        for (rule, count) in rules.iter() {
            if rule.starts_with("base.") {
                let row = [("rule", rule), ("shadow", "false")];
                self.row("tidegate_rule_findings_total", &row, count.findings);
                if count.shadow > 0 {
                    let row = [("rule", rule), ("shadow", "true")];
                    self.row("tidegate_rule_findings_total", &row, count.shadow);
                }
            } else {
                others = (others.0 + count.findings, others.1 + count.shadow);
            }
        }
        for (shadow, count) in [("false", others.0), ("true", others.1)] {
            let row = [("rule", "tenants"), ("shadow", shadow)];
            self.row("tidegate_rule_findings_total", &row, count);
        }
    }

    /// What is live.
    pub(crate) fn registry(&mut self, registry: &Registry) {
        let (counts, snapshot) = (registry.counts(), registry.snapshot());
        self.one(
            "tidegate_tenants",
            "gauge",
            "Tenants that are live.",
            snapshot.len(),
        );
        self.one(
            "tidegate_ruleset_version",
            "gauge",
            "Grows with each change.",
            snapshot.version(),
        );
        self.one(
            "tidegate_changes_applied_total",
            "counter",
            "Changes of rules that went live.",
            counts.applied,
        );
        self.one(
            "tidegate_changes_refused_total",
            "counter",
            "Changes of rules that were refused.",
            counts.refused,
        );
        self.one(
            "tidegate_rollbacks_total",
            "counter",
            "Rollbacks.",
            counts.rollbacks,
        );
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}
