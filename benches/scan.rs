//! What screening costs: `cargo bench --bench scan`; `-- --test` runs each once.
//!
//! Packs and texts come from seeds, of neutral words made here. The hits of every text are counted by a plain search for the terms, and
//! held against the verdict before anything is measured.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use tidegate::limits::Limits;
use tidegate::{Compiler, Message, Pack, Policy, Ruleset, Scanner, Timestamp};

/// Numbers from a seed (SplitMix64: Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// A language to make words of. Terms begin with signs that texts have in other places only, so that clean texts are clean, and
/// share the rest, so that they are not trivially so.
struct Language {
    name: &'static str,
    /// What terms begin with.
    first: &'static str,
    rest: &'static str,
    length: (usize, usize),
    between: &'static str,
    /// Whether a term is a word of its own.
    bounded: bool,
}

const LANGUAGES: [Language; 2] = [
    Language {
        name: "zh",
        first: "松柏梅兰竹菊桃李杏荷桂枫杨柳樱棠",
        rest: "山水云雨风雪日月星河湖海江溪泉石田园花草树林春夏秋冬东南西北上下左右前后天地光影声色",
        length: (3, 5),
        between: "，",
        bounded: false,
    },
    Language {
        name: "en",
        first: "zqxjv",
        rest: "aeioulnrstdmcpbgh",
        length: (6, 10),
        between: " ",
        bounded: true,
    },
];

impl Language {
    fn word(&self, random: &mut Random, first: Option<&[char]>) -> String {
        let rest: Vec<char> = self.rest.chars().collect();
        let length = self.length.0 + random.below(self.length.1 - self.length.0 + 1);
        let mut word = String::new();
        while word.chars().count() < length {
            let of = first.filter(|_| word.is_empty()).unwrap_or(&rest);
            let next = of[random.below(of.len())];
            // No letter twice in a row: a stretched word is another matter.
            if !word.ends_with(next) {
                word.push(next);
            }
        }
        word
    }

    fn terms(&self, count: usize) -> Vec<String> {
        let first: Vec<char> = self.first.chars().collect();
        let mut random = Random(count as u64);
        let mut terms = BTreeSet::new();
        while terms.len() < count {
            terms.insert(self.word(&mut random, Some(&first)));
        }
        terms.into_iter().collect()
    }

    /// A text of about `size` bytes, with a term for each `every` words.
    fn text(&self, size: usize, terms: Option<(&[String], usize)>) -> String {
        let mut random = Random(size as u64);
        let mut text = String::new();
        for number in 1.. {
            if text.len() >= size {
                break;
            }
            match terms {
                Some((terms, every)) if number % every == 0 => {
                    text.push_str(&terms[random.below(terms.len())]);
                }
                _ => text.push_str(&self.word(&mut random, None)),
            }
            text.push_str(self.between);
        }
        text
    }

    /// How often terms stand in a text: at the beginning of a word, as they begin with what stands nowhere else.
    fn hits(&self, text: &str, terms: &[String]) -> usize {
        let of = |word: &str| {
            let found = terms.iter().filter(|term| match self.bounded {
                true => word == term.as_str(),
                false => word.starts_with(term.as_str()),
            });
            found.count()
        };
        text.split(self.between).map(of).sum()
    }
}

fn source(terms: &[String]) -> String {
    let list: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
    format!(
        "format = 1\n[pack]\nid = \"bench.words\"\nversion = \"1.0.0\"\ntitle = \"Words\"\n[[rule]]\nid = \"words\"\n\
         category = \"bench.words\"\nterms = [{}]\n[rule.samples]\nmatch = [\"{}\"]\npass = [\"x\"]\n",
        list.join(", "),
        terms[0]
    )
}

fn pack(terms: &[String]) -> Pack {
    let parsed = Pack::parse("bench.toml", &source(terms));
    parsed.unwrap_or_else(|refused| panic!("{refused}")).pack
}

fn compiled(pack: Pack) -> Ruleset {
    let built = Compiler::new().pack(pack).build();
    built.unwrap_or_else(|refused| panic!("{refused}"))
}

/// The hits that a scan reports.
fn hits(scanner: &mut Scanner, ruleset: &Ruleset, text: &str) -> usize {
    let message = Message::text(text);
    let verdict = scanner.scan(&[ruleset], &Policy::default(), &message, Timestamp(0));
    assert!(verdict.coverage.is_complete());
    verdict
        .findings
        .iter()
        .map(|finding| finding.hits.len())
        .sum()
}

fn scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    for language in LANGUAGES {
        for count in [1_000, 10_000] {
            let terms = language.terms(count);
            let ruleset = compiled(pack(&terms));
            let mut limits = Limits::default();
            limits.spans = usize::MAX;
            for (kind, size, with) in [
                ("clean, short", 120, None),
                ("clean, 4 KiB", 4 << 10, None),
                ("a hit in ten words, 4 KiB", 4 << 10, Some((&terms[..], 10))),
            ] {
                let text = language.text(size, with);
                let planted = language.hits(&text, &terms);
                let mut scanner = Scanner::with_limits(limits.clone());
                let found = hits(&mut scanner, &ruleset, &text);
                assert_eq!(found, planted, "{}, {count} terms, {kind}", language.name);
                group.throughput(Throughput::Bytes(text.len() as u64));
                let id = BenchmarkId::new(format!("{}, {kind}", language.name), count);
                group.bench_function(id, |bencher| {
                    bencher.iter(|| hits(&mut scanner, &ruleset, black_box(&text)));
                });
            }
        }
    }
    group.finish();
}

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for language in LANGUAGES {
        for count in [1_000, 10_000] {
            let terms = language.terms(count);
            let source = source(&terms);
            let pack = pack(&terms);
            assert_eq!(compiled(pack.clone()).terms(), count);
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(
                BenchmarkId::new(format!("{}, parse", language.name), count),
                |bencher| {
                    bencher.iter(|| Pack::parse("bench.toml", black_box(&source)).is_ok());
                },
            );
            group.bench_function(
                BenchmarkId::new(format!("{}, build", language.name), count),
                |bencher| {
                    bencher.iter_with_large_drop(|| compiled(black_box(pack.clone())));
                },
            );
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    scan(&mut criterion);
    compile(&mut criterion);
    criterion.final_summary();
}
