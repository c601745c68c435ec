//! Grapheme clusters (UAX #29), at little cost where it is plain that two characters part.

use unicode_segmentation::UnicodeSegmentation;

/// The extended grapheme clusters of `text`, each with the byte it begins at.
///
/// Costs some comparisons for each of the characters that chats are made of, and what [`UnicodeSegmentation`] costs for the others.
pub(crate) fn clusters(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let cluster = first(rest)?;
        let begins = at;
        at += cluster.len();
        Some((begins, cluster))
    })
}

/// The first cluster. Where a cluster ends, the rest is cut as if nothing stood before it: no rule looks back over a border.
#[inline]
fn first(rest: &str) -> Option<&str> {
    let mut chars = rest.chars();
    let c = chars.next()?;
    if parts(c) && chars.clone().next().is_none_or(parts) {
        return rest.get(..c.len_utf8());
    }
    rest.graphemes(true).next()
}

/// Whether there is a border between this character and any other of which the same is true, whatever stands around them. Not all such
/// characters are named, only blocks that hold no other.
#[inline]
fn parts(c: char) -> bool {
    matches!(
        c,
        '\u{20}'..='\u{7e}'
            | '\n'
            | '\t'
            | '\u{a1}'..='\u{ac}'
            | '\u{ae}'..='\u{2ff}'
            | '\u{370}'..='\u{482}'
            | '\u{48a}'..='\u{52f}'
            | '\u{5d0}'..='\u{5ea}'
            | '\u{620}'..='\u{64a}'
            | '\u{2010}'..='\u{2027}'
            | '\u{2030}'..='\u{205e}'
            | '\u{3000}'..='\u{3029}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a0}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{ff01}'..='\u{ff9d}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evade::random::Random;

    #[test]
    fn what_parts_is_joined_to_nothing_that_parts() {
        for c in ('\0'..=char::MAX).filter(|c| parts(*c)) {
            for (text, count) in [(format!("{c}{c}"), 2), (format!("a{c}a"), 3)] {
                assert_eq!(text.graphemes(true).count(), count, "{text:?}");
            }
        }
    }

    /// Characters of every kind that UAX #29 tells apart, each beside each.
    #[test]
    fn clusters_are_those_of_the_standard() {
        const KINDS: &str = "a1 \n\r\t\u{0}é\u{301}\u{200d}\u{200b}👩🦰🏽🇨🇳ㄱ각가\u{1100}\u{1161}\u{11a8}का\u{94d}\u{915}ிกำ\u{600}\u{e0061}中，ａｶﾞ。Жαش";
        let kinds: Vec<char> = KINDS.chars().collect();
        let mut random = Random::new(11);
        for _ in 0..20_000 {
            let len = 1 + random.below(9);
            let text: String = (0..len).map(|_| random.pick(&kinds)).collect();
            assert!(
                clusters(&text).eq(text.grapheme_indices(true)),
                "{:?}",
                text.escape_unicode().to_string()
            );
        }
    }
}
