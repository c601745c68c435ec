//! A warm scanner allocates nothing for a clean message; a tenant takes little memory.

#![expect(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; this one counts and hands on to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tidegate::fuzzing::hundred_rules;
use tidegate::registry::{By, Registry};
use tidegate::{
    Compiler, Conversation, Message, Operator, Pack, Policy, Scanner, Tenant, Timestamp,
};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// Bytes that this thread has allocated and not given back.
    static HELD: Cell<i64> = const { Cell::new(0) };
    /// Shows where, when it is set: the first allocation panics.
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

/// What the allocator of glibc takes for so many bytes: eight for itself, and whole steps of sixteen.
fn taken(bytes: usize) -> i64 {
    (bytes + 8).next_multiple_of(16).max(32) as i64
}

fn count() {
    COUNT.set(COUNT.get() + 1);
    if FORBIDDEN.replace(false) {
        panic!("a clean message allocates");
    }
}

// SAFETY: every call is handed on to `System` as it came; what is done besides touches thread-locals without destructors, and a
// panic leaves nothing half done.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        HELD.set(HELD.get() + taken(layout.size()));
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - taken(layout.size()));
        // SAFETY: the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        HELD.set(HELD.get() + taken(size) - taken(layout.size()));
        // SAFETY: the block came from `System`.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PACK: &str = r#"
format = 1
[pack]
id = "test.words"
version = "1.0.0"
title = "Words"
[pack.defaults]
variants = "strong"
[lists]
words = ["图书馆", "图书", "gift card", "storm", "шторм", "🔥🔥", "(a)", { regex = 'tide\s*band' }]
acts = ["借阅", "join"]
[[rule]]
id = "words"
category = "test.words"
when = "words"
except = ["storm lamp"]
[rule.samples]
match = ["图书馆"]
pass = ["好"]
[[rule]]
id = "acts"
category = "test.acts"
when = "acts near/6 @test.words"
[rule.samples]
match = ["借阅图书馆"]
pass = ["好"]
"#;

/// Texts without a hit. Those of the second half hold candidates that fail.
const CLEAN: [(&str, &str); 14] = [
    ("empty", ""),
    ("Chinese", "今天天气很好，我们去公园散步吧。明天见！"),
    ("English", "See you at the station tomorrow, don't be late."),
    ("mixed", "明天 meeting 改到 3pm，记得带 laptop。"),
    ("Cyrillic", "Сегодня хорошая погода, пойдём гулять в парк."),
    ("Arabic", "السلام عليكم ورحمة الله"),
    ("emoji", "好开心😂👨‍👩‍👧🇨🇳，great 👍🏽!"),
    ("escapes without terms", "a &amp; b, 100%25 \\u4f60"),
    ("a sentence's end in a term", "我买了图。书馆关门了"),
    ("no border", "a stormy night, brainstorming"),
    ("a comma in a term", "what a gift. Card games"),
    ("honest Cyrillic like a term", "паста и шторма, a сторм"),
    (
        "literals of a regex that does not match",
        "the tides were banded",
    ),
    (
        "a decoded candidate that fails",
        "st&#111;rmy, and ӏetters ӏike storming",
    ),
];

#[test]
fn clean_messages_allocate_nothing() {
    let pack = Pack::parse("words.toml", PACK)
        .unwrap_or_else(|refused| panic!("{refused}"))
        .pack;
    let ruleset = Compiler::new()
        .pack(pack)
        .build()
        .unwrap_or_else(|refused| panic!("{refused}"));
    let rulesets = [&ruleset];
    let policy = Policy::default();
    let mut scanner = Scanner::new();
    // Warm: a longer text of each kind, once.
    let long: Vec<String> = CLEAN.iter().map(|(_, text)| text.repeat(4)).collect();
    for text in long
        .iter()
        .map(String::as_str)
        .chain(CLEAN.map(|(_, text)| text))
    {
        scanner.scan(&rulesets, &policy, &Message::text(text), Timestamp(0));
    }
    let mut broken = Vec::new();
    let backtrace = std::env::var_os("RUST_BACKTRACE").is_some();
    for (name, text) in CLEAN {
        let message = Message::text(text);
        FORBIDDEN.set(backtrace);
        let before = COUNT.get();
        let verdict = scanner.scan(&rulesets, &policy, &message, Timestamp(0));
        let count = COUNT.get() - before;
        FORBIDDEN.set(false);
        assert!(
            verdict.findings.is_empty(),
            "{name} is clean: {:?}",
            verdict.findings
        );
        if count > 0 {
            broken.push(format!("{name}: {count} allocations"));
        }
    }
    assert!(
        broken.is_empty(),
        "a clean message allocates nothing once warm; RUST_BACKTRACE=1 shows where:\n{}",
        broken.join("\n")
    );
}

/// What is kept of a sender takes the place of what was.
#[test]
fn clean_messages_of_a_sender_allocate_nothing() {
    let source = PACK.replace(
        "[pack.defaults]",
        "[pack.defaults]\nwindow = { messages = 8, seconds = 60 }",
    );
    let parsed = Pack::parse("words.toml", &source).unwrap_or_else(|refused| panic!("{refused}"));
    let built = Compiler::new().pack(parsed.pack).build();
    let ruleset = built.unwrap_or_else(|refused| panic!("{refused}"));
    let policy = Policy::default();
    let (mut scanner, mut conversation) = (Scanner::new(), Conversation::new());
    let short = ["去", "吧", "好", "ok", "a b", "…", "the", "hm"];
    let texts = || {
        CLEAN
            .iter()
            .map(|(_, text)| *text)
            .chain(short)
            .chain(short)
    };
    let mut say = |text: &str, second| {
        let message = Message::text(text).sender("u1").id("message-1");
        let at = Timestamp(second);
        let verdict = scanner.scan_in(&mut conversation, &[&ruleset], &policy, &message, at);
        assert!(verdict.findings.is_empty(), "{:?}", verdict.findings);
    };
    for second in 0..3 {
        texts().for_each(|text| say(&text.repeat(2), second));
        texts().for_each(|text| say(text, second));
    }
    let before = COUNT.get();
    texts().for_each(|text| say(text, 3));
    assert_eq!(COUNT.get() - before, 0);
}

/// The counter counts.
#[test]
fn allocations_are_counted() {
    let before = COUNT.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(COUNT.get() - before, 1);
}

/// Three terms each, ids of 17 to 24 bytes.
#[test]
fn a_tenant_of_a_hundred_rules_takes_sixteen_kibibytes() {
    const TENANTS: u32 = 40;
    let by = By::new("desk", "a new customer", Timestamp(0));
    let registry = Registry::new(Vec::new(), Vec::new(), Operator::default(), &by)
        .unwrap_or_else(|refused| panic!("{refused}"))
        .keep(1);
    let add = |tenant: u32| {
        let pack = Pack::parse("words.toml", &hundred_rules(tenant.into(), 0));
        let pack = pack.unwrap_or_else(|refused| panic!("{refused}")).pack;
        let file = format!("[tenant]\nid = \"tenant-{tenant}\"\npacks = [\"words.toml\"]\n");
        let file = Tenant::parse("tenant.toml", &file);
        let file = file.unwrap_or_else(|refused| panic!("{refused}")).tenant;
        let set = registry.set(file, vec![pack], &by);
        set.unwrap_or_else(|refused| panic!("{refused}"));
    };
    // What is made once is made by the first.
    add(0);
    let before = HELD.get();
    (1..=TENANTS).for_each(add);
    let each = (HELD.get() - before) / i64::from(TENANTS);
    let snapshot = registry.snapshot();
    let tenant = snapshot.tenant("tenant-7").expect("it is there");
    let own = tenant.own().expect("it has rules");
    assert_eq!((own.rules(), own.terms()), (100, 300));
    say(&format!(
        "a tenant of 100 rules and 300 terms takes {each} bytes, and says {}; its matcher {}",
        tenant.bytes(),
        own.automata_bytes()
    ));
    assert!(each <= 16 << 10, "{each} bytes");
    let said = tenant.bytes() as i64;
    assert!(
        said <= each && each <= said + said / 4,
        "{each} bytes, and it says {said}"
    );
}

#[expect(clippy::print_stderr, reason = "figures are for who runs the test")]
fn say(figures: &str) {
    eprintln!("{figures}");
}
