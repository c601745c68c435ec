//! Candidate search: where in a row of folded symbols the patterns of a set stand.
//!
//! The face is two calls, whatever the row is a view of: build from patterns, search with a visitor. How a set is searched is chosen when
//! it is built ([`Strategy`]); every strategy gives the same candidates.

mod automaton;
mod few;
mod prefixes;
pub(crate) mod regex;

use std::ops::ControlFlow;

use crate::text::symbols::Symbols;

use automaton::Automaton;
use few::Few;
use prefixes::Prefixes;

/// A pattern that stands at a place of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    /// The pattern, by its place in the slice that the matcher was built from.
    pub(crate) pattern: usize,
    /// The first symbol.
    pub(crate) start: usize,
    /// One past the last symbol.
    pub(crate) end: usize,
}

/// What to search for: symbols, none of them 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) symbols: Box<[u16]>,
    /// Whether it is of no use where [`Symbols::is_inside`] says that a word goes on.
    pub(crate) begins_word: bool,
    /// Whether it is of no use where [`Symbols::goes_on`] says that a word goes on behind it.
    pub(crate) ends_word: bool,
    /// A bit for each of the first 16 symbols: whether the pattern is of no use where that symbol of the row is not
    /// [doubled](Symbols::doubled_from).
    pub(crate) doubled: u16,
}

/// How a set is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strategy {
    /// There is nothing to search for.
    Nothing,
    /// A filter over what patterns begin with, then the sorted patterns; for few patterns, in little memory.
    Few,
    /// A filter over what patterns begin with, then a table of beginnings, then the sorted patterns.
    Prefixes,
    /// Aho-Corasick, where patterns share their beginnings so often that the work at one place would not be bounded by a small number.
    Automaton,
}

impl Strategy {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Few => "few",
            Self::Prefixes => "prefixes",
            Self::Automaton => "automaton",
        }
    }
}

/// A set of patterns to search for.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    kind: Kind,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Nothing,
    Few(Box<Few>),
    Prefixes(Box<Prefixes>),
    Automaton(Box<Automaton>),
}

/// The patterns are too many or too long.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl Matcher {
    /// Chooses a strategy, and builds for it. No pattern may be empty, and none may be there twice. The memory it takes is linear in the
    /// patterns' symbols, and the time too but for sorting them.
    pub(crate) fn new(patterns: &[Pattern]) -> Result<Self, TooLarge> {
        let kind = if patterns.is_empty() {
            Kind::Nothing
        } else if let Some(few) = Few::new(patterns) {
            Kind::Few(few.into())
        } else {
            match Prefixes::new(patterns) {
                Some(prefixes) => Kind::Prefixes(prefixes.into()),
                None => Kind::Automaton(Automaton::new(patterns)?.into()),
            }
        };
        Ok(Self { kind })
    }

    /// Whether there is anything to search for.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Nothing)
    }

    pub(crate) fn strategy(&self) -> Strategy {
        match self.kind {
            Kind::Nothing => Strategy::Nothing,
            Kind::Few(_) => Strategy::Few,
            Kind::Prefixes(_) => Strategy::Prefixes,
            Kind::Automaton(_) => Strategy::Automaton,
        }
    }

    /// Calls `each` with every candidate until it breaks. In time linear in the row and the candidates, whatever the patterns.
    pub(crate) fn search(
        &self,
        row: &Symbols,
        each: impl FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &self.kind {
            Kind::Nothing => ControlFlow::Continue(()),
            Kind::Few(few) => few.search(row, each),
            Kind::Prefixes(prefixes) => prefixes.search(row, each),
            Kind::Automaton(automaton) => automaton.search(row, each),
        }
    }

    /// The patterns that it was built from, in their order.
    pub(crate) fn patterns(&self) -> Vec<Pattern> {
        match &self.kind {
            Kind::Nothing => Vec::new(),
            Kind::Few(few) => few.patterns(),
            Kind::Prefixes(prefixes) => prefixes.patterns(),
            Kind::Automaton(automaton) => automaton.patterns().to_vec(),
        }
    }

    /// How many states there are, or, of prefixes, beginnings, or, of few, patterns.
    pub(crate) fn states(&self) -> usize {
        match &self.kind {
            Kind::Nothing => 0,
            Kind::Few(few) => few.count(),
            Kind::Prefixes(prefixes) => prefixes.beginnings(),
            Kind::Automaton(automaton) => automaton.states(),
        }
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory(&self) -> usize {
        match &self.kind {
            Kind::Nothing => 0,
            Kind::Few(few) => few.memory(),
            Kind::Prefixes(prefixes) => prefixes.memory(),
            Kind::Automaton(automaton) => automaton.memory(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evade::random::Random;

    /// A row over a few symbols of both kinds, so that patterns share beginnings; a part of it inside words.
    fn row(random: &mut Random, len: usize) -> Symbols {
        const ALPHABET: &[u8] = b"abc1";
        let mut row = Symbols::default();
        row.begin(len);
        for _ in 0..len {
            let mut pen = row.pen();
            if random.below(2) == 0 {
                let symbol = u16::from(ALPHABET[random.below(ALPHABET.len())]);
                pen.put(symbol, true, random.below(3) == 0);
            } else {
                pen.put(0x4e00 + random.below(3) as u16, true, false);
            }
            pen.again(random.below(3) == 0, random.below(2) == 0);
            pen.lift();
        }
        row.end();
        row
    }

    fn patterns(random: &mut Random, count: usize, longest: usize) -> Vec<Pattern> {
        let mut patterns = std::collections::BTreeMap::new();
        for _ in 0..count {
            let len = 1 + random.below(longest);
            let word = (random.below(2) == 0, random.below(2) == 0);
            let doubled = match random.below(3) {
                0 => (random.below(1 << 16) & random.below(1 << 16)) as u16,
                _ => 0,
            };
            patterns.insert(row(random, len).as_slice().to_vec(), (word, doubled));
        }
        patterns
            .into_iter()
            .map(|(symbols, ((begins_word, ends_word), doubled))| Pattern {
                doubled: doubled & ((1 << symbols.len()) - 1) as u16,
                symbols: symbols.into(),
                begins_word,
                ends_word,
            })
            .collect()
    }

    fn sorted(search: impl FnOnce(&mut Vec<Candidate>)) -> Vec<Candidate> {
        let mut all = Vec::new();
        search(&mut all);
        all.sort_unstable();
        all
    }

    /// What the face promises, by definition.
    fn plainly(patterns: &[Pattern], row: &Symbols, all: &mut Vec<Candidate>) {
        for (
            pattern,
            Pattern {
                symbols,
                begins_word,
                ends_word,
                doubled,
            },
        ) in patterns.iter().enumerate()
        {
            for (start, window) in row.as_slice().windows(symbols.len()).enumerate() {
                let end = start + symbols.len();
                let in_word =
                    *begins_word && row.is_inside(start) || *ends_word && row.goes_on(end);
                let doubled = doubled & !row.doubled_from(start) == 0;
                if window == &**symbols && !in_word && doubled {
                    all.push(Candidate {
                        pattern,
                        start,
                        end,
                    });
                }
            }
        }
    }

    #[test]
    fn every_strategy_finds_the_same() {
        let mut random = Random::new(7);
        let mut chosen = [0, 0, 0];
        for case in 0..600 {
            let (count, longest) = ([1, 3, 40, 400][case % 4], [2, 7, 12][case % 3]);
            let mut patterns = patterns(&mut random, count, longest);
            if case % 5 == 0 {
                patterns.reverse();
            }
            let row = row(&mut random, [0, 1, 5, 63, 64, 65, 300][case % 7]);
            let keep = |all: &mut Vec<Candidate>, candidate| {
                all.push(candidate);
                ControlFlow::Continue(())
            };
            let defined = sorted(|all| plainly(&patterns, &row, all));
            let automaton = Automaton::new(&patterns).expect("few patterns fit");
            let found = sorted(|all| {
                let _ = automaton.search(&row, |candidate| keep(all, candidate));
            });
            assert_eq!(found, defined, "case {case}");
            chosen[0] += 1;
            if let Some(few) = Few::new(&patterns) {
                chosen[2] += 1;
                let found = sorted(|all| {
                    let _ = few.search(&row, |candidate| keep(all, candidate));
                });
                assert_eq!(found, defined, "case {case}");
                assert_eq!(few.patterns(), patterns, "case {case}");
            }
            if let Some(prefixes) = Prefixes::new(&patterns) {
                chosen[1] += 1;
                assert_eq!(prefixes.patterns(), patterns, "case {case}");
                let found = sorted(|all| {
                    let _ = prefixes.search(&row, |candidate| keep(all, candidate));
                });
                assert_eq!(found, defined, "case {case}");
            }
        }
        assert!(chosen[1] > 300 && chosen[2] > 300, "{chosen:?}");
    }

    #[test]
    fn patterns_in_one_another_get_an_automaton() {
        let nested: Vec<Pattern> = (1..100)
            .map(|len| Pattern {
                symbols: (0..len).map(|at| 0x4e00 + (at & 1)).collect(),
                begins_word: false,
                ends_word: false,
                doubled: 0,
            })
            .collect();
        let matcher = Matcher::new(&nested).expect("few patterns fit");
        assert_eq!(matcher.strategy(), Strategy::Automaton);
        let matcher = Matcher::new(&nested[..10]).expect("few patterns fit");
        assert_eq!(matcher.strategy(), Strategy::Few);
        let many: Vec<Pattern> = (0..2_000)
            .map(|n| Pattern {
                symbols: [0x4e00 + n, 0x4e00, 0x4e01].into(),
                ..nested[0].clone()
            })
            .collect();
        let matcher = Matcher::new(&many).expect("many patterns fit");
        assert_eq!(matcher.strategy(), Strategy::Prefixes);
    }

    #[test]
    fn a_search_ends_when_it_is_told_to() {
        let nested: Vec<Pattern> = (1..100)
            .map(|len| Pattern {
                symbols: vec![0x4e00; len].into(),
                begins_word: false,
                ends_word: false,
                doubled: 0,
            })
            .collect();
        let mut row = Symbols::default();
        row.begin(50);
        (0..50).for_each(|_| row.push(0x4e00));
        row.end();
        for patterns in [&nested[..5], &nested[..]] {
            let mut left = 7;
            let searched = Matcher::new(patterns)
                .expect("few patterns fit")
                .search(&row, |_| {
                    left -= 1;
                    match left {
                        0 => ControlFlow::Break(()),
                        _ => ControlFlow::Continue(()),
                    }
                });
            assert!(searched.is_break() && left == 0);
        }
    }
}
