//! Tests.
#[cfg(feature = "fuzzing")]
mod fuzzing;
mod relations;
