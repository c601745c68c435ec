//! Tests.

#[cfg(feature = "cli")]
mod authors;
#[cfg(feature = "base-rules")]
mod base;
mod broken;
#[cfg(feature = "cli")]
mod check;
#[cfg(feature = "cli")]
mod cli;
mod codes;
mod compile;
mod evade;
mod forms;
mod fuzzing;
mod guide;
mod hostile;
#[cfg(feature = "cli")]
mod lists;
mod packs;
mod readme;
mod regressions;
mod relations;
mod selftest;
mod tables;
mod tidy;
mod windows;
