//! What tenants cost: `cargo bench --bench tenants`; `-- --test` runs it once, with few.
//!
//! `TIDEGATE_TENANTS` says how many (10,000), each of a hundred rules and three hundred terms on a base of 10,000. Printed are their memory, loading all
//! of them cold on two threads, from packs and from compiled files, what one change costs, and how much is screened while fifty changes a second
//! go live. Screening alone and with changes takes turns, so that what else the machine does falls on both.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tidegate::fuzzing::hundred_rules;
use tidegate::registry::{By, Registry};
use tidegate::{Message, Operator, Pack, PackLimits, Ruleset, Scanner, Tenant, Timestamp};

#[path = "corpus/mod.rs"]
#[expect(dead_code, reason = "of the corpus only texts and words are wanted")]
mod corpus;

use corpus::Corpus;

const NOW: Timestamp = Timestamp(1_795_428_000);
/// Tenants that a thread takes at a time.
const SHARE: usize = 64;

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let count = std::env::var("TIDEGATE_TENANTS").ok();
    let count = count.and_then(|count| count.parse().ok());
    let count: usize = count.unwrap_or(if test { 20 } else { 10_000 });
    let corpus = Corpus::given().unwrap_or_else(|| Corpus::made(10_000));
    let base = Arc::new(corpus::ours::compiled(&corpus.words(10_000)));
    let registry = || {
        Registry::new(
            vec![Arc::clone(&base)],
            Vec::new(),
            Operator::default(),
            &by(),
        )
        .unwrap_or_else(|refused| panic!("{refused}"))
        .keep(4)
    };

    let sources: Vec<String> = (0..count).map(|n| hundred_rules(n as u64, 0)).collect();
    let files: Vec<String> = (0..count)
        .map(|n| format!("[tenant]\nid = \"t{n}\"\npacks = [\"words.toml\"]\n"))
        .collect();
    let from_packs = registry();
    let began = Instant::now();
    let parsed = on_two_threads(count, |n| (tenant(&files[n]), vec![pack(&sources[n])]));
    let read = began.elapsed();
    let (parsed, cpu) = parsed;
    let (_, refused) = from_packs.set_all(parsed, &by());
    assert!(refused.is_empty());
    let all = began.elapsed();
    let snapshot = from_packs.snapshot();
    let bytes: usize = snapshot.tenants().map(|tenant| tenant.bytes()).sum();
    println!(
        "{count} tenants of 100 rules and 300 terms: {} bytes each",
        bytes / count
    );
    println!("cold, from packs: {all:.2?} (parsing {read:.2?}, {cpu:.2?} on the cores)");

    let compiled: Vec<Vec<u8>> = (0..count)
        .map(|n| {
            let tenant = snapshot.tenant(&format!("t{n}")).expect("it is there");
            tenant.own().expect("it has rules").to_bytes()
        })
        .collect();
    let from_files = registry();
    let limits = PackLimits::default();
    let began = Instant::now();
    let loaded = on_two_threads(count, |n| {
        let ruleset = Ruleset::from_bytes("t.tdg", &compiled[n], &limits);
        let ruleset = ruleset.unwrap_or_else(|refused| panic!("{refused}"));
        (tenant(&files[n]), Some(ruleset))
    });
    let read = began.elapsed();
    let (loaded, cpu) = loaded;
    let live = on_core();
    let (_, refused) = from_files.set_compiled(loaded, &by());
    assert!(refused.is_empty());
    let all = began.elapsed();
    let live = on_core() - live;
    let whole: usize = compiled.iter().map(Vec::len).sum();
    println!(
        "cold, from compiled files: {all:.2?} (reading {read:.2?}, {cpu:.2?} on the cores; going live {live:.2?}), {} bytes each",
        whole / count
    );
    assert_eq!(from_files.snapshot().fingerprint(), snapshot.fingerprint());
    drop((compiled, from_files, snapshot, sources));

    let changes = if test { 5 } else { 500 };
    let mut spent = [Duration::ZERO; 2];
    for n in 0..changes {
        let (source, file) = (hundred_rules(n as u64 % count as u64, 1), &files[n % count]);
        let began = on_core();
        let parsed = (tenant(file), vec![pack(&source)]);
        let read = on_core();
        set(&from_packs, parsed);
        spent[0] += read - began;
        spent[1] += on_core() - read;
    }
    println!(
        "one change, time of the thread on its core: parsing {:.2?}, compiling and going live {:.2?}",
        spent[0] / changes as u32,
        spent[1] / changes as u32
    );

    let rounds = if test { 2 } else { 20 };
    throughput(&from_packs, &corpus.zh, &files, rounds);
}

fn throughput(registry: &Registry, texts: &[String], files: &[String], rounds: u64) {
    let count = files.len() as u64;
    let ids: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
    let screen = |first: u64, over: &AtomicBool| {
        let mut reader = registry.reader();
        let mut scanner = Scanner::new();
        let mut judged = 0_u64;
        while !over.load(Ordering::Relaxed) {
            // All tenants in turn: the worst for the caches.
            let n = (first + judged * 7) % count;
            let text = &texts[judged as usize % texts.len()];
            let message = Message::text(text).tenant(&ids[n as usize]);
            let verdict = scanner.scan_live(reader.snapshot(), &message, NOW);
            verdict.expect("it is known");
            judged += 1;
        }
        judged
    };
    let (mut judged, mut live_after) = ([0, 0], Vec::new());
    let mut revision = 2;
    for round in 0..rounds {
        let over = AtomicBool::new(false);
        let changing = round % 2 == 1;
        judged[usize::from(changing)] += std::thread::scope(|scope| {
            let (screen, over) = (&screen, &over);
            let threads = [0, count / 2].map(|first| scope.spawn(move || screen(first, over)));
            let began = Instant::now();
            for change in 0..50 {
                if changing {
                    revision += 1;
                    let n = revision * 31 % count;
                    let source = hundred_rules(n, revision);
                    let began = Instant::now();
                    set(registry, (tenant(&files[n as usize]), vec![pack(&source)]));
                    live_after.push(began.elapsed());
                }
                let due = Duration::from_millis(20 * (change + 1));
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
            over.store(true, Ordering::Relaxed);
            let judged = threads.map(|thread| thread.join().expect("it ends"));
            judged.iter().sum::<u64>()
        });
    }
    live_after.sort_unstable();
    println!(
        "while two threads screen: a change is live after {:.2?} (slowest of {}: {:.2?}); throughput with 50 changes a second {:.1}% of that without",
        live_after[live_after.len() / 2],
        live_after.len(),
        live_after[live_after.len() - 1],
        100.0 * judged[1] as f64 / judged[0] as f64,
    );
}

/// How long this thread has been on a core, where Linux tells; else the time.
fn on_core() -> Duration {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let told = told.and_then(|told| told.split(' ').next()?.parse().ok());
    told.map_or_else(
        || BEGAN.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

/// What `make` makes of each number, on two threads that take shares in turn, and how long both were on a core.
fn on_two_threads<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> (Vec<T>, Duration) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let (mut made, began) = (Vec::new(), on_core());
        loop {
            let first = next.fetch_add(SHARE, Ordering::Relaxed);
            if first >= count {
                return (made, on_core() - began);
            }
            made.extend((first..count.min(first + SHARE)).map(&make));
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let (mut made, mine) = work();
        let (others, theirs) = other.join().expect("it ends");
        made.extend(others);
        (made, mine + theirs)
    })
}

fn set(registry: &Registry, (tenant, packs): (Tenant, Vec<Pack>)) {
    let set = registry.set(tenant, packs, &by());
    set.unwrap_or_else(|refused| panic!("{refused}"));
}

fn tenant(file: &str) -> Tenant {
    let parsed = Tenant::parse("t.tenant.toml", file);
    parsed.unwrap_or_else(|refused| panic!("{refused}")).tenant
}

fn pack(source: &str) -> Pack {
    let parsed = Pack::parse("words.toml", source);
    parsed.unwrap_or_else(|refused| panic!("{refused}")).pack
}

fn by() -> By {
    By::new("bench", "to measure", NOW)
}
