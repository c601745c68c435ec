//! Signs that stand where TOML wants another.

/// White space that TOML does not know: ideographic and no-break spaces, and what shows nothing.
pub(super) fn is_odd_space(c: char) -> bool {
    matches!(
        c,
        '\u{3000}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200d}'
                | '\u{202f}'
                | '\u{205f}'
                | '\u{2060}'
                | '\u{feff}'
                | '\u{b}'
                | '\u{c}'
                | '\u{85}'
    )
}

/// What stands in a word and shows nothing.
pub(super) fn shows_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

/// The sign of ASCII that a full-width or Chinese sign is written for.
pub(super) fn ascii(c: char) -> Option<char> {
    Some(match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
        '【' | '〔' | '〖' | '〚' => '[',
        '】' | '〕' | '〗' | '〛' => ']',
        '、' => ',',
        '。' => '.',
        _ => return None,
    })
}

/// The text with full-width letters, digits and signs in their ASCII form.
pub(in crate::pack) fn half_width(text: &str) -> String {
    text.chars().map(|c| ascii(c).unwrap_or(c)).collect()
}

/// What separates the values of a list, or is written for that.
pub(super) fn is_comma(c: char) -> bool {
    matches!(c, ',' | '，' | '、' | ';' | '；')
}

/// What opens a list or is written for that.
pub(super) fn opens_list(c: char) -> bool {
    matches!(c, '[' | '［' | '【' | '〔' | '(' | '（')
}

/// What closes a list or is written for that.
pub(super) fn closes_list(c: char) -> bool {
    matches!(c, ']' | '］' | '】' | '〕' | ')' | '）')
}

/// What stands between a key and its value, or is written for that.
pub(super) fn is_assignment(c: char) -> bool {
    matches!(c, '=' | '＝' | ':' | '：')
}

/// The quotes that close what `open` opens, the straight ones first; `None` if it is no quote.
pub(super) fn closers(open: char) -> Option<&'static str> {
    Some(match open {
        '"' | '“' | '”' | '„' | '‟' | '＂' | '〝' | '〞' => "\"”“‟＂〞",
        '\'' | '‘' | '’' | '‚' | '＇' | '`' | '´' => "'’‘＇`´",
        '「' => "」\"",
        '『' => "』\"",
        '«' => "»",
        '《' => "》",
        _ => return None,
    })
}

/// Whether a quote may stand here that is none of TOML's.
pub(super) fn is_odd_quote(c: char) -> bool {
    !matches!(c, '"' | '\'') && closers(c).is_some()
}
