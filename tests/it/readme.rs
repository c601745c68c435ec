//! What the README says, tried.

use tidegate::{Limits, Pack, Variant, Variants};

const README: &str = include_str!("../../README.md");

fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

#[test]
fn the_example_pack_passes_its_samples() {
    let source = blocks("toml")
        .into_iter()
        .find(|block| block.starts_with("format = 1"))
        .expect("the README shows a pack");
    let parsed = Pack::parse("acme.toml", source).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(parsed.warnings.is_empty(), "{}", parsed.warnings);
    let limits = tidegate::PackLimits::default();
    let report = tidegate::selftest::run(None, &[parsed.pack], &limits)
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(report.samples.len(), 3);
    assert_eq!(report.failures().count(), 0);
}

/// `| variant | texts in which ISIS is found | texts in which 基地组织 is found |`
#[test]
fn the_table_of_variants_holds() {
    let mut seen = Variants::EXACT;
    for row in README.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Some(variant) = Variant::from_name(cells[1].trim_matches('`')) else {
            continue;
        };
        seen = seen.with(variant);
        for (term, cell) in [("ISIS", cells[2]), ("基地组织", cells[3])] {
            for text in cell.split('`').skip(1).step_by(2) {
                let term = tidegate::oracle::term(term, false, None, Variants::STRONG);
                let hits = tidegate::fuzzing::hits(&term, text, &Limits::default());
                assert!(
                    matches!(&hits[..], [(_, used)] if used.contains(variant)),
                    "{text} by {}: {hits:?}",
                    variant.name()
                );
            }
        }
    }
    assert_eq!(seen, Variants::STRONG);
}
