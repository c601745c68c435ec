//! Tests.

mod fuzzing;
mod packs;
mod relations;
mod tables;
