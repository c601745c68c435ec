//! One corpus for every implementation of the relations: what is a hit of a term, and what is not.
//!
//! Rows lie in `tests/data/relations/*.toml`. A row is a term, a text and the hits:
//!
//! | key | |
//! |---|---|
//! | `term` or `regex` | the term |
//! | `text` | the text |
//! | `variants` | a preset or a list of names; `standard` if absent |
//! | `word` | as in packs |
//! | `case_sensitive` | leaves `case` out of the variants |
//! | `hits` | each with `start` and `end` in bytes, and the smallest `variants` that explain it |
//! | `why` | for people |

use std::fs;
use std::path::Path;

use tidegate::Span;
use tidegate::limits::Limits;
use tidegate::oracle;
use tidegate::pack::Term;
use tidegate::variant::{Variant, Variants};
use toml::de::{DeTable, DeValue};

/// An implementation: the hits of a term in a text, sorted by place.
type Hits = fn(&Term, &str) -> Vec<(Span, Variants)>;

/// Every implementation that is held to the rows.
const IMPLEMENTATIONS: [(&str, Hits); 2] = [("oracle", oracle_hits), ("engine", engine_hits)];

fn oracle_hits(term: &Term, text: &str) -> Vec<(Span, Variants)> {
    oracle::hits(term, text, &Limits::default())
}

fn engine_hits(term: &Term, text: &str) -> Vec<(Span, Variants)> {
    tidegate::fuzzing::hits(term, text, &Limits::default())
}

#[derive(Debug)]
struct Row {
    file: String,
    term: Term,
    text: String,
    hits: Vec<(Span, Variants)>,
    why: String,
}

#[test]
fn every_row_holds() {
    let rows = rows();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    let mut problems = Vec::new();
    for (name, hits) in IMPLEMENTATIONS {
        for row in &rows {
            let found = hits(&row.term, &row.text);
            if found != row.hits {
                problems.push(format!(
                    "{name}, {}: {:?} in {:?} ({})\n    expected {:?}\n    found    {found:?}",
                    row.file, row.term.text, row.text, row.why, row.hits
                ));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{} of {} rows do not hold:\n{}",
        problems.len(),
        rows.len() * IMPLEMENTATIONS.len(),
        problems.join("\n")
    );
}

#[test]
fn spans_of_rows_are_sound() {
    for row in rows() {
        let mut end = 0;
        for (span, _) in &row.hits {
            assert!(span.start >= end && span.start < span.end, "{row:?}");
            assert!(row.text.get(span.start..span.end).is_some(), "{row:?}");
            end = span.end;
        }
    }
}

fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/relations");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the rows are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    let mut rows = Vec::new();
    for path in files {
        let file = path.display().to_string();
        let source = fs::read_to_string(&path).expect("rows are text");
        let table =
            DeTable::parse(&source).unwrap_or_else(|error| panic!("{file} is TOML: {error}"));
        let list = table.get_ref().get("row").expect("a file has rows");
        for row in list.get_ref().as_array().expect("rows are a list").iter() {
            let row = row.get_ref().as_table().expect("a row is a table");
            rows.push(read_row(&file, row));
        }
    }
    rows
}

fn read_row(file: &str, row: &DeTable<'_>) -> Row {
    const KEYS: [&str; 8] = [
        "term",
        "regex",
        "text",
        "variants",
        "word",
        "case_sensitive",
        "hits",
        "why",
    ];
    for key in row.keys() {
        assert!(
            KEYS.contains(&key.get_ref().as_ref()),
            "{file}: unknown key {key:?}"
        );
    }
    let value = |key: &str| row.get(key).map(|value| value.get_ref());
    let text = |key: &str| Some(value(key)?.as_str().expect("text").to_owned());
    let literal = text("term");
    let is_regex = literal.is_none();
    let term = literal.or_else(|| text("regex")).expect("a row has a term");
    let mut variants = value("variants").map_or(Variants::STANDARD, read_variants);
    if value("case_sensitive").and_then(DeValue::as_bool) == Some(true) {
        variants = variants.without(Variant::Case);
    }
    let word = value("word").and_then(DeValue::as_bool);
    let hits = value("hits")
        .and_then(DeValue::as_array)
        .expect("a row has hits")
        .iter()
        .map(|hit| {
            let hit = hit.get_ref().as_table().expect("a hit is a table");
            let number = |key: &str| -> usize {
                let number = hit[key].get_ref().as_integer().expect("an offset");
                number.as_str().parse().expect("an offset")
            };
            let span = Span::new(number("start"), number("end"));
            (span, read_variants(hit["variants"].get_ref()))
        })
        .collect();
    Row {
        file: file.to_owned(),
        term: oracle::term(&term, is_regex, word, variants),
        text: text("text").expect("a row has a text"),
        hits,
        why: text("why").expect("a row says why"),
    }
}

fn read_variants(value: &DeValue<'_>) -> Variants {
    if let Some(preset) = value.as_str() {
        return Variants::preset(preset).expect("a preset");
    }
    value
        .as_array()
        .expect("a preset or a list")
        .iter()
        .map(|name| {
            let name = name.get_ref().as_str().expect("a name");
            Variant::from_name(name).expect("a variant")
        })
        .fold(Variants::EXACT, Variants::with)
}
