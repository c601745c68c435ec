//! Disguises of a term or text as a whole: encoded, turned round, cut over several messages.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation;

use super::Generator;
use super::random::Random;

pub(super) fn html_decimal(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let zeros = random.pick(&["", "", "0", "00"]);
    Some(format!("&#{zeros}{};", u32::from(c)))
}

pub(super) fn html_hex(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let number = u32::from(c);
    Some(if random.chance(50) {
        format!("&#x{number:x};")
    } else {
        format!("&#X{number:X};")
    })
}

pub(super) fn percent(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let mut buffer = [0; 4];
    let bytes = c.encode_utf8(&mut buffer).bytes();
    Some(bytes.map(|byte| format!("%{byte:02X}")).collect())
}

pub(super) fn backslash_u(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    if random.chance(25) {
        return Some(format!("\\u{{{:x}}}", u32::from(c)));
    }
    let mut buffer = [0; 2];
    let units = c.encode_utf16(&mut buffer).iter();
    Some(units.map(|unit| format!("\\u{unit:04x}")).collect())
}

pub(super) fn u_plus(_: &Generator, term: &str, random: &mut Random) -> Option<String> {
    let between = random.pick(&[" ", "", ","]);
    let codes: Vec<String> = term
        .chars()
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect();
    Some(codes.join(between))
}

/// RFC 4648, padded or not. Short terms make too little to tell from a word.
pub(super) fn base64(_: &Generator, term: &str, random: &mut Random) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if term.len() < 6 {
        return None;
    }
    let mut out = String::new();
    for chunk in term.as_bytes().chunks(3) {
        let mut bits = 0u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..=chunk.len() {
            let six = bits >> (18 - 6 * at) & 63;
            out.push(char::from(ALPHABET[six as usize]));
        }
    }
    if random.chance(70) {
        while !out.len().is_multiple_of(4) {
            out.push('=');
        }
    }
    Some(out)
}

fn backwards(text: &str) -> String {
    text.graphemes(true).rev().collect()
}

pub(super) fn reversed_term(_: &Generator, term: &str, _: &mut Random) -> Option<String> {
    Some(backwards(term))
}

pub(super) fn reversed_text(text: &str) -> String {
    backwards(text)
}

/// Written backwards, and shown forwards.
pub(super) fn reversed_bidi(_: &Generator, term: &str, random: &mut Random) -> Option<String> {
    let turned = backwards(term);
    if turned == term {
        return None;
    }
    let (open, close) = random.pick(&[('\u{202e}', '\u{202c}'), ('\u{2067}', '\u{2069}')]);
    let mut out = String::new();
    let _ = write!(out, "{open}{turned}{close}");
    Some(out)
}

/// How a term is cut over messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// In two.
    Once,
    /// A character a message.
    Characters,
}

/// The messages of a text whose odd pieces are terms. Only the first term is cut.
pub(super) fn cut(cut: Cut, pieces: &[String], random: &mut Random) -> Option<Vec<String>> {
    let term = pieces.get(1)?;
    let clusters: Vec<&str> = term
        .graphemes(true)
        .filter(|cluster| !cluster.trim().is_empty())
        .collect();
    if clusters.len() < 2 {
        return None;
    }
    let before = pieces[0].trim_end();
    let after: String = pieces[2..].concat();
    let messages = match cut {
        Cut::Once => {
            let borders: Vec<usize> = term.grapheme_indices(true).map(|(at, _)| at).collect();
            let at = borders[1 + random.below(borders.len() - 1)];
            let (head, tail) = term.split_at(at);
            // Half of the time nothing else stands in the two messages.
            if random.chance(50) {
                vec![head.trim().to_owned(), tail.trim().to_owned()]
            } else {
                vec![
                    format!("{}{}", pieces[0], head.trim_end()),
                    format!("{}{after}", tail.trim_start()),
                ]
            }
        }
        Cut::Characters => {
            let first = (!before.is_empty() && random.chance(50)).then(|| before.to_owned());
            first
                .into_iter()
                .chain(clusters.into_iter().map(str::to_owned))
                .collect()
        }
    };
    Some(messages)
}
