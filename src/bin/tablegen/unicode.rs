//! What the generator asks of single characters.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
pub(crate) use unicode_script::Script as UnicodeScriptName;
use unicode_script::UnicodeScript;

/// Every character there can be.
pub(crate) fn chars() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

pub(crate) fn category(c: char) -> GeneralCategory {
    c.general_category()
}

pub(crate) fn script(c: char) -> UnicodeScriptName {
    c.script()
}

pub(crate) fn is_letter(c: char) -> bool {
    use GeneralCategory::{
        LowercaseLetter, ModifierLetter, OtherLetter, TitlecaseLetter, UppercaseLetter,
    };
    matches!(
        category(c),
        LowercaseLetter | ModifierLetter | OtherLetter | TitlecaseLetter | UppercaseLetter
    )
}

/// Any combining mark, spacing ones too.
pub(crate) fn is_combining(c: char) -> bool {
    is_zero_width_mark(c) || category(c) == GeneralCategory::SpacingMark
}

/// A combining mark that takes no room.
pub(crate) fn is_zero_width_mark(c: char) -> bool {
    matches!(
        category(c),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    )
}

pub(crate) fn nfc(s: &str) -> String {
    s.nfc().collect()
}

pub(crate) fn nfd(s: &str) -> String {
    s.nfd().collect()
}

pub(crate) fn nfkc(s: &str) -> String {
    s.nfkc().collect()
}

/// The one character of a text.
pub(crate) fn only(s: &str) -> Option<char> {
    let mut chars = s.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// The character `n` places after `start`.
pub(crate) fn nth(start: char, n: u32) -> Option<char> {
    char::from_u32(start as u32 + n)
}
