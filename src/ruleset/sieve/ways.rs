//! In how many ways a symbol of a term may be written.

use crate::text::skeleton::word_symbols;
use crate::text::tables::{self, Script, han, signs};
use crate::variant::{Variant, Variants};

use super::super::prefixes::{Code, initial, literal, numeral, syllable};

/// A Latin letter, as the skeleton has it.
pub(super) fn letter(c: char) -> Code {
    literal(tables::merged(c))
}

pub(super) fn simple(c: char) -> char {
    tables::script_fold(c).unwrap_or(c)
}

/// The ways in which a symbol of a term may be written, under its variants.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// As itself: one code, or for what the skeleton takes apart, several.
    pub(super) plain: Vec<Code>,
    /// In one, that sounds the same; that looks the same, or is the same numeral; and any of these, itself too.
    pub(super) sounds: Vec<Code>,
    pub(super) looks: Vec<Code>,
    pub(super) one: Vec<Code>,
    pub(super) numeral: bool,
    /// Its parts.
    pub(super) parts: Vec<Vec<Code>>,
    /// Syllables, letter by letter; and their first letters.
    pub(super) typed: Vec<Vec<Code>>,
    pub(super) initials: Vec<Code>,
}

impl Ways {
    pub(super) fn new(plain: char, variants: Variants) -> Self {
        let mut ways = Self::default();
        word_symbols(plain, |c| ways.plain.push(literal(c)));
        let has = |variant| variants.contains(variant);
        if let Some(digit) = signs::numeral(plain)
            && has(Variant::Digits)
        {
            ways.looks.push(numeral(digit));
            ways.numeral = true;
        }
        let c = simple(plain);
        if tables::script(c) == Script::Han {
            ways.by_han(c, variants);
        }
        let one = [&ways.plain, &ways.sounds, &ways.looks];
        ways.one = one.into_iter().flatten().copied().collect();
        ways
    }

    fn by_han(&mut self, c: char, variants: Variants) {
        let has = |variant| variants.contains(variant);
        if has(Variant::Homophone) {
            self.sounds = han::readings(c).iter().map(|of| syllable(*of)).collect();
        }
        let of = |c: &char| {
            let mut left = Vec::new();
            word_symbols(*c, |c| left.push(literal(c)));
            left
        };
        if has(Variant::Shape) {
            self.looks.extend(han::similar(c).iter().flat_map(of));
        }
        if has(Variant::Split) {
            // Parts may stand in the form that they have inside of others.
            for parts in han::parts(c) {
                let [first, second] = [0, 1].map(|nth| han::forms_of_part(parts[nth]));
                for first in first.iter().flat_map(of) {
                    let second = second.iter().flat_map(of);
                    self.parts.extend(second.map(|second| vec![first, second]));
                }
            }
        }
        if has(Variant::Pinyin) {
            for reading in han::readings(c) {
                let spelling = han::spelling(*reading);
                for typed in [spelling.to_owned(), spelling.replace('v', "u")] {
                    let first = typed.chars().next().map(|c| initial(tables::merged(c)));
                    self.initials.extend(first);
                    let typed: Vec<Code> = typed.chars().map(letter).collect();
                    if !typed.is_empty() && !self.typed.contains(&typed) {
                        self.typed.push(typed);
                    }
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// Codes of its first unit, however it is written.
    pub(super) fn begins(&self) -> Vec<Code> {
        let first = self.parts.iter().chain(&self.typed).map(|row| row[0]);
        let one = if self.plain.len() == 1 {
            &self.one[..]
        } else {
            &self.plain[..1]
        };
        let all = one.iter().copied().chain(first);
        all.chain(self.initials.iter().copied()).collect()
    }

    /// Place by place, if it is written as itself, or in one.
    pub(super) fn in_order(&self) -> Vec<Vec<Code>> {
        if self.plain.len() == 1 {
            return vec![self.one.clone()];
        }
        self.plain.iter().map(|code| vec![*code]).collect()
    }
}
