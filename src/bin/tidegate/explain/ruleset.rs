//! `tidegate explain --ruleset`: how what is loaded is searched, and what it takes.

use std::io::{self, Write};

use serde::Serialize;

use super::heading;
use crate::check::Format;
use crate::packs::{Compiled, Rules};
use crate::term::{self, Out, styled};

#[derive(Serialize)]
struct Whole<'a> {
    tidegate: &'static str,
    rulesets: Vec<Told<'a>>,
}

/// One ruleset. The keys stay; more may come.
#[derive(Serialize)]
struct Told<'a> {
    packs: &'a [String],
    locked: bool,
    ruleset: String,
    rules: usize,
    terms: usize,
    /// How candidates are searched for, as was chosen when it was compiled.
    strategy: &'static str,
    patterns: usize,
    states: usize,
    /// Bytes of what is searched.
    search_bytes: usize,
    /// Bytes of all of it.
    bytes: usize,
    build_ms: f64,
}

pub(super) fn show(out: &mut Out, rules: &Rules, format: Format) -> io::Result<()> {
    let told: Vec<Told<'_>> = rules.compiled().map(tell).collect();
    match format {
        Format::Json => {
            let whole = Whole {
                tidegate: env!("CARGO_PKG_VERSION"),
                rulesets: told,
            };
            serde_json::to_writer(&mut *out, &whole)?;
            writeln!(out)
        }
        Format::Human => told.iter().try_for_each(|told| human(out, told)),
    }
}

fn tell(compiled: &Compiled) -> Told<'_> {
    let Compiled {
        ruleset,
        packs,
        took,
    } = compiled;
    Told {
        packs,
        locked: ruleset.is_locked(),
        ruleset: ruleset.digest(),
        rules: ruleset.rules(),
        terms: ruleset.terms(),
        strategy: ruleset.strategy(),
        patterns: ruleset.patterns(),
        states: ruleset.states(),
        search_bytes: ruleset.automata_bytes(),
        bytes: ruleset.bytes(),
        build_ms: (took.as_secs_f64() * 1e6).round() / 1e3,
    }
}

fn human(out: &mut Out, told: &Told<'_>) -> io::Result<()> {
    heading(out, &told.packs.join(", "))?;
    let how = match told.strategy {
        "few" => "a filter over what terms begin with, then the sorted terms",
        "prefixes" => "a filter over what terms begin with, then the terms that begin so",
        "automaton" => {
            "Aho-Corasick: terms stand in one another too deeply for a search by beginnings"
        }
        _ => "there is nothing to search for",
    };
    let rows = [
        ("rules", told.rules.to_string()),
        ("terms", told.terms.to_string()),
        ("strategy", format!("{}  ({how})", told.strategy)),
        ("patterns", told.patterns.to_string()),
        ("states", told.states.to_string()),
        (
            "memory",
            format!(
                "{} bytes, {} of them searched",
                told.bytes, told.search_bytes
            ),
        ),
        ("built in", format!("{:.1} ms", told.build_ms)),
        ("digest", told.ruleset.clone()),
    ];
    for (name, value) in rows {
        writeln!(
            out,
            "  {} {value}",
            styled(term::DIM, format_args!("{name:<9}"))
        )?;
    }
    Ok(())
}
