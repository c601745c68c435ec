//! NATS JetStream.

use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::{self, Context, message::PublishMessage};
use async_nats::{ConnectOptions, ServerAddr};
use tokio::runtime::{Builder, Runtime};

use super::{Progress, Sink, Stop};
use crate::alert::format::{Format, Notice};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A subject that a stream listens to. A notice is taken once the stream has acknowledged it; `Nats-Msg-Id` is [`Notice::id`], so that the
/// stream drops what it has within its window. JetStream acknowledges before it syncs, so the outbox stays the evidence.
#[derive(Debug)]
pub struct Nats {
    address: ServerAddr,
    subject: String,
    token: Option<String>,
    format: Format,
    /// One thread, so that the connection is kept alive between deliveries.
    runtime: Runtime,
    context: Option<Context>,
}

impl Nats {
    /// The server at `url` (`tls://host:port`; `nats://` on loopback alone), and the subject that notices are published to.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub fn new(url: &str, subject: &str, token: Option<String>) -> Result<Self, String> {
        let address = address(url)?;
        let plain = !subject.is_empty()
            && subject.split('.').all(|part| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|c| c.is_ascii_graphic() && !"*>".contains(c))
            });
        if !plain {
            return Err("a subject is words joined by dots, without * and >".to_owned());
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sink nats")
            .enable_all()
            .build()
            .map_err(|error| format!("the system gives no thread: {}", error.kind()))?;
        Ok(Self {
            address,
            subject: subject.to_owned(),
            token,
            format: Format::default(),
            runtime,
            context: None,
        })
    }

    /// How messages are laid out.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    async fn connect(
        address: ServerAddr,
        token: Option<String>,
    ) -> Result<Context, async_nats::ConnectError> {
        let mut options = ConnectOptions::new()
            .name("tidegate")
            .connection_timeout(TIMEOUT)
            .require_tls(address.tls_required());
        if let Some(token) = token {
            options = options.token(token);
        }
        let client = options.connect(address).await?;
        let mut context = jetstream::new(client);
        context.set_timeout(TIMEOUT);
        Ok(context)
    }
}

/// The server that a URL names; without TLS on this machine alone.
pub(crate) fn address(url: &str) -> Result<ServerAddr, String> {
    let address: ServerAddr = url
        .parse()
        .map_err(|_| "the URL cannot be read: write tls://host:port".to_owned())?;
    let local = address.host() == "localhost"
        || address
            .host()
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    if !address.tls_required() && !local {
        return Err("beyond this machine the URL must begin with tls://".to_owned());
    }
    Ok(address)
}

/// Publishes all, then waits for the acknowledgements in order; how many came, and what was wrong with the next.
async fn publish(
    context: &Context,
    subject: &str,
    messages: Vec<PublishMessage>,
) -> (usize, Option<PublishErrorKind>) {
    let mut waiting = Vec::with_capacity(messages.len());
    let mut wrong = None;
    for message in messages {
        match context.send_publish(subject.to_owned(), message).await {
            Ok(ack) => waiting.push(ack),
            Err(error) => {
                wrong = Some(error.kind());
                break;
            }
        }
    }
    let mut done = 0;
    for ack in waiting {
        match ack.await {
            Ok(_) => done += 1,
            Err(error) => return (done, Some(error.kind())),
        }
    }
    (done, wrong)
}

impl Sink for Nats {
    fn batch(&self) -> usize {
        64
    }

    fn deliver(&mut self, notices: &[Notice]) -> Progress {
        let context = match self.context.take() {
            Some(context) => context,
            None => {
                let connecting = Self::connect(self.address.clone(), self.token.clone());
                match self.runtime.block_on(connecting) {
                    Ok(context) => context,
                    Err(error) => {
                        return Progress::none(Stop::Retry {
                            reason: format!("no connection: {}", error.kind()),
                            after: None,
                        });
                    }
                }
            }
        };
        let messages = notices
            .iter()
            .map(|notice| {
                PublishMessage::build()
                    .payload(self.format.json(notice).into())
                    .message_id(notice.id())
            })
            .collect();
        let (done, wrong) = self
            .runtime
            .block_on(publish(&context, &self.subject, messages));
        // The client connects again by itself.
        self.context = Some(context);
        let stop = wrong.map(|kind| match kind {
            PublishErrorKind::MaxPayloadExceeded => Stop::Reject {
                reason: kind.to_string(),
            },
            kind => Stop::Retry {
                reason: kind.to_string(),
                after: None,
            },
        });
        Progress { done, stop }
    }
}
