//! Encodings for transport (`src/ARCHITECTURE.md`, 3b): `U+57FA` and base64, decoded once.

use crate::text::escapes::Decoded;

/// Whether `text` may hold something so encoded: a `U+`, or a run of eight characters of base64.
pub(crate) fn may_hold(text: &str) -> bool {
    const RUN: usize = 8;
    let bytes = text.as_bytes();
    // A run that covers `last` and the seven before it; where one of these breaks it, the next ends eight behind that.
    let mut last = RUN - 1;
    while let Some(run) = bytes.get(last + 1 - RUN..=last) {
        match run.iter().rposition(|byte| !is_base64(*byte)) {
            Some(broken) => last += broken + 1,
            None => return true,
        }
    }
    bytes.contains(&b'+') && bytes.windows(2).any(|pair| matches!(pair, b"U+" | b"u+"))
}

/// Decodes `text` into `decoded`; whether there was anything to decode. `scratch` holds what one run is decoded to.
pub(crate) fn decode(text: &str, decoded: &mut Decoded, scratch: &mut String) -> bool {
    decoded.clear();
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (0, 0);
    let mut any = false;
    while at < bytes.len() {
        scratch.clear();
        let inside = at > 0 && is_base64(bytes[at - 1]);
        let length = match code_point(&bytes[at..], scratch) {
            0 if !inside => base64(&bytes[at..], scratch),
            length => length,
        };
        if length == 0 {
            at += 1;
            continue;
        }
        decoded.keep(text, plain, at);
        for c in scratch.chars() {
            decoded.escaped(c, at, at + length);
        }
        any = true;
        at += length;
        plain = at;
    }
    decoded.keep(text, plain, bytes.len());
    any
}

/// The length of a code point that stands here, and of what divides it from a next one; 0 if none does.
fn code_point(bytes: &[u8], out: &mut String) -> usize {
    let [b'U' | b'u', b'+', digits @ ..] = bytes else {
        return 0;
    };
    let most = digits
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_hexdigit())
        .count();
    for count in (4..=most).rev() {
        let value = digits[..count].iter().fold(0, |value, b| {
            value << 4 | char::from(*b).to_digit(16).unwrap_or(0)
        });
        let Some(c) = char::from_u32(value) else {
            continue;
        };
        out.push(c);
        let rest = &digits[count..];
        let between = rest.iter().take_while(|b| matches!(b, b' ' | b',')).count();
        let follows = matches!(rest[between..], [b'U' | b'u', b'+', ..]);
        return 2 + count + if follows { between } else { 0 };
    }
    0
}

fn base64(bytes: &[u8], out: &mut String) -> usize {
    let run = bytes.iter().take_while(|b| is_base64(**b)).count();
    if run < 8 || run % 4 == 1 {
        return 0;
    }
    let mut decoded = std::mem::take(out).into_bytes();
    for four in bytes[..run].chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            bits = bits << 6 | four.get(at).map_or(0, |b| sextet(*b));
        }
        decoded.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    match String::from_utf8(decoded) {
        Ok(text) => *out = text,
        Err(refused) => {
            let mut bytes = refused.into_bytes();
            bytes.clear();
            *out = String::from_utf8(bytes).unwrap_or_default();
        }
    }
    if out.is_empty() || out.chars().any(char::is_control) {
        return 0;
    }
    let padding = bytes[run..]
        .iter()
        .take(2)
        .take_while(|b| **b == b'=')
        .count();
    run + padding
}

fn sextet(byte: u8) -> u32 {
    u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}
