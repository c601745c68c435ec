//! The streams, consumers and buckets, which the first worker makes.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::kv;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, RetentionPolicy, Stream, SubjectTransform,
};
use async_nats::jetstream::{Context, context::KeyValueErrorKind};

use super::{Broken, Settings, broken};

/// Within this time a stream knows the ids that it has.
const KNOWN: Duration = Duration::from_secs(600);
/// How long answers, alerts and reasons are kept.
const KEPT: Duration = Duration::from_secs(7 * 86_400);

/// Where messages come from, and where leases are.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    input: Stream,
    pub(super) leases: kv::Store,
    prefix: String,
    ack_wait: Duration,
}

impl Streams {
    pub(super) async fn open(context: &Context, settings: &Settings) -> Result<Self, Broken> {
        let prefix = &settings.prefix;
        let upper = prefix.to_ascii_uppercase();
        let count = settings.partitions;
        let destination = format!(
            "{prefix}.p.{{{{partition({count},1,2)}}}}.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}"
        );
        let mut input = context
            .get_or_create_stream(Config {
                name: format!("{upper}_IN"),
                subjects: vec![format!("{prefix}.in.*.*")],
                // What was answered is gone.
                retention: RetentionPolicy::WorkQueue,
                // Who publishes is told that there is no room; nothing is dropped.
                discard: DiscardPolicy::New,
                duplicate_window: KNOWN,
                subject_transform: Some(SubjectTransform {
                    source: format!("{prefix}.in.*.*"),
                    destination: destination.clone(),
                }),
                ..Config::default()
            })
            .await
            .map_err(|error| broken("the stream of messages", &error))?;
        let info = input
            .info()
            .await
            .map_err(|error| broken("the stream of messages", &error))?;
        let found = info.config.subject_transform.as_ref();
        if found.is_none_or(|transform| transform.destination != destination) {
            return Err(Broken(format!(
                "the stream {upper}_IN was made for another number of partitions than {count}: give all workers the same, or remove the empty stream"
            )));
        }
        for (name, subject) in [
            ("OUT", format!("{prefix}.out.*.*")),
            ("ALERTS", format!("{prefix}.alerts.*")),
            ("DEAD", format!("{prefix}.dead.*")),
        ] {
            context
                .get_or_create_stream(Config {
                    name: format!("{upper}_{name}"),
                    subjects: vec![subject],
                    max_age: KEPT,
                    duplicate_window: KNOWN,
                    ..Config::default()
                })
                .await
                .map_err(|error| broken(&format!("the stream {upper}_{name}"), &error))?;
        }
        let leases = bucket(context, &format!("{prefix}_leases"), settings.lease).await?;
        Ok(Self {
            input,
            leases,
            prefix: prefix.clone(),
            ack_wait: settings.lease,
        })
    }

    /// How many messages are not answered, and how long the oldest of them has waited.
    pub(super) async fn backlog(&self) -> Option<(u64, Duration)> {
        let state = self.input.get_info().await.ok()?.state;
        if state.messages == 0 {
            return Some((0, Duration::ZERO));
        }
        let first = SystemTime::from(state.first_timestamp);
        // The server's clock may be ahead of this one.
        let waited = SystemTime::now().duration_since(first).unwrap_or_default();
        Some((state.messages, waited))
    }

    /// The consumer of a partition, and whether anything was ever taken from it.
    pub(super) async fn partition(&self, number: u16) -> Result<(PullConsumer, bool), Broken> {
        let failed = |error: &dyn std::fmt::Display| broken("the consumer of a partition", error);
        let name = format!("p{number}");
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: format!("{}.p.{number}.>", self.prefix),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.ack_wait,
            // One at a time: this is what keeps the order of a conversation.
            max_ack_pending: 1,
            ..pull::Config::default()
        };
        let mut consumer = self
            .input
            .get_or_create_consumer(&name, config)
            .await
            .map_err(|error| failed(&error))?;
        let info = consumer.info().await.map_err(|error| failed(&error))?;
        let fresh = info.delivered.consumer_sequence == 0;
        Ok((consumer, fresh))
    }
}

/// A bucket, which is made if there is none. What is older than `age` is forgotten; nothing, if that is zero.
pub(super) async fn bucket(
    context: &Context,
    name: &str,
    age: Duration,
) -> Result<kv::Store, Broken> {
    let failed = |error: &dyn std::fmt::Display| broken(&format!("the bucket {name}"), error);
    match context.get_key_value(name).await {
        Ok(store) => return Ok(store),
        Err(error) if matches!(error.kind(), KeyValueErrorKind::GetBucket) => {}
        Err(error) => return Err(failed(&error)),
    }
    let config = kv::Config {
        bucket: name.to_owned(),
        history: 1,
        max_age: age,
        ..kv::Config::default()
    };
    match context.create_key_value(config).await {
        Ok(store) => Ok(store),
        // Another worker was quicker.
        Err(_) => context
            .get_key_value(name)
            .await
            .map_err(|error| failed(&error)),
    }
}
