//! Compatibility forms: NFKC, and what NFKC leaves to be done.

use std::collections::{BTreeMap, BTreeSet};

use crate::scripts;
use crate::sources::Data;
use crate::unicode::{chars, is_combining, nfc, nfkc, nth};

/// Small capitals, and the letters that they are.
const SMALL_CAPITALS: [(&str, &str); 2] = [
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍ", "abcdefghijklm"),
    ("ɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "nopqrstuvwyz"),
];

/// Signs that are drawn as the letter they are named for.
const LETTER_SIGNS: [(char, &str); 5] = [
    ('\u{212e}', "e"),
    ('\u{2373}', "i"),
    ('\u{2374}', "p"),
    ('\u{2375}', "w"),
    ('\u{237a}', "a"),
];

/// Letters in a box or a circle that Unicode does not decompose: the first, how many, and the first letter.
const BOXED_LETTERS: [(char, u32, char); 3] = [
    ('\u{1f150}', 26, 'A'),
    ('\u{1f170}', 26, 'A'),
    ('\u{1f1e6}', 26, 'A'),
];

/// Numbers in a circle that Unicode does not decompose: the first, how many, the first number, the step.
const BOXED_NUMBERS: [(char, u32, u32, u32); 9] = [
    ('\u{24eb}', 10, 11, 1),
    ('\u{24f5}', 10, 1, 1),
    ('\u{24ff}', 1, 0, 1),
    ('\u{2776}', 10, 1, 1),
    ('\u{2780}', 10, 1, 1),
    ('\u{278a}', 10, 1, 1),
    ('\u{3248}', 8, 10, 10),
    ('\u{1f10b}', 1, 0, 1),
    ('\u{1f10c}', 1, 0, 1),
];

/// Words in a box that Unicode does not decompose.
const BOXED_WORDS: [(char, &str); 16] = [
    ('\u{1f18a}', "P"),
    ('\u{1f18b}', "IC"),
    ('\u{1f18c}', "PA"),
    ('\u{1f18d}', "SA"),
    ('\u{1f18e}', "AB"),
    ('\u{1f18f}', "WC"),
    ('\u{1f191}', "CL"),
    ('\u{1f192}', "COOL"),
    ('\u{1f193}', "FREE"),
    ('\u{1f194}', "ID"),
    ('\u{1f195}', "NEW"),
    ('\u{1f196}', "NG"),
    ('\u{1f197}', "OK"),
    ('\u{1f198}', "SOS"),
    ('\u{1f199}', "UP!"),
    ('\u{1f19a}', "VS"),
];

/// The table, closed.
pub(crate) fn table(data: &Data, invisible: &BTreeSet<char>) -> BTreeMap<char, String> {
    let mut table: BTreeMap<char, String> = chars()
        .filter(|c| !invisible.contains(c) && !left_alone(*c))
        .filter_map(|c| Some((c, compatible(c, &data.radicals)?)))
        .collect();
    table.extend(by_hand());
    cover_upper_case(&mut table, &data.case);
    close(table)
}

/// Compatibility jamo are what `jamo` yields, so they are at home; the lunate sigmas are used as the letter c that they look like.
fn left_alone(c: char) -> bool {
    matches!(c, '\u{3131}'..='\u{318e}' | 'ϲ' | 'Ϲ')
}

fn compatible(c: char, radicals: &BTreeMap<char, char>) -> Option<String> {
    let whole = c.to_string();
    let form = nfkc(&whole);
    if form == nfc(&whole) {
        return radicals.get(&c).map(char::to_string);
    }
    if is_space_with_mark(&form) {
        return None;
    }
    let form: String = form.chars().filter(|f| !is_frame(c, *f)).collect();
    Some(
        form.chars()
            .map(|f| scripts::compatibility_jamo(f).unwrap_or(f))
            .collect(),
    )
}

/// Accents standing alone (´, ¨): a space with a mark would make a gap of them.
fn is_space_with_mark(form: &str) -> bool {
    form.strip_prefix(' ')
        .is_some_and(|marks| !marks.is_empty() && marks.chars().all(is_combining))
}

/// What stands around the letter or number in `c`: (1) and 1. are 1.
fn is_frame(c: char, part: char) -> bool {
    let framed = matches!(c, '\u{2474}'..='\u{24b5}' | '\u{3200}'..='\u{3243}'
        | '\u{1f100}'..='\u{1f10a}' | '\u{1f110}'..='\u{1f12a}' | '\u{1f240}'..='\u{1f248}');
    framed && matches!(part, '(' | ')' | '.' | ',' | '\u{3014}' | '\u{3015}')
}

fn by_hand() -> impl Iterator<Item = (char, String)> {
    let capitals = SMALL_CAPITALS
        .into_iter()
        .flat_map(|(from, to)| from.chars().zip(to.chars()))
        .map(|(from, to)| (from, to.to_string()));
    let letters = BOXED_LETTERS
        .into_iter()
        .flat_map(|(first, count, letter)| {
            (0..count).filter_map(move |n| Some((nth(first, n)?, nth(letter, n)?.to_string())))
        });
    let numbers = BOXED_NUMBERS
        .into_iter()
        .flat_map(|(first, count, number, step)| {
            (0..count).filter_map(move |n| Some((nth(first, n)?, (number + n * step).to_string())))
        });
    let words = BOXED_WORDS
        .into_iter()
        .chain(LETTER_SIGNS)
        .map(|(c, word)| (c, word.to_owned()));
    capitals.chain(letters).chain(numbers).chain(words)
}

/// A capital whose small letter has a form has one too: Ʀ is R because ʀ is r.
fn cover_upper_case(table: &mut BTreeMap<char, String>, case: &BTreeMap<char, char>) {
    for (upper, lower) in case {
        if let Some(form) = table.get(lower).map(|form| form.to_uppercase())
            && !left_alone(*upper)
        {
            table.entry(*upper).or_insert(form);
        }
    }
}

fn close(mut table: BTreeMap<char, String>) -> BTreeMap<char, String> {
    loop {
        let next: BTreeMap<char, String> = table
            .iter()
            .map(|(c, form)| {
                let parts = form
                    .chars()
                    .map(|f| table.get(&f).cloned().unwrap_or(f.to_string()));
                (*c, nfc(&parts.collect::<String>()))
            })
            .collect();
        if next == table {
            return table;
        }
        table = next;
    }
}
