//! tidegate
pub mod diag;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
#[doc(hidden)]
pub mod oracle;
pub mod pack;
pub mod primitives;
#[doc(hidden)]
pub mod text;
pub mod variant;
pub mod verdict;
