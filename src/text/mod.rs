//! How a text is read: the tables, the fold, the skeleton that candidates are looked for in, and the reading that they are
//! verified on.

pub(crate) mod clusters;
pub(crate) mod escapes;
pub(crate) mod fold;
pub(crate) mod reading;
pub(crate) mod skeleton;
pub(crate) mod symbols;
pub mod tables;
pub(crate) mod term;
pub(crate) mod transport;
pub(crate) mod window;
