//! Checking a pack for those who write it: all problems, errors and lints alike.

use std::sync::Arc;

use super::model::Pack;
use super::words::Loader;
use super::{Parsed, parse};
use crate::diag::Diagnostics;
use crate::limits::PackLimits;
use crate::primitives::Timestamp;

/// What a pack is checked against, beside itself.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Checks<'a> {
    /// Whether it may have an id of the base library.
    pub base: bool,
    /// The time at which rules are found expired or not yet in effect; nothing is said of that without it.
    pub at: Option<Timestamp>,
    /// An older version of the pack.
    pub against: Option<&'a Pack>,
    /// Categories of rules that stand in other packs, for `@category`; nothing is said of unknown ones without them.
    pub categories: Option<&'a [Arc<str>]>,
}

impl<'a> Checks<'a> {
    /// Of a pack of the base library, or of another.
    #[must_use]
    pub fn base(mut self, base: bool) -> Self {
        self.base = base;
        self
    }

    /// At that time.
    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    /// Beside an older version of the pack.
    #[must_use]
    pub fn against(mut self, old: &'a Pack) -> Self {
        self.against = Some(old);
        self
    }

    /// With the categories of rules in other packs.
    #[must_use]
    pub fn categories(mut self, categories: &'a [Arc<str>]) -> Self {
        self.categories = Some(categories);
        self
    }
}

impl Pack {
    /// Reads a pack as [`Pack::parse_with`] does, and looks at it with everything that is at hand.
    ///
    /// # Errors
    ///
    /// All problems of the pack at once, warnings among them.
    pub fn check(
        file_name: &str,
        source: &str,
        limits: &PackLimits,
        files: Loader<'_>,
        checks: &Checks<'_>,
    ) -> Result<Parsed, Diagnostics> {
        parse(file_name, source, limits, files, checks)
    }
}
