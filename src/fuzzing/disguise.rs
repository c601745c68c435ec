//! Terms in disguise, by small tables of their own.

use super::random::Random;
use crate::variant::{Variant, Variants};

/// Simplified and traditional, and other forms that `script` folds.
const REGIONAL: [(char, char); 16] = [
    ('银', '銀'),
    ('图', '圖'),
    ('书', '書'),
    ('馆', '館'),
    ('礼', '禮'),
    ('灯', '燈'),
    ('笼', '籠'),
    ('国', '國'),
    ('际', '際'),
    ('门', '門'),
    ('锅', '鍋'),
    ('ك', 'ک'),
    ('ي', 'ی'),
    ('1', '١'),
    ('6', '٦'),
    ('9', '९'),
];

/// Latin letters and Cyrillic ones that look alike.
const LOOKS: [(char, char); 18] = [
    ('a', 'а'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
    ('c', 'с'),
    ('x', 'х'),
    ('y', 'у'),
    ('i', 'і'),
    ('s', 'ѕ'),
    ('l', 'ӏ'),
    ('A', 'А'),
    ('C', 'С'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('T', 'Т'),
    ('S', 'Ѕ'),
    ('B', 'В'),
];

/// Compatibility forms of what has no full-width one.
const FORMS: [(char, &str); 12] = [
    ('火', "⽕"),
    ('行', "⾏"),
    ('国', "㊩"),
    ('卡', "卡"),
    ('ラ', "ﾗ"),
    ('ン', "ﾝ"),
    ('タ', "ﾀ"),
    ('م', "ﻣ"),
    ('ظ', "ﻈ"),
    ('ل', "ﻠ"),
    ('ة', "ﺔ"),
    ('ك', "ﻛ"),
];

const MARKS: [char; 5] = ['\u{301}', '\u{336}', '\u{308}', '\u{323}', '\u{64e}'];
const INVISIBLE: [char; 5] = ['\u{200b}', '\u{200d}', '\u{2060}', '\u{ad}', '\u{fe0f}'];
const NOISE: [&str; 6] = ["*", "🔥", "^", "**", "|", "👨‍👩‍👧"];
const SPACED: [&str; 6] = [" ", ".", "-", "·", "\n", "  "];

const RARE: [Variant; 7] = [
    Variant::Case,
    Variant::Width,
    Variant::Script,
    Variant::Script,
    Variant::Confusables,
    Variant::Confusables,
    Variant::Repeats,
];

/// `term` in one or two disguises of `variants`, or in none.
pub(super) fn disguise(random: &mut Random, term: &str, variants: Variants) -> String {
    let mut known: Vec<Variant> = variants.and(Variants::STANDARD).iter().collect();
    // What few terms and characters lend themselves to is tried more often.
    for variant in RARE {
        if variants.contains(variant) {
            known.push(variant);
        }
    }
    let wanted = random.pick(&[0, 1, 1, 1, 2, 2]);
    let mut chosen = random.some(&known, wanted);
    // In the order of the table, so that gaps and escapes come last.
    chosen.sort();
    chosen.dedup();
    let mut characters: Vec<String> = term.chars().map(String::from).collect();
    for variant in chosen {
        apply(random, &mut characters, variant);
    }
    characters.concat()
}

/// Applies a variant to characters, each of which may be several by now.
fn apply(random: &mut Random, characters: &mut [String], variant: Variant) {
    let all = random.chance(30);
    let always = random.below(characters.len());
    let chosen = |random: &mut Random, index: usize| all || index == always || random.chance(30);
    match variant {
        Variant::Gaps => return gap(random, characters),
        Variant::Repeats => return stretch(random, characters),
        Variant::Encoded => {
            for (index, character) in characters.iter_mut().enumerate() {
                if chosen(random, index) {
                    *character = character.chars().map(|c| escape(random, c)).collect();
                }
            }
            return;
        }
        _ => {}
    }
    for (index, character) in characters.iter_mut().enumerate() {
        if !chosen(random, index) && !matches!(variant, Variant::Script | Variant::Confusables) {
            continue;
        }
        let Some(c) = character.chars().next() else {
            continue;
        };
        let rest = character[c.len_utf8()..].to_owned();
        let first = match variant {
            Variant::Case => other_case(c),
            Variant::Width => wide(random, c),
            Variant::Marks => format!("{c}{}", random.pick(&MARKS)),
            Variant::Invisible => format!("{c}{}", random.pick(&INVISIBLE)),
            Variant::Script => regional(c),
            Variant::Confusables if random.chance(60) => look_alike(c),
            _ => c.to_string(),
        };
        *character = first + &rest;
    }
}

fn other_case(c: char) -> String {
    if c.is_uppercase() {
        c.to_lowercase().collect()
    } else {
        c.to_uppercase().collect()
    }
}

fn wide(random: &mut Random, c: char) -> String {
    if let Some((_, form)) = FORMS.iter().find(|(plain, _)| *plain == c) {
        return (*form).to_owned();
    }
    let ascii = u32::from(c);
    let base = match c {
        'a'..='z' if random.chance(30) => 0x24d0 - 0x61,
        'A'..='Z' if random.chance(30) => 0x1f1e6 - 0x41,
        '!'..='~' => 0xfee0,
        _ => 0,
    };
    char::from_u32(ascii + base).unwrap_or(c).to_string()
}

fn regional(c: char) -> String {
    if let Some((_, form)) = REGIONAL.iter().find(|(plain, _)| *plain == c) {
        return form.to_string();
    }
    let syllable = u32::from(c).wrapping_sub(0xac00);
    if syllable >= 11_172 {
        return c.to_string();
    }
    const LEADS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
    const TAILS: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    let nth = |of: &str, n: u32| of.chars().nth(n as usize);
    let lead = nth(LEADS, syllable / 588);
    let vowel = char::from_u32(0x314f + syllable % 588 / 28);
    let tail = (syllable % 28).checked_sub(1).and_then(|n| nth(TAILS, n));
    [lead, vowel, tail].into_iter().flatten().collect()
}

fn look_alike(c: char) -> String {
    LOOKS
        .iter()
        .find_map(|(latin, cyrillic)| {
            (*latin == c)
                .then_some(*cyrillic)
                .or((*cyrillic == c).then_some(*latin))
        })
        .unwrap_or(c)
        .to_string()
}

fn stretch(random: &mut Random, characters: &mut [String]) {
    for _ in 0..random.pick(&[1, 1, 2]) {
        let at = random.below(characters.len());
        let times = random.pick(&[2, 3, 4, 5]);
        characters[at] = characters[at].repeat(times);
    }
}

fn gap(random: &mut Random, characters: &mut [String]) {
    let last = characters.len() - 1;
    // Noise in places, the same thing everywhere, or one thing of prose, which is no disguise.
    let kind = random.pick(&[0, 0, 0, 1, 1, 1, 2]);
    let everywhere = if random.chance(70) {
        random.pick(&SPACED)
    } else {
        random.pick(&NOISE)
    };
    let place = random.below(last.max(1));
    for (index, character) in characters[..last].iter_mut().enumerate() {
        match kind {
            0 if index == place || random.chance(20) => character.push_str(random.pick(&NOISE)),
            1 => character.push_str(everywhere),
            2 if index == place => character.push_str(random.pick(&SPACED)),
            _ => {}
        }
    }
}

fn escape(random: &mut Random, c: char) -> String {
    let number = u32::from(c);
    match random.below(6) {
        0 => format!("&#{number};"),
        1 => format!("&#x{number:x};"),
        2 => {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).bytes();
            bytes.map(|byte| format!("%{byte:02X}")).collect()
        }
        3 => format!("\\u{{{number:x}}}"),
        4 if c.is_ascii() => format!("\\x{number:02x}"),
        _ => {
            let mut buffer = [0; 2];
            let units = c.encode_utf16(&mut buffer).iter();
            units.map(|unit| format!("\\u{unit:04x}")).collect()
        }
    }
}
