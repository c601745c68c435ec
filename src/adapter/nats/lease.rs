//! Who works which partition.
//!
//! A lease is a key that only one can make, and that is gone if nobody renews it. Each worker renews those that it holds, says that it is
//! alive, and takes or gives back so many that all have about the same number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::kv::UpdateErrorKind;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::partition::Partition;
use super::streams::Streams;
use super::{Broken, Counts, Judges, Settings};
use crate::alert::outbox::now;
use crate::primitives::{Timestamp, Window};

/// How often it is measured what waits.
const MEASURED: Duration = Duration::from_secs(2);

/// What is known of a partition that is held.
struct Held {
    revision: u64,
    renewed: Instant,
    consumer: PullConsumer,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Held {
    /// Lets it finish the message that it has.
    async fn end(self) {
        let _ = self.stop.send(true);
        // A task that panicked has ended, too.
        let _ = self.task.await;
    }
}

pub(super) struct Leases<'a> {
    settings: &'a Settings,
    context: Context,
    streams: Streams,
    counts: Arc<Counts>,
    held: BTreeMap<u16, Held>,
}

impl<'a> Leases<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        context: Context,
        streams: Streams,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            settings,
            context,
            streams,
            counts,
            held: BTreeMap::new(),
        }
    }

    pub(super) async fn work(mut self, judges: &Judges, stop: &AtomicBool) -> Result<(), Broken> {
        let beat = self.settings.lease / 4;
        let mut measured = None::<Instant>;
        while !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            self.renew().await;
            // What cannot be asked now is asked at the next beat.
            let _ = self.balance(judges).await;
            let held = self.held.len() as u64;
            self.counts.partitions.store(held, Ordering::Relaxed);
            if measured.is_none_or(|measured| measured.elapsed() >= MEASURED) {
                measured = Some(began);
                // A server that does not answer is found out when leases are renewed.
                let _ = tokio::time::timeout(beat, self.measure()).await;
            }
            tokio::time::sleep(beat.saturating_sub(began.elapsed())).await;
        }
        let leases = self.streams.leases.clone();
        for (number, held) in std::mem::take(&mut self.held) {
            let revision = held.revision;
            held.end().await;
            // If it cannot be given back, it runs out.
            let given = leases.delete_expect_revision(partition_key(number), Some(revision));
            let _ = given.await;
        }
        let _ = leases.delete(self.own_key()).await;
        Ok(())
    }

    /// Measures what waits. What cannot be asked stays as it was.
    async fn measure(&self) {
        let infos = self.held.values().map(|held| held.consumer.get_info());
        let infos = futures_util::future::join_all(infos).await;
        if infos.iter().all(Result::is_ok) {
            let infos = infos.into_iter().flatten();
            let (pending, handed) = infos.fold((0, 0), |(pending, handed), info| {
                (
                    pending + info.num_pending,
                    handed + info.num_ack_pending as u64,
                )
            });
            self.counts.pending.store(pending, Ordering::Relaxed);
            self.counts.ack_pending.store(handed, Ordering::Relaxed);
        }
        if let Some((backlog, oldest)) = self.streams.backlog().await {
            let oldest = u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX);
            self.counts.backlog.store(backlog, Ordering::Relaxed);
            self.counts.oldest_ms.store(oldest, Ordering::Relaxed);
        }
    }

    fn own_key(&self) -> String {
        format!("worker.{}", self.settings.name)
    }

    /// Renews what is held. What another has, or what could not be renewed for as long as a lease lasts, is let go.
    async fn renew(&mut self) {
        let name = &self.settings.name;
        let leases = &self.streams.leases;
        let _ = leases.put(self.own_key(), name.clone().into()).await;
        let renewals = self.held.iter().map(|(number, held)| async move {
            let renewed = leases
                .update(partition_key(*number), name.clone().into(), held.revision)
                .await;
            (*number, renewed)
        });
        let renewals: Vec<_> = futures_util::future::join_all(renewals).await;
        for (number, renewed) in renewals {
            let Some(held) = self.held.get_mut(&number) else {
                continue;
            };
            match renewed {
                Ok(revision) => {
                    held.revision = revision;
                    held.renewed = Instant::now();
                }
                Err(error)
                    if error.kind() == UpdateErrorKind::WrongLastRevision
                        || held.renewed.elapsed() > self.settings.lease =>
                {
                    if let Some(held) = self.held.remove(&number) {
                        held.end().await;
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Takes free partitions, or gives some back, so that each worker has its share.
    async fn balance(&mut self, judges: &Judges) -> Option<()> {
        let leases = self.streams.leases.clone();
        let mut keys = leases.keys().await.ok()?;
        let (mut workers, mut taken) = (0_usize, Vec::new());
        while let Some(key) = keys.next().await {
            let key = key.ok()?;
            match key.strip_prefix("p.").map(str::parse::<u16>) {
                Some(Ok(number)) => taken.push(number),
                _ => workers += usize::from(key.starts_with("worker.")),
            }
        }
        let all = self.settings.partitions;
        let share = usize::from(all).div_ceil(workers.max(1));
        while self.held.len() > share
            && let Some((number, held)) = self.held.pop_last()
        {
            let revision = held.revision;
            held.end().await;
            let given = leases.delete_expect_revision(partition_key(number), Some(revision));
            let _ = given.await;
        }
        for number in 0..all {
            if self.held.len() >= share {
                break;
            }
            if self.held.contains_key(&number) {
                continue;
            }
            let revision = match taken.contains(&number) {
                false => self.take(number).await,
                true => self.take_again(number).await,
            };
            if let Some(revision) = revision {
                self.start(number, revision, judges).await;
            }
        }
        Some(())
    }

    async fn take(&self, number: u16) -> Option<u64> {
        let name = self.settings.name.clone();
        let made = self
            .streams
            .leases
            .create(partition_key(number), name.into());
        made.await.ok()
    }

    /// A lease under this worker's name that it does not know of: it died, and came back.
    async fn take_again(&self, number: u16) -> Option<u64> {
        let leases = &self.streams.leases;
        let entry = leases.entry(partition_key(number)).await.ok()??;
        if entry.value != self.settings.name.as_bytes() {
            return None;
        }
        let renewed = leases.update(
            partition_key(number),
            self.settings.name.clone().into(),
            entry.revision,
        );
        renewed.await.ok()
    }

    async fn start(&mut self, number: u16, revision: u64, judges: &Judges) {
        let Ok((consumer, fresh)) = self.streams.partition(number).await else {
            // The lease runs out, or is taken again at the next beat.
            return;
        };
        let mut judge = judges();
        if !fresh {
            let longest = i64::from(Window::MOST_SECONDS);
            judge.lost(Timestamp(now().0.saturating_add(longest)));
        }
        let (stop, stopped) = watch::channel(false);
        let partition = Partition {
            consumer: consumer.clone(),
            context: self.context.clone(),
            judge,
            prefix: self.settings.prefix.as_str().into(),
            attempts: self.settings.attempts,
            counts: Arc::clone(&self.counts),
            stop: stopped,
        };
        let held = Held {
            revision,
            renewed: Instant::now(),
            consumer,
            stop,
            task: tokio::spawn(partition.work()),
        };
        self.held.insert(number, held);
    }
}

fn partition_key(number: u16) -> String {
    format!("p.{number}")
}
