//! Standard forms within a script: Han, Arabic, digits, jamo.

use std::collections::BTreeMap;
use std::error::Error;

use unicode_properties::GeneralCategory;

use crate::sources::Data;
use crate::unicode::{category, chars, nfc, nfkc, nth, only};

/// Arabic letters that keyboards and languages write differently. Uyghur letters are not among them.
const ARABIC: [(char, &str); 7] = [
    ('\u{627}', "\u{622}\u{623}\u{625}\u{671}\u{672}\u{673}"),
    ('\u{64a}', "\u{649}\u{6cc}\u{626}"),
    ('\u{643}', "\u{6a9}\u{6aa}"),
    ('\u{647}', "\u{6c1}\u{6be}\u{629}\u{6c3}"),
    ('\u{648}', "\u{624}"),
    ('\u{6d2}', "\u{6d3}"),
    ('\u{6d5}', "\u{6c0}"),
];

/// Japanese and regional characters that are ordinary in Chinese (most are in GB 2312), though OpenCC's Chinese tables do not name them.
const CHINESE_TOO: &str = "予欠缶糸浜褒弁芸慎晃概瓶研翻萌著郎睪";

/// Variants that OpenCC's tables have the other way round, or not at all.
const MORE_HAN: [(&str, &str); 3] = [
    ("鎗荳餠燄菓甦籐揹讎澂鑪", "枪豆饼焰果苏藤背仇澄炉"),
    ("囯囶敎淸鑛愼槪甁硏飜郞晄", "国国教清矿慎概瓶研翻郎晃"),
    ("尙旣吿兪戯麺", "尚既告俞戏面"),
];

/// Everything that `script` changes, closed. Hangul is `jamo`.
pub(crate) fn table(
    data: &Data,
    width: &BTreeMap<char, String>,
) -> Result<BTreeMap<char, char>, Box<dyn Error>> {
    let mut table = han(data)?;
    for (standard, others) in ARABIC {
        table.extend(others.chars().map(|c| (c, standard)));
    }
    table.extend(digits()?);
    table.retain(|c, to| c != to && !width.contains_key(c) && nfc(&c.to_string()) == c.to_string());
    Ok(table)
}

/// Traditional to simplified; then what else is written for either.
fn han(data: &Data) -> Result<BTreeMap<char, char>, Box<dyn Error>> {
    let mut map = data.simplified.clone();
    let is_new = |map: &BTreeMap<char, char>, c: char| {
        !map.contains_key(&c) && !data.plain_han.contains(&c) && !CHINESE_TOO.contains(c)
    };
    for (standard, variants) in &data.regional {
        for variant in variants.iter().filter(|v| *v != standard) {
            if is_new(&map, *variant) && map.get(standard) != Some(variant) {
                map.insert(*variant, *standard);
            }
        }
    }
    for (japanese, old) in &data.shinjitai {
        if !is_new(&map, *japanese) {
            continue;
        }
        if let Some(standard) = one_meaning(*japanese, old, &data.simplified) {
            map.insert(*japanese, standard);
        }
    }
    for (variants, standards) in MORE_HAN {
        for (variant, standard) in variants.chars().zip(standards.chars()) {
            map.entry(variant).or_insert(standard);
        }
    }
    for (c, to) in &data.compatibility {
        if nfc(&c.to_string()).chars().ne(to.first().copied()) {
            map.extend(to.first().map(|to| (*c, *to)));
        }
    }
    close(&map)
}

/// The simplified character that all of `old` come to, if they agree and it is not `japanese` itself.
fn one_meaning(japanese: char, old: &[char], simplified: &BTreeMap<char, char>) -> Option<char> {
    let mut meanings: Vec<char> = old
        .iter()
        .filter(|c| **c != japanese)
        .map(|c| simplified.get(c).copied().unwrap_or(*c))
        .collect();
    meanings.sort_unstable();
    meanings.dedup();
    match meanings[..] {
        [one] if one != japanese => Some(one),
        _ => None,
    }
}

/// Follows each chain to its end.
fn close(map: &BTreeMap<char, char>) -> Result<BTreeMap<char, char>, Box<dyn Error>> {
    let mut closed = BTreeMap::new();
    for c in map.keys() {
        let mut end = *c;
        let mut steps = 0;
        while let Some(next) = map.get(&end) {
            end = *next;
            steps += 1;
            if steps > 8 {
                return Err(format!("{c} leads in a circle").into());
            }
        }
        closed.insert(*c, end);
    }
    Ok(closed)
}

/// Native decimal digits. Unicode places them in tens, from 0 on.
fn digits() -> Result<BTreeMap<char, char>, Box<dyn Error>> {
    let mut map = BTreeMap::new();
    let mut run: Option<(char, char)> = None;
    for c in chars().filter(|&c| category(c) == GeneralCategory::DecimalNumber) {
        let start = match run {
            Some((start, last)) if nth(last, 1) == Some(c) => start,
            Some((start, last)) if (last as u32 - start as u32) % 10 != 9 => {
                return Err(format!("the digits from {start:?} on are no ten").into());
            }
            _ => c,
        };
        run = Some((start, c));
        let value = (c as u32 - start as u32) % 10;
        map.insert(c, char::from_digit(value, 10).ok_or("no digit")?);
    }
    Ok(map)
}

/// Final consonants, as compatibility jamo, from U+11A8 on.
const FINALS: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

/// Conjoining and half-width jamo, and the compatibility jamo that they are.
pub(crate) fn jamo() -> BTreeMap<char, char> {
    let halfwidth = '\u{ffa1}'..='\u{ffdc}';
    let conjoining = '\u{1100}'..='\u{11ff}';
    let mut map: BTreeMap<char, char> = conjoining
        .filter_map(|c| Some((c, compatibility_jamo(c)?)))
        .collect();
    for c in halfwidth {
        if let Some(to) = only(&nfkc(&c.to_string())).and_then(compatibility_jamo) {
            map.insert(c, to);
        }
    }
    map
}

/// The compatibility jamo of a conjoining one.
pub(crate) fn compatibility_jamo(c: char) -> Option<char> {
    let filler = matches!(c, '\u{115f}' | '\u{1160}');
    let same = |j: &char| *j != '\u{3164}' && only(&nfkc(&j.to_string())) == Some(c);
    if filler || !matches!(c, '\u{1100}'..='\u{11ff}') {
        return None;
    }
    let last = (c as usize).checked_sub(0x11a8);
    ('\u{3131}'..='\u{318e}')
        .find(same)
        .or_else(|| FINALS.chars().nth(last?))
}
