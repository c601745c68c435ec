//! How terms begin that may be written otherwise (`src/ARCHITECTURE.md`, 3b): a tree of codes, walked along what a text may be read as.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::ruleset::{Groups, Members, Terms};
use crate::text::skeleton::word_symbols;
use crate::text::tables::{self, Script, han, signs};
use crate::text::term::TermReading;
use crate::variant::{Variant, Variants};

/// What one symbol may be taken for.
pub(crate) type Code = u32;

/// The letter or digit itself, as the skeleton has it.
pub(crate) fn literal(c: char) -> Code {
    c as u32
}

pub(crate) fn syllable(syllable: han::Syllable) -> Code {
    0x20_0000 | u32::from(syllable)
}

/// The first letter of a syllable, as the skeleton has it.
pub(crate) fn initial(letter: char) -> Code {
    0x30_0000 | letter as u32
}

pub(crate) fn numeral(digit: u8) -> Code {
    0x40_0000 | u32::from(digit)
}

fn is_initial(code: Code) -> bool {
    code & 0x70_0000 == 0x30_0000
}

/// Most rows of codes that the beginning of one term is entered under; a term with more is entered by a shorter beginning.
const ROWS: usize = 160;

/// Letters of a term that is not of Han that are looked for before it is walked.
const DEPTH: usize = 4;

/// The tree.
#[derive(Debug)]
pub(crate) struct Prefixes {
    nodes: HashMap<u64, u32, BuildHasherDefault<Mixed>>,
    count: u32,
    /// Nodes, and the terms whose beginning ends there; in order once all are entered.
    ends: Vec<(u32, u32)>,
    terms: Groups,
    /// One bit for each code that stands anywhere; codes share bits. Empty where there is no term.
    known: Box<[u64]>,
    /// What the terms ask for together.
    pub(crate) variants: Variants,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self {
            nodes: HashMap::default(),
            count: 1,
            ends: Vec::new(),
            terms: Groups::default(),
            known: Box::default(),
            variants: Variants::EXACT,
        }
    }
}

impl Prefixes {
    pub(crate) const ROOT: u32 = 0;

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let nodes = self.nodes.capacity() * size_of::<(u64, u32)>();
        nodes + self.terms.bytes() + size_of_val(&*self.known)
    }

    /// The beginnings of those terms that may be written otherwise.
    pub(crate) fn of(terms: &Terms) -> Self {
        let mut prefixes = Self::default();
        let mut scratch = TermReading::default();
        for (term, row) in (0..).zip(terms.iter()) {
            if row.variants.and(Variants::FORMS).is_empty() {
                continue;
            }
            let reading = terms.reading(term, &mut scratch);
            if let Some(reading) = reading.filter(|reading| reading.has_forms()) {
                prefixes.add(term, reading);
            }
        }
        prefixes.finish();
        prefixes
    }

    /// Enters a term.
    fn add(&mut self, term: u32, reading: &TermReading) {
        self.variants = self.variants.or(reading.variants);
        let mut sets = Vec::with_capacity(DEPTH);
        let mut skeleton = Vec::new();
        for symbol in &reading.symbols {
            if sets.len() >= DEPTH {
                break;
            }
            skeleton.clear();
            word_symbols(symbol.plain, |c| skeleton.push(c));
            if let [one] = skeleton[..] {
                sets.push(codes(symbol.plain, one, reading.variants));
            } else {
                sets.extend(skeleton.iter().map(|c| vec![literal(*c)]));
            }
        }
        let is_han = |at: usize| {
            let symbol = reading.symbols.get(at);
            symbol.is_some_and(|symbol| tables::script(symbol.plain) == Script::Han)
        };
        let mut depth = if is_han(0) && is_han(1) { 2 } else { DEPTH };
        depth = depth.min(sets.len());
        while depth > 1 && sets[..depth].iter().map(Vec::len).product::<usize>() > ROWS {
            depth -= 1;
        }
        let mut ends = self.enter(&sets[..depth], |before, code| {
            !(is_initial(before) && is_initial(code))
        });
        // Initials alone: more of them, as they say less.
        if sets.len() >= DEPTH
            && sets[..DEPTH]
                .iter()
                .all(|set| set.iter().any(|code| is_initial(*code)))
        {
            ends.extend(self.enter(&sets[..DEPTH], |_, code| is_initial(code)));
        }
        ends.sort_unstable();
        ends.dedup();
        self.ends.extend(ends.into_iter().map(|node| (node, term)));
    }

    /// Makes the tree ready to be walked, once all terms are entered.
    fn finish(&mut self) {
        self.terms = Groups::new(self.count as usize, &std::mem::take(&mut self.ends));
        self.nodes.shrink_to_fit();
    }

    /// The ends of all rows of codes, one of each set, of which no two neighbours are refused.
    fn enter(&mut self, sets: &[Vec<Code>], fits: impl Fn(Code, Code) -> bool) -> Vec<u32> {
        let mut ends = vec![(Self::ROOT, 0)];
        for set in sets {
            let mut next = Vec::new();
            for (node, before) in ends {
                for code in set.iter().filter(|code| fits(before, **code)) {
                    next.push((self.child(node, *code), *code));
                }
            }
            ends = next;
        }
        ends.into_iter().map(|(node, _)| node).collect()
    }

    fn child(&mut self, node: u32, code: Code) -> u32 {
        if self.known.is_empty() {
            self.known = vec![0; 1 << 10].into();
        }
        let bit = place(code);
        self.known[bit >> 6] |= 1 << (bit & 63);
        let child = *self.nodes.entry(key(node, code)).or_insert(self.count);
        self.count = self.count.max(child + 1);
        child
    }

    /// Whether some term may have that code at its beginning.
    pub(crate) fn knows(&self, code: Code) -> bool {
        let bit = place(code);
        let known = self.known.get(bit >> 6);
        known.is_some_and(|known| known & 1 << (bit & 63) != 0)
    }

    pub(crate) fn step(&self, node: u32, code: Code) -> Option<u32> {
        self.nodes.get(&key(node, code)).copied()
    }

    /// The terms whose beginning ends at `node`.
    pub(crate) fn terms(&self, node: u32) -> Members<'_> {
        self.terms.get(node as usize)
    }
}

fn key(node: u32, code: Code) -> u64 {
    u64::from(node) << 32 | u64::from(code)
}

fn place(code: Code) -> usize {
    (code ^ code >> 16 ^ code >> 5) as usize & 0xffff
}

/// What a symbol of a term may be read from.
fn codes(plain: char, skeleton: char, variants: Variants) -> Vec<Code> {
    let mut codes = vec![literal(skeleton)];
    let mut add = |code| {
        if !codes.contains(&code) {
            codes.push(code);
        }
    };
    if variants.contains(Variant::Digits)
        && let Some(digit) = signs::numeral(plain)
    {
        add(numeral(digit));
    }
    for reading in han::readings(tables::script_fold(plain).unwrap_or(plain)) {
        if variants.contains(Variant::Homophone) || variants.contains(Variant::Pinyin) {
            add(syllable(*reading));
        }
        if variants.contains(Variant::Pinyin)
            && let Some(first) = han::spelling(*reading).chars().next()
        {
            add(initial(tables::merged(first)));
        }
    }
    codes
}

/// The syllables that a row of letters spells, as the skeleton has them: up to six, five bits each.
pub(crate) fn spelled(letters: u32) -> &'static [han::Syllable] {
    SPELLED.get(&u64::from(letters)).map_or(&[], Vec::as_slice)
}

/// Adds a letter of the skeleton to a row; `None` for what is no small Latin letter.
pub(crate) fn spell(row: u32, letter: char) -> Option<u32> {
    letter
        .is_ascii_lowercase()
        .then_some(row << 5 | (letter as u32 & 31))
}

static SPELLED: LazyLock<HashMap<u64, Vec<han::Syllable>, BuildHasherDefault<Mixed>>> =
    LazyLock::new(|| {
        let mut spelled: HashMap<u64, Vec<han::Syllable>, _> = HashMap::default();
        for syllable in (0..).take_while(|syllable| !han::spelling(*syllable).is_empty()) {
            let spelling = han::spelling(syllable);
            for typed in [spelling.to_owned(), spelling.replace('v', "u")] {
                let row = typed
                    .chars()
                    .try_fold(0, |row, c| spell(row, tables::merged(c)));
                if let Some(row) = row {
                    let known: &mut Vec<_> = spelled.entry(u64::from(row)).or_default();
                    if !known.contains(&syllable) {
                        known.push(syllable);
                    }
                }
            }
        }
        spelled
    });

/// A hash of one number, by multiplying.
#[derive(Debug, Default)]
pub(crate) struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}
