//! Alerts: the record of a finding that someone must learn of, how it is kept, and how it is told.
//!
//! [`Alert`] is a value: it is made of a verdict, its message and the tenant's [`EvidencePolicy`], and knows no clock, file or network.
//! `outbox` makes it durable and keeps the audit chain and the evidence, `sink` tells others; these two are edges, and do input
//! and output.

pub mod chain;
mod evidence;
pub mod format;
mod identity;
mod named;
mod note;
#[cfg(feature = "alert-outbox")]
pub mod outbox;
mod record;
pub mod report;
#[cfg(feature = "alert-outbox")]
mod seal;
#[cfg(feature = "alert-outbox")]
pub mod sink;

pub use evidence::{EvidencePolicy, Grant};
pub use identity::{AlertId, Identity, MasterKey, Pseudonym, fresh_message_id};
pub use note::Note;
pub use record::{Alert, AlertSpan, Facts, ListingReference, NoMessageId, Particulars};
