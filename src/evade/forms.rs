//! Other forms of one character: compatibility forms, marks, letters that look alike, digits.
//!
//! Compatibility forms are those of Unicode, found by looking for what NFKC brings back; that is the one right table. All else is written
//! by hand.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

use super::Generator;
use super::random::Random;

/// Characters by what NFKC makes of them.
#[derive(Debug)]
pub(super) struct Forms {
    half_width: BTreeMap<char, Vec<char>>,
    circled: BTreeMap<char, Vec<char>>,
    radicals: BTreeMap<char, Vec<char>>,
    presentation: BTreeMap<char, Vec<char>>,
}

impl Forms {
    pub(super) fn read() -> Self {
        let mut radicals = of(&[('\u{2f00}', '\u{2fd5}')]);
        for (character, radical) in RADICALS {
            radicals.entry(character).or_default().push(radical);
        }
        Self {
            half_width: of(&[('\u{ff65}', '\u{ffdc}')]),
            circled: of(&[('\u{2460}', '\u{24e9}'), ('\u{3280}', '\u{32b0}')]),
            radicals,
            presentation: of(&[('\u{fb50}', '\u{fbff}'), ('\u{fe80}', '\u{fef4}')]),
        }
    }
}

/// The characters of these ranges, by the one character that NFKC makes of them.
fn of(ranges: &[(char, char)]) -> BTreeMap<char, Vec<char>> {
    let mut map: BTreeMap<char, Vec<char>> = BTreeMap::new();
    for (first, last) in ranges {
        for form in *first..=*last {
            let mut plain = std::iter::once(form).nfkc();
            if let (Some(character), None) = (plain.next(), plain.next())
                && character != form
            {
                map.entry(character).or_default().push(form);
            }
        }
    }
    map
}

fn one(map: &BTreeMap<char, Vec<char>>, c: char, random: &mut Random) -> Option<String> {
    Some(random.pick(map.get(&c)?).to_string())
}

fn offset(c: char, from: char, to: u32) -> Option<String> {
    Some(char::from_u32(to + (u32::from(c) - u32::from(from)))?.to_string())
}

pub(super) fn case(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let other = if c.is_lowercase() {
        c.to_uppercase().collect::<String>()
    } else {
        c.to_lowercase().collect()
    };
    // ß and its like change their length, which is no matter of case.
    (!other.chars().eq([c]) && other.chars().count() == 1).then_some(other)
}

pub(super) fn full_width(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    match c {
        '!'..='~' => offset(c, '!', 0xff01),
        _ => None,
    }
}

/// Katakana and jamo; a syllable of Hangul in the half-width jamo that it is made of.
pub(super) fn half_width(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    let map = &generator.forms.half_width;
    if let Some(made) = one(map, c, random) {
        return Some(made);
    }
    // ガ is カ and a voiced sound mark.
    let mut marks = String::new();
    decompose_canonical(c, |part| marks.push(part));
    let mut parts = marks.chars();
    let (first, mark) = (parts.next()?, parts.next()?);
    let mark = match mark {
        '\u{3099}' => 'ﾞ',
        '\u{309a}' => 'ﾟ',
        _ => return None,
    };
    Some(format!("{}{mark}", one(map, first, random)?))
}

pub(super) fn circled(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    let circled = match c {
        'a'..='z' => offset(c, 'a', 0x24d0),
        'A'..='Z' => offset(c, 'A', 0x24b6),
        _ => None,
    };
    circled.or_else(|| one(&generator.forms.circled, c, random))
}

pub(super) fn squared(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    // Squared, circled white on black, squared white on black.
    let base = random.pick(&[0x1f130, 0x1f150, 0x1f170]);
    c.is_ascii_alphabetic()
        .then(|| offset(c.to_ascii_uppercase(), 'A', base))?
}

pub(super) fn regional(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    c.is_ascii_alphabetic()
        .then(|| offset(c.to_ascii_uppercase(), 'A', 0x1f1e6))?
}

/// All letters in one of the mathematical alphabets.
pub(super) fn math(_: &Generator, term: &str, random: &mut Random) -> Option<String> {
    // Bold, italic, bold script, bold fraktur, double-struck, sans-serif, monospace.
    let base = random.pick(&[
        0x1d400u32, 0x1d434, 0x1d4d0, 0x1d56c, 0x1d538, 0x1d5a0, 0x1d670,
    ]);
    let made = term
        .chars()
        .map(|c| {
            let to = match c {
                // Letters that stood in Unicode before these alphabets did.
                'h' if base == 0x1d434 => 'ℎ',
                'C' | 'H' | 'N' | 'P' | 'Q' | 'R' | 'Z' if base == 0x1d538 => match c {
                    'C' => 'ℂ',
                    'H' => 'ℍ',
                    'N' => 'ℕ',
                    'P' => 'ℙ',
                    'Q' => 'ℚ',
                    'R' => 'ℝ',
                    _ => 'ℤ',
                },
                'A'..='Z' => char::from_u32(base + u32::from(c) - 0x41).unwrap_or(c),
                'a'..='z' => char::from_u32(base + 26 + u32::from(c) - 0x61).unwrap_or(c),
                _ => c,
            };
            to.to_string()
        })
        .collect();
    Some(made)
}

fn by_place(from: &str, to: &str, c: char) -> Option<char> {
    to.chars().nth(from.chars().position(|of| of == c)?)
}

fn by_letter(to: &str, c: char) -> Option<String> {
    let small = c.to_ascii_lowercase();
    let made = by_place("abcdefghijklmnopqrstuvwxyz", to, small)?;
    (made != small).then(|| made.to_string())
}

pub(super) fn small_caps(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    by_letter("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ", c)
}

pub(super) fn superscript(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    if c.is_ascii_uppercase() {
        let made = by_place("ABDEGHIJKLMNOPRTUVW", "ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", c);
        return made.map(String::from);
    }
    by_letter("ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ", c)
}

pub(super) fn radical(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    one(&generator.forms.radicals, c, random)
}

pub(super) fn presentation(generator: &Generator, c: char, random: &mut Random) -> Option<String> {
    one(&generator.forms.presentation, c, random)
}

/// A letter with an accent that makes one character with it, where there is one.
pub(super) fn accent(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    if !c.is_ascii_alphabetic() {
        return None;
    }
    let made: Vec<String> =
        "\u{300}\u{301}\u{302}\u{303}\u{304}\u{307}\u{308}\u{30c}\u{323}\u{327}\u{328}"
            .chars()
            .map(|mark| [c, mark].into_iter().nfc().collect::<String>())
            .filter(|made| made.chars().count() == 1)
            .collect();
    (!made.is_empty()).then(|| random.pick(&made))
}

const MARKS: &str = "\u{300}\u{301}\u{302}\u{303}\u{304}\u{306}\u{308}\u{30a}\u{30b}\u{30c}\u{323}\u{324}\u{325}\u{32d}\u{330}\u{331}\u{332}\u{333}\u{334}\u{335}\u{336}\u{337}\u{338}\u{20d2}\u{20d3}\u{20dd}";

fn mark(random: &mut Random) -> char {
    random.pick(&MARKS.chars().collect::<Vec<_>>())
}

pub(super) fn combining(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    c.is_alphanumeric().then(|| format!("{c}{}", mark(random)))
}

pub(super) fn zalgo(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    c.is_alphanumeric().then(|| {
        let heap = (0..3 + random.below(9)).map(|_| mark(random));
        std::iter::once(c).chain(heap.collect::<Vec<_>>()).collect()
    })
}

/// A vowel sign or the stretching stroke after an Arabic letter.
pub(super) fn harakat(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let signs: Vec<char> = "\u{64b}\u{64c}\u{64d}\u{64e}\u{64f}\u{650}\u{651}\u{652}\u{640}"
        .chars()
        .collect();
    is_arabic(c).then(|| format!("{c}{}", random.pick(&signs)))
}

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{621}'..='\u{63a}' | '\u{641}'..='\u{64a}' | '\u{671}'..='\u{6d3}')
}

const LEADS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const TAILS: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

/// A syllable as the letters of a keyboard.
pub(super) fn jamo(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let index = u32::from(c).checked_sub(0xac00).filter(|i| *i < 11_172)?;
    let lead = LEADS.chars().nth((index / 588) as usize)?;
    let vowel = char::from_u32(0x314f + index % 588 / 28)?;
    let tail = (index % 28).checked_sub(1);
    let tail = tail.and_then(|tail| TAILS.chars().nth(tail as usize));
    Some([lead, vowel].into_iter().chain(tail).collect())
}

pub(super) fn conjoining(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    ('\u{ac00}'..='\u{d7a3}')
        .contains(&c)
        .then(|| std::iter::once(c).nfd().collect())
}

/// Letters of the same sound or shape in Persian, Urdu and careless Arabic.
pub(super) fn arabic(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let forms: &[char] = match c {
        'ا' => &['أ', 'إ', 'آ', 'ٱ'],
        'أ' | 'إ' | 'آ' => &['ا'],
        'ي' => &['ى', 'ی'],
        'ى' => &['ي', 'ی'],
        'ك' => &['ک', 'ڪ'],
        'ه' => &['ہ', 'ھ'],
        'ة' => &['ه'],
        'ی' => &['ي'],
        'ک' => &['ك'],
        _ => return None,
    };
    Some(random.pick(forms).to_string())
}

pub(super) fn native_digit(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    // Arabic, Persian, Devanagari, Bengali, Thai.
    let zero = random.pick(&[0x660, 0x6f0, 0x966, 0x9e6, 0xe50]);
    c.is_ascii_digit().then(|| offset(c, '0', zero))?
}

pub(super) fn formal_digit(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let to = random.pick(&["零壹贰叁肆伍陆柒捌玖", "零壹貳參肆伍陸柒捌玖"]);
    numeral(c, to)
}

pub(super) fn han_digit(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let made = by_place("0123456789", "〇一二三四五六七八九", c)?;
    Some(made.to_string())
}

/// A digit, or a numeral of Han, as that row has it.
fn numeral(c: char, to: &str) -> Option<String> {
    let place = by_place("0123456789", to, c);
    let made = place.or_else(|| by_place("〇一二三四五六七八九", to, c))?;
    Some(made.to_string())
}

pub(super) fn circled_digit(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let to = random.pick(&["⓪①②③④⑤⑥⑦⑧⑨", "⓿❶❷❸❹❺❻❼❽❾", "⓪⑴⑵⑶⑷⑸⑹⑺⑻⑼"]);
    Some(by_place("0123456789", to, c)?.to_string())
}

pub(super) fn cyrillic(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let made = by_place(
        "aceopxyijsABCEHIJKMOPSTXYld",
        "асеорхуіјѕАВСЕНІЈКМОРЅТХУӏԁ",
        c,
    )?;
    Some(made.to_string())
}

pub(super) fn greek(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let made = by_place("ovinuptkaABEHIKMNOPTXYZ", "ονιηυρτκαΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", c)?;
    Some(made.to_string())
}

/// Latin letters in a word of Cyrillic.
pub(super) fn latin(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    let made = by_place("асеорхуіАВСЕНКМОРТХУ", "aceopxyiABCEHKMOPTXY", c)?;
    Some(made.to_string())
}

/// Letters of Armenian, Cherokee, Coptic, Lisu and phonetic writing, and numerals.
pub(super) fn homoglyph(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let forms: &[char] = match c {
        'a' => &['ɑ', '⍺'],
        'c' => &['ⅽ', 'ᴄ', 'ⲥ'],
        'd' => &['ⅾ', 'Ꮷ'],
        'e' => &['℮', 'ҽ'],
        'g' => &['ɡ', 'ց'],
        'h' => &['հ', 'һ'],
        'i' => &['ⅰ', 'ı', 'Ꭵ'],
        'k' => &['ĸ'],
        'l' => &['ⅼ', 'ǀ', 'ا'],
        'm' => &['ⅿ'],
        'n' => &['ո'],
        'o' => &['օ', 'ⲟ', 'ჿ'],
        'p' => &['ⲣ', '⍴'],
        'q' => &['ԛ', 'գ'],
        'r' => &['ⲅ', 'ᴦ'],
        's' => &['ꜱ', 'Ꮪ'],
        'u' => &['ս', 'ʋ'],
        'v' => &['ⅴ', 'ᴠ'],
        'w' => &['ԝ', 'ɯ', 'ᴡ'],
        'x' => &['ⅹ', '᙮'],
        'y' => &['ʏ', 'ყ'],
        'z' => &['ᴢ', 'Ꮓ'],
        'A' => &['Ꭺ', 'ꓮ'],
        'B' => &['Ᏼ', 'ꓐ'],
        'C' => &['Ⅽ', 'ꓚ', 'Ⲥ'],
        'D' => &['Ⅾ', 'Ꭰ', 'ꓓ'],
        'E' => &['Ꭼ', 'ꓰ'],
        'H' => &['Ꮋ', 'ꓧ'],
        'I' => &['Ⅰ', 'ꓲ'],
        'K' => &['Ꮶ', 'ꓗ', 'K'],
        'L' => &['Ⅼ', 'Ꮮ', 'ꓡ'],
        'M' => &['Ⅿ', 'Ꮇ', 'ꓟ'],
        'N' => &['ꓠ', 'Ⲛ'],
        'O' => &['Օ', 'ꓳ', 'Ⲟ'],
        'P' => &['Ꮲ', 'ꓑ', 'Ⲣ'],
        'R' => &['Ꭱ', 'ꓣ'],
        'S' => &['Տ', 'Ꮪ', 'ꓢ'],
        'T' => &['Ꭲ', 'ꓔ', 'Ⲧ'],
        'V' => &['Ⅴ', 'Ꮩ', 'ꓦ'],
        'W' => &['Ꮃ', 'ꓪ'],
        'X' => &['Ⅹ', 'ꓫ', 'Ⲭ'],
        'Y' => &['ꓬ', 'Ⲩ'],
        'Z' => &['Ꮓ', 'ꓜ'],
        _ => return None,
    };
    Some(random.pick(forms).to_string())
}

pub(super) fn leet(_: &Generator, c: char, random: &mut Random) -> Option<String> {
    let forms: &[char] = match c.to_ascii_lowercase() {
        'a' => &['4', '@'],
        'b' => &['8'],
        'e' => &['3'],
        'g' => &['9', '6'],
        'i' => &['1', '!'],
        'l' => &['1', '|'],
        'o' => &['0'],
        's' => &['5', '$'],
        't' => &['7', '+'],
        'z' => &['2'],
        _ => return None,
    };
    Some(random.pick(forms).to_string())
}

pub(super) fn turned(_: &Generator, c: char, _: &mut Random) -> Option<String> {
    by_letter("ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", c)
}

/// The ideographs that radicals beside those of the Kangxi dictionary are (UAX #44, EquivalentUnifiedIdeograph).
const RADICALS: [(char, char); 18] = [
    ('民', '⺠'),
    ('母', '⺟'),
    ('西', '⻄'),
    ('见', '⻅'),
    ('角', '⻆'),
    ('贝', '⻉'),
    ('车', '⻋'),
    ('长', '⻓'),
    ('门', '⻔'),
    ('青', '⻘'),
    ('页', '⻚'),
    ('风', '⻛'),
    ('飞', '⻜'),
    ('食', '⻝'),
    ('马', '⻢'),
    ('鱼', '⻥'),
    ('鸟', '⻦'),
    ('龙', '⻰'),
];
