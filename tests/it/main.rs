//! Tests.

#[cfg(feature = "base-rules")]
mod base;
#[cfg(feature = "cli")]
mod cli;
mod fuzzing;
mod packs;
mod relations;
mod selftest;
mod tables;
