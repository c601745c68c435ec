//! What a character does in a text, and the script of letters.

use std::collections::BTreeMap;

use unicode_properties::GeneralCategory as G;

use crate::unicode::{UnicodeScriptName, category, is_combining, is_letter, script};

/// As `Class` in the crate, `Noise` first: what no table names is noise.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Class {
    Noise,
    Letter,
    Digit,
    Space,
    Joiner,
    Prose,
}

/// Hyphens, apostrophes and what is typed for them, middle dots, the underscore.
const JOINERS: &str = "-`\u{b4}\u{2b9}\u{2032}\u{2010}\u{2011}\u{2012}\u{58a}\u{5be}'\u{2018}\u{2019}\u{2bc}\u{b7}\u{30fb}\u{2027}_";

/// Punctuation that prose does not put between words.
const NOISY_PUNCTUATION: &str = "#*\\{}\u{66d}\u{a673}§¶†‡•‣※‾‿⁀⁔⁁⁂⁎⁑⁕⁜⌈⌉⌊⌋";

/// Symbols that prose does put there.
const PROSE_SYMBOLS: &str = "~<>\u{2044}\u{2215}";

/// The class of `c`, of which `width` is the table.
pub(crate) fn class(c: char, width: &BTreeMap<char, String>, invisible: bool) -> Class {
    if invisible {
        return Class::Noise;
    }
    match width.get(&c) {
        Some(form) => form_class(c, form),
        None => bare_class(c),
    }
}

/// The class of what holds several characters: a letter counts most, then a digit.
fn form_class(c: char, form: &str) -> Class {
    let classes: Vec<Class> = form.chars().map(bare_class).collect();
    let holds = |class| classes.contains(&class);
    if holds(Class::Letter) {
        Class::Letter
    } else if holds(Class::Digit) || category(c) == G::OtherNumber {
        Class::Digit
    } else if let Some(first) = classes
        .first()
        .filter(|first| classes.iter().all(|c| c == *first))
    {
        *first
    } else {
        Class::Prose
    }
}

fn bare_class(c: char) -> Class {
    if c.is_whitespace() || c == '\u{2800}' {
        Class::Space
    } else if JOINERS.contains(c) {
        Class::Joiner
    } else if PROSE_SYMBOLS.contains(c) {
        Class::Prose
    } else if is_letter(c) || is_combining(c) || category(c) == G::LetterNumber {
        Class::Letter
    } else if matches!(category(c), G::DecimalNumber | G::OtherNumber) {
        Class::Digit
    } else if is_prose_punctuation(c) {
        Class::Prose
    } else {
        Class::Noise
    }
}

fn is_prose_punctuation(c: char) -> bool {
    let mathematical = matches!(c, '\u{2768}'..='\u{2775}' | '\u{27c5}'..='\u{27c6}' | '\u{27e6}'..='\u{27ef}'
        | '\u{2983}'..='\u{29fd}' | '\u{2045}'..='\u{2046}' | '\u{207d}'..='\u{208e}');
    let punctuation = matches!(
        category(c),
        G::DashPunctuation
            | G::OpenPunctuation
            | G::ClosePunctuation
            | G::InitialPunctuation
            | G::FinalPunctuation
            | G::OtherPunctuation
    );
    punctuation && !mathematical && !NOISY_PUNCTUATION.contains(c)
}

/// As `Script` in the crate, in its order.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Script {
    Common,
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Hangul,
    Han,
    Kana,
    Unspaced,
    Other,
}

/// The script of a letter.
pub(crate) fn script_of(c: char, class: Class) -> Script {
    use UnicodeScriptName as S;
    if class != Class::Letter {
        return Script::Common;
    }
    match (c, script(c)) {
        (
            '\u{30fc}'
            | '\u{ff70}'
            | '\u{3031}'..='\u{3035}'
            | '\u{3099}'
            | '\u{309a}'
            | '\u{ff9e}'
            | '\u{ff9f}',
            _,
        ) => Script::Kana,
        ('\u{3005}'..='\u{3007}', _) => Script::Han,
        (_, S::Latin) => Script::Latin,
        (_, S::Cyrillic) => Script::Cyrillic,
        (_, S::Greek) => Script::Greek,
        (_, S::Arabic) => Script::Arabic,
        (_, S::Hebrew) => Script::Hebrew,
        (_, S::Hangul) => Script::Hangul,
        (_, S::Han) => Script::Han,
        (_, S::Hiragana | S::Katakana) => Script::Kana,
        (_, S::Common | S::Inherited | S::Unknown) => Script::Common,
        (_, s) if is_unspaced(s) => Script::Unspaced,
        _ => Script::Other,
    }
}

/// Scripts that put no spaces between words, apart from Han and kana.
pub(crate) fn is_unspaced(script: UnicodeScriptName) -> bool {
    use UnicodeScriptName as S;
    matches!(
        script,
        S::Thai
            | S::Lao
            | S::Khmer
            | S::Myanmar
            | S::Tibetan
            | S::Tai_Le
            | S::New_Tai_Lue
            | S::Tai_Tham
            | S::Tai_Viet
            | S::Ahom
            | S::Javanese
            | S::Balinese
            | S::Kawi
            | S::Bopomofo
            | S::Nushu
            | S::Tangut
            | S::Khitan_Small_Script
    )
}

/// Letters of the Turkic alphabets, Latin, Cyrillic and Uyghur Arabic.
pub(crate) const TURKIC: &str =
    "ğĞıİşŞəƏқҚғҒңҢүҮұҰөӨәӘһҺ\u{6d0}\u{6c7}\u{6c6}\u{6c8}\u{6cb}\u{6d5}\u{6ad}";
