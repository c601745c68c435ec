//! Reading a term (`src/ARCHITECTURE.md`, 2): through the same fold as a text.

use unicode_normalization::char::is_combining_mark;

use crate::text::fold::{Folder, Symbol};
use crate::text::reading::Reading;
use crate::text::skeleton::word_symbols;
use crate::text::tables::{self, Class, Script};
use crate::variant::{Variant, Variants};

/// One significant symbol of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TermSymbol {
    pub(crate) plain: char,
    /// The look-alike, read as an i where it could be an l.
    pub(crate) look: char,
    /// Whether it is compared by looks wherever the text's cell stands.
    pub(crate) eligible: bool,
    pub(crate) class: Class,
    /// Whether the symbol after it is of the same cluster.
    pub(crate) inside: bool,
    /// What the term has in the junction after it, as a range of `TermReading::between`; the junction is soft if that is not empty.
    between: (u16, u16),
}

impl TermSymbol {
    pub(crate) fn new(
        plain: char,
        look: char,
        eligible: bool,
        inside: bool,
        between: (u16, u16),
    ) -> Self {
        Self {
            plain,
            look,
            eligible,
            class: tables::class(plain),
            inside,
            between,
        }
    }

    /// What the term has in the junction after it, as a range of all that it has between symbols.
    pub(crate) fn between(&self) -> (u16, u16) {
        self.between
    }

    pub(crate) fn is_word(&self) -> bool {
        is_word(self.class)
    }

    /// Whether it may be stretched: a letter, but no whole Hangul syllable, which the skeleton has in its parts.
    pub(crate) fn can_repeat(&self) -> bool {
        self.class == Class::Letter && !matches!(self.plain, '가'..='힣')
    }

    /// Whether it must stand on a word border as the left edge of a term, given the term's `word`.
    pub(crate) fn bound_left(&self, word: Option<bool>) -> bool {
        self.is_word()
            && word.unwrap_or_else(|| {
                self.class == Class::Digit || tables::script(self.plain).bounds_words()
            })
    }

    /// Whether the junction after it is soft.
    pub(crate) fn soft(&self) -> bool {
        self.between.0 < self.between.1
    }
}

/// Whether symbols of this class are letters or digits.
pub(crate) fn is_word(class: Class) -> bool {
    matches!(class, Class::Letter | Class::Digit)
}

/// A term as it is looked for under a set of variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TermReading {
    pub(crate) symbols: Vec<TermSymbol>,
    /// White space, and with `gaps` prose, that is no symbol of the term.
    between: Vec<char>,
    /// The variants that are left: without `gaps` and `repeats` where there is no letter or digit.
    pub(crate) variants: Variants,
}

impl TermReading {
    pub(crate) fn new(text: &str, variants: Variants) -> Self {
        let cells = cells(text, variants);
        let variants = if cells.iter().any(TermSymbol::is_word) {
            variants
        } else {
            variants.without(Variant::Gaps).without(Variant::Repeats)
        };
        let (symbols, between) = significant(&cells, variants.contains(Variant::Gaps));
        Self {
            symbols,
            between,
            variants,
        }
    }

    /// Becomes the reading whose symbols are the characters of a text, as they are.
    pub(crate) fn fill(&mut self, text: &str, variants: Variants) {
        self.symbols.clear();
        self.between.clear();
        self.variants = variants;
        let symbol = |c| TermSymbol::new(c, c, false, false, (0, 0));
        self.symbols.extend(text.chars().map(symbol));
    }

    /// Bytes of memory beside its own.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.symbols) + size_of_val(&*self.between)
    }

    /// The reading of these parts; `None` if it has no symbol, or one names what is not there.
    pub(crate) fn of(
        symbols: Vec<TermSymbol>,
        between: Vec<char>,
        variants: Variants,
    ) -> Option<Self> {
        let fits = |symbol: &TermSymbol| {
            let (start, end) = symbol.between;
            start <= end && usize::from(end) <= between.len()
        };
        (!symbols.is_empty() && symbols.iter().all(fits)).then_some(Self {
            symbols,
            between,
            variants,
        })
    }

    /// All that stands in its junctions.
    pub(crate) fn all_between(&self) -> &[char] {
        &self.between
    }

    /// Whether it may be written otherwise than letter by letter (`src/ARCHITECTURE.md`, 3b).
    pub(crate) fn has_forms(&self) -> bool {
        !self.variants.and(Variants::FORMS).is_empty()
            && self.symbols.len() >= 2
            && self.symbols.iter().all(|symbol| {
                symbol.is_word()
                    && !is_combining_mark(symbol.plain)
                    && !tables::is_mark(symbol.plain)
            })
    }

    /// How many symbols stand before the first that the skeleton shows. A mark that stays is a word symbol, and the skeleton drops it.
    pub(crate) fn lead(&self) -> usize {
        let shown = |symbol: &TermSymbol| {
            let mut any = false;
            word_symbols(symbol.plain, |_| any = true);
            any
        };
        self.symbols.iter().position(shown).unwrap_or(0)
    }

    /// Whether its left edge must stand on a word border, given the term's `word`.
    pub(crate) fn bound_left(&self, word: Option<bool>) -> bool {
        self.symbols
            .first()
            .is_some_and(|edge| edge.bound_left(word))
    }

    /// Whether its right edge must stand on a word border, given the term's `word`.
    pub(crate) fn bound_right(&self, word: Option<bool>) -> bool {
        self.symbols.last().is_some_and(|edge| {
            let hangul = tables::script(edge.plain) == Script::Hangul;
            edge.bound_left(word) && (word.is_some() || !hangul)
        })
    }

    /// What the term has in the junction after `symbol`.
    pub(crate) fn between(&self, symbol: &TermSymbol) -> &[char] {
        &self.between[usize::from(symbol.between.0)..usize::from(symbol.between.1)]
    }
}

/// Whether a text is of ASCII letters and digits and unified Han alone, as most terms are: each character is a cluster of its own, no mark, and in no
/// word of two scripts.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '\u{4e00}'..='\u{9fff}'))
}

/// The cells of a plain text: of the stages of the fold, those that can change such a character. A tenth of what the whole fold takes.
fn plain_cells(text: &str, variants: Variants) -> Vec<TermSymbol> {
    let symbol = |c: char| {
        let folded = match variants.contains(Variant::Script) {
            true if !c.is_ascii() => tables::script_fold(c).unwrap_or(c),
            _ => c,
        };
        let look = match variants.contains(Variant::Confusables) {
            true if !c.is_ascii() => tables::confusable(folded).map(|look| look.letter),
            _ => None,
        };
        let cased = |c: char| match variants.contains(Variant::Case) {
            true => tables::case_fold(c),
            false => c,
        };
        let plain = cased(folded);
        TermSymbol::new(plain, look.map_or(plain, cased), false, false, (0, 0))
    };
    text.chars().map(symbol).collect()
}

fn cells(text: &str, variants: Variants) -> Vec<TermSymbol> {
    if is_plain(text) {
        plain_cells(text, variants)
    } else {
        folded_cells(text, variants)
    }
}

fn folded_cells(text: &str, variants: Variants) -> Vec<TermSymbol> {
    let mut reading = Reading::default();
    reading.fill_raw(text, variants.contains(Variant::Confusables));
    let mut folder = Folder::default();
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut cells: Vec<TermSymbol> = Vec::new();
    for cluster in reading.clusters() {
        symbols.clear();
        let text = &text[cluster.start as usize..cluster.end as usize];
        folder.fold(text, variants, &mut symbols);
        let last = symbols.len().saturating_sub(1);
        cells.extend(symbols.iter().enumerate().map(|(nth, symbol)| {
            let eligible = cluster.eligible || symbol.latin_look;
            TermSymbol::new(symbol.plain, symbol.look, eligible, nth < last, (0, 0))
        }));
    }
    cells
}

/// Takes out white space, and with `gaps` the prose between two words; the junctions there are soft.
fn significant(cells: &[TermSymbol], gaps: bool) -> (Vec<TermSymbol>, Vec<char>) {
    let mut symbols: Vec<TermSymbol> = Vec::with_capacity(cells.len());
    let mut between: Vec<char> = Vec::new();
    let mut at = 0;
    while let Some(cell) = cells.get(at) {
        let passed =
            |cell: &&TermSymbol| matches!(cell.class, Class::Space | Class::Prose | Class::Joiner);
        let stretch = cells[at..].iter().take_while(passed).count();
        if stretch == 0 {
            symbols.push(*cell);
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).map(|before| &cells[before]);
        let inner = match (before, cells.get(at + stretch)) {
            (Some(before), Some(after)) => {
                before.is_word()
                    && after.is_word()
                    && !(before.class == Class::Digit && after.class == Class::Digit)
            }
            _ => false,
        };
        for cell in &cells[at..at + stretch] {
            if cell.class != Class::Space && !(gaps && inner) {
                symbols.push(*cell);
            } else if let Some(before) = symbols.last_mut() {
                if !before.soft() {
                    before.between.0 = between.len() as u16;
                }
                between.push(cell.plain);
                before.between.1 = between.len() as u16;
            }
        }
        at += stretch;
    }
    if let Some(last) = symbols.last_mut() {
        last.between = (0, 0);
    }
    (symbols, between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_terms_are_read_as_all_others() {
        let han = ('\u{4e00}'..='\u{9fff}').collect::<Vec<char>>();
        let ascii: Vec<char> = (' '..='~').filter(char::is_ascii_alphanumeric).collect();
        let all: Vec<char> = han.into_iter().chain(ascii).collect();
        let sets = [
            Variants::EXACT,
            Variants::STANDARD,
            Variants::STRONG,
            Variants::of(&[Variant::Width, Variant::Marks, Variant::Script]),
            Variants::of(&[Variant::Confusables]),
            Variants::STANDARD.without(Variant::Case),
        ];
        for variants in sets {
            for (at, run) in all.chunks(7).enumerate() {
                let mut text: String = run.iter().collect();
                text.push(all[at * 31 % all.len()]);
                text.push(all[all.len() - 1 - at % 62]);
                assert!(is_plain(&text));
                assert_eq!(
                    plain_cells(&text, variants),
                    folded_cells(&text, variants),
                    "{text} {variants:?}"
                );
            }
        }
    }
}
