//! Where the problems of one pack gather while it is read.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::lint::Owner;
use super::mend::Mended;
use crate::diag::{Code, Diagnostic, Diagnostics, Level, Said};

/// Collects the problems of one file and of the word files it names.
pub(super) struct Reporter {
    pub(super) diags: Diagnostics,
    pub(super) file: Arc<str>,
    /// Stretches of the source, from one `[[rule]]` to the next, in which something could not be read. What seems to be missing there may be what
    /// was not read.
    broken: Vec<Range<usize>>,
    /// Names of keys and lists that are wrong where they stand. Who uses them need not be told again.
    pub(super) misnamed: HashSet<String>,
    /// Whose the next warning is.
    pub(super) owner: Owner,
    /// Warnings, until it is known which are allowed.
    pub(super) warnings: Vec<(Owner, Diagnostic)>,
}

/// Warnings that wait, beyond which they are only counted.
const WAITING: usize = 10_000;

impl Reporter {
    pub(super) fn new(diags: Diagnostics, file: Arc<str>) -> Self {
        Self {
            diags,
            file,
            broken: Vec::new(),
            misnamed: HashSet::new(),
            owner: Owner::default(),
            warnings: Vec::new(),
        }
    }

    /// Notes that something at `at` of the source could not be read.
    pub(super) fn break_at(&mut self, source: &str, at: usize) {
        self.break_at_line(source.as_bytes(), at);
    }

    /// The same, of a source in bytes.
    pub(super) fn break_at_line(&mut self, source: &[u8], at: usize) {
        if self.broken.iter().any(|known| known.contains(&at)) || self.broken.len() > 1_000 {
            return;
        }
        let header = b"[[rule]]";
        let start = (0..=at.min(source.len()))
            .rev()
            .find(|from| source[*from..].starts_with(header))
            .unwrap_or(0);
        let end = (at.min(source.len())..source.len())
            .find(|from| source[*from..].starts_with(header))
            .unwrap_or(source.len() + 1);
        self.broken.push(start..end);
    }

    /// Whether something in the same stretch as `at` could not be read.
    pub(super) fn is_broken(&self, at: usize) -> bool {
        self.broken.iter().any(|stretch| stretch.contains(&at))
    }

    /// Takes all places back to the source that was mended.
    pub(super) fn relocate(&mut self, mended: &Mended, from: usize) {
        let file = Arc::clone(&self.file);
        self.diags
            .relocate(&file, from, |range| mended.origin(range));
    }

    /// A problem in the pack's file, and what to write instead.
    pub(super) fn say(&mut self, code: &'static Code, at: Range<usize>, what: Said, help: Said) {
        let diagnostic = self.at(code, at, what).with_help(help);
        match diagnostic.level {
            Level::Warning => self.warn(diagnostic),
            Level::Error => self.diags.push(diagnostic),
        }
    }

    /// Puts down a warning of the current owner.
    pub(super) fn warn(&mut self, warning: Diagnostic) {
        if self.warnings.len() < WAITING {
            self.warnings.push((self.owner, warning));
        } else {
            self.diags.push(warning);
        }
    }

    /// A problem, unless what seems to be missing may be what could not be read.
    pub(super) fn miss(&mut self, code: &'static Code, at: Range<usize>, what: Said, help: Said) {
        let nowhere = at == (0..0);
        if !self.is_broken(at.start) && (self.broken.is_empty() || !nowhere) {
            self.say(code, at, what, help);
        }
    }

    /// A further problem that nobody will read, for it is one too many.
    pub(super) fn count(&mut self, code: &'static Code) {
        let nothing = Said::new("", "");
        self.diags.push(self.at(code, 0..0, nothing));
    }

    /// A problem in the pack's file, to be completed and pushed.
    pub(super) fn at(&self, code: &'static Code, at: Range<usize>, what: Said) -> Diagnostic {
        Diagnostic::new(code, Arc::clone(&self.file), at, what)
    }
}

/// A text of the pack as a message may show it: in backquotes, short, without control characters.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 48;
    let mut out = String::from("`");
    for (n, c) in text.chars().enumerate() {
        if n == MOST {
            out.push('…');
            break;
        }
        if c.is_control() || crate::text::tables::is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}
