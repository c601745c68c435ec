//! Parsing anything at all.

use crate::diag::Lang;
use crate::limits::PackLimits;
use crate::pack::Pack;

/// Reads a pack of any bytes: never a panic, and if it is refused, an error says why, at a place that exists.
pub fn pack(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let mut words = |path: &str| {
        if path.len().is_multiple_of(2) {
            Ok(data.iter().rev().copied().collect())
        } else {
            Err("none".to_owned())
        }
    };
    let limits = PackLimits::default();
    let (diags, refused) = match Pack::parse_with("fuzz.toml", &source, &limits, &mut words) {
        Ok(parsed) => (parsed.warnings, false),
        Err(diags) => (diags, true),
    };
    assert_eq!(diags.has_errors(), refused);
    assert!(diags.len() <= limits.diagnostics);
    for diagnostic in &diags {
        if let Some(source) = diags.source(&diagnostic.file) {
            assert!(
                source.get(diagnostic.span.clone()).is_some(),
                "{diagnostic:?}"
            );
        }
        assert!(!diagnostic.message.en.is_empty() && !diagnostic.message.zh.is_empty());
    }
    if let Ok(once) = crate::pack::format("fuzz.toml", &source) {
        let twice = crate::pack::format("fuzz.toml", &once);
        assert_eq!(twice.as_ref(), Ok(&once), "what is in order stays");
    }
    assert_eq!(
        diags.to_text(Lang::Zh).is_empty(),
        diags.is_empty(),
        "what there is, is told"
    );
    #[cfg(feature = "render")]
    assert_eq!(
        crate::diag::render(&diags, Lang::En, false).is_empty(),
        diags.is_empty()
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const GOOD: &str = include_str!("../../tests/data/packs/good.toml");

    /// What stands in packs, to be put where it does not belong.
    const PIECES: [&str; 36] = [
        "[",
        "]",
        "{",
        "}",
        "[[",
        "]]",
        "=",
        ",",
        ".",
        "\"",
        "'",
        "\"\"\"",
        "\n",
        "\\",
        "#",
        "\u{feff}",
        "\0",
        "礼品卡",
        "＃",
        "[[rule]]\n",
        "[rule.samples]\n",
        "[rule.lists]\n",
        "[pack]\n",
        "[lists]\n",
        "format = 1\n",
        "terms = ",
        "when = ",
        " near/3 ",
        " not ",
        "2 of (",
        "regex = '",
        "file = \"",
        "2026-01-01",
        "10:00",
        "0x",
        "\\u",
    ];

    #[derive(Clone, Debug)]
    enum Change {
        Byte(usize, u8),
        Cut(usize),
        Remove(usize, usize),
        Insert(usize, usize),
        Swap(usize, usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        let at = 0..GOOD.len();
        prop_oneof![
            (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
            at.clone().prop_map(Change::Cut),
            (at.clone(), 1..80_usize).prop_map(|(at, n)| Change::Remove(at, n)),
            (at.clone(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
            (at.clone(), at).prop_map(|(a, b)| Change::Swap(a, b)),
        ]
    }

    fn changed(changes: &[Change]) -> Vec<u8> {
        let mut data = GOOD.as_bytes().to_vec();
        for change in changes {
            let end = data.len();
            match *change {
                Change::Byte(at, byte) => {
                    if let Some(old) = data.get_mut(at) {
                        *old = byte;
                    }
                }
                Change::Cut(at) => data.truncate(at.max(1)),
                Change::Remove(at, n) => drop(data.drain(at.min(end)..(at + n).min(end))),
                Change::Insert(at, piece) => {
                    let at = at.min(end);
                    data.splice(at..at, PIECES[piece].bytes());
                }
                Change::Swap(a, b) => {
                    let tokens: Vec<&[u8]> = data.split(|byte| *byte == b' ').collect();
                    let (a, b) = (a % tokens.len(), b % tokens.len());
                    let mut tokens = tokens;
                    tokens.swap(a, b);
                    data = tokens.join(&b' ');
                }
            }
        }
        data
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_changed_pack_is_read_or_refused(changes in prop::collection::vec(change(), 1..6)) {
            super::pack(&changed(&changes));
        }

        #[test]
        fn pieces_in_a_row_are_read_or_refused(pieces in prop::collection::vec(0..PIECES.len(), 0..40)) {
            let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
            super::pack(text.as_bytes());
        }
    }
}
