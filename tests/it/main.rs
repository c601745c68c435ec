//! Tests.

mod packs;
