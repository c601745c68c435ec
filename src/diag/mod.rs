//! Diagnostics as values: a stable code, a place, what is wrong, and what to write instead.

use std::ops::Range;
use std::sync::Arc;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The pack works; something in it deserves a look.
    Warning,
    /// The pack does not compile.
    Error,
}

/// A text in the languages that tidegate speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Said {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Said {
    /// The same thing in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            zh: zh.into(),
        }
    }
}

/// One problem of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Stable, kebab-case, listed in `codes`.
    pub code: &'static str,
    /// How grave.
    pub level: Level,
    /// The file, as the caller named it.
    pub file: Arc<str>,
    /// Bytes of that file's source.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: Said,
    /// What to write instead.
    pub help: Option<Said>,
    /// Other places that explain this one.
    pub labels: Vec<(Range<usize>, Said)>,
}
