//! tidegate beside others: `cargo bench --features compare --bench peers`, or `--features hyperscan` for that one as well.
//!
//! Every engine counts the hits of the same terms in the same messages, one call a message, in rounds that take turns; each makes a pass
//! that is not timed before one that is, so that none finds its tables warm from another. Times are those of the thread on its core, so that
//! what else the machine does counts less. What is printed is the lower quartile of an
//! engine's times, and the median over the rounds of the ratio of the others' time to ours. `benches/README.md` says where that is unfair.
//!
//! `TIDEGATE_CORPUS` names a folder of real texts, `TIDEGATE_ROUNDS` how many rounds there are (7), `TIDEGATE_SIZES` which numbers of
//! terms (`1000,10000,100000`), `TIDEGATE_SETS` which texts (`zh,en,mixed,long en`). Without `--bench`, as under `cargo test`, one small round is made.

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

#[path = "../corpus/mod.rs"]
mod corpus;
#[cfg(feature = "hyperscan")]
mod hyperscan;

use std::hint::black_box;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use corpus::ours::{Ours, assert_right, terms};
use corpus::{Corpus, Statistics};
use cpu_time::ThreadTime;
use daachorse::{CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick};
use tidegate::text::tables;
use unicode_normalization::UnicodeNormalization;

/// The pipeline that one would write first: normalise into a new string, keep a map to the bytes of the original, search.
struct Naive(AhoCorasick);

impl Naive {
    fn new(terms: &[String]) -> Self {
        let folded = terms.iter().map(|term| {
            let (mut text, mut map) = (String::new(), Vec::new());
            Self::fold(term, &mut text, &mut map);
            text
        });
        Self(plain(folded.collect::<Vec<_>>()))
    }

    fn fold(text: &str, folded: &mut String, map: &mut Vec<u32>) {
        for (at, c) in text.char_indices() {
            for c in std::iter::once(c).nfkc().flat_map(char::to_lowercase) {
                let c = match tables::script(c) {
                    tables::Script::Han => tables::script_fold(c).unwrap_or(c),
                    _ => c,
                };
                folded.push(c);
                map.resize(folded.len(), at as u32);
            }
        }
    }

    fn count(&self, text: &str) -> usize {
        let (mut folded, mut map) = (
            String::with_capacity(text.len()),
            Vec::with_capacity(text.len()),
        );
        Self::fold(text, &mut folded, &mut map);
        let found = self.0.find_overlapping_iter(&folded);
        found
            .inspect(|hit| {
                black_box(map[hit.start()]);
            })
            .count()
    }
}

fn plain(terms: impl IntoIterator<Item = impl AsRef<[u8]>>) -> AhoCorasick {
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(terms)
        .unwrap_or_else(|refused| panic!("{refused}"))
}

struct Engine<'a> {
    name: &'static str,
    count: Box<dyn FnMut(&str) -> usize + 'a>,
}

fn race(title: &str, messages: &[String], engines: &mut [Engine<'_>], rounds: usize) {
    let mut times = vec![Vec::new(); engines.len()];
    let mut counts = vec![0; engines.len()];
    for round in 0..rounds {
        for turn in 0..engines.len() {
            let at = (turn + round) % engines.len();
            let count = &mut engines[at].count;
            for text in messages {
                black_box(count(text));
            }
            let began = ThreadTime::now();
            counts[at] = messages.iter().map(|text| count(black_box(text))).sum();
            times[at].push(began.elapsed().as_secs_f64());
        }
    }
    let bytes: usize = messages.iter().map(String::len).sum();
    println!(
        "\n{title}: {} messages of {:.1} bytes\n",
        messages.len(),
        bytes as f64 / messages.len() as f64
    );
    println!("| engine | ns a message | its time over ours | hits |\n|---|---|---|---|");
    for (at, engine) in engines.iter().enumerate() {
        let mut own = times[at].clone();
        own.sort_by(f64::total_cmp);
        let mut ratios: Vec<f64> = times[at]
            .iter()
            .zip(&times[0])
            .map(|(own, ours)| own / ours)
            .collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "| {} | {:.0} | {:.2} | {} |",
            engine.name,
            own[own.len() / 4] * 1e9 / messages.len() as f64,
            ratios[ratios.len() / 2],
            counts[at]
        );
    }
}

fn measure(corpus: &Corpus, count: usize, rounds: usize, few: usize) {
    let terms = terms(corpus, count);
    let mut ours = Ours::new(&terms);
    println!(
        "\n## {} texts, {} terms: {} ({} bytes)",
        corpus.name,
        terms.len(),
        ours.ruleset.strategy(),
        ours.ruleset.bytes()
    );
    let charwise: CharwiseDoubleArrayAhoCorasick<u32> =
        CharwiseDoubleArrayAhoCorasick::new(&terms).unwrap_or_else(|refused| panic!("{refused}"));
    let bytewise: DoubleArrayAhoCorasick<u32> =
        DoubleArrayAhoCorasick::new(&terms).unwrap_or_else(|refused| panic!("{refused}"));
    let plain = plain(&terms);
    let naive = Naive::new(&terms);
    #[cfg(feature = "hyperscan")]
    let mut hyperscan = hyperscan::Database::new(&terms);
    let long: Vec<String> = corpus.en.chunks(80).map(|few| few.join(" ")).collect();
    let only = std::env::var("TIDEGATE_SETS").unwrap_or_default();
    for (set, messages) in [
        ("zh", &*corpus.zh),
        ("en", &corpus.en),
        ("mixed", &corpus.mixed),
        ("long en", &long),
    ] {
        if !only.is_empty() && !only.split(',').any(|name| name == set) {
            continue;
        }
        let messages = &messages[..messages.len().min(few)];
        let statistics = Statistics::of(messages, &terms);
        if terms.len() <= 1_000 {
            assert_right(&terms, &mut ours, messages);
        }
        let mut engines = vec![
            Engine {
                name: "tidegate",
                count: Box::new(|text| ours.count(text)),
            },
            Engine {
                name: "daachorse, by characters",
                count: Box::new(|text| charwise.find_overlapping_iter(text).count()),
            },
            Engine {
                name: "daachorse, by bytes",
                count: Box::new(|text| bytewise.find_overlapping_iter(text).count()),
            },
            Engine {
                name: "aho-corasick",
                count: Box::new(|text| plain.find_overlapping_iter(text).count()),
            },
            Engine {
                name: "NFKC, lower case, conversion, aho-corasick",
                count: Box::new(|text| naive.count(text)),
            },
        ];
        #[cfg(feature = "hyperscan")]
        engines.push(Engine {
            name: "Hyperscan",
            count: Box::new(|text| hyperscan.count(text)),
        });
        race(
            &format!("{set}, {count} terms"),
            messages,
            &mut engines,
            rounds,
        );
        println!("\n{statistics}");
    }
}

fn main() {
    let measured = std::env::args().any(|arg| arg == "--bench");
    let given = |name: &str| std::env::var(name).ok();
    let rounds = given("TIDEGATE_ROUNDS").and_then(|rounds| rounds.parse().ok());
    let sizes = given("TIDEGATE_SIZES").unwrap_or_else(|| "1000,10000,100000".to_owned());
    let sizes: Vec<usize> = sizes
        .split(',')
        .filter_map(|size| size.trim().parse().ok())
        .collect();
    let most = sizes.iter().copied().max().unwrap_or_default();
    let corpora = match Corpus::given() {
        Some(corpus) => corpus,
        None => Corpus::made(most),
    };
    if !measured {
        return measure(&corpora, 100, 1, 200);
    }
    for size in sizes {
        measure(&corpora, size, rounds.unwrap_or(7), usize::MAX);
    }
}
