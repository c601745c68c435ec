//! Metrics in Prometheus' text format 0.0.4.

use std::fmt::Write as _;

use tidegate::registry::Registry;

/// What a body of it is called.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) fn seconds(micros: u64) -> String {
    format!("{}", micros as f64 / 1e6)
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
