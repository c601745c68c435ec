//! tidegate
pub mod diag;
pub mod limits;
mod matcher;
pub mod pack;
pub mod primitives;
mod ruleset;
pub mod variant;
pub mod verdict;
#[doc(hidden)]
pub mod text;
pub use ruleset::Ruleset;
