//! The edges: where tidegate meets files and the network. A feature each; the core knows none of them.

#[cfg(feature = "worker")]
pub mod nats;
#[cfg(feature = "source")]
pub mod source;
