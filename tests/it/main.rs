//! Tests.

mod relations;
mod tables;
mod packs;
