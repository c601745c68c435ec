//! The edges: where tidegate meets message servers, files and the network. A feature each; the core knows none of them.
//!
//! | question | file |
//! |---|---|
//! | What becomes of a message, in words that every server has some of? | `answer` |
//! | How does a message become a verdict, and a verdict an answer, whatever happens? | `stage` |
//! | What is kept of senders while messages are screened? | `senders` |
//! | How does a service in Rust ask? | `layer`, or `Stage::decide` |
//! | What do other servers send, and what do they understand? | `callback` |
//! | How do tenants come from a folder? | `source` |
//! | How do many machines share the messages of a broker? | `nats` |

#[cfg(feature = "adapter")]
mod answer;
#[cfg(feature = "callbacks")]
pub mod callback;
#[cfg(feature = "tower")]
pub mod layer;
#[cfg(feature = "worker")]
pub mod nats;
#[cfg(feature = "adapter")]
mod senders;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "adapter")]
mod stage;

#[cfg(feature = "adapter")]
pub use answer::{Answer, Manners, NotText, Refusal, Told};
#[cfg(feature = "adapter")]
pub use senders::Senders;
#[cfg(feature = "adapter")]
pub use stage::{Cause, Decision, Judged, NotJudged, Stage};
