//! Tests.

mod relations;
mod tables;
