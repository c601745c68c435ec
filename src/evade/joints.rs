//! What is put between the characters of a term, and characters put twice.

use unicode_segmentation::UnicodeSegmentation;

use super::Generator;
use super::random::Random;

/// What is put, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joints {
    pub(super) filler: Filler,
    pub(super) places: Places,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    All,
    One,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filler {
    ZeroWidth,
    Bidi,
    Selector,
    Tag,
    Space,
    Dot,
    Dash,
    Line,
    Symbol,
    /// A sign that prose puts between no two letters.
    Sign,
    Emoji,
    /// A flag, which is made of letters.
    Flag,
    /// Another thing at each place.
    Mixed,
    Digits,
    Letters,
    /// One letter or digit, the same at each place.
    Same,
}

/// The term with something between its characters; white space inside it stays where it is.
pub(super) fn fill(joints: Joints, term: &str, random: &mut Random) -> Option<String> {
    let clusters: Vec<&str> = term.graphemes(true).collect();
    let free =
        |at: &usize| !clusters[*at].trim().is_empty() && !clusters[*at + 1].trim().is_empty();
    let places: Vec<usize> = (0..clusters.len().checked_sub(1)?).filter(free).collect();
    if places.is_empty() {
        return None;
    }
    let chosen = random.pick(&places);
    let same = filler(joints.filler, term, random);
    let mut out = String::new();
    for (at, cluster) in clusters.iter().enumerate() {
        out.push_str(cluster);
        let here = places.contains(&at) && (joints.places == Places::All || at == chosen);
        if !here {
            continue;
        }
        match joints.filler {
            Filler::Mixed
            | Filler::ZeroWidth
            | Filler::Bidi
            | Filler::Tag
            | Filler::Digits
            | Filler::Letters => out.push_str(&filler(joints.filler, term, random)),
            _ => out.push_str(&same),
        }
    }
    Some(out)
}

fn filler(filler: Filler, term: &str, random: &mut Random) -> String {
    let of = |random: &mut Random, of: &[&str]| random.pick(of).to_owned();
    match filler {
        Filler::ZeroWidth => of(
            random,
            &[
                "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{34f}",
                "\u{180e}",
            ],
        ),
        Filler::Bidi => of(
            random,
            &[
                "\u{200e}", "\u{200f}", "\u{61c}", "\u{2066}", "\u{2069}", "\u{202c}",
            ],
        ),
        Filler::Selector => of(random, &["\u{fe00}", "\u{fe0e}", "\u{fe0f}", "\u{e0101}"]),
        Filler::Tag => {
            let tags = (0..1 + random.below(3)).map(|_| 0xe0061 + random.below(26) as u32);
            tags.collect::<Vec<_>>()
                .into_iter()
                .filter_map(char::from_u32)
                .collect()
        }
        Filler::Space => of(random, &[" ", "  ", "\u{a0}", "\u{3000}", "\u{2009}", "\t"]),
        Filler::Dot => of(random, &[".", "·", "。", "..", "•"]),
        Filler::Dash => of(random, &["-", "_", "–", "—", "~", "/"]),
        Filler::Line => of(random, &["\n", "\r\n", "\u{2028}", "\n\n"]),
        Filler::Symbol => of(
            random,
            &["*", "^", "|", "★", "#", "+", "♥", "※", "◆", "=", "**"],
        ),
        Filler::Sign => of(random, &["*", "^", "|", "★", "+", "♥", "※", "◆", "**"]),
        Filler::Emoji => of(random, &["🔥", "😂", "👍🏽", "❤️", "👨‍👩‍👧", "🎉", "🚀", "🐍"]),
        Filler::Flag => of(random, &["🇫🇷", "🇯🇵", "🇧🇷"]),
        Filler::Mixed => of(
            random,
            &[
                "*",
                ".",
                "-",
                "🔥",
                " ",
                "^",
                "~",
                "★",
                "_",
                "|",
                "·",
                "\n",
                "\u{200b}.",
            ],
        ),
        Filler::Digits => random.below(10).to_string(),
        Filler::Letters => letter(term, random),
        Filler::Same => {
            if random.chance(50) {
                random.below(10).to_string()
            } else {
                letter(term, random)
            }
        }
    }
}

/// A letter that the term does not hold.
fn letter(term: &str, random: &mut Random) -> String {
    let lower = term.to_lowercase();
    let free: Vec<char> = ('a'..='z').filter(|c| !lower.contains(*c)).collect();
    random.pick(&free).to_string()
}

fn repeated(c: char, times: usize) -> Option<String> {
    c.is_alphabetic().then(|| c.to_string().repeat(times))
}

pub(super) fn twice(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    repeated(c, 2)
}

pub(super) fn many(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    repeated(c, 3 + random.below(5))
}
