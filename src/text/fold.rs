//! The stages of the fold (`src/ARCHITECTURE.md`, 1): from a grapheme cluster to its symbols, under a set of variants.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

use crate::text::tables;
use crate::variant::{Variant, Variants};

/// One symbol of a text or term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// The folded character.
    pub(crate) plain: char,
    /// The Latin letter it looks like, read as an i where it could be an l; or `plain`.
    pub(crate) look: char,
    /// A Latin letter whose look-alike is another one (ɑ for a): compared by looks wherever it stands.
    pub(crate) latin_look: bool,
    /// Whether the look-alike could be an i or an l.
    pub(crate) or_l: bool,
}

/// What borders and words are read under.
pub(crate) const BARE: Variants =
    Variants::of(&[Variant::Width, Variant::Marks, Variant::Invisible]);

/// Scratch for folding; reused so that a warm fold allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    chars: Vec<char>,
    next: Vec<char>,
}

impl Folder {
    /// Appends the symbols of `cluster` under `variants` to `out`.
    pub(crate) fn fold(&mut self, cluster: &str, variants: Variants, out: &mut Vec<Symbol>) {
        if let &[byte] = cluster.as_bytes() {
            let plain = char::from(byte);
            if !(plain.is_ascii_control() && variants.contains(Variant::Invisible)) {
                let plain = if variants.contains(Variant::Case) {
                    plain.to_ascii_lowercase()
                } else {
                    plain
                };
                out.push(Symbol {
                    plain,
                    look: plain,
                    latin_look: false,
                    or_l: false,
                });
                return;
            }
        }
        self.chars.clear();
        self.chars.extend(cluster.nfc());
        if variants.contains(Variant::Width) {
            self.width();
        }
        if variants.contains(Variant::Marks) {
            self.marks();
        }
        if variants.contains(Variant::Invisible) {
            self.chars.retain(|c| !tables::is_invisible(*c));
        }
        if variants.contains(Variant::Script) {
            self.script();
        }
        let case = variants.contains(Variant::Case);
        let cased = |c| if case { tables::case_fold(c) } else { c };
        out.extend(self.chars.iter().map(|&c| {
            let look = variants
                .contains(Variant::Confusables)
                .then(|| tables::confusable(c))
                .flatten();
            match look {
                None => Symbol {
                    plain: cased(c),
                    look: cased(c),
                    latin_look: false,
                    or_l: false,
                },
                Some(look) => Symbol {
                    plain: cased(c),
                    look: cased(look.letter),
                    latin_look: tables::script(c) == tables::Script::Latin,
                    or_l: look.or_l,
                },
            }
        }));
    }

    fn width(&mut self) {
        if !self.chars.iter().any(|c| tables::width(*c).is_some()) {
            return;
        }
        self.next.clear();
        for &c in &self.chars {
            match tables::width(c) {
                Some(form) => self.next.extend(form.chars()),
                None => self.next.push(c),
            }
        }
        self.compose();
    }

    fn marks(&mut self) {
        self.next.clear();
        for &c in &self.chars {
            if tables::keeps_marks(c) {
                self.next.push(c);
            } else {
                decompose_canonical(c, |d| {
                    if !tables::is_mark(d) {
                        self.next.push(tables::stroke(d).unwrap_or(d));
                    }
                });
            }
        }
        self.compose();
    }

    fn compose(&mut self) {
        self.chars.clear();
        if let [one] = self.next[..] {
            self.chars.push(one);
            return;
        }
        if let [first, second] = self.next[..]
            && first.is_ascii()
            && second.is_ascii()
        {
            self.chars.extend([first, second]);
            return;
        }
        self.chars.extend(self.next.iter().copied().nfc());
    }

    fn script(&mut self) {
        self.next.clear();
        for &c in &self.chars {
            match tables::jamo(c) {
                Some(jamo) => self.next.extend(jamo.into_iter().flatten()),
                None => self.next.push(tables::script_fold(c).unwrap_or(c)),
            }
        }
        std::mem::swap(&mut self.chars, &mut self.next);
    }
}
