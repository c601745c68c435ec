//! tidegate
pub mod diag;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
pub mod pack;
pub mod primitives;
#[doc(hidden)]
pub mod text;
pub mod variant;
pub mod verdict;
