//! Diagnostics as values: a stable code, a place, what is wrong, and what to write instead.
//!
//! A [`Diagnostic`] is made where the problem is found and knows its place in bytes. [`Diagnostics`] collects them,
//! keeps the sources that they point into, and says each place in lines and columns. The codes, with what they mean,
//! are the table [`codes::CODES`].

pub mod codes;
mod examples;
mod fix;
#[cfg(feature = "serde")]
mod json;
mod place;
#[cfg(feature = "render")]
mod render;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use codes::Code;
pub use fix::{Edit, Fix};
pub use place::{Place, Placed, Spot};
#[cfg(feature = "render")]
pub use render::render;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The pack works; something in it deserves a look.
    Warning,
    /// The pack does not compile.
    Error,
}

impl Level {
    /// The name used in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A language that diagnostics are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// The language of that name: `en` or `zh`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }
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

    /// The text in that language.
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

/// Formats one thing in both languages; the two see the same values.
macro_rules! said {
    ($en:literal, $zh:literal $(, $($rest:tt)*)?) => {
        $crate::diag::Said::new(format!($en $(, $($rest)*)?), format!($zh $(, $($rest)*)?))
    };
}
pub(crate) use said;

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
    /// What to write instead, as changes of the file.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A problem of the kind `code`, at `span` of `file`.
    pub fn new(code: &'static Code, file: Arc<str>, span: Range<usize>, message: Said) -> Self {
        Self {
            code: code.name,
            level: code.level,
            file,
            span,
            message,
            help: None,
            labels: Vec::new(),
            fix: None,
        }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn with_help(mut self, help: Said) -> Self {
        self.help = Some(help);
        self
    }

    /// Says what to write instead as changes of the file.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Points at another place of the same file.
    #[must_use]
    pub fn with_label(mut self, span: Range<usize>, said: Said) -> Self {
        self.labels.push((span, said));
        self
    }
}

/// The problems of a pack, bounded in number, with the sources that they point into.
///
/// Errors come before warnings where room is short: a warning makes place for an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    sources: Vec<(Arc<str>, Arc<str>)>,
    limit: usize,
    dropped: usize,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self::bounded(100)
    }
}

impl Diagnostics {
    /// An empty collection that keeps at most `limit` problems (at least one) and counts the rest.
    pub fn bounded(limit: usize) -> Self {
        Self {
            list: Vec::new(),
            sources: Vec::new(),
            limit: limit.max(1),
            dropped: 0,
        }
    }

    /// Keeps the source of `file`, so that places in it can be told in lines and shown. The first source of a name stays.
    pub fn add_source(&mut self, file: Arc<str>, source: Arc<str>) {
        if self.source(&file).is_none() {
            self.sources.push((file, source));
        }
    }

    /// The source of `file`, if it is kept.
    pub fn source(&self, file: &str) -> Option<&str> {
        self.sources
            .iter()
            .find(|(name, _)| **name == *file)
            .map(|(_, source)| &**source)
    }

    /// Adds a problem, or counts it if there are enough.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < self.limit {
            self.list.push(diagnostic);
            return;
        }
        self.dropped += 1;
        if diagnostic.level == Level::Error
            && let Some(last) = self
                .list
                .iter_mut()
                .rev()
                .find(|kept| kept.level == Level::Warning)
        {
            *last = diagnostic;
        }
    }

    /// Adds the problems of `other`, and its sources.
    pub fn append(&mut self, other: Self) {
        for (file, source) in other.sources {
            self.add_source(file, source);
        }
        self.dropped += other.dropped;
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Puts the problems in the order of their places: file by file in the order of the sources, then by offset.
    pub fn sort(&mut self) {
        let sources = &self.sources;
        let file = |name: &Arc<str>| {
            sources
                .iter()
                .position(|(known, _)| known == name)
                .unwrap_or(usize::MAX)
        };
        self.list.sort_by(|a, b| {
            (file(&a.file), a.span.start, a.span.end).cmp(&(
                file(&b.file),
                b.span.start,
                b.span.end,
            ))
        });
    }

    /// Moves the places in `file` of the problems from the one numbered `from` on.
    pub(crate) fn relocate(
        &mut self,
        file: &str,
        from: usize,
        to: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        for diagnostic in self.list.iter_mut().skip(from) {
            if &*diagnostic.file == file {
                diagnostic.span = to(diagnostic.span.clone());
                for (span, _) in &mut diagnostic.labels {
                    *span = to(span.clone());
                }
                if let Some(fix) = &mut diagnostic.fix {
                    for edit in &mut fix.edits {
                        let range = to(edit.range());
                        edit.span = (range.start, range.end);
                    }
                }
            }
        }
    }

    /// Whether no further error will be kept: there are as many as are wanted.
    pub fn is_full(&self) -> bool {
        self.list.len() >= self.limit && self.list.iter().all(|kept| kept.level == Level::Error)
    }

    /// The problems, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many problems are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no problem at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many further problems were counted and not kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Whether one of the problems is an error.
    pub fn has_errors(&self) -> bool {
        // The first error always finds or makes room, so none is only among the dropped.
        self.list.iter().any(|kept| kept.level == Level::Error)
    }

    /// The problems with their places in lines and columns, in order.
    ///
    /// Costs one pass over each source.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        let lines: Vec<place::Lines<'_>> = self
            .sources
            .iter()
            .map(|(_, source)| place::Lines::new(source))
            .collect();
        self.list.iter().map(move |diagnostic| {
            let at = self
                .sources
                .iter()
                .position(|(name, _)| *name == diagnostic.file)
                .and_then(|index| lines.get(index));
            Placed::new(diagnostic, at)
        })
    }

    /// The problems as plain text in `lang`, one paragraph each: `file:line:column: error[code]: message`, and help.
    pub fn to_text(&self, lang: Lang) -> String {
        use fmt::Write as _;
        let mut out = String::new();
        for placed in self.placed() {
            let Diagnostic {
                code,
                level,
                file,
                message,
                help,
                ..
            } = placed.diagnostic;
            let Place { line, column } = placed.start;
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "{file}:{line}:{column}: {}[{code}]: {}",
                level.name(),
                message.in_lang(lang)
            );
            if let Some(help) = help {
                let (word, help) = match lang {
                    Lang::En => ("help", help.in_lang(lang)),
                    Lang::Zh => ("建议", help.in_lang(lang)),
                };
                let _ = writeln!(out, "  {word}: {help}");
            }
        }
        if self.dropped > 0 {
            let rest = said!(
                "and {n} more problems",
                "另有 {n} 个问题未列出",
                n = self.dropped
            );
            let _ = writeln!(out, "{}", rest.in_lang(lang));
        }
        out
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_text(Lang::En).trim_end())
    }
}

impl std::error::Error for Diagnostics {}
