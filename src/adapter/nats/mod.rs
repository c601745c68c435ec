//! Workers on a broker: NATS JetStream, 2.10 or newer.
//!
//! ```text
//! tidegate.in.<tenant>.<conversation>   a message, as `screen` reads one line
//!     -> partition of (tenant, conversation), by the server -> one consumer each, one message at a time
//! tidegate.out.<tenant>.<conversation>  its answer, as `screen` writes one line
//! tidegate.alerts.<tenant>              its alerts, each once by its id
//! tidegate.dead.<tenant>                what could not be screened, and why; never its text
//! ```
//!
//! A partition is worked by one worker at a time, which holds its lease; that keeps the state of senders in one place. Order does not rest on the
//! lease: a partition's consumer hands out one message, and the next only when that was acknowledged. A message is acknowledged when its answer
//! and its alerts are stored; if a worker dies before, another takes the message again, and what it publishes has the same ids, so
//! that the streams keep one of each. JetStream acknowledges before it syncs: what must survive a loss of power goes through an
//! [`Outbox`](crate::alert::outbox::Outbox) first, which is the [`Judge`]'s to keep.
//!
//! | question | file |
//! |---|---|
//! | What streams, consumers and buckets are there? | `streams` |
//! | Who works which partition? | `lease` |
//! | What happens to one message? | `partition` |
//! | How do packs come? | `packs` |

mod lease;
mod packs;
mod partition;
mod streams;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream;
use tokio::runtime::Builder;

use crate::alert::sink::nats_address;
use crate::primitives::Timestamp;

pub use packs::{Change, publish, watch};

/// Where a worker works, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `tls://host:port`; `nats://` on this machine alone.
    pub url: String,
    /// A token, if the server wants one.
    pub token: Option<String>,
    /// The first word of all subjects, streams and buckets.
    pub prefix: String,
    /// How many partitions conversations are spread over. The first worker settles it; it is not changed while messages wait.
    pub partitions: u16,
    /// What the worker is called in leases. One that comes back under its name takes up its partitions at once.
    pub name: String,
    /// How often a message is tried before it is put aside.
    pub attempts: u16,
    /// How long a worker may be silent before its partitions are others'.
    pub lease: Duration,
}

impl Settings {
    /// A worker of that name at `url`: 64 partitions, five attempts, a lease of two seconds.
    pub fn new(url: &str, name: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: None,
            prefix: "tidegate".to_owned(),
            partitions: 64,
            name: name.to_owned(),
            attempts: 5,
            lease: Duration::from_secs(2),
        }
    }

    fn check(&self) -> Result<(), Broken> {
        let word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if !word(&self.prefix) || !word(&self.name) {
            return Err(Broken(
                "the prefix and the name of a worker are letters, digits, `-` and `_`".to_owned(),
            ));
        }
        if !(1..=4_096).contains(&self.partitions) {
            return Err(Broken("there are 1 to 4096 partitions".to_owned()));
        }
        if self.lease < Duration::from_millis(500) {
            return Err(Broken("a lease lasts half a second or more".to_owned()));
        }
        Ok(())
    }

    async fn connect(&self) -> Result<jetstream::Context, Broken> {
        let address = nats_address(&self.url).map_err(Broken)?;
        let mut options = ConnectOptions::new()
            .name("tidegate worker")
            .connection_timeout(Duration::from_secs(5))
            .require_tls(address.tls_required());
        if let Some(token) = &self.token {
            options = options.token(token.clone());
        }
        let client = options
            .connect(address)
            .await
            .map_err(|error| Broken(format!("no connection to {}: {}", self.url, error.kind())))?;
        let mut context = jetstream::new(client);
        context.set_timeout(Duration::from_secs(5));
        Ok(context)
    }
}

/// Why a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

fn broken(what: &str, error: &dyn fmt::Display) -> Broken {
    Broken(format!("{what}: {error}"))
}

/// A message that is taken from the stream.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Taken<'a> {
    /// The tenant, as the subject says.
    pub tenant: &'a str,
    /// What was published.
    pub payload: &'a [u8],
    /// The number of the message in the stream, the same at every attempt.
    pub number: u64,
    /// When the stream took it, the same at every attempt.
    pub at: Timestamp,
}

/// What a message came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The answer.
    pub answer: Vec<u8>,
    /// Alerts: the id of each, and what is published.
    pub alerts: Vec<(String, Vec<u8>)>,
    /// The code of the reason why it could not be screened. The answer says so, too.
    pub dead: Option<&'static str>,
}

/// It cannot be done now: the message is tried again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later(pub String);

/// What screens the messages of one partition, and keeps the state of their senders.
pub trait Judge: Send {
    /// Screens a message. What it returns depends on the message and the rules alone, so that another attempt gives the same.
    ///
    /// # Errors
    ///
    /// [`Later`], if what must be kept cannot be kept.
    fn judge(&mut self, taken: Taken<'_>) -> Result<Done, Later>;

    /// State of senders may have been lost: another worker had the partition. Counts until `until`.
    fn lost(&mut self, until: Timestamp);
}

/// Makes a judge for a partition.
pub type Judges = dyn Fn() -> Box<dyn Judge> + Send + Sync;

/// Numbers for metrics.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages answered.
    pub answered: AtomicU64,
    /// Messages put aside.
    pub dead: AtomicU64,
    /// Alerts published.
    pub alerts: AtomicU64,
    /// Attempts that were broken off.
    pub broken_off: AtomicU64,
    /// Partitions held.
    pub partitions: AtomicU64,
    /// Attempts at messages that had been handed out before.
    pub redelivered: AtomicU64,
    /// Messages of the partitions held that wait, when it was measured last (every two seconds).
    pub pending: AtomicU64,
    /// Messages of the partitions held that were handed out and are not acknowledged, when it was measured last.
    pub ack_pending: AtomicU64,
    /// Messages of all partitions that are not answered, when it was measured last.
    pub backlog: AtomicU64,
    /// Milliseconds that the oldest of these has waited.
    pub oldest_ms: AtomicU64,
}

/// Works until `stop` is set: then it finishes what it has begun and gives its leases back.
///
/// # Errors
///
/// If the settings are wrong, or the server cannot be reached or refuses streams. Later losses of the connection are waited out.
pub fn work(
    settings: &Settings,
    judges: &Judges,
    counts: &Arc<Counts>,
    stop: &AtomicBool,
) -> Result<(), Broken> {
    settings.check()?;
    let runtime = Builder::new_multi_thread()
        .thread_name("tidegate worker")
        .enable_all()
        .build()
        .map_err(|error| broken("the system gives no threads", &error))?;
    runtime.block_on(async {
        let context = settings.connect().await?;
        let streams = streams::Streams::open(&context, settings).await?;
        lease::Leases::new(settings, context, streams, Arc::clone(counts))
            .work(judges, stop)
            .await
    })
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
