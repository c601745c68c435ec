//! The Latin letters that other letters look like.

use std::collections::{BTreeMap, BTreeSet};

use unicode_properties::GeneralCategory;

use crate::Tables;
use crate::sources::Data;
use crate::unicode::{
    UnicodeScriptName, category, is_combining, is_letter, nfc, nfd, only, script,
};

/// A look-alike: the letter, and whether it may as well be an l.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) letter: char,
    pub(crate) or_l: bool,
}

impl Look {
    fn new(letter: char, or_l: bool) -> Self {
        Self { letter, or_l }
    }
}

/// The look-alikes, and the ASCII letters that have to stand for one another because of them.
pub(crate) struct Looks {
    pub(crate) looks: BTreeMap<char, Look>,
    pub(crate) merged: BTreeMap<char, char>,
}

/// What evaders write and UTS #39 lacks, or has elsewhere: letters, and what they look like.
const BY_HAND: [(&str, &str); 6] = [
    ("вВнНкКмМтТгпрРуУхХ", "bBhHkKmMtTrnpPyYxX"),
    ("ѕЅіјЈһҺԁԛԝьЬҝҟ", "sSijJhHdqwbBkk"),
    ("αβγεηικνορτυχωσ", "abyenikvoptuxwo"),
    ("ΑΒΕΖΗΚΜΝΟΡΤΥΧϲϹϳ", "ABEZHKMNOPTYXcCj"),
    ("ոօսհգցՕՍ", "nouhqgOU"),
    ("ɑɡıɩʋ", "agiiv"),
];

/// Letters of their own right that UTS #39 has look-alikes for.
const NOT_ALIKE: &str = "ɯͺ";

/// Look-alikes in the shape of a bar: they are read as i and as l.
const BARS: &str = "ІΙӀӏⲒꓲ";

/// Capitals whose shape is known to be another, though their small letters look like Latin ones.
const LEFT_ALONE: &str = "ΓΣГПИЦШЩΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";

/// Everything that is told apart by nothing but its looks, with both cases of a letter covered.
pub(crate) fn table(data: &Data, tables: &Tables) -> Looks {
    let mut looks: BTreeMap<char, Look> = data
        .confusables
        .iter()
        .filter_map(|(c, to)| Some((*c, look(*c, only(to)?)?)))
        .collect();
    for (from, to) in BY_HAND {
        let pairs = from.chars().zip(to.chars());
        looks.extend(pairs.map(|(c, letter)| (c, Look::new(letter, false))));
    }
    for c in BARS.chars() {
        let letter = if c == 'ӏ' { 'i' } else { 'I' };
        looks.insert(c, Look::new(letter, true));
    }
    looks.retain(|c, _| may_look(*c) && !tables.width.contains_key(c));
    lend_to_capitals(&mut looks, tables);
    reconcile(looks, tables)
}

/// Capitals that look like no Latin letter themselves, and are no ordinary letters of a living alphabet's words: compared by case, they are
/// their small letters, and these look like one (Ԛ and ԛ).
fn lend_to_capitals(looks: &mut BTreeMap<char, Look>, tables: &Tables) {
    for (capital, small) in &tables.case {
        if let Some(look) = looks.get(small).copied()
            && !looks.contains_key(capital)
            && may_look(*capital)
            && !LEFT_ALONE.contains(*capital)
            && !tables.width.contains_key(capital)
        {
            let letter = look.letter.to_ascii_uppercase();
            looks.insert(*capital, Look { letter, ..look });
        }
    }
}

fn look(c: char, to: char) -> Option<Look> {
    // UTS #39 calls every bar an l. What is no small l is an I that might be one.
    let bar = to == 'l' && category(c) != GeneralCategory::LowercaseLetter;
    let letter = if bar { 'I' } else { to };
    letter
        .is_ascii_alphabetic()
        .then_some(Look { letter, or_l: bar })
}

/// Letters of the scripts that are compared by looks.
fn may_look(c: char) -> bool {
    use UnicodeScriptName as S;
    let apart = matches!(
        script(c),
        S::Common
            | S::Inherited
            | S::Hebrew
            | S::Arabic
            | S::Han
            | S::Hangul
            | S::Hiragana
            | S::Katakana
    );
    is_letter(c)
        && !c.is_ascii()
        && !NOT_ALIKE.contains(c)
        && !apart
        && !crate::classes::is_unspaced(script(c))
}

/// Makes look-alikes agree with the other stages: what a letter folds to otherwise must look like what the letter looks like.
///
/// The two cases of a Greek letter may look like two letters (Η and η: H and n). Both are kept; the skeleton merges h and n then.
/// Of rarer scripts the small letter wins.
fn reconcile(mut looks: BTreeMap<char, Look>, tables: &Tables) -> Looks {
    let mut merged = Merged::default();
    merged.join('i', 'l');
    for (c, look) in looks.clone() {
        let small = look.letter.to_ascii_lowercase();
        let Some(rest) = folded(c, tables) else {
            looks.remove(&c);
            continue;
        };
        let theirs = if rest.is_ascii() {
            rest
        } else if is_letter(rest) {
            let letter = small;
            looks
                .entry(rest)
                .or_insert(Look { letter, ..look })
                .letter
                .to_ascii_lowercase()
        } else {
            '\0'
        };
        if theirs != small {
            if script(c) == UnicodeScriptName::Greek && theirs.is_ascii_alphabetic() {
                merged.join(theirs, small);
            } else {
                looks.remove(&c);
            }
        }
    }
    Looks {
        looks,
        merged: merged.table(),
    }
}

/// What every other stage makes of `c`, if it is one character.
fn folded(c: char, tables: &Tables) -> Option<char> {
    let parts = nfd(&nfc(&c.to_string()));
    let bare: String = parts.chars().filter(|c| !is_combining(*c)).collect();
    let bare = only(&bare)?;
    let bare = tables.stroke.get(&bare).copied().unwrap_or(bare);
    let bare = tables.script.get(&bare).copied().unwrap_or(bare);
    Some(tables.case.get(&bare).copied().unwrap_or(bare))
}

/// Sets of ASCII letters.
#[derive(Default)]
struct Merged(Vec<BTreeSet<char>>);

impl Merged {
    fn join(&mut self, a: char, b: char) {
        let mut joined = BTreeSet::from([a, b]);
        self.0.retain(|set| {
            let apart = set.is_disjoint(&joined);
            if !apart {
                joined.extend(set);
            }
            apart
        });
        self.0.push(joined);
    }

    /// Each letter that its set's first one stands for.
    fn table(&self) -> BTreeMap<char, char> {
        let pairs = |set: &BTreeSet<char>| {
            let first = set.first().copied();
            set.iter()
                .copied()
                .skip(1)
                .filter_map(move |c| Some((c, first?)))
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(pairs).collect()
    }
}
