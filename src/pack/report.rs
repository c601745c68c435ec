//! Where the problems of one pack gather while it is read.

use std::ops::Range;
use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Diagnostics, Said};

/// Collects the problems of one file and of the word files it names.
pub(super) struct Reporter {
    pub(super) diags: Diagnostics,
    pub(super) file: Arc<str>,
    /// Whether the syntax is broken. What seems to be missing may then stand where the reader stumbled.
    pub(super) broken: bool,
}

impl Reporter {
    /// A problem in the pack's file, and what to write instead.
    pub(super) fn say(&mut self, code: &'static Code, at: Range<usize>, what: Said, help: Said) {
        let diagnostic = self.at(code, at, what).with_help(help);
        self.diags.push(diagnostic);
    }

    /// The same, unless the syntax is broken.
    pub(super) fn miss(&mut self, code: &'static Code, at: Range<usize>, what: Said, help: Said) {
        if !self.broken {
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
