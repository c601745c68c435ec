//! What part of disguised terms is found, beside two other filters: `cargo bench --features compare --bench recall [-- FILE...]`.
//!
//! 144 neutral terms in six languages (`tests/data/evade/terms.toml`), each in a sentence and in every class of disguise. The others: the
//! usual pipeline (NFKC, lower case, simplified Han, then a search for all terms) and, for English, the crate rustrict with the same
//! terms as its words. Of each FILE, one message a line, the lines are counted in which something is found that does not stand there plainly; and it is told what
//! a message takes under each set of variants, that of the file and the disguised ones, one set after another in each of five rounds.
//!
//! Where this is unfair: rustrict is made for profanity, and brings lists of false positives that are of no use with other words; its table
//! is given one term at a time for recall, so that a find is a find of that term, and all of them for the files. The pipeline knows no
//! word borders: `train` in `trained` counts as found, and as plain.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use aho_corasick::AhoCorasick;
use rustrict::{Censor, Trie, Type};
use tidegate::evade::{Class, Disguised, Generator, Tier, carry};
use tidegate::text::tables;
use tidegate::variant::Variants;
use tidegate::{Compiler, Message, Pack, Policy, Ruleset, Scanner, Timestamp};
use unicode_normalization::UnicodeNormalization;

const TERMS: &str = include_str!("../tests/data/evade/terms.toml");
const AT: Timestamp = Timestamp(1_795_428_000);
/// Times that each term is disguised in each class.
const TIMES: u64 = 4;
/// Rounds of which the quickest counts.
const ROUNDS: usize = 5;

/// The terms under these variants, as TOML writes them.
fn pack(variants: &str) -> Pack {
    let named = format!("variants = {variants}");
    let source = TERMS.replace("variants = \"strong\"", &named);
    let parsed = Pack::parse("terms.toml", &source).unwrap_or_else(|refused| panic!("{refused}"));
    parsed.pack
}

/// A filter: whether it finds a term, by its number, in a text; or, without a number, any term.
trait Filter {
    fn finds(&mut self, text: &str, term: Option<usize>) -> bool;
}

struct Tidegate {
    ruleset: Ruleset,
    scanner: Scanner,
    policy: Policy,
    terms: Vec<String>,
}

impl Tidegate {
    fn new(variants: &str, terms: &[String]) -> Self {
        let built = Compiler::new().pack(pack(variants)).build();
        Self {
            ruleset: built.unwrap_or_else(|refused| panic!("{refused}")),
            scanner: Scanner::new(),
            policy: Policy::default(),
            terms: terms.to_vec(),
        }
    }
}

impl Filter for Tidegate {
    fn finds(&mut self, text: &str, term: Option<usize>) -> bool {
        let message = Message::text(text);
        let verdict = self
            .scanner
            .scan(&[&self.ruleset], &self.policy, &message, AT);
        let mut hits = verdict.findings.iter().flat_map(|finding| &finding.hits);
        hits.any(|hit| term.is_none_or(|term| *hit.term == *self.terms[term]))
    }
}

struct Pipeline(AhoCorasick);

fn folded(text: &str) -> String {
    let simplified = |c: char| match tables::script(c) {
        tables::Script::Han => tables::script_fold(c).unwrap_or(c),
        _ => c,
    };
    text.nfkc()
        .flat_map(char::to_lowercase)
        .map(simplified)
        .collect()
}

impl Pipeline {
    fn new(terms: &[String]) -> Self {
        let folded: Vec<String> = terms.iter().map(|term| folded(term)).collect();
        Self(AhoCorasick::new(folded).expect("the terms are few"))
    }
}

impl Filter for Pipeline {
    fn finds(&mut self, text: &str, term: Option<usize>) -> bool {
        let text = folded(text);
        let mut found = self.0.find_overlapping_iter(&text);
        found.any(|hit| term.is_none_or(|term| hit.pattern().as_usize() == term))
    }
}

/// A trie for each term, and one of all.
struct Rustrict {
    each: BTreeMap<usize, &'static Trie>,
    all: &'static Trie,
}

impl Rustrict {
    /// Tries live as long as the program: the crate asks for that.
    fn new(terms: &[String]) -> Self {
        let english = || terms.iter().enumerate().filter(|(_, term)| term.is_ascii());
        let trie = |terms: &[&String]| -> &'static Trie {
            let mut trie = Trie::new();
            for term in terms {
                trie.set(&term.to_lowercase(), Type::PROFANE & Type::SEVERE);
            }
            Box::leak(Box::new(trie))
        };
        let all: Vec<&String> = english().map(|(_, term)| term).collect();
        Self {
            each: english().map(|(n, term)| (n, trie(&[term]))).collect(),
            all: trie(&all),
        }
    }
}

impl Filter for Rustrict {
    fn finds(&mut self, text: &str, term: Option<usize>) -> bool {
        let trie = match term {
            Some(term) => self.each[&term],
            None => self.all,
        };
        let mut censor = Censor::from_str(text);
        censor.with_trie(trie).analyze().is(Type::PROFANE)
    }
}

#[derive(Clone, Copy, Default)]
struct Sum {
    tried: usize,
    found: usize,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.tried += other.tried;
        self.found += other.found;
    }

    fn shown(self) -> String {
        match (self.found * 1000).checked_div(self.tried) {
            None => String::new(),
            Some(part) => format!("{}.{}", part / 10, part % 10),
        }
    }
}

fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() {
    let terms: Vec<String> = pack("\"exact\"")
        .rules
        .iter()
        .flat_map(|rule| rule.lists[0].terms.iter().map(|term| term.text.to_string()))
        .collect();
    let english: Vec<usize> = (0..terms.len())
        .filter(|at| terms[*at].is_ascii())
        .collect();
    let mut standard = Tidegate::new("\"standard\"", &terms);
    let mut strong = Tidegate::new("\"strong\"", &terms);
    let mut pipeline = Pipeline::new(&terms);
    let mut rustrict = Rustrict::new(&terms);

    let generator = Generator::new();
    say("| class | tried | standard | strong | pipeline | English: strong | English: rustrict |");
    say("|---|---|---|---|---|---|---|");
    let mut tiers: BTreeMap<Tier, [Sum; 5]> = BTreeMap::new();
    let mut disguised = Vec::new();
    for class in Class::all().filter(|class| !class.is_window()) {
        let mut sums = [Sum::default(); 5];
        for (at, term) in terms.iter().enumerate() {
            for seed in 0..TIMES {
                let seed = seed << 32 | at as u64;
                let (text, span) = carry(term, seed);
                let Some(Disguised { messages, .. }) =
                    generator.disguise(class, &text, &[span], seed)
                else {
                    continue;
                };
                let text = &messages[0];
                disguised.push(text.clone());
                let is_english = english.contains(&at);
                let by_strong = strong.finds(text, Some(at));
                let seen = [
                    Some(standard.finds(text, Some(at))),
                    Some(by_strong),
                    Some(pipeline.finds(text, Some(at))),
                    is_english.then_some(by_strong),
                    is_english.then(|| rustrict.finds(text, Some(at))),
                ];
                for (sum, seen) in sums.iter_mut().zip(seen) {
                    sum.tried += usize::from(seen.is_some());
                    sum.found += usize::from(seen == Some(true));
                }
            }
        }
        let tier = tiers.entry(class.tier()).or_default();
        for (of_tier, sum) in tier.iter_mut().zip(sums) {
            of_tier.add(sum);
        }
        row(class.name(), sums);
    }
    for (tier, sums) in tiers {
        row(&format!("**{}**", tier.name()), sums);
    }

    // Cargo says what it runs by flags.
    for file in std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
    {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut wrong = [0; 4];
        let mut lines = 0;
        for line in text.lines() {
            lines += 1;
            let lower = line.to_lowercase();
            let plainly = |term: &String| lower.contains(&term.to_lowercase());
            if terms.iter().any(plainly) {
                continue;
            }
            let filters: [&mut dyn Filter; 4] =
                [&mut standard, &mut strong, &mut pipeline, &mut rustrict];
            for (wrong, filter) in wrong.iter_mut().zip(filters) {
                *wrong += usize::from(filter.finds(line, None));
            }
        }
        costs(&terms, &text.lines().collect::<Vec<_>>(), &disguised);
        let [standard, strong, pipeline, rustrict] = wrong;
        say(&format!(
            "\n{file}: {lines} lines; found wrongly by standard {standard}, strong {strong}, pipeline {pipeline}, rustrict {rustrict}"
        ));
    }
}

/// What a message takes, in microseconds, under `exact`, `standard`, `standard` with each variant beyond it, and `strong`.
fn costs(terms: &[String], clean: &[&str], disguised: &[String]) {
    let preset = |name: &str| (format!("`{name}`"), format!("\"{name}\""));
    let mut sets = vec![preset("exact"), preset("standard")];
    for variant in Variants::FORMS.iter() {
        let with = Variants::STANDARD.with(variant);
        let names: Vec<String> = with.iter().map(|v| format!("\"{}\"", v.name())).collect();
        sets.push((
            format!("and `{}`", variant.name()),
            format!("[{}]", names.join(", ")),
        ));
    }
    sets.push(preset("strong"));
    let mut filters: Vec<Tidegate> = sets
        .iter()
        .map(|(_, variants)| Tidegate::new(variants, terms))
        .collect();
    let mut least = vec![[f64::INFINITY; 2]; sets.len()];
    for _ in 0..ROUNDS {
        for (filter, least) in filters.iter_mut().zip(&mut least) {
            let disguised: Vec<&str> = disguised.iter().map(String::as_str).collect();
            for (least, texts) in least.iter_mut().zip([clean, &disguised]) {
                let start = Instant::now();
                for text in texts {
                    std::hint::black_box(filter.finds(text, None));
                }
                let each = start.elapsed().as_secs_f64() * 1e6 / texts.len() as f64;
                *least = least.min(each);
            }
        }
    }
    say("\n| variants | clean, µs a message | disguised, µs |\n|---|---|---|");
    for ((name, _), [clean, disguised]) in sets.iter().zip(least) {
        say(&format!("| {name} | {clean:.2} | {disguised:.2} |"));
    }
}

fn row(name: &str, sums: [Sum; 5]) {
    let shown: Vec<String> = sums.iter().map(|sum| sum.shown()).collect();
    say(&format!(
        "| {name} | {} | {} |",
        sums[0].tried,
        shown.join(" | ")
    ));
}
