//! Escapes that stand for characters (`src/ARCHITECTURE.md`, 1, `encoded`), decoded once, with the way back.

/// A text with its escapes decoded, and where each stretch of it came from.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    text: String,
    segments: Vec<Segment>,
}

/// A stretch of decoded text: either as it stood, or one character that an escape stood for.
#[derive(Clone, Copy, Debug)]
struct Segment {
    end: usize,
    from: usize,
    to: usize,
    escaped: bool,
}

impl Decoded {
    /// Decodes `text` in place of what was here; whether there was an escape in it.
    pub(crate) fn fill(&mut self, text: &str) -> bool {
        self.clear();
        let bytes = text.as_bytes();
        let (mut plain, mut at) = (0, 0);
        while at < bytes.len() {
            let end = match bytes[at] {
                b'&' => self.one(text, plain, at, entity(&bytes[at..])),
                b'\\' => self.one(text, plain, at, backslash(&bytes[at..])),
                b'%' => self.one(text, plain, at, percent(&bytes[at..])),
                _ => None,
            };
            match end {
                Some(end) => {
                    at = end;
                    plain = end;
                }
                None => at += 1,
            }
        }
        self.keep(text, plain, bytes.len());
        self.segments.iter().any(|segment| segment.escaped)
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.segments.clear();
    }

    /// The decoded text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A walk over the segments, for growing offsets.
    pub(crate) fn segments(&self) -> Segments<'_> {
        Segments {
            segments: &self.segments,
            at: 0,
        }
    }

    /// Bytes `from..to` of `text` stand as they are.
    pub(crate) fn keep(&mut self, text: &str, from: usize, to: usize) {
        if from < to {
            self.text.push_str(&text[from..to]);
            self.segments.push(Segment {
                end: self.text.len(),
                from,
                to,
                escaped: false,
            });
        }
    }

    fn one(
        &mut self,
        text: &str,
        plain: usize,
        at: usize,
        escape: Option<(char, usize)>,
    ) -> Option<usize> {
        let (c, len) = escape?;
        self.keep(text, plain, at);
        self.escaped(c, at, at + len);
        Some(at + len)
    }

    /// A character that stands for bytes `from..to` of the original.
    pub(crate) fn escaped(&mut self, c: char, from: usize, to: usize) {
        self.text.push(c);
        self.segments.push(Segment {
            end: self.text.len(),
            from,
            to,
            escaped: true,
        });
    }
}

/// A walk over segments.
#[derive(Debug)]
pub(crate) struct Segments<'a> {
    segments: &'a [Segment],
    at: usize,
}

impl Segments<'_> {
    /// The place in the original of decoded bytes `start..end`, and whether any of them was escaped. `start` must not go back.
    pub(crate) fn original(&mut self, start: usize, end: usize) -> (usize, usize, bool) {
        while self
            .segments
            .get(self.at)
            .is_some_and(|segment| segment.end <= start)
        {
            self.at += 1;
        }
        let begin = |at: usize| at.checked_sub(1).map_or(0, |at| self.segments[at].end);
        let Some(first) = self.segments.get(self.at) else {
            return (start, end, false);
        };
        let from = if first.escaped {
            first.from
        } else {
            first.from + (start - begin(self.at))
        };
        let mut escaped = first.escaped;
        let mut last = self.at;
        while self.segments[last].end < end && last + 1 < self.segments.len() {
            last += 1;
            escaped |= self.segments[last].escaped;
        }
        let segment = self.segments[last];
        let to = if segment.escaped {
            segment.to
        } else {
            segment.from + (end - begin(last))
        };
        (from, to, escaped)
    }
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// `&#22522;`, `&#x57fa;`, with or without the semicolon, and nine names: the character and the length of the escape.
fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    for (name, c) in [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&apos;", '\''),
        ("&nbsp;", '\u{a0}'),
        ("&shy;", '\u{ad}'),
        ("&zwnj;", '\u{200c}'),
        ("&zwj;", '\u{200d}'),
    ] {
        if bytes.starts_with(name.as_bytes()) {
            return Some((c, name.len()));
        }
    }
    let rest = bytes.strip_prefix(b"&#")?;
    let (digits, radix, skipped) = match rest.first()? {
        b'x' | b'X' => (&rest[1..], 16, 3),
        _ => (rest, 10, 2),
    };
    let (value, len) = number(digits, radix)?;
    let semicolon = usize::from(digits.get(len) == Some(&b';'));
    Some((char::from_u32(value)?, skipped + len + semicolon))
}

/// `%E5%9F%BA`: the one character that stands here in UTF-8, and the length of its escapes.
fn percent(bytes: &[u8]) -> Option<(char, usize)> {
    let mut utf8 = [0; 4];
    for len in 0..4 {
        let escape = bytes.get(len * 3..len * 3 + 3)?;
        if escape[0] != b'%' {
            return None;
        }
        utf8[len] = (hex(escape[1])? << 4 | hex(escape[2])?) as u8;
        if let Ok(decoded) = std::str::from_utf8(&utf8[..=len]) {
            return Some((decoded.chars().next()?, len * 3 + 3));
        }
    }
    None
}

/// `\u57fa`, a surrogate pair of these, `\u{57fa}`, `\x41`: the character and the length of the escape.
fn backslash(bytes: &[u8]) -> Option<(char, usize)> {
    match bytes.get(1)? {
        b'x' => {
            let value = hex(*bytes.get(2)?)? << 4 | hex(*bytes.get(3)?)?;
            (value < 0x80).then_some((char::from_u32(value)?, 4))
        }
        b'u' if bytes.get(2) == Some(&b'{') => {
            let (value, len) = number(&bytes[3..], 16)?;
            let closed = len <= 6 && bytes.get(3 + len) == Some(&b'}');
            closed.then_some((char::from_u32(value)?, 4 + len))
        }
        b'u' => {
            let high = unit(bytes)?;
            if let Some(c) = char::from_u32(high) {
                return Some((c, 6));
            }
            let low = unit(bytes.get(6..)?)?;
            char::decode_utf16([high as u16, low as u16])
                .next()?
                .ok()
                .map(|c| (c, 12))
        }
        _ => None,
    }
}

/// The UTF-16 unit of `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits
        .iter()
        .try_fold(0, |value, &digit| Some(value << 4 | hex(digit)?))
}

/// A number, and how many digits it has.
fn number(bytes: &[u8], radix: u32) -> Option<(u32, usize)> {
    let len = bytes
        .iter()
        .take_while(|byte| char::from(**byte).is_digit(radix))
        .count();
    if len == 0 {
        return None;
    }
    bytes[..len]
        .iter()
        .try_fold(0_u32, |value, &digit| {
            value
                .checked_mul(radix)?
                .checked_add(char::from(digit).to_digit(radix)?)
        })
        .map(|value| (value, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_with_the_way_back() {
        for (text, decoded, spans) in [
            ("a&#22522;b", "a基b", vec![(0, 1), (1, 9), (9, 10)]),
            ("&#x57FA;", "基", vec![(0, 8)]),
            ("%E5%9F%BA%41", "基A", vec![(0, 9), (9, 12)]),
            (
                r"\u57fa\ud83d\ude00\u{41}\x42",
                "基😀AB",
                vec![(0, 6), (6, 18), (18, 24), (24, 28)],
            ),
            ("100%", "100%", vec![(0, 1), (1, 2), (2, 3), (3, 4)]),
            (
                "%FF%E5%9F%BA",
                "%FF基",
                vec![(0, 1), (1, 2), (2, 3), (3, 12)],
            ),
            ("&#22522&#x57fa;", "基基", vec![(0, 7), (7, 15)]),
            (
                "%E5%9F",
                "%E5%9F",
                vec![(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)],
            ),
            ("&#;&#x;&#99999999999;", "&#;&#x;&#99999999999;", Vec::new()),
        ] {
            let mut made = Decoded::default();
            made.fill(text);
            assert_eq!(made.text(), decoded, "{text}");
            if spans.is_empty() {
                continue;
            }
            let mut segments = made.segments();
            let places: Vec<(usize, usize)> = made
                .text()
                .char_indices()
                .map(|(at, c)| {
                    let (from, to, _) = segments.original(at, at + c.len_utf8());
                    (from, to)
                })
                .collect();
            assert_eq!(places, spans, "{text}");
        }
    }
}
