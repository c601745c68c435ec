//! What a worker counts, and how far it is behind, for Prometheus.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tidegate::Verdict;
use tidegate::adapter::nats::Counts;
use tidegate::registry::Registry;
use tidegate::verdict::Action;
use tokio::sync::Semaphore;

use crate::Broke;
use crate::alerts::Store;
use crate::prometheus::{self, Rules, Text, Times, seconds};

/// How long one connection may last.
const LONGEST: Duration = Duration::from_secs(10);
/// Connections at a time.
const MOST: usize = 16;

/// What became of messages.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// How long they took to judge, and their alerts to keep.
    pub(super) times: Times,
    pub(super) rules: Rules,
    /// By action, in the order of `ACTIONS`.
    actions: [AtomicU64; ACTIONS.len()],
}

const ACTIONS: [Action; 4] = [Action::Pass, Action::Mask, Action::Review, Action::Block];

impl Judged {
    pub(super) fn judged(&self, verdict: &Verdict) {
        self.rules.judged(verdict);
        let place = ACTIONS.iter().position(|action| *action == verdict.action);
        if let Some(place) = place {
            self.actions[place].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What is told.
#[derive(Clone)]
pub(super) struct Metrics {
    pub(super) counts: Arc<Counts>,
    pub(super) judged: Arc<Judged>,
    pub(super) store: Arc<Store>,
    pub(super) registry: Registry,
}

/// Where it is told.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, Broke> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| Broke::Usage(format!("cannot listen on {address}: {error}")))
}

impl Metrics {
    /// Answers for as long as the worker runs.
    pub(super) async fn serve(self, listener: TcpListener) {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        let room = Arc::new(Semaphore::new(MOST));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                // Such as too many open files: soon there are fewer.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let metrics = self.clone();
            tokio::spawn(async move {
                let _permit = permit;
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = metrics.answer(request.uri().path());
                    async { Ok::<_, Infallible>(answer) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                // A connection that breaks concerns its other end.
                let _ = tokio::time::timeout(LONGEST, connection).await;
            });
        }
    }

    fn answer(&self, path: &str) -> Response<String> {
        match path {
            "/metrics" => {
                let mut response = Response::new(self.text());
                let kind = HeaderValue::from_static(prometheus::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            "/healthz" => Response::new("ok\n".to_owned()),
            _ => {
                let mut response = Response::new("there are /metrics and /healthz\n".to_owned());
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    }

    fn text(&self) -> String {
        let mut out = Text::default();
        let counts = &self.counts;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        out.one("tidegate_ready", "gauge", "Whether packs are loaded.", 1);
        for (name, help, counter) in [
            ("answered", "Messages that were answered.", &counts.answered),
            (
                "dead",
                "Messages that were put aside, for they could not be screened.",
                &counts.dead,
            ),
            ("alerts", "Alerts that were published.", &counts.alerts),
            (
                "broken_off",
                "Attempts that were broken off.",
                &counts.broken_off,
            ),
            (
                "redelivered",
                "Attempts at messages that had been handed out before.",
                &counts.redelivered,
            ),
        ] {
            let name = format!("tidegate_worker_{name}_total");
            out.one(&name, "counter", help, of(counter));
        }
        for (name, help, counter) in [
            (
                "partitions",
                "Partitions that this worker holds.",
                &counts.partitions,
            ),
            (
                "pending",
                "Messages of these that wait at the broker.",
                &counts.pending,
            ),
            (
                "ack_pending",
                "Messages of these that were handed out and are not acknowledged.",
                &counts.ack_pending,
            ),
            (
                "backlog",
                "Messages of all partitions that are not answered.",
                &counts.backlog,
            ),
        ] {
            let name = format!("tidegate_worker_{name}");
            out.one(&name, "gauge", help, of(counter));
        }
        let oldest = seconds(of(&counts.oldest_ms).saturating_mul(1_000));
        out.one(
            "tidegate_worker_lag_seconds",
            "gauge",
            "How long the oldest message that is not answered has waited.",
            oldest,
        );
        out.family(
            "tidegate_worker_verdicts_total",
            "counter",
            "Messages that were judged, by action.",
        );
        for (action, counter) in ACTIONS.into_iter().zip(&self.judged.actions) {
            out.row(
                "tidegate_worker_verdicts_total",
                &[("action", action.name())],
                of(counter),
            );
        }
        out.family(
            "tidegate_worker_seconds",
            "histogram",
            "Time to judge a message and to keep its alerts.",
        );
        out.times("tidegate_worker_seconds", &[], &self.judged.times);
        out.rules(&self.judged.rules);
        out.registry(&self.registry);
        self.store.rows(&mut out);
        out.into_string()
    }
}
