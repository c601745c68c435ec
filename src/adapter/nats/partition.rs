//! One partition, as long as its lease is held.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, Message};
use futures_util::StreamExt;
use tokio::sync::watch;

use super::{Counts, Done, Judge, Taken, add};
use crate::primitives::Timestamp;

/// How long an open request for a message stands.
const OPEN: Duration = Duration::from_secs(5);
/// How long it is waited after the server was not there.
const AGAIN: Duration = Duration::from_millis(100);
/// Bytes of a message that is screened; a longer one is put aside.
const LONGEST: usize = 1 << 20;

pub(super) struct Partition {
    pub(super) consumer: PullConsumer,
    pub(super) context: Context,
    pub(super) judge: Box<dyn Judge>,
    pub(super) prefix: Arc<str>,
    pub(super) attempts: u16,
    pub(super) counts: Arc<Counts>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Partition {
    /// Takes one message after the other until it is told to stop.
    pub(super) async fn work(mut self) {
        while !*self.stop.borrow() {
            let asked = self
                .consumer
                .stream()
                .max_messages_per_batch(1)
                .expires(OPEN)
                .heartbeat(OPEN / 3)
                .messages()
                .await;
            let Ok(mut messages) = asked else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            loop {
                let next = tokio::select! {
                    biased;
                    _ = self.stop.changed() => return,
                    next = messages.next() => next,
                };
                let Some(Ok(message)) = next else {
                    // The server was gone for a moment; what was open is asked for again.
                    tokio::time::sleep(AGAIN).await;
                    break;
                };
                if self.handle(&message).await.is_none() {
                    // It is not acknowledged, and comes again, here or elsewhere.
                    add(&self.counts.broken_off, 1);
                }
            }
        }
    }

    /// From a message to its acknowledgement; `None` if that was broken off.
    async fn handle(&mut self, message: &Message) -> Option<()> {
        let info = message.info().ok()?;
        let number = info.stream_sequence;
        add(&self.counts.redelivered, u64::from(info.delivered > 1));
        // prefix.p.<partition>.<tenant>.<conversation>
        let mut words = message.subject.splitn(5, '.').skip(3);
        let (tenant, conversation) = (words.next()?, words.next()?);
        let at = Timestamp(info.published.unix_timestamp());
        let taken = Taken {
            tenant,
            payload: &message.payload,
            number,
            at,
        };
        let done = if info.delivered > i64::from(self.attempts) {
            put_aside("tried-too-often")
        } else if message.payload.len() > LONGEST {
            put_aside("too-long")
        } else {
            // A scan takes microseconds; an alert waits for the disk.
            let judged = tokio::task::block_in_place(|| self.judge.judge(taken));
            judged.ok()?
        };
        let prefix = &self.prefix;
        let mut waiting = Vec::with_capacity(2 + done.alerts.len());
        let alert_count = done.alerts.len() as u64;
        for (id, body) in done.alerts {
            let subject = format!("{prefix}.alerts.{tenant}");
            waiting.push(send(&self.context, subject, id, body).await?);
        }
        if let Some(code) = done.dead {
            let reason = format!(r#"{{"number":{number},"code":"{code}"}}"#);
            let subject = format!("{prefix}.dead.{tenant}");
            let sent = send(
                &self.context,
                subject,
                format!("d-{number}"),
                reason.into_bytes(),
            );
            waiting.push(sent.await?);
        }
        let subject = format!("{prefix}.out.{tenant}.{conversation}");
        waiting.push(send(&self.context, subject, format!("m-{number}"), done.answer).await?);
        for stored in waiting {
            stored.await.ok()?;
        }
        let reply = message.reply.clone()?;
        // Acknowledged for sure: a lost acknowledgement would bring the message again.
        let client = message.context.client();
        client.request(reply, "+ACK".into()).await.ok()?;
        let counted: [(&AtomicU64, u64); 3] = [
            (&self.counts.answered, 1),
            (&self.counts.alerts, alert_count),
            (&self.counts.dead, u64::from(done.dead.is_some())),
        ];
        for (counter, count) in counted {
            add(counter, count);
        }
        Some(())
    }
}

/// Publishes; what is returned resolves once it is stored.
async fn send(
    context: &Context,
    subject: String,
    id: String,
    body: Vec<u8>,
) -> Option<PublishAckFuture> {
    let message = PublishMessage::build().payload(body.into()).message_id(id);
    context.send_publish(subject, message).await.ok()
}

fn put_aside(code: &'static str) -> Done {
    let answer = format!(
        r#"{{"line":null,"id":null,"error":{{"code":"{code}","message":"the message was not screened"}}}}"#
    );
    Done {
        answer: answer.into_bytes(),
        alerts: Vec::new(),
        dead: Some(code),
    }
}
