//! The skeleton: the one view in which candidates are looked for.
//!
//! It over-approximates every relation of `src/ARCHITECTURE.md`: of each character only the letters and digits are left that
//! remain when every stage of the fold is applied, look-alikes included; equal neighbours are one. Whatever a term is found in under any set of
//! variants, its skeleton is a part of that text's skeleton. `tests/it/tables.rs` holds the tables to that for every code point.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use crate::text::symbols::{Symbols, symbol};
use crate::text::tables::{self, Class};

/// What a text holds that asks for more than the plain skeleton.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Causes {
    /// A look-alike that could be an i or an l.
    pub(crate) or_l: bool,
    /// A letter beyond ASCII of a script that has look-alikes, or one whose compatibility form holds such a letter: a word may be of two scripts.
    pub(crate) word: bool,
    /// A character that escapes begin with.
    pub(crate) escape: bool,
}

/// The skeleton of a text: folded letters and digits as symbols, neighbours distinct.
#[derive(Debug, Default)]
pub(crate) struct Skeleton {
    symbols: Symbols,
    /// The last symbol; no symbol, before the first.
    last: u16,
    causes: Causes,
}

impl Skeleton {
    /// Folds `text` in place of what was here.
    pub(crate) fn fill(&mut self, text: &str) {
        let table = table();
        self.symbols.begin(text.len());
        self.last = UNKNOWN;
        self.causes = Causes::default();
        let mut rest = self.fold_plain(table, text);
        while let Some(c) = rest.chars().next() {
            self.fold_char(table, c);
            rest = &rest[c.len_utf8()..];
            // An expansion may have more symbols than the character had bytes.
            self.symbols.room(rest.len());
            rest = self.fold_plain(table, rest);
        }
        self.symbols.end();
    }

    /// Folds characters that leave at most one symbol, and no cause that is not of ASCII, up to the first other one.
    fn fold_plain<'a>(&mut self, table: &Table, text: &'a str) -> &'a str {
        let mut pen = self.symbols.pen();
        let mut last = self.last;
        let mut escape = false;
        // What an ASCII letter or digit right before means: a border never lies between two letters, or two digits, of ASCII.
        let mut before = 0;
        let mut rest = text.as_bytes();
        loop {
            let symbol = match *rest {
                [byte @ 0..=0x7f, ..] => {
                    rest = &rest[1..];
                    let [symbol, kind] = table.ascii[usize::from(byte)];
                    let (symbol, inside) = (u16::from(symbol), kind == before);
                    let same = symbol == last;
                    // Without branches that nobody could foretell: what is left out is overwritten by the next.
                    pen.put(symbol, symbol != 0 && !same, inside);
                    pen.again(same, inside);
                    last = if symbol == 0 { last } else { symbol };
                    escape |= kind == ESCAPE;
                    before = kind;
                    continue;
                }
                [first @ 0xe0..=0xef, second, third, ..] => {
                    let code = u16::from(first) << 12
                        | u16::from(second & 0x3f) << 6
                        | u16::from(third & 0x3f);
                    let symbol = table.plain[usize::from(code)];
                    if symbol == UNKNOWN {
                        break;
                    }
                    rest = &rest[3..];
                    symbol
                }
                [first @ 0xc0..=0xdf, second, ..] => {
                    let code = u16::from(first & 0x1f) << 6 | u16::from(second & 0x3f);
                    let symbol = table.plain[usize::from(code)];
                    if symbol == UNKNOWN {
                        break;
                    }
                    rest = &rest[2..];
                    symbol
                }
                _ => break,
            };
            before = 0;
            if symbol == last {
                pen.again(true, false);
            } else {
                pen.put(symbol, symbol != 0, false);
                last = if symbol == 0 { last } else { symbol };
            }
        }
        pen.lift();
        self.last = last;
        self.causes.escape |= escape;
        &text[text.len() - rest.len()..]
    }

    /// Folds a decoded text: its clusters may be joined, and what that does to borders is not looked into here.
    pub(crate) fn fill_decoded(&mut self, text: &str) {
        self.fill(text);
        self.symbols.forget_inside();
    }

    fn fold_char(&mut self, table: &Table, c: char) {
        let entry = table.entry(c);
        if entry == 0 {
            return;
        }
        if entry & FLAGS != 0 {
            self.causes.or_l |= entry & OR_L != 0;
            self.causes.word |= entry & WORD != 0;
            if entry & MANY != 0 {
                let (from, len) = span_of(entry);
                self.symbols.room(len);
                for &c in &table.many[from..from + len] {
                    self.push(c);
                }
                return;
            }
        }
        if let Some(c) = char::from_u32(entry & CHAR)
            && c != '\0'
        {
            self.push(c);
        }
    }

    fn push(&mut self, c: char) {
        let symbol = symbol(c);
        if self.last == symbol {
            self.symbols.again();
        } else {
            self.last = symbol;
            self.symbols.push(symbol);
        }
    }

    /// The skeleton. [`Symbols::is_inside`] where each of the characters that a symbol stands for is an ASCII letter right after another, or
    /// a digit after a digit: in a text as it stands, no border lies there.
    pub(crate) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// What the text held besides.
    pub(crate) fn causes(&self) -> Causes {
        self.causes
    }
}

/// The skeleton of a text in characters, for people.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        word_symbols(c, |symbol| {
            if !shown.ends_with(symbol) {
                shown.push(symbol);
            }
        });
    }
    shown
}

/// Calls `each` with the symbols of every character of `text`, those of one after another, before equal ones are made one; and with the
/// byte that the character begins at.
pub(crate) fn symbols_at(text: &str, mut each: impl FnMut(usize, u16)) {
    let table = table();
    for (at, c) in text.char_indices() {
        if c.is_ascii() {
            let [symbol, _] = table.ascii[c as usize];
            if symbol != 0 {
                each(at, u16::from(symbol));
            }
            continue;
        }
        match table.plain(c) {
            UNKNOWN => word_symbols(c, |c| each(at, symbol(c))),
            0 => {}
            plain => each(at, plain),
        }
    }
}

/// The letters and digits of `c` after every stage, in order; none for what the skeleton leaves out.
pub(crate) fn word_symbols(c: char, mut each: impl FnMut(char)) {
    let table = table();
    if c.is_ascii() {
        let [folded, _] = table.ascii[c as usize];
        if folded != 0 {
            each(char::from(folded));
        }
        return;
    }
    let entry = table.entry(c);
    if entry & MANY != 0 {
        let (from, len) = span_of(entry);
        table.many[from..from + len].iter().copied().for_each(each);
    } else if entry & CHAR != 0
        && let Some(c) = char::from_u32(entry & CHAR)
    {
        each(c);
    }
}

/// What `c` leaves in a text of symbols alone: neither letters, digits, white space, marks nor what shows nothing.
pub(crate) fn bare_symbols(c: char, mut each: impl FnMut(char)) {
    if c.is_ascii() {
        if c.is_ascii_punctuation() {
            each(c);
        }
        return;
    }
    if table().entry(c) & SYMBOL == 0 {
        return;
    }
    let mut symbol = |c| {
        decompose_canonical(c, |d| {
            if is_symbol(d) {
                each(d);
            }
        });
    };
    match tables::width(c) {
        Some(form) => form.chars().for_each(symbol),
        None => symbol(c),
    }
}

/// What a text is to terms of symbols alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// One of the symbols that a character leaves.
    Symbol(char),
    /// A letter or digit of which something is left after every stage of the fold. Nothing is of a tatweel, however it is written.
    Word,
}

/// Calls `each` with the symbols, letters and digits of `text` in order, and the byte that the character begins at.
pub(crate) fn bare_at(text: &str, mut each: impl FnMut(usize, Bare)) {
    let table = table();
    for (at, c) in text.char_indices() {
        if !matches!(table.plain(c), 0 | UNKNOWN) {
            each(at, Bare::Word);
            continue;
        }
        let mut any = false;
        bare_symbols(c, |c| {
            any = true;
            each(at, Bare::Symbol(c));
        });
        if !any && matches!(tables::class(c), Class::Letter | Class::Digit) {
            let mut left = false;
            word_symbols(c, |_| left = true);
            if left {
                each(at, Bare::Word);
            }
        }
    }
}

fn is_symbol(c: char) -> bool {
    matches!(
        tables::class(c),
        Class::Noise | Class::Prose | Class::Joiner
    ) && !tables::is_invisible(c)
        && !is_combining_mark(c)
}

/// Kinds of ASCII characters; 0 is what is left out.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const ESCAPE: u8 = 3;

/// No character of the basic plane, and no symbol of any.
const UNKNOWN: u16 = 0xffff;

const CHAR: u32 = 0x1f_ffff;
const MANY: u32 = 1 << 31;
const OR_L: u32 = 1 << 30;
const WORD: u32 = 1 << 29;
const SYMBOL: u32 = 1 << 28;
const FLAGS: u32 = MANY | OR_L | WORD | SYMBOL;

const fn span_of(entry: u32) -> (usize, usize) {
    ((entry & 0xffff) as usize, (entry >> 16 & 0x3f) as usize)
}

/// Two stages of 256 characters each; equal blocks are stored once.
#[derive(Debug)]
struct Table {
    /// What each leaves, or 0, and of which kind it is.
    ascii: [[u8; 2]; 128],
    /// Of characters of the basic plane beyond ASCII: what they leave, if that is at most one symbol beyond ASCII, and no cause, and they
    /// are a letter or digit if it is one; or [`UNKNOWN`]. Made from `entries`: one look-up, for what most text is made of.
    plain: Box<[u16; 0x1_0000]>,
    blocks: Vec<u16>,
    entries: Vec<u32>,
    many: Vec<char>,
}

impl Table {
    fn entry(&self, c: char) -> u32 {
        let c = c as usize;
        match self.blocks.get(c >> 8) {
            Some(&block) => self.entries[usize::from(block) << 8 | (c & 0xff)],
            None => 0,
        }
    }

    /// See `plain`; of ASCII, [`UNKNOWN`].
    #[inline]
    fn plain(&self, c: char) -> u16 {
        u16::try_from(c as u32).map_or(UNKNOWN, |c| self.plain[usize::from(c)])
    }

    fn new() -> Self {
        let mut table = Self {
            ascii: ascii(),
            plain: Box::new([UNKNOWN; 0x1_0000]),
            blocks: Vec::new(),
            entries: Vec::new(),
            many: Vec::new(),
        };
        let mut seen = std::collections::BTreeMap::new();
        let mut folded = tables::folded_chars().peekable();
        for high in 0..0x1100_u32 {
            let mut block = [0; 256];
            for low in 0..256_u32 {
                let Some(c) = char::from_u32(high << 8 | low) else {
                    continue;
                };
                while folded.next_if(|next| *next < c).is_some() {}
                let entry = &mut block[low as usize];
                *entry = if folded.next_if_eq(&c).is_some() {
                    table.fold(c)
                } else {
                    plain(c)
                };
            }
            let next = (table.entries.len() >> 8) as u16;
            let id = *seen.entry(block).or_insert_with(|| {
                table.entries.extend_from_slice(&block);
                next
            });
            table.blocks.push(id);
        }
        for (code, plain) in table.plain.iter_mut().enumerate().skip(0x80) {
            let block = usize::from(table.blocks[code >> 8]);
            let entry = table.entries[block << 8 | (code & 0xff)];
            if entry & (MANY | OR_L | WORD) != 0 || (1..0x80).contains(&(entry & CHAR)) {
                continue;
            }
            let class = char::from_u32(code as u32).map(tables::class);
            if entry & CHAR == 0 || matches!(class, Some(Class::Letter | Class::Digit)) {
                *plain = char::from_u32(entry & CHAR).map_or(UNKNOWN, symbol);
            }
        }
        table
    }

    fn fold(&mut self, c: char) -> u32 {
        let mut flags = 0;
        if tables::confusable(c).is_some_and(|look| look.or_l) {
            flags |= OR_L;
        }
        let looks = |c: char| tables::script(c).has_look_alikes();
        if looks(c) || tables::width(c).is_some_and(|form| form.chars().any(looks)) {
            flags |= WORD;
        }
        if is_symbol(c) {
            flags |= SYMBOL;
        }
        let mut word = every_stage(c);
        word.retain(|c| matches!(tables::class(*c), Class::Letter | Class::Digit));
        match *word {
            [] => flags,
            [one] => flags | one as u32,
            _ => {
                // Expansions are few (some thousands of characters in all) and short (18 at most, U+FDFA).
                let from = self.many.len() as u32;
                let len = word.len() as u32;
                debug_assert!(from <= 0xffff && len <= 0x3f);
                self.many.extend_from_slice(&word);
                flags | MANY | len << 16 | from
            }
        }
    }
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(Table::new);
    &TABLE
}

fn ascii() -> [[u8; 2]; 128] {
    let mut table = [[0; 2]; 128];
    for (byte, entry) in (0_u8..).zip(&mut table) {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() {
            let kind = if c.is_ascii_digit() { DIGIT } else { LETTER };
            *entry = [tables::merged(c.to_ascii_lowercase()) as u8, kind];
        } else if matches!(c, '&' | '%' | '\\') {
            *entry = [0, ESCAPE];
        }
    }
    table
}

/// The entry of a character that no stage changes.
fn plain(c: char) -> u32 {
    if is_symbol(c) {
        SYMBOL
    } else if matches!(tables::class(c), Class::Letter | Class::Digit) {
        let word = if tables::script(c).has_look_alikes() {
            WORD
        } else {
            0
        };
        word | tables::merged(c) as u32
    } else {
        0
    }
}

/// Every stage of the fold, one after another. The tables are closed over one another, so once is enough.
fn every_stage(c: char) -> Vec<char> {
    let mut wide = Vec::new();
    decompose_canonical(c, |c| wide.push(c));
    if wide != [c] {
        // What NFC puts together again is looked up as one.
        wide = std::iter::once(c).nfc().collect();
    }
    let mut out = Vec::new();
    for c in wide {
        match tables::width(c) {
            Some(form) => form.chars().for_each(|c| stage(c, &mut out)),
            None => stage(c, &mut out),
        }
    }
    out
}

fn stage(c: char, out: &mut Vec<char>) {
    let mut last = |c: char| {
        let c = tables::case_fold(c);
        let c = tables::confusable(c).map_or(c, |look| look.letter);
        out.push(tables::merged(tables::case_fold(c)));
    };
    decompose_canonical(c, |d| {
        if is_combining_mark(d) || tables::is_mark(d) {
            return;
        }
        let d = tables::stroke(d).unwrap_or(d);
        if tables::is_invisible(d) {
            return;
        }
        let d = tables::script_fold(d).unwrap_or(d);
        match tables::jamo(d) {
            Some(jamo) => jamo.into_iter().flatten().for_each(&mut last),
            None => last(d),
        }
    });
}
