//! Tests.

#[cfg(feature = "base-rules")]
mod base;
mod packs;
