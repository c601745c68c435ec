//! tidegate screens the messages of an instant-messaging platform.
//!
//! Packs of rules go in ([`Pack::parse`]), are compiled ([`Compiler`]) into an immutable [`Ruleset`], and a [`Scanner`] decides on
//! messages. How it is built is written in `src/ARCHITECTURE.md`.

#![forbid(unsafe_code)]

pub mod adapter;
#[cfg(feature = "alert")]
pub mod alert;
#[cfg(feature = "base-rules")]
pub mod base;
mod compile;
pub mod diag;
mod engine;
#[cfg(feature = "evade")]
pub mod evade;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
mod matcher;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod oracle;
pub mod pack;
mod policy;
mod primitives;
mod ruleset;
pub mod selftest;
#[doc(hidden)]
pub mod text;
pub mod variant;
pub mod verdict;

pub use compile::Compiler;
pub use diag::Diagnostics;
#[cfg(feature = "rayon")]
pub use engine::screen_batch;
pub use engine::{Conversation, Conversations, Message, Scanner, trace as explain};
pub use limits::{Limits, PackLimits, TenantLimits};
pub use pack::{Operator, Pack, Tenant};
pub use policy::{Policy, face as registry};
pub use primitives::{Scene, Scenes, Span, Timestamp, Window};
pub use ruleset::Ruleset;
pub use variant::{Variant, Variants};
pub use verdict::{Action, Coverage, Earlier, Finding, Hit, Listing, Severity, Verdict, mask};

/// The README's examples, tried.
#[cfg(all(doctest, feature = "base-rules"))]
#[doc = include_str!("../README.md")]
struct Readme;
