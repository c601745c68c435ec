//! Counts and times, as Prometheus reads them. Nothing that came in a request becomes a label: there are as many rows as there are routes, causes and
//! rules of the base library.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidegate::Verdict;
use tidegate::adapter::callback::Dialect;
use tidegate::registry::RuleHits;

use super::app::App;
use crate::prometheus::{Text, seconds};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Screen,
    Batch,
    /// Lines of a stream that were judged in one go.
    Stream,
    Callback(Dialect),
}

impl Route {
    const ALL: [Self; 10] = [
        Self::Screen,
        Self::Batch,
        Self::Stream,
        Self::Callback(Dialect::ALL[0]),
        Self::Callback(Dialect::ALL[1]),
        Self::Callback(Dialect::ALL[2]),
        Self::Callback(Dialect::ALL[3]),
        Self::Callback(Dialect::ALL[4]),
        Self::Callback(Dialect::ALL[5]),
        Self::Callback(Dialect::ALL[6]),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Batch => "batch",
            Self::Stream => "stream",
            Self::Callback(dialect) => dialect.name(),
        }
    }

    fn place(self) -> usize {
        Self::ALL
            .iter()
            .position(|route| *route == self)
            .unwrap_or(0)
    }
}

/// Upper bounds of times, in microseconds.
const BOUNDS: [u64; 13] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 200_000, 1_000_000,
    2_000_000,
];

#[derive(Debug, Default)]
struct Times {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

/// What is counted by this server; the rest is counted where it happens.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    times: [Times; Route::ALL.len()],
    rules: Mutex<RuleHits>,
    /// Requests that no token allowed.
    pub(super) denied: AtomicU64,
    /// Connections that were closed because there were too many.
    pub(super) closed: AtomicU64,
    /// Looks at the folder of tenants that found something.
    pub(super) reloads: AtomicU64,
    /// Files that were refused in these.
    pub(super) refused: AtomicU64,
}

impl Metrics {
    pub(super) fn took(&self, route: Route, time: Duration) {
        let times = &self.times[route.place()];
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        times.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        times.sum.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn judged(&self, verdict: &Verdict) {
        if !verdict.findings.is_empty() || !verdict.shadow.is_empty() {
            let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
            rules.add(verdict);
        }
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub(super) fn text(app: &App) -> String {
        let mut out = Text::default();
        let metrics = &app.metrics;
        out.family(
            "tidegate_request_seconds",
            "histogram",
            "Time from the head of a request to its answer.",
        );
        for (route, times) in Route::ALL.into_iter().zip(&metrics.times) {
            let name = route.name();
            let mut count = 0;
            for (bucket, bound) in times
                .buckets
                .iter()
                .zip(BOUNDS.map(Some).into_iter().chain([None]))
            {
                count += bucket.load(Ordering::Relaxed);
                let bound = bound.map_or("+Inf".to_owned(), seconds);
                out.row(
                    "tidegate_request_seconds_bucket",
                    &[("route", name), ("le", &bound)],
                    count,
                );
            }
            let sum = seconds(times.sum.load(Ordering::Relaxed));
            out.row("tidegate_request_seconds_sum", &[("route", name)], sum);
            out.row("tidegate_request_seconds_count", &[("route", name)], count);
        }
        out.one(
            "tidegate_denied_total",
            "counter",
            "Requests that no token allowed.",
            metrics.denied.load(Ordering::Relaxed),
        );
        out.one(
            "tidegate_connections",
            "gauge",
            "Connections that are open.",
            app.connections.load(Ordering::Relaxed),
        );
        out.one(
            "tidegate_connections_closed_total",
            "counter",
            "Connections that were closed at once, for there were too many.",
            metrics.closed.load(Ordering::Relaxed),
        );
        out.one(
            "tidegate_lag_seconds",
            "gauge",
            "How long work waits for a thread.",
            seconds(app.lag.load(Ordering::Relaxed)),
        );
        out.one(
            "tidegate_ready",
            "gauge",
            "Whether packs are loaded.",
            u8::from(app.ready.get().is_some()),
        );
        let Some(ready) = app.ready.get() else {
            return out.into_string();
        };
        out.family(
            "tidegate_decisions_total",
            "counter",
            "Messages, by why they got their answer and which.",
        );
        for (cause, answer, count) in ready.stage.counts() {
            out.row(
                "tidegate_decisions_total",
                &[("cause", cause.name()), ("answer", answer)],
                count,
            );
        }
        out.family(
            "tidegate_rule_findings_total",
            "counter",
            "Findings by rule of the base library; those of tenants' rules together.",
        );
        let rules = metrics
            .rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut others = (0, 0);
        for (rule, count) in rules.iter() {
            if rule.starts_with("base.") {
                let row = [("rule", rule), ("shadow", "false")];
                out.row("tidegate_rule_findings_total", &row, count.findings);
                if count.shadow > 0 {
                    let row = [("rule", rule), ("shadow", "true")];
                    out.row("tidegate_rule_findings_total", &row, count.shadow);
                }
            } else {
                others = (others.0 + count.findings, others.1 + count.shadow);
            }
        }
        for (shadow, count) in [("false", others.0), ("true", others.1)] {
            let row = [("rule", "tenants"), ("shadow", shadow)];
            out.row("tidegate_rule_findings_total", &row, count);
        }
        out.registry(ready.stage.registry());
        out.one(
            "tidegate_reloads_total",
            "counter",
            "Looks at the folder that found something.",
            metrics.reloads.load(Ordering::Relaxed),
        );
        out.one(
            "tidegate_files_refused_total",
            "counter",
            "Files of the folder that were refused.",
            metrics.refused.load(Ordering::Relaxed),
        );
        if let Some(alerting) = &ready.alerting {
            alerting.rows(&mut out);
        }
        out.into_string()
    }
}
