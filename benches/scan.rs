//! What screening costs: `cargo bench --bench scan`; `-- --test` runs each once.
//!
//! Texts and terms come from a seed, or from the folder that `TIDEGATE_CORPUS` names; `TIDEGATE_TENANTS` is how many tenants there are in
//! the group of that name (1,000). What is found in some messages is held against the oracle before anything is measured. `benches/README.md`
//! has the figures, and those of others from `--bench peers`.

#![expect(clippy::print_stderr, reason = "what is measured on is told")]

mod corpus;

use std::hint::black_box;
use std::time::Duration;

use corpus::ours::{Ours, assert_right, compiled, pack, terms};
use corpus::{Corpus, Random, Statistics};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use tidegate::limits::Limits;
use tidegate::{Message, Policy, Ruleset, Scanner, Timestamp};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// One call a message, over messages in turn: those without a hit, and all, of which one in a hundred has one.
fn scan(criterion: &mut Criterion, corpus: &Corpus) {
    let mut group = criterion.benchmark_group("scan");
    for size in SIZES {
        let terms = terms(corpus, size);
        let mut ours = Ours::new(&terms);
        for (name, messages) in corpus.sets() {
            if size == SIZES[0] {
                assert_right(&terms, &mut ours, messages);
                eprintln!(
                    "{} {name}: {}",
                    corpus.name,
                    Statistics::of(messages, &terms)
                );
            }
            let clean: Vec<&String> = messages
                .iter()
                .filter(|text| ours.count(text) == 0)
                .collect();
            let all: Vec<&String> = messages.iter().collect();
            for (kind, messages) in [("clean", clean), ("1% hits", all)] {
                let bytes: usize = messages.iter().map(|text| text.len()).sum();
                group.throughput(Throughput::Bytes((bytes / messages.len()) as u64));
                let mut next = messages.iter().cycle();
                group.bench_function(
                    BenchmarkId::new(format!("{name}, {kind}"), size),
                    |bencher| {
                        bencher.iter(|| next.next().map(|text| ours.count(black_box(text))));
                    },
                );
            }
        }
    }
    group.finish();
}

fn compile(criterion: &mut Criterion, corpus: &Corpus) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for size in SIZES {
        let terms = corpus.words(size);
        let pack = pack(&terms);
        assert_eq!(compiled(&terms).terms(), terms.len());
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new("build", size), |bencher| {
            bencher.iter_batched(
                || pack.clone(),
                |pack| corpus::ours::build(black_box(pack)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// A ruleset of one term that no text begins like: what is left is folding, and what a call costs.
fn fold(criterion: &mut Criterion, corpus: &Corpus) {
    let mut group = criterion.benchmark_group("fold");
    let mut ours = Ours::new(&["鬱龘靐齉".to_owned()]);
    for (name, messages) in corpus.sets() {
        let bytes: usize = messages.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes((bytes / messages.len()) as u64));
        let mut next = messages.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| next.next().map(|text| ours.count(black_box(text))));
        });
    }
    group.finish();
}

/// A shared ruleset of 10,000 terms, and on top of it that of a tenant: 100 rules' worth of three terms each.
fn tenants(criterion: &mut Criterion, corpus: &Corpus) {
    let count = std::env::var("TIDEGATE_TENANTS").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let words = terms(corpus, 20_000);
    let (base, rest) = words.split_at(10_000);
    let base = compiled(base);
    let mut random = Random(1);
    let tenants: Vec<Ruleset> = (0..count)
        .map(|_| {
            let terms: Vec<String> = (0..300)
                .map(|_| rest[random.below(rest.len())].clone())
                .collect();
            compiled(&terms)
        })
        .collect();
    let mut group = criterion.benchmark_group("tenants");
    let (policy, messages) = (Policy::default(), &corpus.zh);
    let mut scanner = Scanner::new();
    let mut bench = |name: &str, pick: &mut dyn FnMut() -> Option<usize>| {
        let mut next = messages.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let own = pick().map(|at| &tenants[at]);
                let rulesets = [&base, own.unwrap_or(&base)];
                let rulesets = &rulesets[..1 + usize::from(own.is_some())];
                let message = Message::text(next.next().map_or("", |text| text));
                scanner
                    .scan(rulesets, &policy, &message, Timestamp(0))
                    .findings
                    .len()
            });
        });
    };
    bench("base alone", &mut || None);
    bench("base and one tenant", &mut || Some(0));
    let mut random = Random(2);
    bench(&format!("base and {count} tenants by Zipf"), &mut || {
        Some(random.rank(count, 1.0))
    });
    group.finish();
}

/// Texts made to cost, beside a clean one; of two lengths, so that what grows faster than the text shows.
fn hostile(criterion: &mut Criterion, corpus: &Corpus) {
    let terms = terms(corpus, 10_000);
    let ruleset = compiled(&terms);
    let mut group = criterion.benchmark_group("hostile");
    group.sample_size(20);
    let beginnings: Vec<String> = terms
        .iter()
        .map(|term| term.chars().take(term.chars().count() - 1).collect())
        .collect();
    let gaps: Vec<String> = terms
        .iter()
        .map(|term| term.chars().map(|c| format!("{c}.")).collect())
        .collect();
    let pieces: [(&str, &[String]); 7] = [
        ("clean", &corpus.zh),
        ("terms end to end", &terms),
        ("terms without their last character", &beginnings),
        ("terms with dots between", &gaps),
        (
            "characters that stand for eighteen",
            &["\u{fdfa}".to_owned()],
        ),
        ("mathematical letters", &["𝖆𝖇𝖈𝖉𝖊 ".to_owned()]),
        (
            "marks on marks",
            &["a\u{301}\u{302}\u{303}\u{304}".to_owned()],
        ),
    ];
    let policy = Policy::default();
    for (name, pieces) in pieces {
        for size in [4_usize << 10, 64 << 10] {
            let mut text = String::new();
            for piece in pieces.iter().cycle() {
                text.push_str(piece);
                if text.len() >= size {
                    break;
                }
            }
            let mut limits = Limits::default();
            limits.text_bytes = limits.text_bytes.max(2 * size);
            let mut scanner = Scanner::with_limits(limits);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    let message = Message::text(black_box(&text));
                    scanner
                        .scan(&[&ruleset], &policy, &message, Timestamp(0))
                        .action
                });
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let corpus = Corpus::given().unwrap_or_else(|| Corpus::made(SIZES[2]));
    scan(&mut criterion, &corpus);
    compile(&mut criterion, &corpus);
    fold(&mut criterion, &corpus);
    tenants(&mut criterion, &corpus);
    hostile(&mut criterion, &corpus);
    criterion.final_summary();
}
