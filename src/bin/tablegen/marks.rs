//! Marks that are dropped, strokes that are taken off, and characters that show nothing.

use std::collections::BTreeMap;

use unicode_properties::GeneralCategory;

use crate::sources::Data;
use crate::unicode::{UnicodeScriptName, category, is_letter, is_zero_width_mark, only, script};

/// Cyrillic letters that carry a mark and are letters of their own for those who write them.
pub(crate) const KEPT: &str = "йЙўЎїЇ";

/// Whether `marks` drops `c`.
pub(crate) fn mark(c: char) -> bool {
    use UnicodeScriptName::{Arabic, Cyrillic, Hebrew, Inherited, Syriac};
    if c == '\u{640}' {
        return true; // tatweel only stretches a word
    }
    if !is_zero_width_mark(c) {
        return false;
    }
    let general = matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}');
    let arabic = matches!(c, '\u{600}'..='\u{6ff}') && script(c) == Inherited;
    general || arabic || matches!(script(c), Cyrillic | Arabic | Hebrew | Syriac)
}

/// Whether `c` shows nothing.
pub(crate) fn invisible(c: char) -> bool {
    let ignorable = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    ignorable || (category(c) == GeneralCategory::Control && !c.is_whitespace())
}

/// Strokes, hooks, tails and curls that Unicode Security data has no pair for, as letter and bare letters.
const MORE_STROKES: [(char, &str); 25] = [
    ('a', "ⱥ"),
    ('b', "ƀɓƃ"),
    ('c', "ȼƈꞓɕ"),
    ('d', "đðɖɗƌȡ"),
    ('e', "ɇ"),
    ('f', "ƒ"),
    ('g', "ǥɠꞡ"),
    ('h', "ħɦⱨ"),
    ('i', "ɨᵻ"),
    ('j', "ɉɟʝ"),
    ('k', "ꝁꝃꝅƙⱪꞣ"),
    ('l', "łƚⱡɫɬɭȴꝉ"),
    ('m', "ɱ"),
    ('n', "ɲƞɳȵꞥ"),
    ('o', "øɵꝋ"),
    ('p', "ᵽƥꝑꝓ"),
    ('q', "ɋʠꝗꝙ"),
    ('r', "ɍɽꞧ"),
    ('s', "ʂꞩȿ"),
    ('t', "ŧƭʈƫⱦȶ"),
    ('u', "ʉᵾ"),
    ('v', "ⱱⱴ"),
    ('w', "ⱳ"),
    ('y', "ɏƴ"),
    ('z', "ƶȥʐʑⱬɀ"),
];

/// Latin letters that are another letter with something through or below it.
pub(crate) fn strokes(data: &Data, width: &BTreeMap<char, String>) -> BTreeMap<char, char> {
    let mut map: BTreeMap<char, char> = data
        .confusables
        .iter()
        .filter(|(c, _)| {
            script(**c) == UnicodeScriptName::Latin && is_letter(**c) && !width.contains_key(c)
        })
        .filter_map(|(c, looks)| Some((*c, without_stroke(looks)?)))
        .filter(|(c, _)| only(&crate::unicode::nfd(&c.to_string())) == Some(*c))
        .collect();
    for (bare, struck) in MORE_STROKES {
        map.extend(struck.chars().map(|c| (c, bare)));
    }
    cover_cases(&mut map, &data.case);
    map
}

/// `ø` is `o` with U+0338 in the data of UTS #39.
fn without_stroke(looks: &str) -> Option<char> {
    let mut chars = looks.chars();
    let letter = chars.next().filter(char::is_ascii_alphabetic)?;
    let stroke = only(chars.as_str())?;
    matches!(
        stroke,
        '\u{314}' | '\u{321}' | '\u{322}' | '\u{327}' | '\u{328}' | '\u{334}'..='\u{338}'
    )
    .then_some(letter)
}

/// Both cases of a letter lose their stroke, or none.
fn cover_cases(map: &mut BTreeMap<char, char>, case: &BTreeMap<char, char>) {
    for (upper, lower) in case {
        if let Some(bare) = map.get(lower).copied() {
            map.insert(*upper, bare.to_ascii_uppercase());
        } else if let Some(bare) = map.get(upper).copied() {
            map.insert(*lower, bare.to_ascii_lowercase());
        }
    }
}
