//! Escapes, decoded once, left to right.

use crate::primitives::Span;

/// One character of a decoded text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoded {
    /// The character.
    pub(super) symbol: char,
    /// The original characters it came from.
    pub(super) span: Span,
    /// Whether it came from an escape.
    pub(super) escaped: bool,
}

/// The decoded text. `None` if the text holds no escape.
pub(super) fn decode(text: &str) -> Option<Vec<Decoded>> {
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let here = &text[at..];
        let escape = entity(here)
            .or_else(|| percent(here))
            .or_else(|| braced(here))
            .or_else(|| four_digits(here))
            .or_else(|| two_digits(here));
        let escaped = escape.is_some();
        for (symbol, length) in escape.unwrap_or_else(|| vec![(first, first.len_utf8())]) {
            decoded.push(Decoded {
                symbol,
                span: Span::new(at, at + length),
                escaped,
            });
            at += length;
        }
    }
    decoded.iter().any(|c| c.escaped).then_some(decoded)
}

/// The characters that an escape stands for, each with the bytes it takes in the text.
type Escape = Option<Vec<(char, usize)>>;

/// `&#22522;`, `&#x57fa;`, with or without the semicolon; `&amp;`.
fn entity(text: &str) -> Escape {
    let body = text.strip_prefix('&')?;
    let Some(number) = body.strip_prefix('#') else {
        let (name, _) = body.split_once(';')?;
        let symbol = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{a0}',
            "shy" => '\u{ad}',
            "zwnj" => '\u{200c}',
            "zwj" => '\u{200d}',
            _ => return None,
        };
        return Some(vec![(symbol, name.len() + 2)]);
    };
    let (mark, radix) = match number.chars().next()? {
        'x' | 'X' => (1, 16),
        _ => (0, 10),
    };
    let digits: String = number[mark..]
        .chars()
        .take_while(|c| c.is_digit(radix))
        .collect();
    let symbol = char::from_u32(number_of(&digits, radix)?)?;
    let end = 2 + mark + digits.len();
    let semicolon = usize::from(text[end..].starts_with(';'));
    Some(vec![(symbol, end + semicolon)])
}

/// `%E5%9F%BA`: the one character that stands here in UTF-8.
fn percent(text: &str) -> Escape {
    (1..=4).find_map(|length| {
        let bytes: Option<Vec<u8>> = (0..length)
            .map(|n| {
                let digits = text.get(n * 3..n * 3 + 3)?.strip_prefix('%')?;
                u8::try_from(number_of(digits, 16)?).ok()
            })
            .collect();
        let decoded = String::from_utf8(bytes?).ok()?;
        Some(vec![(decoded.chars().next()?, length * 3)])
    })
}

/// `\u{57fa}`, with one to six digits.
fn braced(text: &str) -> Escape {
    let (digits, _) = text.strip_prefix("\\u{")?.split_once('}')?;
    if digits.len() > 6 {
        return None;
    }
    let symbol = char::from_u32(number_of(digits, 16)?)?;
    Some(vec![(symbol, digits.len() + 4)])
}

/// `\u57fa`, and two of them where they are a surrogate pair.
fn four_digits(text: &str) -> Escape {
    let unit = |text: &str| -> Option<u16> {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::try_from(number_of(digits, 16)?).ok()
    };
    let first = unit(text)?;
    if let Some(symbol) = char::from_u32(u32::from(first)) {
        return Some(vec![(symbol, 6)]);
    }
    let second = unit(&text[6..])?;
    let symbol = char::decode_utf16([first, second]).next()?.ok()?;
    Some(vec![(symbol, 12)])
}

/// `\x41`, below 80.
fn two_digits(text: &str) -> Escape {
    let value = number_of(text.strip_prefix("\\x")?.get(..2)?, 16)?;
    let symbol = char::from_u32(value).filter(char::is_ascii)?;
    Some(vec![(symbol, 4)])
}

/// A number of digits alone: no sign, no space.
fn number_of(digits: &str, radix: u32) -> Option<u32> {
    let only_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    only_digits.then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        for (text, expected) in [
            ("&#22522;地", Some("基地")),
            ("&#x57fa;&#X5730;", Some("基地")),
            ("&amp;lt;", Some("&lt;")),
            ("&lt &copy; &#xD800; &#; &#x110000;", None),
            ("&#22522&#x57fa地", Some("基基地")),
            ("a&shy;b", Some("a\u{ad}b")),
            ("%FF%E5%9F%BA", Some("%FF基")),
            ("%E5%9F%BA%41", Some("基A")),
            ("%E5%9F", None),
            ("100%", None),
            ("\\u57fa\\uD83D\\uDE00\\u{1F600}\\x41", Some("基😀😀A")),
            ("\\uD83D \\xE5 \\u{} \\u{110000} \\u57f", None),
            ("%E5%9F%BAé%4", Some("基é%4")),
        ] {
            let decoded =
                decode(text).map(|chars| chars.iter().map(|c| c.symbol).collect::<String>());
            assert_eq!(decoded.as_deref(), expected, "{text}");
        }
    }
}
