//! Rulesets that were written to a file and read again, as they were and altered.

use crate::compile::{framed, rows_of};
use crate::engine::{Message, Scanner};
use crate::evade::random::Random;
use crate::limits::{Limits, PackLimits};
use crate::policy::Policy;
use crate::ruleset::Ruleset;

use super::{Made, against, make};

/// Rulesets of a seed give the same verdicts, the same bytes and the same figures once they were written and read.
///
/// # Panics
///
/// If they do not.
pub fn stored(seed: u64) {
    let made = make(seed);
    let rulesets = against::compiled(&made);
    let read = rulesets.each_ref().map(|ruleset| {
        let bytes = ruleset.to_bytes();
        let read = Ruleset::from_bytes("made", &bytes, &PackLimits::default());
        let read = read.unwrap_or_else(|refused| panic!("seed {seed}: {refused}"));
        assert_eq!(read.to_bytes(), bytes, "seed {seed}");
        assert_eq!(read.digest(), ruleset.digest(), "seed {seed}");
        assert_eq!(read.states(), ruleset.states(), "seed {seed}");
        assert_eq!(read.bytes(), ruleset.bytes(), "seed {seed}");
        read
    });
    let mut scanner = Scanner::new();
    for text in &made.texts {
        let expected = against::answer(&mut scanner, &rulesets, &made, text);
        let found = against::answer(&mut scanner, &read, &made, text);
        assert_eq!(found, expected, "seed {seed}: {text:?}");
    }
}

/// Rows of a ruleset, altered, in a file whose checksum holds: eight bytes choose the ruleset, then come five at a time, a place and what to write
/// there. What is read can be scanned with; everything else is refused.
///
/// # Panics
///
/// If reading, scanning or explaining does.
pub fn forged(data: &[u8]) {
    let Some((seed, edits)) = data.split_first_chunk::<8>() else {
        return;
    };
    let seed = u64::from_le_bytes(*seed);
    let made = make(seed % 64);
    let [base, tenant] = against::compiled(&made);
    let mut rows = rows_of(if seed & 64 == 0 { &tenant } else { &base });
    for edit in edits.as_chunks::<5>().0 {
        let [a, b, c, d, value] = *edit;
        let at = u32::from_le_bytes([a, b, c, d]) as usize;
        match at & 7 {
            // Longer or shorter, in the middle and at the end.
            0 => rows.insert((at >> 3) % (rows.len() + 1), value),
            1 if !rows.is_empty() => drop(rows.remove((at >> 3) % rows.len())),
            2 => rows.truncate((at >> 3) % (rows.len() + 1)),
            _ if !rows.is_empty() => {
                let place = (at >> 3) % rows.len();
                rows[place] = value;
            }
            _ => {}
        }
    }
    let Ok(read) = Ruleset::from_bytes("forged", &framed(&rows), &PackLimits::default()) else {
        return;
    };
    scanned(&made, &read);
}

/// As many forged files as edits of a seed make.
///
/// # Panics
///
/// As [`forged`] does.
pub fn forge(seed: u64) {
    let mut random = Random::new(seed);
    let mut data = (seed & 127).to_le_bytes().to_vec();
    for _ in 0..=random.below(3) {
        // Most numbers are small and most of their bytes 0, so that what passes for one is as well.
        let value = random.pick(&[0, 1, 2, 3, 5, 40, 127, 255]);
        let at = (random.below(1 << 16) << 3 | random.below(8)) as u32;
        data.extend_from_slice(&at.to_le_bytes());
        data.push(value);
    }
    forged(&data);
}

fn scanned(made: &Made, ruleset: &Ruleset) {
    // What a forged ruleset may cost is bounded as for any other; small bounds keep this quick.
    let limits = Limits {
        steps_base: 1 << 14,
        steps_per_byte: 64,
        ..Limits::default()
    };
    let mut scanner = Scanner::with_limits(limits);
    let policy = Policy::default().with_jurisdictions(&made.jurisdictions);
    for text in &made.texts {
        let message = Message::text(text).scene(made.scene);
        scanner.scan(&[ruleset], &policy, &message, made.at);
        scanner.explain(&[ruleset], &policy, &message, made.at);
    }
}
