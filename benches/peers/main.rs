//! tidegate beside others: `cargo bench --features compare --bench peers`, or `--features hyperscan` for that one as well.
//!
//! Every engine counts the hits of the same terms in the same messages, one call a message, in rounds that take turns; each makes a pass
//! that is not timed before one that is, so that none finds its tables warm from another. Times are those of the thread on its core, so that
//! what else the machine does counts less. What is printed is the lower quartile of an
//! engine's times, and the median over the rounds of the ratio of the others' time to ours. `benches/README.md` says where that is unfair.
//!
//! `TIDEGATE_CORPUS` names a folder of real texts, `TIDEGATE_ROUNDS` how many rounds there are (7), `TIDEGATE_SIZES` which numbers of
//! terms (`1000,10000,100000`), `TIDEGATE_SETS` which texts (`zh,en,mixed,long en`). Without `--bench`, as under `cargo test`, one small round is made.

#[path = "../corpus/mod.rs"]
mod corpus;
#[cfg(feature = "hyperscan")]
mod hyperscan;

use std::collections::HashMap;
use std::hint::black_box;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use corpus::{Corpus, Statistics};
use cpu_time::ThreadTime;
use daachorse::{CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick};
use tidegate::limits::Limits;
use tidegate::oracle::{self, Case, House};
use tidegate::text::tables;
use tidegate::{
    Action, Compiler, Message, Pack, PackLimits, Policy, Ruleset, Scanner, Scene, Timestamp,
};
use unicode_normalization::UnicodeNormalization;

/// One message in so many may hold a term.
const CLEAN: usize = 100;

fn pack(terms: &[String]) -> Pack {
    let list: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
    let source = format!(
        "format = 1\n[pack]\nid = \"bench.words\"\nversion = \"1.0.0\"\ntitle = \"Words\"\n[[rule]]\nid = \"words\"\n\
         category = \"bench.words\"\nterms = [{}]\n[rule.samples]\nmatch = [\"{}\"]\npass = [\"-\"]\n",
        list.join(", "),
        terms[0]
    );
    let limits = PackLimits::operator();
    let mut none = |_: &str| Err("there are no word files".to_owned());
    let parsed = Pack::parse_with("bench.toml", &source, &limits, &mut none);
    parsed.unwrap_or_else(|refused| panic!("{refused}")).pack
}

fn compiled(terms: &[String]) -> Ruleset {
    let built = Compiler::new()
        .pack(pack(terms))
        .limits(PackLimits::operator())
        .build();
    built.unwrap_or_else(|refused| panic!("{refused}"))
}

/// Ours, with all that a server asks for: a verdict with spans in bytes.
struct Ours {
    ruleset: Ruleset,
    policy: Policy,
    scanner: Scanner,
}

impl Ours {
    fn new(terms: &[String]) -> Self {
        let mut limits = Limits::default();
        limits.spans = usize::MAX;
        Self {
            ruleset: compiled(terms),
            policy: Policy::default(),
            scanner: Scanner::with_limits(limits),
        }
    }

    fn hits<'a>(&'a mut self, text: &str) -> impl Iterator<Item = &'a str> + 'a {
        let message = Message::text(text);
        let verdict = self
            .scanner
            .scan(&[&self.ruleset], &self.policy, &message, Timestamp(0));
        let findings = verdict.findings.iter();
        findings.flat_map(|finding| finding.hits.iter().map(|hit| &*hit.term))
    }

    fn count(&mut self, text: &str) -> usize {
        self.hits(text).count()
    }
}

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
        found.map(|hit| black_box(map[hit.start()])).count()
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

/// Of the words those that no more than one message in a hundred holds.
fn terms(corpus: &Corpus, count: usize) -> Vec<String> {
    let words = corpus.words(count + count / 4);
    let mut ours = Ours::new(&words);
    // For each term, how many messages of each set hold it.
    let mut held: HashMap<String, [usize; 3]> = HashMap::new();
    let sets = [&corpus.zh, &corpus.en, &corpus.mixed];
    for (number, set) in sets.into_iter().enumerate() {
        for text in set {
            let mut terms: Vec<&str> = ours.hits(text).collect();
            terms.sort_unstable();
            terms.dedup();
            for term in terms {
                held.entry(term.to_owned()).or_default()[number] += 1;
            }
        }
    }
    let mut left = sets.map(|set| set.len() / CLEAN);
    let mut terms = Vec::with_capacity(count);
    for word in words {
        let messages = held.get(&word).copied().unwrap_or_default();
        if messages
            .iter()
            .zip(left)
            .all(|(held, left)| *held <= left.min(5))
        {
            for (left, held) in left.iter_mut().zip(messages) {
                *left -= held;
            }
            terms.push(word);
        }
    }
    terms.truncate(count);
    terms
}

/// What the relations say of some messages, those with hits among them, is what we say.
fn assert_right(terms: &[String], ours: &mut Ours, messages: &[String]) {
    let packs = [pack(terms)];
    let mut limits = Limits::default();
    limits.spans = usize::MAX;
    let (with, without): (Vec<&String>, Vec<&String>) =
        messages.iter().partition(|text| ours.count(text) > 0);
    for text in with.iter().take(10).chain(without.iter().take(10)) {
        let case = Case {
            packs: &[&packs],
            parts: &[text],
            before: &[],
            scene: Scene::Group,
            conversation: None,
            at: Timestamp(0),
            jurisdictions: &[],
            limits: &limits,
            on_partial: Action::Review,
            house: House::default(),
        };
        let answer = oracle::screen(&case);
        let hits = answer.findings.iter().map(|finding| finding.hits.len());
        assert_eq!(ours.count(text), hits.sum::<usize>(), "{text}");
    }
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
        ("zh", &corpus.zh),
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
        println!(
            "\n{:.1} characters, Han {:.0}%, ASCII {:.0}%; {:.2}% of the places begin like a term",
            statistics.chars, statistics.han, statistics.ascii, statistics.begun
        );
    }
}

fn main() {
    let measured = std::env::args().any(|arg| arg == "--bench");
    let given = |name: &str| std::env::var(name).ok();
    let rounds = given("TIDEGATE_ROUNDS").and_then(|rounds| rounds.parse().ok());
    let sizes = given("TIDEGATE_SIZES").unwrap_or_else(|| "1000,10000,100000".to_owned());
    let corpora = match Corpus::given() {
        Some(corpus) => corpus,
        None => Corpus::made(),
    };
    if !measured {
        return measure(&corpora, 100, 1, 200);
    }
    for size in sizes.split(',').filter_map(|size| size.trim().parse().ok()) {
        measure(&corpora, size, rounds.unwrap_or(7), usize::MAX);
    }
}
