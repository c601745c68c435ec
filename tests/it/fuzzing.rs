//! The made packs and texts: that they exercise what they are made for.

use tidegate::fuzzing::{Shares, compare, engine, explained, make};
use toml::de::DeTable;

const SEEDS: std::ops::Range<u64> = 0..100;

#[test]
fn every_feature_comes_up() {
    let mut shares = Shares::default();
    for seed in SEEDS {
        let made = make(seed);
        for index in 0..made.texts.len() {
            shares.add(&made, index, &made.answer(index));
        }
    }
    assert!(
        shares.shortfalls().is_empty(),
        "{:#?}\n{shares:#?}",
        shares.shortfalls()
    );
}

#[test]
fn packs_are_toml() {
    for seed in SEEDS {
        let made = make(seed);
        for source in [&made.base_toml, &made.tenant_toml] {
            let parsed = DeTable::parse(source);
            assert!(parsed.is_ok(), "{:?}\n{source}", parsed.err());
        }
    }
}

#[test]
fn the_oracle_agrees_with_itself() {
    for seed in 0..10 {
        compare(seed, |made, index| made.answer(index));
    }
}

#[test]
fn spans_of_the_oracle_are_sound() {
    for seed in SEEDS {
        let made = make(seed);
        for (index, text) in made.texts.iter().enumerate() {
            let answer = made.answer(index);
            for hit in answer.findings.iter().flat_map(|finding| &finding.hits) {
                assert!(hit.span.start < hit.span.end, "{text:?} {hit:?}");
                assert!(
                    text.get(hit.span.start..hit.span.end).is_some(),
                    "{text:?} {hit:?}"
                );
            }
        }
    }
}

/// The engine is held to the oracle on as many made packs as `TIDEGATE_SEEDS` says, from
/// `TIDEGATE_FROM` on, eight texts each.
#[test]
fn the_engine_agrees_with_the_oracle() {
    let seeds = std::env::var("TIDEGATE_SEEDS").map_or(400, |seeds| {
        seeds.parse().expect("TIDEGATE_SEEDS is a number of seeds")
    });
    let from = std::env::var("TIDEGATE_FROM").map_or(0, |from| {
        from.parse().expect("TIDEGATE_FROM is the first seed")
    });
    for seed in from..from + seeds {
        engine(seed);
    }
}

#[test]
fn explanations_say_what_the_scan_says() {
    for seed in 0..80 {
        explained(seed);
    }
}
