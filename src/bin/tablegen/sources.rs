//! Reading the data.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;

use crate::unicode::only;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the source files say, and no more.
pub(crate) struct Data {
    /// Simple case folding (status C and S), U+0345 aside: it is a mark, and must not become a letter.
    pub(crate) case: BTreeMap<char, char>,
    /// The version of Unicode that `case` is of.
    pub(crate) case_version: String,
    /// UTS #39: what a character is confused with.
    pub(crate) confusables: BTreeMap<char, String>,
    /// The version of `confusables`.
    pub(crate) confusables_version: String,
    /// CJK radicals and strokes, and the ideographs that they are.
    pub(crate) radicals: BTreeMap<char, char>,
    /// Traditional to simplified: the first choice of OpenCC.
    pub(crate) simplified: BTreeMap<char, char>,
    /// Everything that OpenCC takes for a simplified character.
    pub(crate) plain_han: BTreeSet<char>,
    /// A standard traditional character, and its variants in Taiwan and Hong Kong.
    pub(crate) regional: Vec<(char, Vec<char>)>,
    /// A Japanese character, and the traditional ones that it may stand for.
    pub(crate) shinjitai: Vec<(char, Vec<char>)>,
    /// CJK compatibility ideographs.
    pub(crate) compatibility: Vec<(char, Vec<char>)>,
}

impl Data {
    /// Reads what the tables need of the folder.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let text =
            |name: &str| fs::read_to_string(dir.join(name)).map_err(|e| format!("{name}: {e}"));
        let case = text("unicode/CaseFolding.txt")?;
        let confusables = text("unicode/confusables.txt")?;
        let radicals = text("unicode/EquivalentUnifiedIdeograph.txt")?;
        let ts = opencc(&text("opencc/TSCharacters.txt")?);
        let st = opencc(&text("opencc/STCharacters.txt")?);
        let mut regional = opencc(&text("opencc/TWVariants.txt")?);
        regional.extend(opencc(&text("opencc/HKVariants.txt")?));
        let simplified: BTreeMap<_, _> = ts
            .iter()
            .filter_map(|(c, to)| Some((*c, *to.first()?)))
            .filter(|(c, to)| c != to)
            .collect();
        let plain_han = st
            .iter()
            .map(|(c, _)| *c)
            .chain(ts.iter().flat_map(|(_, to)| to.iter().copied()))
            .filter(|c| !simplified.contains_key(c))
            .collect();
        Ok(Self {
            case: case_folding(&case)?,
            case_version: between(&case, "CaseFolding-", ".txt").ok_or("no version")?,
            confusables: confusable(&confusables)?,
            confusables_version: between(&confusables, "Version: ", "\n").ok_or("no version")?,
            radicals: ideographs(&radicals)?,
            simplified,
            plain_han,
            regional,
            shinjitai: opencc(&text("opencc/JPShinjitaiCharacters.txt")?),
            compatibility: opencc(&text("opencc/CJK_Compatibility_Ideographs.txt")?),
        })
    }
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0.trim().to_owned())
}

/// The fields of each line of a file of Unicode.
fn fields(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(|line| line.split(';').map(str::trim).collect())
}

fn hex(s: &str) -> Result<char> {
    let n = u32::from_str_radix(s, 16).map_err(|e| format!("{s}: {e}"))?;
    Ok(char::from_u32(n).ok_or_else(|| format!("{s} is no character"))?)
}

fn case_folding(text: &str) -> Result<BTreeMap<char, char>> {
    let mut map = BTreeMap::new();
    for line in fields(text) {
        if let [from, "C" | "S", to, ..] = line[..] {
            map.insert(hex(from)?, hex(to)?);
        }
    }
    map.remove(&'\u{345}');
    Ok(map)
}

fn confusable(text: &str) -> Result<BTreeMap<char, String>> {
    let mut map = BTreeMap::new();
    for line in fields(text) {
        if let [from, to, ..] = line[..] {
            let to = to.split(' ').map(hex).collect::<Result<String>>()?;
            map.insert(hex(from)?, to);
        }
    }
    Ok(map)
}

fn ideographs(text: &str) -> Result<BTreeMap<char, char>> {
    let mut map = BTreeMap::new();
    for line in fields(text) {
        if let [range, to, ..] = line[..] {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            for c in hex(first)?..=hex(last)? {
                map.insert(c, hex(to)?);
            }
        }
    }
    Ok(map)
}

/// A dictionary of OpenCC; entries of more than one character left out.
fn opencc(text: &str) -> Vec<(char, Vec<char>)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(from, to)| Some((only(from)?, to.split(' ').filter_map(only).collect())))
        .collect()
}
