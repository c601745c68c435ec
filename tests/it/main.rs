//! Tests.

#[cfg(feature = "base-rules")]
mod base;
#[cfg(feature = "cli")]
mod cli;
mod packs;
mod selftest;
