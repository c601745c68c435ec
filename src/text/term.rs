//! Reading a term (`src/ARCHITECTURE.md`, 2): through the same fold as a text.

use crate::text::fold::{Bar, Folder, Symbol};
use crate::text::reading::Reading;
use crate::text::tables::{self, Class};
use crate::variant::{Variant, Variants};

/// One significant symbol of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TermSymbol {
    pub(crate) plain: char,
    /// The look-alike, read as an i and as an l.
    looks: [char; 2],
    /// Whether it is compared by looks wherever the text's cell stands.
    pub(crate) eligible: bool,
    pub(crate) class: Class,
    /// Whether the junction after it is soft.
    pub(crate) soft: bool,
}

impl TermSymbol {
    pub(crate) fn look(&self, bar: Bar) -> char {
        self.looks[bar as usize]
    }

    pub(crate) fn is_word(&self) -> bool {
        is_word(self.class)
    }
}

/// Whether symbols of this class are letters or digits.
pub(crate) fn is_word(class: Class) -> bool {
    matches!(class, Class::Letter | Class::Digit)
}

/// A term as it is looked for under a set of variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TermReading {
    pub(crate) symbols: Box<[TermSymbol]>,
    /// The variants that are left: without `gaps` and `repeats` where there is no letter or digit.
    pub(crate) variants: Variants,
}

impl TermReading {
    pub(crate) fn new(text: &str, variants: Variants) -> Self {
        let first = read(text, variants);
        if first.iter().any(TermSymbol::is_word) {
            return Self {
                symbols: first.into(),
                variants,
            };
        }
        let variants = variants.without(Variant::Gaps).without(Variant::Repeats);
        Self {
            symbols: read(text, variants).into(),
            variants,
        }
    }

    /// How many symbols stand before the first letter or digit.
    pub(crate) fn lead(&self) -> usize {
        self.symbols
            .iter()
            .position(TermSymbol::is_word)
            .unwrap_or(0)
    }
}

fn read(text: &str, variants: Variants) -> Vec<TermSymbol> {
    let mut reading = Reading::default();
    reading.fill_raw(text, variants.contains(Variant::Confusables));
    let mut folder = Folder::default();
    let (mut as_i, mut as_l) = (Vec::<Symbol>::new(), Vec::<Symbol>::new());
    let mut cells: Vec<TermSymbol> = Vec::new();
    for cluster in reading.clusters() {
        as_i.clear();
        as_l.clear();
        let text = &text[cluster.start as usize..cluster.end as usize];
        folder.fold(text, variants, Bar::I, &mut as_i);
        folder.fold(text, variants, Bar::L, &mut as_l);
        cells.extend(as_i.iter().zip(&as_l).map(|(i, l)| TermSymbol {
            plain: i.plain,
            looks: [i.look, l.look],
            eligible: cluster.eligible || i.latin_look,
            class: tables::class(i.plain),
            soft: false,
        }));
    }
    significant(&cells, variants)
}

/// Drops white space, and with `gaps` the prose between two letters; the junctions there are soft.
fn significant(cells: &[TermSymbol], variants: Variants) -> Vec<TermSymbol> {
    let gaps = variants.contains(Variant::Gaps);
    let mut out: Vec<TermSymbol> = Vec::with_capacity(cells.len());
    let mut at = 0;
    while let Some(cell) = cells.get(at) {
        let stretch = cells[at..]
            .iter()
            .take_while(|cell| {
                cell.class == Class::Space
                    || (gaps && matches!(cell.class, Class::Prose | Class::Joiner))
            })
            .count();
        if stretch == 0 {
            out.push(*cell);
            at += 1;
            continue;
        }
        let after = cells.get(at + stretch);
        let droppable = match (out.last(), after) {
            (Some(before), Some(after)) => {
                before.is_word()
                    && after.is_word()
                    && !(before.class == Class::Digit && after.class == Class::Digit)
            }
            _ => false,
        };
        for cell in &cells[at..at + stretch] {
            if cell.class == Class::Space || droppable {
                if let Some(before) = out.last_mut() {
                    before.soft = true;
                }
            } else {
                out.push(*cell);
            }
        }
        at += stretch;
    }
    if let Some(last) = out.last_mut() {
        last.soft = false;
    }
    out
}
