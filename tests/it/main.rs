//! Tests.

#[cfg(feature = "cli")]
mod authors;
#[cfg(feature = "base-rules")]
mod base;
mod broken;
#[cfg(feature = "cli")]
mod cli;
mod compile;
mod evade;
mod forms;
mod fuzzing;
mod hostile;
mod packs;
mod readme;
mod regressions;
mod relations;
mod selftest;
mod tables;
mod tidy;
