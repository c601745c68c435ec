//! Tests.
mod relations;
