//! A text as what it may be read as where terms are written otherwise (`src/ARCHITECTURE.md`, 3b): its letters and digits as the skeleton has
//! them, equal neighbours kept, and the signs that are written for some.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

use crate::text::skeleton::word_symbols;
use crate::text::symbols::symbol;
use crate::text::tables::{self, Script, han, signs};

/// A symbol of the text that may stand for one of a term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    /// As the skeleton has it; NUL for a sign.
    pub(crate) skeleton: char,
    pub(crate) raw: char,
    /// The place of its character in the text that is read.
    pub(crate) at: u32,
    pub(crate) kind: Kind,
    /// Its first two readings as Han, plus one; zeros where it has less. [`Kind::SOUNDS`] where it has more.
    pub(crate) sounds: [u16; 2],
}

/// What a unit, or some unit of a text, is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kind(u8);

impl Kind {
    /// A Han character.
    pub(crate) const HAN: Self = Self(1);
    /// Written for a letter, or a numeral.
    pub(crate) const SIGN: Self = Self(2);
    /// A letter upside down, and nothing else.
    pub(crate) const TURNED: Self = Self(4);
    /// May be of one cluster with another unit, so that clusters in reverse order are not units in reverse order.
    pub(crate) const JOINED: Self = Self(8);

    pub(crate) const fn is(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    /// Beyond ASCII, of a script that bounds words or like a letter of ASCII: without any, nothing is read by its looks.
    pub(crate) const FOREIGN: Self = Self(16);

    /// A Han character of more than two readings.
    pub(crate) const SOUNDS: Self = Self(32);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn when(self, holds: bool) -> Self {
        if holds { self } else { Self(0) }
    }
}

/// The units of a text.
#[derive(Debug, Default)]
pub(crate) struct Units {
    pub(crate) all: Vec<Unit>,
    /// What some character of the text is.
    pub(crate) kinds: Kind,
}

impl Units {
    /// Reads `text` in place of what was here.
    pub(crate) fn fill(&mut self, text: &str) {
        let table = &*TABLE;
        self.all.clear();
        self.kinds = Kind::default();
        for (at, raw) in text.char_indices() {
            let at = at as u32;
            if let Some(&entry) = table.get(raw as usize)
                && !entry.many
            {
                self.kinds = self.kinds.and(entry.kind);
                let skeleton = char::from_u32(u32::from(entry.skeleton)).unwrap_or_default();
                if skeleton != '\0' || entry.kind.is(Kind::SIGN) {
                    self.all.push(Unit {
                        skeleton,
                        raw,
                        at,
                        kind: entry.kind,
                        sounds: entry.sounds,
                    });
                }
                continue;
            }
            let before = self.all.len();
            let units = &mut self.all;
            word_symbols(raw, |skeleton| {
                let kind = kind(raw, skeleton).and(Kind::JOINED);
                units.push(Unit {
                    skeleton,
                    raw,
                    at,
                    kind,
                    sounds: sounds(skeleton),
                });
            });
            if self.all.len() == before && kind(raw, '\0').is(Kind::SIGN) {
                let kind = kind(raw, '\0');
                self.all.push(Unit {
                    skeleton: '\0',
                    raw,
                    at,
                    kind,
                    sounds: [0; 2],
                });
            }
            let of = self.all[before..].iter().map(|unit| unit.kind);
            let seen = if tables::script(raw) == Script::Han {
                Kind::HAN
            } else {
                Kind::default()
            };
            self.kinds = of.fold(self.kinds.and(seen), Kind::and);
        }
    }
}

/// A sign or digit in its compatibility form, if that is one character.
pub(crate) fn sign(c: char) -> char {
    let mut form = tables::width(c).unwrap_or_default().chars();
    match (form.next(), form.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// What a character is, of which a symbol (or none: NUL) is left.
fn kind(raw: char, skeleton: char) -> Kind {
    let letter = |c: char| !signs::leet(c).is_empty();
    let stands_for = letter(sign(raw))
        || letter(skeleton)
        || [sign(raw), raw, skeleton]
            .into_iter()
            .any(|c| signs::numeral(c).is_some());
    let han = [raw, skeleton]
        .iter()
        .any(|c| tables::script(*c) == Script::Han);
    Kind::HAN
        .when(han)
        .and(Kind::SOUNDS.when(han::readings(skeleton).len() > 2))
        .and(Kind::SIGN.when(stands_for))
        .and(Kind::TURNED.when(signs::is_turned(tables::case_fold(raw))))
        .and(Kind::JOINED.when(skeleton != '\0' && !stands_alone(raw)))
        .and(Kind::FOREIGN.when(
            !raw.is_ascii()
                && (tables::script(raw).bounds_words() || skeleton.is_ascii_alphanumeric()),
        ))
}

/// Whether a letter or digit is never of one cluster with another. What is not known to be, is not.
fn stands_alone(c: char) -> bool {
    matches!(c, '\0'..='\u{7f}' | '\u{c0}'..='\u{52f}' | '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{6d3}' | '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff10}'..='\u{ff5a}')
        && !is_combining_mark(c)
}

fn sounds(skeleton: char) -> [u16; 2] {
    let readings = han::readings(skeleton);
    [0, 1].map(|nth| readings.get(nth).map_or(0, |syllable| syllable + 1))
}

/// What is known of a character of the basic plane.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    skeleton: u16,
    sounds: [u16; 2],
    kind: Kind,
    /// It leaves more than one symbol, or one beyond the basic plane.
    many: bool,
}

/// 512 KiB, made when a term asks for it first.
static TABLE: LazyLock<Box<[Entry]>> = LazyLock::new(|| {
    let entry = |code: u32| {
        let Some(c) = char::from_u32(code) else {
            return Entry::default();
        };
        let (mut left, mut count) = ('\0', 0);
        word_symbols(c, |symbol| {
            left = symbol;
            count += 1;
        });
        Entry {
            skeleton: symbol(left),
            sounds: sounds(left),
            kind: kind(c, left),
            many: count > 1 || left as u32 >= 0x1_0000,
        }
    };
    (0..0x1_0000).map(entry).collect()
});
