//! tidegate
pub mod diag;
pub mod limits;
#[doc(hidden)]
pub mod oracle;
pub mod pack;
pub mod primitives;
#[doc(hidden)]
pub mod text;
pub mod variant;
pub mod verdict;
