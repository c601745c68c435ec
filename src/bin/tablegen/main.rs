//! Makes the tables in `src/text/tables` from the data of Unicode and of OpenCC, and those of `src/evade`, by which disguises are made.
//!
//! `cargo run --features tablegen --bin tablegen -- DATA_DIR`, from the root of the crate. `DATA_DIR` holds `unicode/` (`CaseFolding.txt`,
//! `confusables.txt`, `EquivalentUnifiedIdeograph.txt`) and `opencc/` (`TSCharacters.txt` and its kin), and what
//! `evade` names. What comes out
//! is committed; the same data gives the same bytes. `tablegen words DATA_DIR` makes `src/pack/frequencies.rs` ([`words`]).
//!
//! Each table is made by a module of its own, on top of the tables of the earlier stages of the fold. The law that they keep together
//! (folding a character less, and then fully, gives what folding it fully gives) is held by `tests/it/tables.rs`.

#![forbid(unsafe_code)]

mod classes;
mod evade;
mod han;
mod looks;
mod marks;
mod scripts;
mod sources;
mod unicode;
mod width;
mod words;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

/// Every table, as maps.
#[derive(Default)]
struct Tables {
    case: BTreeMap<char, char>,
    width: BTreeMap<char, String>,
    marks: BTreeSet<char>,
    keeps_marks: BTreeSet<char>,
    stroke: BTreeMap<char, char>,
    invisible: BTreeSet<char>,
    script: BTreeMap<char, char>,
    jamo: BTreeMap<char, char>,
    looks: BTreeMap<char, looks::Look>,
    /// ASCII letters that stand for one another where the look-alikes of the two cases of a letter differ.
    merged: BTreeMap<char, char>,
}

impl Tables {
    /// The stages of the fold in order; each may look at the ones before it.
    fn from(data: &sources::Data) -> Result<Self, Box<dyn Error>> {
        let mut t = Self {
            case: data.case.clone(),
            ..Self::default()
        };
        t.invisible = unicode::chars().filter(|&c| marks::invisible(c)).collect();
        t.width = width::table(data, &t.invisible);
        t.marks = unicode::chars()
            .filter(|&c| marks::mark(c) && !t.invisible.contains(&c))
            .collect();
        t.keeps_marks = marks::KEPT.chars().collect();
        t.stroke = marks::strokes(data, &t.width);
        t.jamo = scripts::jamo();
        t.script = scripts::table(data, &t.width)?;
        let looks = looks::table(data, &t);
        t.looks = looks.looks;
        t.merged = looks.merged;
        Ok(t)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let usage = "usage: tablegen DATA_DIR, or tablegen words DATA_DIR";
    let dir = args.next().ok_or(usage)?;
    if dir == "words" {
        return words::make(Path::new(&args.next().ok_or(usage)?));
    }
    let data = sources::Data::read(Path::new(&dir))?;
    let tables = Tables::from(&data)?;
    write::all(&tables, &data, Path::new("src/text/tables"))?;
    han::all(&tables, Path::new(&dir), Path::new("src/text/tables/han"))?;
    evade::all(Path::new(&dir), Path::new("src/evade/tables.rs"))
}
