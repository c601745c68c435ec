//! Tests.

#[cfg(feature = "cli")]
mod authors;
#[cfg(feature = "base-rules")]
mod base;
mod broken;
#[cfg(feature = "callbacks")]
mod callbacks;
#[cfg(feature = "adapter")]
mod chat;
#[cfg(feature = "cli")]
mod check;
#[cfg(feature = "cli")]
mod cli;
mod codes;
mod compile;
mod evade;
mod fmt;
mod forms;
mod fuzzing;
mod guide;
mod hostile;
#[cfg(feature = "cli")]
mod lists;
#[cfg(feature = "cli")]
mod operators;
mod packs;
mod readme;
mod registry;
mod regressions;
mod relations;
mod schema;
mod selftest;
#[cfg(feature = "callbacks")]
mod signing;
#[cfg(feature = "source")]
mod source;
#[cfg(feature = "adapter")]
mod stage;
mod stored;
mod tables;
mod tenants;
mod tidy;
mod windows;
