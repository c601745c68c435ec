//! tidegate
pub mod diag;
pub mod limits;
pub mod pack;
pub mod primitives;
pub mod variant;
pub mod verdict;
#[doc(hidden)]
pub mod text;
