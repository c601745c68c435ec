//! Encodings for transport: `U+57FA`, base64.

use super::escapes::Decoded;
use crate::primitives::Span;

/// The decoded text. `None` if the text holds nothing so encoded.
pub(super) fn decode(text: &str) -> Option<Vec<Decoded>> {
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let here = &text[at..];
        let inside = text[..at].ends_with(is_base64);
        let found = code_point(here).or_else(|| (!inside).then(|| base64(here)).flatten());
        let escaped = found.is_some();
        let (symbols, length) = found.unwrap_or_else(|| (vec![first], first.len_utf8()));
        let span = Span::new(at, at + length);
        decoded.extend(symbols.into_iter().map(|symbol| Decoded {
            symbol,
            span,
            escaped,
        }));
        at += length;
    }
    decoded.iter().any(|c| c.escaped).then_some(decoded)
}

/// `U+57FA` or `u+57fa`, with four to six digits, and a space or comma where another follows.
fn code_point(text: &str) -> Option<(Vec<char>, usize)> {
    let digits = text
        .strip_prefix("U+")
        .or_else(|| text.strip_prefix("u+"))?;
    let count = digits
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .take(6)
        .count();
    let (symbol, count) = (4..=count).rev().find_map(|count| {
        let value = u32::from_str_radix(&digits[..count], 16).ok()?;
        Some((char::from_u32(value)?, count))
    })?;
    let rest = &digits[count..];
    let between = rest.len() - rest.trim_start_matches([' ', ',']).len();
    let follows = ["U+", "u+"]
        .iter()
        .any(|next| rest[between..].starts_with(next));
    Some((vec![symbol], 2 + count + if follows { between } else { 0 }))
}

/// A run of eight characters or more of the alphabet of RFC 4648, with its padding, that is UTF-8 of visible characters.
fn base64(text: &str) -> Option<(Vec<char>, usize)> {
    let run = text.chars().take_while(|c| is_base64(*c)).count();
    if run < 8 || run % 4 == 1 {
        return None;
    }
    let padding = text[run..]
        .chars()
        .take(2)
        .take_while(|c| *c == '=')
        .count();
    let mut bits = 0_u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for c in text[..run].chars() {
        let value = match c {
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' | '-' => 62,
            _ => 63,
        };
        bits = (bits << 6 | value) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    let decoded = String::from_utf8(bytes).ok()?;
    if decoded.chars().any(char::is_control) {
        return None;
    }
    Some((decoded.chars().collect(), run + padding))
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')
}
