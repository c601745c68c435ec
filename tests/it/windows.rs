//! Terms cut over messages.

use tidegate::fuzzing;

/// The engine is held to the oracle on as many made conversations as `TIDEGATE_SEEDS` says, fourteen messages each.
#[test]
fn the_engine_agrees_with_the_oracle_over_messages() {
    let seeds = std::env::var("TIDEGATE_SEEDS").map_or(60, |seeds| {
        seeds.parse().expect("TIDEGATE_SEEDS is a number of seeds")
    });
    let across: usize = (0..seeds).map(fuzzing::windows).sum();
    assert!(
        across as u64 > seeds,
        "{across} spans over messages in {seeds} conversations"
    );
}
