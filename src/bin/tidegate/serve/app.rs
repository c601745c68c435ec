//! What all requests share: what is live, the outbox, and how messages are judged in time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use serde_json::value::RawValue;
use tidegate::adapter::source::Watch;
use tidegate::adapter::{Answer, Cause, Decision, NotJudged, Stage};
use tidegate::verdict::Report;
use tidegate::{Message, Scene, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::alerting::Alerting;
use super::config::Config;
use super::metrics::{Metrics, Route};
use crate::alerts::Wanted;
use crate::log::{self, Sampler};
use crate::time;

/// How often it is measured how long work waits.
const BEAT: Duration = Duration::from_millis(5);

/// Everything that requests share.
#[derive(Debug)]
pub(super) struct App {
    config: RwLock<Arc<Config>>,
    /// What is there once packs are loaded.
    pub(super) ready: OnceLock<Ready>,
    /// The server ends: it takes no new work on.
    pub(super) draining: watch::Sender<bool>,
    pub(super) connections: AtomicUsize,
    /// Microseconds that work waited for a thread, when it was measured last.
    pub(super) lag: AtomicU64,
    /// When it is measured next, in microseconds after `begun`.
    due: AtomicU64,
    begun: Instant,
    pub(super) metrics: Metrics,
    /// Threads for what takes long.
    workers: Arc<Semaphore>,
    sampler: Sampler,
}

/// What judges messages.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) stage: Stage,
    pub(super) alerting: Option<Arc<Alerting>>,
    pub(super) watch: Mutex<Watch>,
}

/// A message that was judged, and what is still to be done about it.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) decision: Decision,
    /// The verdict as JSON, if it was asked for; with the ids of its alerts, and without.
    pub(super) report: [Vec<u8>; 2],
    pub(super) pending: Option<Wanted>,
}

impl App {
    pub(super) fn new(config: Config) -> Self {
        let workers = match config.written.limits.workers {
            0 => 2 * std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        Self {
            config: RwLock::new(Arc::new(config)),
            ready: OnceLock::new(),
            draining: watch::Sender::new(false),
            connections: AtomicUsize::new(0),
            lag: AtomicU64::new(0),
            due: AtomicU64::new(u64::MAX),
            begun: Instant::now(),
            metrics: Metrics::default(),
            workers: Arc::new(Semaphore::new(workers)),
            sampler: Sampler::default(),
        }
    }

    /// What is configured now.
    pub(super) fn config(&self) -> Arc<Config> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&config)
    }

    /// Puts a configuration in the place of the one that is there.
    pub(super) fn take_on(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.set_manners();
    }

    /// Tells what judges how the servers of tenants are told.
    pub(super) fn set_manners(&self) {
        if let Some(ready) = self.ready.get() {
            let (all, of_tenants) = self.config().manners();
            ready.stage.set_manners(all, of_tenants);
        }
    }

    /// Measures for as long as the server runs how long work waits for a thread. Who measures waits as everybody does.
    pub(super) async fn measure(self: Arc<Self>) {
        loop {
            let due = Instant::now() + BEAT;
            self.due.store(self.micros(due), Ordering::Relaxed);
            tokio::time::sleep_until(due).await;
            // The timer itself goes by milliseconds.
            let late = due.elapsed().saturating_sub(Duration::from_millis(2));
            self.lag.store(
                u64::try_from(late.as_micros()).unwrap_or(u64::MAX),
                Ordering::Relaxed,
            );
        }
    }

    /// Whether there is more to do than can be done in time. Who measures gets its turn once everybody who waited before has had theirs, so that what was measured
    /// last may be old; that its turn is overdue shows at once.
    fn is_behind(&self) -> bool {
        let overdue = self
            .micros(Instant::now())
            .saturating_sub(self.due.load(Ordering::Relaxed));
        let lag = self.lag.load(Ordering::Relaxed).max(overdue);
        lag / 1_000 >= self.config().written.limits.shed_ms
    }

    fn micros(&self, time: Instant) -> u64 {
        let since = time.saturating_duration_since(self.begun);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether the server ends.
    pub(super) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Does work on a message of so many bytes: short ones at once, long ones on a thread of their own.
    ///
    /// # Errors
    ///
    /// If there is no room, or no time.
    pub(super) async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        bytes: usize,
        until: Instant,
        work: impl FnOnce(&Ready) -> T + Send + 'static,
    ) -> Result<T, Cause> {
        let ready = self.ready.get().ok_or(Cause::Overload)?;
        if self.is_behind() {
            return Err(Cause::Overload);
        }
        if bytes <= self.config().written.limits.inline_bytes {
            return Ok(work(ready));
        }
        let permit = timeout_at(until, Arc::clone(&self.workers).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(Cause::Overload);
        };
        let (app, span) = (Arc::clone(self), Span::current());
        let job = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            // It was there a moment ago, and is never taken away.
            span.in_scope(|| app.ready.get().map(work))
        });
        match timeout_at(until, job).await {
            Ok(Ok(Some(done))) => Ok(done),
            Ok(_) => Err(Cause::Fault),
            Err(_) => Err(Cause::Deadline),
        }
    }

    /// Does work for somebody who can wait: it is begun once the server is no longer behind.
    ///
    /// # Errors
    ///
    /// If there was no room, or no time, until then.
    pub(super) async fn work_later<T: Send + 'static>(
        self: &Arc<Self>,
        until: Instant,
        work: impl FnOnce(&Ready) -> T + Send + 'static,
    ) -> Result<T, Cause> {
        while self.is_behind() && Instant::now() < until {
            tokio::time::sleep(BEAT).await;
        }
        self.work(usize::MAX, until, work).await
    }

    /// Waits until the alerts of a message are on disk. What cannot be kept in time changes the decision, unless the message goes no further anyway. Whether
    /// the alerts are there.
    pub(super) async fn settle(
        self: &Arc<Self>,
        decision: &mut Decision,
        pending: Option<Wanted>,
        until: Instant,
        otherwise: impl FnOnce(&Ready, Cause) -> Decision,
    ) -> bool {
        let (Some(pending), Some(ready)) = (pending, self.ready.get()) else {
            return true;
        };
        let Some(alerting) = ready.alerting.clone() else {
            return true;
        };
        let kept = tokio::task::spawn_blocking(move || alerting.keep(pending));
        let cause = match timeout_at(until, kept).await {
            Ok(Ok(Ok(stored))) => return stored,
            Ok(_) => Cause::AlertLost,
            Err(_) => Cause::Deadline,
        };
        let held = matches!(
            decision.answer,
            Answer::Refuse(_) | Answer::Drop | Answer::Review(_)
        );
        let mut instead = otherwise(ready, cause);
        if held {
            instead.answer = decision.answer.clone();
        }
        *decision = instead;
        false
    }

    /// The span of a message, if it is one of those that are logged.
    pub(super) fn span(&self, route: Route) -> Span {
        self.sampler
            .span(self.config().written.log.sample, route.name())
    }
}

impl Ready {
    /// Judges a message. `whole`: it is nothing but text. `id`: what is echoed in the report, which is made if `reported`.
    pub(super) fn judge(
        &self,
        app: &App,
        message: &Message<'_>,
        (whole, language): (bool, Option<&str>),
        reported: Option<Option<&RawValue>>,
    ) -> Result<Judgement, NotJudged> {
        let now = time::now();
        self.stage.judge(message, now, |judged| {
            let decision = self.stage.answer(judged, message, whole, language);
            app.metrics.rules.judged(judged.verdict);
            log::verdict(judged.rules.id(), judged.verdict);
            let pending = self
                .alerting
                .as_ref()
                .filter(|_| judged.verdict.alert())
                .map(|alerting| alerting.alerts(judged, message, now));
            let mut report = [Vec::new(), Vec::new()];
            if let Some(id) = reported {
                let plain = Report::new(judged.verdict, message).with_id(id);
                if let Some(pending) = &pending {
                    write(&mut report[0], &plain.with_alerts(&pending.ids));
                    write(&mut report[1], &plain);
                } else {
                    write(&mut report[0], &plain);
                }
            }
            Judgement {
                decision,
                report,
                pending,
            }
        })
    }

    /// Counts what became of a message.
    pub(super) fn count(&self, decision: &Decision) {
        self.stage.count(decision);
        log::decision(decision);
    }

    /// What becomes of a message that was not judged.
    pub(super) fn without(
        &self,
        tenant: Option<&str>,
        scene: Option<Scene>,
        language: Option<&str>,
        cause: Cause,
    ) -> Decision {
        self.stage.without(tenant, scene, language, cause)
    }
}

pub(super) fn write(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    // A vector takes all that is written, and nothing here fails to be written as JSON.
    let _ = serde_json::to_writer(out, value);
}

/// Seconds after 1970.
pub(super) fn seconds() -> u64 {
    let Timestamp(seconds) = time::now();
    u64::try_from(seconds).unwrap_or(0)
}
