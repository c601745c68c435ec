//! Tests.

mod tables;
