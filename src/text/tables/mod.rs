//! What is known of each character: the data that text and terms are folded by.
//!
//! The tables are made by `src/bin/tablegen` (sources and licences in `NOTICE`); here they are looked up, without allocating.
//!
//! They keep one law together: a character folded under any set of variants and then fully gives what it gives when it is
//! folded fully at once. Fully means: NFC, `width`, NFD, every combining mark dropped, `stroke`, invisible characters dropped, `script_fold`
//! and `jamo`, `case_fold`, `confusable`, `case_fold`, and last `merged`.

pub mod han;
pub mod signs;

#[rustfmt::skip]
mod letters;
#[rustfmt::skip]
mod properties;
#[rustfmt::skip]
mod scripts;
#[rustfmt::skip]
mod widths;

/// The script of a letter, as far as borders and look-alikes need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum Script {
    /// No script of its own: digits, punctuation, symbols.
    Common,
    /// Latin.
    Latin,
    /// Cyrillic.
    Cyrillic,
    /// Greek.
    Greek,
    /// Arabic.
    Arabic,
    /// Hebrew.
    Hebrew,
    /// Hangul.
    Hangul,
    /// Han.
    Han,
    /// Hiragana and katakana.
    Kana,
    /// Thai, Lao, Khmer, Myanmar, Tibetan and others that put no spaces between words.
    Unspaced,
    /// Any other script, which puts spaces between words.
    Other,
}

impl Script {
    /// Whether this script puts no spaces between words: Han, kana, Thai and its kin.
    pub const fn is_unspaced(self) -> bool {
        matches!(self, Self::Han | Self::Kana | Self::Unspaced)
    }

    /// Whether letters of this script can be taken for letters of another: Latin, Cyrillic, Greek and their like, but not Hangul,
    /// Arabic or Hebrew, beside which Latin letters stand in honest words.
    pub const fn has_look_alikes(self) -> bool {
        matches!(
            self,
            Self::Latin | Self::Cyrillic | Self::Greek | Self::Other
        )
    }

    /// Whether words of this script are bounded: by spaces, as a rule.
    pub const fn bounds_words(self) -> bool {
        !matches!(self, Self::Common) && !self.is_unspaced()
    }
}

/// What a symbol does in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// A letter, a sign that stays with letters, or a form that holds a letter.
    Letter,
    /// A digit, or a form that holds digits and no letter.
    Digit,
    /// White space.
    Space,
    /// What ordinary prose puts between words, and which may join two parts of one word.
    Joiner,
    /// What else ordinary prose puts between words.
    Prose,
    /// Everything else.
    Noise,
}

/// The Latin letter that a letter looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// The letter, in the case that it looks like.
    pub letter: char,
    /// Whether it could as well be an `l` (`letter` is then an i or I).
    pub or_l: bool,
}

/// The compatibility form of `c`, closed: nothing in it has one of its own. `None` if `c` has none.
pub fn width(c: char) -> Option<&'static str> {
    let place = WIDTH.at(c)?;
    let start = *widths::WIDTH_STARTS.get(place)?;
    let end = *widths::WIDTH_STARTS.get(place + 1)?;
    widths::WIDTH_TEXT.get(start.into()..end.into())
}

/// Whether `c` is a mark that `marks` drops.
pub fn is_mark(c: char) -> bool {
    bits(c) & MARK != 0
}

/// Whether the marks of `c` belong to it as a letter of its alphabet (й, ў, ї): `marks` leaves it whole.
pub fn keeps_marks(c: char) -> bool {
    bits(c) & KEEPS_MARKS != 0
}

/// The letter without its stroke or hook, where Unicode does not decompose it (ø, ł, đ).
pub fn stroke(c: char) -> Option<char> {
    let place = STROKE.at(c)?;
    letters::STROKE_VALUES.get(place).copied()
}

/// Whether `c` shows nothing.
pub fn is_invisible(c: char) -> bool {
    bits(c) & INVISIBLE != 0
}

/// The standard form of a Han character, an Arabic letter or a native digit; closed. `None` if `c` is it.
pub fn script_fold(c: char) -> Option<char> {
    let place = SCRIPT.at(c)?;
    scripts::SCRIPT_VALUES.get(place).copied()
}

/// The compatibility jamo of a Hangul syllable, of a conjoining or half-width jamo. `None` for anything else.
pub fn jamo(c: char) -> Option<[Option<char>; 3]> {
    if !matches!(c, '가'..='힣') {
        return Some([Some(single_jamo(c)?), None, None]);
    }
    // The syllables stand in the order of their first consonants, then vowels, then last consonants (27 and none).
    let place = c as u32 - '가' as u32;
    let part = |first: u32, n: u32| char::from_u32(first + n).and_then(single_jamo);
    let last = place % 28;
    Some([
        part(0x1100, place / (28 * 21)),
        part(0x1161, place / 28 % 21),
        last.checked_sub(1).and_then(|n| part(0x11a8, n)),
    ])
}

fn single_jamo(c: char) -> Option<char> {
    let place = JAMO.at(c)?;
    scripts::JAMO_VALUES.get(place).copied()
}

/// The Latin letter that `c` looks like, if `c` is not that letter itself.
pub fn confusable(c: char) -> Option<LookAlike> {
    let place = LOOKS.at(c)?;
    let letter = *letters::LOOKS_VALUES.get(place)?;
    let or_l = matches!(letter, 'i' | 'I') && holds(&letters::OR_L, c);
    Some(LookAlike { letter, or_l })
}

/// The letter that stands in a skeleton for every ASCII letter that shares a look-alike with `c`, through the two cases of a letter.
///
/// Η looks like H, and its small letter η like n: whoever compares by case and by looks cannot tell h from n. Likewise n from v
/// (Ν, ν), u from y (Υ, υ), and i from l (Ӏ). Only small ASCII letters have another; a skeleton is not for comparing, but for finding candidates.
pub fn merged(c: char) -> char {
    let place = (c as usize).wrapping_sub('a' as usize);
    let stands = letters::MERGED.as_bytes().get(place);
    stands.map_or(c, |b| char::from(*b))
}

/// Simple case folding. U+0345 stays: it is a mark, and does not become a letter.
pub fn case_fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let place = CASE.at(c);
    place
        .and_then(|place| letters::CASE_VALUES.get(place))
        .map_or(c, |lower| *lower)
}

/// What `c` does in a text.
pub fn class(c: char) -> Class {
    match bits(c) & 7 {
        1 => Class::Letter,
        2 => Class::Digit,
        3 => Class::Space,
        4 => Class::Joiner,
        5 => Class::Prose,
        _ => Class::Noise,
    }
}

/// The script of a letter; `Common` for what is no letter.
pub fn script(c: char) -> Script {
    match bits(c) >> 3 & 15 {
        1 => Script::Latin,
        2 => Script::Cyrillic,
        3 => Script::Greek,
        4 => Script::Arabic,
        5 => Script::Hebrew,
        6 => Script::Hangul,
        7 => Script::Han,
        8 => Script::Kana,
        9 => Script::Unspaced,
        10 => Script::Other,
        _ => Script::Common,
    }
}

/// Letters of Arabic that are written together with the word after them, at most.
pub const PREFIX: usize = 4;

/// Whether these letters, the last first, are what Arabic writes together with a word: one of و ف, then one of ب ل ك س, then the article (ال, and
/// لل after a ل); each may lack.
pub fn is_prefix(letters: &[char]) -> bool {
    let (letters, article) = match letters {
        ['ل', 'ا', rest @ ..] => (rest, true),
        ['ل', 'ل', rest @ ..] => return matches!(rest, [] | ['و' | 'ف']),
        _ => (letters, false),
    };
    match letters {
        [] => article,
        ['و' | 'ف' | 'ب' | 'ل' | 'ك' | 'س'] => true,
        ['ب' | 'ل' | 'ك' | 'س', 'و' | 'ف'] => true,
        _ => false,
    }
}

/// Whether `c` is a letter that Turkic languages alone use, or almost alone.
pub fn is_turkic(c: char) -> bool {
    bits(c) & TURKIC != 0
}

/// Every character that a stage of the fold changes or drops, that Unicode decomposes, or that is a combining mark; in order.
/// A character that is not here is its own skeleton, [`merged`] aside.
pub fn folded_chars() -> impl Iterator<Item = char> {
    properties::FOLDED
        .iter()
        .flat_map(|(first, last)| *first..=*last)
}

/// The version of Unicode that case folding and the radicals were taken from.
///
/// The tables are of several versions, which the headers of the generated files name: the look-alikes of an earlier one;
/// categories, scripts, digits and compatibility forms of a later one, that of the crates they were made with. What a version does not
/// know yet, its tables leave as it is.
pub const UNICODE_VERSION: &str = properties::UNICODE;

const MARK: u16 = 1 << 7;
const INVISIBLE: u16 = 1 << 8;
const TURKIC: u16 = 1 << 9;
const KEEPS_MARKS: u16 = 1 << 10;

static PROPERTIES: Trie = Trie {
    index: &properties::PROPERTIES_INDEX,
    data: &properties::PROPERTIES_DATA,
};
static WIDTH: Trie = Trie {
    index: &widths::WIDTH_INDEX,
    data: &widths::WIDTH_DATA,
};
static SCRIPT: Trie = Trie {
    index: &scripts::SCRIPT_INDEX,
    data: &scripts::SCRIPT_DATA,
};
static JAMO: Trie = Trie {
    index: &scripts::JAMO_INDEX,
    data: &scripts::JAMO_DATA,
};
static CASE: Trie = Trie {
    index: &letters::CASE_INDEX,
    data: &letters::CASE_DATA,
};
static STROKE: Trie = Trie {
    index: &letters::STROKE_INDEX,
    data: &letters::STROKE_DATA,
};
static LOOKS: Trie = Trie {
    index: &letters::LOOKS_INDEX,
    data: &letters::LOOKS_DATA,
};

/// A number for each character, in blocks of 64, equal blocks stored once.
struct Trie {
    index: &'static [u16],
    data: &'static [u16],
}

impl Trie {
    #[inline]
    fn get(&self, c: char) -> u16 {
        let place = c as usize;
        let Some(block) = self.index.get(place >> 6) else {
            return 0;
        };
        let place = usize::from(*block) << 6 | place & 63;
        self.data.get(place).copied().unwrap_or(0)
    }

    /// The place of `c` in the row of values, if it has one.
    #[inline]
    fn at(&self, c: char) -> Option<usize> {
        usize::from(self.get(c)).checked_sub(1)
    }
}

/// Class in bits 0 to 2, script in bits 3 to 6, and the flags.
#[inline]
fn bits(c: char) -> u16 {
    PROPERTIES.get(c)
}

fn holds(ranges: &[(char, char)], c: char) -> bool {
    let place = ranges.partition_point(|(_, last)| *last < c);
    ranges.get(place).is_some_and(|(first, _)| *first <= c)
}
