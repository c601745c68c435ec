//! Packs, format 1.

mod model;

pub use model::*;
