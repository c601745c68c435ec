//! Counts and times, as Prometheus reads them. Nothing that came in a request becomes a label: there are as many rows as there are routes, causes and
//! rules of the base library.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate::adapter::callback::Dialect;

use super::app::App;
use crate::prometheus::{Rules, Text, Times, seconds};

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

/// What is counted by this server; the rest is counted where it happens.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    times: [Times; Route::ALL.len()],
    pub(super) rules: Rules,
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
        self.times[route.place()].took(time);
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
            out.times(
                "tidegate_request_seconds",
                &[("route", route.name())],
                times,
            );
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
        out.rules(&metrics.rules);
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
