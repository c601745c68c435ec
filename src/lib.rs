//! tidegate
pub mod diag;
pub mod limits;
pub mod pack;
pub mod primitives;
#[doc(hidden)]
pub mod text;
pub mod variant;
pub mod verdict;
