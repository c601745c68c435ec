//! Messages and terms to measure on: made from a seed, or read from a folder that `TIDEGATE_CORPUS` names.
//!
//! What is made is made to be like chat messages and dictionary words in what costs time: how long messages are, of which scripts, and how
//! many of their places begin like a term. [`Statistics`] prints these of either; `benches/README.md` has them side by side.

pub(crate) mod ours;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Numbers from a seed (SplitMix64: Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A rank below `end`, the first ones the most frequent: rank r about 1/(r + `flat`) as often.
    pub(crate) fn rank(&mut self, end: usize, flat: f64) -> usize {
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = flat * (((end as f64 + flat) / flat).powf(uniform) - 1.0);
        (rank as usize).min(end - 1)
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

/// Messages of three kinds, and words to take terms from.
#[derive(Debug)]
pub(crate) struct Corpus {
    /// Where it comes from.
    pub(crate) name: &'static str,
    pub(crate) zh: Vec<String>,
    pub(crate) en: Vec<String>,
    /// Both, with emoji and full-width letters.
    pub(crate) mixed: Vec<String>,
    zh_words: Vec<String>,
    en_words: Vec<String>,
}

/// Messages of each kind.
const MESSAGES: usize = 12_000;

impl Corpus {
    /// From a seed, with words enough for so many terms.
    pub(crate) fn made(terms: usize) -> Self {
        let mut random = Random(20_240_601);
        let (zh, en) = (Han::new(&mut random), Latin::new(&mut random));
        let zh_messages = (0..MESSAGES).map(|_| zh.message(&mut random)).collect();
        let en_messages = (0..MESSAGES).map(|_| en.message(&mut random)).collect();
        let words = |make: &mut dyn FnMut(&mut Random) -> String, known: &[String], count| {
            let known: HashSet<&str> = known.iter().map(|word| &**word).collect();
            let (mut seen, mut words) = (HashSet::new(), Vec::new());
            let mut random = Random(7);
            while words.len() < count {
                let word = make(&mut random);
                if !known.contains(&*word) && seen.insert(word.clone()) {
                    words.push(word);
                }
            }
            words
        };
        let zh_words = words(&mut |random| zh.term(random), &zh.words, terms + terms / 4);
        let en_words = words(
            &mut |random| en.term(random),
            &en.words,
            terms / 4 + terms / 16,
        );
        Self::of("made", zh_messages, en_messages, zh_words, en_words)
    }

    /// From the folder that `TIDEGATE_CORPUS` names, if it is set: messages, one a line, from `benign/zh/*.txt` and `benign/en/*.txt`,
    /// words from `dict/zh*.txt` and `dict/en*.txt`.
    pub(crate) fn given() -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("TIDEGATE_CORPUS")?);
        let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
        let mostly_han = |text: &String| {
            let all = text.chars().count();
            text.chars().filter(|c| han(*c)).count() * 2 > all
        };
        let mut random = Random(7);
        let mut messages = |folder: &str| {
            let lines = lines(&root.join(folder), "");
            let mut all: Vec<String> = lines.iter().flat_map(|line| sentences(line)).collect();
            all.sort_unstable();
            all.dedup();
            random.shuffle(&mut all);
            all
        };
        let mut zh = messages("benign/zh");
        zh.retain(mostly_han);
        zh.truncate(MESSAGES);
        let mut en = messages("benign/en");
        en.truncate(MESSAGES);
        let mut words = |prefix: &str, is: &dyn Fn(&str) -> bool| {
            let mut all = lines(&root.join("dict"), prefix);
            all.retain(|word| is(word));
            all.sort_unstable();
            all.dedup();
            random.shuffle(&mut all);
            all
        };
        let zh_words = words("zh", &|word| {
            (2..=6).contains(&word.chars().count()) && word.chars().all(han)
        });
        let en_words = words("en", &|word| {
            (5..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
        });
        Some(Self::of("given", zh, en, zh_words, en_words))
    }

    fn of(
        name: &'static str,
        zh: Vec<String>,
        en: Vec<String>,
        zh_words: Vec<String>,
        en_words: Vec<String>,
    ) -> Self {
        Self {
            name,
            mixed: mixed(&zh, &en),
            zh,
            en,
            zh_words,
            en_words,
        }
    }

    /// The messages of each kind, by name.
    pub(crate) fn sets(&self) -> [(&'static str, &[String]); 3] {
        [("zh", &self.zh), ("en", &self.en), ("mixed", &self.mixed)]
    }

    /// So many words to take terms from, four in five of Han; fewer if there are not as many. The first thousand are the same for all sizes.
    pub(crate) fn words(&self, count: usize) -> Vec<String> {
        let mut words: Vec<String> = Vec::with_capacity(count);
        let (mut zh, mut en) = (self.zh_words.iter(), self.en_words.iter());
        while words.len() < count {
            let before = words.len();
            words.extend(zh.by_ref().take(4).cloned());
            words.extend(en.by_ref().take(1).cloned());
            if words.len() == before {
                break;
            }
        }
        words.truncate(count);
        words
    }
}

/// What costs time in messages.
#[derive(Debug)]
pub(crate) struct Statistics {
    pub(crate) chars: f64,
    pub(crate) han: f64,
    pub(crate) ascii: f64,
    /// Of the places where a Han character or an ASCII letter stands, how many begin with the first two, or four, characters of a term.
    pub(crate) begun: f64,
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} characters, Han {:.0}%, ASCII {:.0}%; {:.2}% of the places begin like a term",
            self.chars, self.han, self.ascii, self.begun
        )
    }
}

impl Statistics {
    pub(crate) fn of(messages: &[String], terms: &[String]) -> Self {
        let reach = |first: char| if first.is_ascii() { 4 } else { 2 };
        let beginning = |chars: &[char]| -> Option<String> {
            let first = *chars.first()?;
            let reach = reach(first);
            (chars.len() >= reach).then(|| chars[..reach].iter().collect())
        };
        let begin: HashSet<String> = terms
            .iter()
            .filter_map(|term| beginning(&term.chars().collect::<Vec<_>>()))
            .collect();
        let (mut chars, mut han, mut ascii, mut places, mut begun) = (0, 0, 0, 0, 0);
        for message in messages {
            let all: Vec<char> = message.to_lowercase().chars().collect();
            chars += all.len();
            for (at, c) in all.iter().enumerate() {
                han += usize::from(('\u{3400}'..='\u{9fff}').contains(c));
                ascii += usize::from(c.is_ascii());
                if c.is_alphabetic() {
                    places += 1;
                    let here = beginning(&all[at..]);
                    begun += usize::from(here.is_some_and(|here| begin.contains(&here)));
                }
            }
        }
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        Self {
            chars: chars as f64 / messages.len().max(1) as f64,
            han: share(han, chars),
            ascii: share(ascii, chars),
            begun: share(begun, places),
        }
    }
}

/// Words of Han: characters and words by Zipf's law.
#[derive(Debug)]
struct Han {
    chars: Vec<char>,
    words: Vec<String>,
}

impl Han {
    fn new(random: &mut Random) -> Self {
        let mut chars: Vec<char> = ('\u{4e00}'..'\u{9f00}').collect();
        random.shuffle(&mut chars);
        chars.truncate(4_000);
        let mut made = Self {
            chars,
            words: Vec::new(),
        };
        made.words = (0..30_000)
            .map(|_| made.word(random, &[1, 2, 2, 2, 2, 2, 3, 4]))
            .collect();
        made
    }

    fn word(&self, random: &mut Random, lengths: &[usize]) -> String {
        let length = lengths[random.below(lengths.len())];
        (0..length)
            .map(|_| self.chars[random.rank(self.chars.len(), 60.0)])
            .collect()
    }

    /// Every other one begins with a word of the texts, as dictionaries do.
    fn term(&self, random: &mut Random) -> String {
        let mut term = String::new();
        if random.below(2) == 0 {
            term.push_str(&self.words[random.below(self.words.len())]);
            term.push_str(&self.word(random, &[1, 2]));
        } else {
            term.push_str(&self.word(random, &[2, 2, 3, 3, 3, 4, 4, 4, 5, 6]));
        }
        term
    }

    fn message(&self, random: &mut Random) -> String {
        let mut text = String::new();
        let length = length(random, 5, 60, 17);
        let mut count = 0;
        while count < length {
            let word = &self.words[random.rank(self.words.len(), 12.0)];
            text.push_str(word);
            count += word.chars().count();
            if random.below(7) == 0 {
                text.push(['，', '。', '！', '？', '、', ' '][random.below(6)]);
                count += 1;
            }
        }
        text
    }
}

/// Words of syllables.
#[derive(Debug)]
struct Latin {
    words: Vec<String>,
}

const ONSETS: &str = "t s th w h b c d f m p r l st n g sh pr tr br k j v y ch gr pl cr fl qu";
const VOWELS: &str = "e a o i u ea ou ee ai oo ie io";
const CODAS: &str = "  n t r s l nd ng st ll ck m d nt rt x ns";

impl Latin {
    fn new(random: &mut Random) -> Self {
        Self {
            words: (0..20_000)
                .map(|rank: usize| {
                    Self::word(
                        random,
                        1 + usize::from(rank > 120) + usize::from(rank > 2_500),
                    )
                })
                .collect(),
        }
    }

    fn word(random: &mut Random, syllables: usize) -> String {
        let mut word = String::new();
        for _ in 0..syllables {
            for part in [ONSETS, VOWELS, CODAS] {
                let parts: Vec<&str> = part.split(' ').collect();
                word.push_str(parts[random.rank(parts.len(), 25.0)]);
            }
        }
        word
    }

    fn term(&self, random: &mut Random) -> String {
        loop {
            let syllables = 2 + random.below(3);
            let word = Self::word(random, syllables);
            if (5..=12).contains(&word.len()) {
                return word;
            }
        }
    }

    fn message(&self, random: &mut Random) -> String {
        let mut text = String::new();
        let length = length(random, 8, 60, 33);
        while text.len() < length {
            if !text.is_empty() {
                text.push_str(if random.below(12) == 0 { ", " } else { " " });
            }
            text.push_str(&self.words[random.rank(self.words.len(), 8.0)]);
        }
        text[..1].make_ascii_uppercase();
        text.push(['.', '!', '?'][random.below(3)]);
        text
    }
}

/// Short ones are more frequent than long ones.
fn length(random: &mut Random, least: usize, most: usize, mean: usize) -> usize {
    let uniform = ((random.next() >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
    let length = least as f64 - uniform.ln() * (mean - least) as f64;
    (length as usize).min(most)
}

/// A message of both: pieces, emoji, and one in ten full-width.
fn mixed(zh: &[String], en: &[String]) -> Vec<String> {
    const EMOJI: [&str; 12] = [
        "😀",
        "😂",
        "😭",
        "👍",
        "🙏",
        "🔥",
        "🎉",
        "🤔",
        "❤️",
        "👨‍👩‍👧",
        "🇨🇳",
        "～",
    ];
    let mut random = Random(20_240_601);
    let mut messages = Vec::with_capacity(MESSAGES);
    while messages.len() < MESSAGES {
        let pick = |random: &mut Random, of: &[String], most: usize| -> String {
            let length = 6 + random.below(most);
            of[random.below(of.len())].chars().take(length).collect()
        };
        let mut text = match random.below(4) {
            0 => pick(&mut random, en, 24),
            _ => pick(&mut random, zh, 24),
        };
        if random.below(2) == 0 {
            let words = &en[random.below(en.len())];
            let count = 1 + random.below(3);
            for word in words.split(' ').take(count) {
                text.push(' ');
                text.push_str(word);
            }
        }
        if random.below(10) == 0 {
            let wide = |c: char| match c {
                '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap_or(c),
                _ => c,
            };
            text = text.chars().map(wide).collect();
        }
        for _ in 0..1 + random.below(4) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = places[random.below(places.len())];
            text.insert_str(at, EMOJI[random.below(EMOJI.len())]);
        }
        messages.push(text);
    }
    messages
}

/// Runs of whole sentences of 5 to 60 characters.
fn sentences(line: &str) -> Vec<String> {
    let ends = |c: char| "。！？!?；;~～".contains(c);
    let mut found = Vec::new();
    let mut current = String::new();
    for piece in line.split_inclusive(ends) {
        if current.chars().count() + piece.chars().count() > 60 {
            found.push(std::mem::take(&mut current));
        }
        current.push_str(piece);
    }
    found.push(current);
    found
        .iter()
        .map(|text| text.trim().to_owned())
        .filter(|text| (5..=60).contains(&text.chars().count()))
        .collect()
}

/// The lines of all text files of a folder whose names begin with `prefix`.
fn lines(folder: &Path, prefix: &str) -> Vec<String> {
    let failed = |error: std::io::Error| -> ! { panic!("{}: {error}", folder.display()) };
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| failed(error));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap_or_else(|error| failed(error)).path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".txt")
        })
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| failed(error));
        all.extend(text.lines().map(|line| line.trim().to_owned()));
    }
    all.retain(|line| !line.is_empty());
    all
}
