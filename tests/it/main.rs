//! Tests.

mod compile;
mod fuzzing;
mod hostile;
mod packs;
mod regressions;
mod relations;
mod tables;
mod tidy;
