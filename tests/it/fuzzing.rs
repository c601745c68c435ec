//! The made packs and texts: that they exercise what they are made for.

use tidegate::fuzzing::{Fate, Shares, compare, engine, explained, make, tenants};
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
    for seed in seeds(400) {
        engine(seed);
    }
}

/// With a tenant's file and an operator's over the packs; and no tenant's file makes a verdict weaker than the locked rules alone do.
#[test]
fn tenants_agree_with_the_oracle_and_never_go_below_the_base() {
    let seeds = seeds(400);
    let all = seeds.end - seeds.start;
    let taken = seeds.filter(|seed| tenants(*seed) == Fate::Taken).count() as u64;
    assert!(
        taken * 8 > all && taken * 8 < 7 * all,
        "files of both kinds come up: {taken} of {all} were taken"
    );
}

fn seeds(few: u64) -> std::ops::Range<u64> {
    let seeds = std::env::var("TIDEGATE_SEEDS").map_or(few, |seeds| {
        seeds.parse().expect("TIDEGATE_SEEDS is a number of seeds")
    });
    let from = std::env::var("TIDEGATE_FROM").map_or(0, |from| {
        from.parse().expect("TIDEGATE_FROM is the first seed")
    });
    from..from + seeds
}

#[test]
fn explanations_say_what_the_scan_says() {
    for seed in 0..80 {
        explained(seed);
    }
}
