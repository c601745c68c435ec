//! Files that are not UTF-8, and what they are in its place.

use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Diagnostics, Said, codes, said};

/// Bytes that are looked at to tell an encoding.
const LOOK: usize = 1 << 16;

/// The bytes of a pack or a tenant's file as text. `file_name` is what the diagnostic calls it.
///
/// # Errors
///
/// If they are not UTF-8: where that shows, and what they seem to be.
pub fn decode(file_name: &str, bytes: Vec<u8>) -> Result<String, Diagnostics> {
    String::from_utf8(bytes).map_err(|error| {
        let mut diags = Diagnostics::default();
        refuse(&codes::PACK_ENCODING, file_name.into(), &error, &mut diags);
        diags
    })
}

/// Says of a file that it is not UTF-8. Its text as far as that can be read is kept as its source, so that the place can be shown.
pub(super) fn refuse(
    code: &'static Code,
    name: Arc<str>,
    error: &std::string::FromUtf8Error,
    diags: &mut Diagnostics,
) {
    let bytes = error.as_bytes();
    // Up to the bad byte the lossy text is the file's own, so the place is right.
    let at = error.utf8_error().valid_up_to();
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let encoding = guess(&bytes[..bytes.len().min(LOOK)], at);
    let lossy: Arc<str> = String::from_utf8_lossy(bytes).into();
    diags.add_source(Arc::clone(&name), lossy);
    let (what, import) = match encoding {
        Encoding::Utf16 => (
            said!("the file is UTF-16, not UTF-8", "文件是 UTF-16，不是 UTF-8"),
            "utf-16",
        ),
        Encoding::Gbk => (
            said!(
                "line {line} is no UTF-8; the file seems to be GBK",
                "第 {line} 行不是 UTF-8；文件似乎是 GBK"
            ),
            "gbk",
        ),
        Encoding::Big5 => (
            said!(
                "line {line} is no UTF-8; the file seems to be Big5",
                "第 {line} 行不是 UTF-8；文件似乎是 Big5"
            ),
            "big5",
        ),
        Encoding::Binary => (
            said!(
                "the file is no text: a document of a word processor or spreadsheet",
                "文件不是纯文本，而是文字处理或表格软件的文档"
            ),
            "",
        ),
        Encoding::Unknown => (
            said!("line {line} is no UTF-8", "第 {line} 行不是 UTF-8"),
            "",
        ),
    };
    let help: Said = if import.is_empty() {
        said!(
            "save it as plain text in UTF-8; it may be GBK, Big5 or UTF-16 now",
            "请另存为 UTF-8 纯文本；它现在可能是 GBK、Big5 或 UTF-16"
        )
    } else {
        said!(
            "save it as UTF-8; a list of words is turned into UTF-8 by `tidegate import --encoding {import}`",
            "请另存为 UTF-8；词表可用 `tidegate import --encoding {import}` 转成 UTF-8"
        )
    };
    diags.push(Diagnostic::new(code, name, at..at + 3, what).with_help(help));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf16,
    Gbk,
    Big5,
    Binary,
    Unknown,
}

/// What bytes seem to be that are no UTF-8 from `bad` on.
fn guess(bytes: &[u8], bad: usize) -> Encoding {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Encoding::Utf16;
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Encoding::Binary;
    }
    let zeros = |from: usize| {
        bytes
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let half = bytes.len() / 2;
    if half > 0 && (zeros(0) * 4 > half || zeros(1) * 4 > half) {
        return Encoding::Utf16;
    }
    if bytes.contains(&0) {
        return Encoding::Binary;
    }
    // Pairs of a lead byte and a trail; how many of them are of the first two levels of GB 2312, or of Big5.
    let (mut pairs, mut gb2312, mut big5, mut broken) = (0, 0, 0, 0);
    let mut rest = bytes.get(bad..).unwrap_or(&[]).iter().copied().peekable();
    while let Some(lead) = rest.next() {
        if lead < 0x80 {
            continue;
        }
        match rest.peek() {
            Some(trail @ 0x40..=0xfe) if lead >= 0x81 => {
                pairs += 1;
                gb2312 += usize::from((0xa1..=0xf7).contains(&lead) && *trail >= 0xa1);
                big5 += usize::from(
                    (0xa1..=0xf9).contains(&lead) && matches!(trail, 0x40..=0x7e | 0xa1..=0xfe),
                );
                rest.next();
            }
            _ => broken += 1,
        }
    }
    if pairs == 0 || broken * 10 > pairs {
        Encoding::Unknown
    } else if gb2312 * 10 >= pairs * 9 {
        Encoding::Gbk
    } else if big5 == pairs {
        Encoding::Big5
    } else {
        Encoding::Gbk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        // 词表 and 词典 in GBK, 詞表 in Big5, a in UTF-16.
        assert_eq!(
            guess(&[0xb4, 0xca, 0xb1, 0xed, b'\n', 0xb4, 0xca, 0xb5, 0xe4], 0),
            Encoding::Gbk
        );
        assert_eq!(
            guess(&[0xb5, 0xfc, 0xaa, 0xed, b'\n', 0xa4, 0x40, 0xa4, 0x48], 0),
            Encoding::Big5
        );
        assert_eq!(guess(&[0xff, 0xfe, b'a', 0], 0), Encoding::Utf16);
        assert_eq!(guess(&[b'a', 0, b'b', 0, 0xcd, 0x8b], 4), Encoding::Utf16);
        assert_eq!(guess(b"PK\x03\x04\xff", 4), Encoding::Binary);
        assert_eq!(guess(&[b'a', 0xff], 1), Encoding::Unknown);
    }
}
