//! Who is told of alerts. An edge: it writes files and speaks to the network.
//!
//! A [`Delivery`] runs each sink on a thread of its own, behind the outbox and at the sink's own pace: one that hangs or refuses holds up
//! itself alone. Delivery is at least once and in order; [`crate::alert::format::Notice::id`] is the same at every attempt, and who
//! receives drops what it has seen. A sink that refuses an alert for good gets it put aside, with the reason.

#[cfg(feature = "alert-alertmanager")]
mod alertmanager;
mod config;
mod delivery;
#[cfg(any(feature = "alert-alertmanager", feature = "alert-webhook"))]
mod guard;
#[cfg(feature = "alert-jsonl")]
mod jsonl;
#[cfg(feature = "alert-nats")]
mod nats;
mod notify;
mod pace;
#[cfg(feature = "alert-webhook")]
mod signature;
#[cfg(feature = "alert-syslog")]
mod syslog;
#[cfg(test)]
mod tests;
#[cfg(feature = "alert-webhook")]
mod webhook;

use std::fmt::Debug;
use std::time::Duration;

use super::format::Notice;

#[cfg(feature = "alert-alertmanager")]
pub use alertmanager::Alertmanager;
pub use config::{
    AlertmanagerConfig, AlertsConfig, JsonlConfig, NatsConfig, Secret, SinkConfig, SyslogConfig,
    WebhookConfig,
};
pub use delivery::{Delivery, Plan};
#[cfg(any(feature = "alert-alertmanager", feature = "alert-webhook"))]
pub use guard::Guard;
#[cfg(feature = "alert-jsonl")]
pub use jsonl::Jsonl;
#[cfg(feature = "alert-nats")]
pub use nats::Nats;
#[cfg(feature = "worker")]
pub(crate) use nats::address as nats_address;
pub use notify::{Field, Grouping, Notify, Silence};
pub use pace::Pace;
#[cfg(feature = "alert-webhook")]
pub use signature::SigningKey;
#[cfg(feature = "alert-syslog")]
pub use syslog::Syslog;
#[cfg(feature = "alert-webhook")]
pub use webhook::Webhook;

/// Somewhere that notices go.
pub trait Sink: Debug + Send {
    /// How many notices it takes at once, at most.
    fn batch(&self) -> usize {
        1
    }

    /// Takes notices, in order. Blocks for as long as its own time-out says.
    fn deliver(&mut self, notices: &[Notice]) -> Progress;
}

/// How far a delivery came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// So many notices, from the first on, are taken for good.
    pub done: usize,
    /// What happened with the next one, if not all were taken.
    pub stop: Option<Stop>,
}

impl Progress {
    /// All were taken.
    pub fn all(notices: &[Notice]) -> Self {
        Self {
            done: notices.len(),
            stop: None,
        }
    }

    /// Nothing was taken.
    pub fn none(stop: Stop) -> Self {
        Self {
            done: 0,
            stop: Some(stop),
        }
    }
}

/// Why a notice was not taken. Reasons hold no message text, and nothing that the other side wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Not now.
    Retry {
        /// Why.
        reason: String,
        /// No sooner than after this, if the other side said so.
        after: Option<Duration>,
    },
    /// Not this one, ever.
    Reject {
        /// Why.
        reason: String,
    },
    /// Nothing more: the sink is gone until someone enables it.
    Disable {
        /// Why.
        reason: String,
    },
}
