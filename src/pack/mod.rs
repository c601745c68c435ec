//! Packs, format 1.

mod keys;
mod model;
#[doc(hidden)]
pub mod regex;
mod report;
mod syntax;

pub use model::*;
