//! What a server or a worker says of itself on standard error: events, and spans of sampled messages with what became of each. Never a text.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use tidegate::Verdict;
use tracing::Span;
use tracing::field::{Empty, display};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// The least that is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Off,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Level {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// Begins to write, as JSON or for people. What crates of others say is left out: it could hold what went over a connection.
pub(crate) fn start(level: Level, json: bool) {
    let own = Targets::new().with_target("tidegate", level.filter());
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE);
    // A second one in a process is none of ours, and stays.
    let _ = if json {
        let layer = layer.json().flatten_event(true).with_span_list(false);
        registry().with(layer.with_filter(own)).try_init()
    } else {
        registry().with(layer.with_filter(own)).try_init()
    };
    quiet_faults();
}

/// Says where a fault lies, and not what it says: that could be text of a message.
fn quiet_faults() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map(ToString::to_string);
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            "a fault; please report it"
        );
    }));
}

/// Chooses the messages that are told about.
#[derive(Debug, Default)]
pub(crate) struct Sampler(AtomicU64);

impl Sampler {
    /// The span of a message, for one of every so many; 0 is none. Its line comes when it ends, with the time that was spent on it and waited.
    pub(crate) fn span(&self, every: u64, route: &'static str) -> Span {
        if every == 0 || !self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(every) {
            return Span::none();
        }
        tracing::info_span!(
            "message",
            route,
            tenant = Empty,
            action = Empty,
            coverage = Empty,
            rules = Empty,
            answer = Empty,
            cause = Empty,
        )
    }
}

/// Writes into the span, if there is one, what the verdict was.
pub(crate) fn verdict(tenant: &str, verdict: &Verdict) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    let rules: Vec<&str> = verdict
        .findings
        .iter()
        .map(|finding| &*finding.rule)
        .collect();
    span.record("tenant", tenant);
    span.record("action", verdict.action.name());
    span.record("coverage", display(&verdict.coverage));
    span.record("rules", rules.join(" "));
}

/// Writes into the span, if there is one, what became of the message, and why.
#[cfg(feature = "serve")]
pub(crate) fn decision(decision: &tidegate::adapter::Decision) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    span.record("answer", decision.answer.name());
    span.record("cause", decision.cause.name());
}
