//! The live registry: what is live, who changed it, how it goes back, and that no message is judged by half of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidegate::fuzzing::hundred_rules;
use tidegate::registry::{By, Change, Difference, Registry, RuleHits};
use tidegate::{
    Action, Compiler, Message, Operator, Pack, PackLimits, Ruleset, Scanner, Tenant, Timestamp,
};

use crate::tenants::{NOW, base, operator, pack};

fn by(why: &str) -> By {
    By::new("trust desk", why, NOW)
}

fn registry(floor: &str) -> Registry {
    Registry::new(vec![base()], Vec::new(), operator(floor), &by("begin"))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn tenant(id: &str, rest: &str) -> Tenant {
    let source = format!("[tenant]\nid = \"{id}\"\n{rest}");
    match Tenant::parse("tenant.toml", &source) {
        Ok(parsed) => parsed.tenant,
        Err(problems) => panic!("{problems}"),
    }
}

/// A pack of one rule that blocks `word`.
fn blocking(version: &str, word: &str) -> Pack {
    pack(&format!(
        "format = 1\n[pack]\nid = \"acme.words\"\nversion = \"{version}\"\n[[rule]]\nid = \"words\"\ncategory = \"house.words\"\naction = \"block\"\nterms = [\"{word}\"]\n[rule.samples]\nmatch = [\"{word}\"]\npass = [\"nothing\"]\n"
    ))
}

fn named(id: &str, mut pack: Pack) -> Pack {
    pack.id = id.into();
    pack
}

fn judge(registry: &Registry, id: &str, text: &str) -> Result<Action, Action> {
    let message = Message::text(text).tenant(id);
    Scanner::new()
        .scan_live(&registry.snapshot(), &message, NOW)
        .map(|verdict| verdict.action)
        .map_err(|unknown| unknown.answer)
}

fn codes(problems: &tidegate::Diagnostics) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn tenants_come_change_and_go() {
    let registry = registry("[operator]\nunknown_tenant = \"block\"\n");
    assert_eq!(judge(&registry, "acme", "hello"), Err(Action::Block));
    let nobody = Message::text("hello");
    assert!(
        Scanner::new()
            .scan_live(&registry.snapshot(), &nobody, NOW)
            .is_err()
    );

    registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.0.0", "teapot")],
            &by("new"),
        )
        .expect("it is fine");
    registry
        .set(tenant("other", ""), Vec::new(), &by("new"))
        .expect("it is fine");
    assert_eq!(judge(&registry, "acme", "a teapot"), Ok(Action::Block));
    assert_eq!(judge(&registry, "other", "a teapot"), Ok(Action::Pass));
    assert_eq!(
        judge(&registry, "other", "a kettle"),
        Ok(Action::Review),
        "the base holds for all"
    );

    registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.0.1", "saucer")],
            &by("changed"),
        )
        .expect("it is fine");
    assert_eq!(judge(&registry, "acme", "a teapot"), Ok(Action::Pass));
    assert_eq!(judge(&registry, "acme", "a saucer"), Ok(Action::Block));

    registry.remove("acme", &by("left")).expect("it is there");
    assert!(registry.remove("acme", &by("left")).is_err());
    assert_eq!(judge(&registry, "acme", "a saucer"), Err(Action::Block));
    assert_eq!(registry.snapshot().len(), 1);
    assert_eq!(registry.snapshot().version(), 4);
    assert_eq!(registry.counts().applied, 4);
    // Gone is not forgotten: it does not come back older.
    let older = registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.0.0", "teapot")],
            &by("back"),
        )
        .expect_err("older than what was live");
    assert_eq!(codes(&older), ["older-pack"]);
}

#[test]
fn a_bad_change_leaves_what_is_live() {
    let registry =
        registry("[limits]\nterms = 3\nrules = 2\nregexes = 0\npacks = 1\nbytes = 100000\n");
    registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.1.0", "teapot")],
            &by("new"),
        )
        .expect("it is fine");
    let live = registry.snapshot();
    let weaker = "[override.\"house.base/block\"]\naction = \"pass\"\n";
    let many = pack(
        "format = 1\n[pack]\nid = \"acme.many\"\nversion = \"1.0.0\"\n[[rule]]\nid = \"a\"\ncategory = \"house.a\"\nterms = [\"one\", \"two\", \"three\", \"four\"]\n[rule.samples]\nmatch = [\"one\"]\npass = [\"no\"]\n",
    );
    let regex = pack(
        "format = 1\n[pack]\nid = \"acme.regex\"\nversion = \"1.0.0\"\n[[rule]]\nid = \"a\"\ncategory = \"house.a\"\nterms = [{ regex = 'tea\\w+' }]\n[rule.samples]\nmatch = [\"teapot\"]\npass = [\"no\"]\n",
    );
    let shared = blocking("1.2.0", "teapot");
    let taken = named("house.base", blocking("9.0.0", "teapot"));
    for (why, code, file, packs) in [
        ("weaker", "weakened", weaker, vec![]),
        ("older", "older-pack", "", vec![blocking("1.0.9", "teapot")]),
        ("terms", "too-many-terms", "", vec![many]),
        ("regexes", "tenant-limit", "", vec![regex]),
        (
            "packs",
            "tenant-limit",
            "",
            vec![shared.clone(), blocking("1.0.0", "cup")],
        ),
        ("the base's name", "pack-twice", "", vec![taken]),
    ] {
        let refused = registry
            .set(tenant("acme", file), packs, &by(why))
            .expect_err(why);
        assert!(codes(&refused).contains(&code), "{why}: {refused}");
        assert_eq!(
            registry.snapshot().fingerprint(),
            live.fingerprint(),
            "{why}"
        );
    }
    assert_eq!(registry.counts().refused, 6);
    assert_eq!(judge(&registry, "acme", "a teapot"), Ok(Action::Block));
}

/// What was compiled before is what compiling gives, and is held to what packs are held to.
#[test]
fn what_is_compiled_is_the_tenants_or_is_refused() {
    let (from_packs, from_files) = (registry(""), registry("[limits]\nterms = 3\nrules = 2\n"));
    let allow = "allow = [\"teapot lid\"]\n";
    let compiled = |packs: Vec<Pack>, allow: &str, locked: bool| {
        let packs = packs.into_iter().fold(Compiler::new(), Compiler::pack);
        let terms = tenant("acme", allow).allow;
        let ruleset = packs
            .allow(terms)
            .locked(locked)
            .build()
            .expect("it compiles");
        let limits = PackLimits::default();
        Ruleset::from_bytes("acme.tdg", &ruleset.to_bytes(), &limits).expect("it is read")
    };
    let set = |file: &str, ruleset: Option<Ruleset>| {
        let (applied, refused) =
            from_files.set_compiled(vec![(tenant("acme", file), ruleset)], &by("new"));
        assert_eq!(applied.is_some(), refused.is_empty());
        refused
            .iter()
            .flat_map(|(_, problems)| codes(problems))
            .collect::<Vec<_>>()
    };
    let new = vec![blocking("1.1.0", "teapot")];
    from_packs
        .set(tenant("acme", allow), new.clone(), &by("new"))
        .expect("it is fine");
    assert_eq!(
        set(allow, Some(compiled(new.clone(), allow, false))),
        [""; 0]
    );
    let digests = [&from_packs, &from_files].map(|registry| {
        registry
            .snapshot()
            .tenant("acme")
            .expect("it is there")
            .fingerprint()
    });
    assert_eq!(digests[0], digests[1]);
    for (text, action) in [("a teapot", Action::Block), ("a teapot lid", Action::Pass)] {
        assert_eq!(judge(&from_files, "acme", text), Ok(action), "{text}");
    }
    let live = from_files.snapshot().fingerprint();
    let many = pack(
        "format = 1\n[pack]\nid = \"acme.many\"\nversion = \"1.0.0\"\n[[rule]]\nid = \"a\"\ncategory = \"house.a\"\nterms = [\"one\", \"two\", \"three\", \"four\"]\n[rule.samples]\nmatch = [\"one\"]\npass = [\"no\"]\n",
    );
    let named = |id: &str| vec![named(id, new[0].clone())];
    for (code, file, ruleset) in [
        (
            "stale-ruleset",
            "",
            Some(compiled(new.clone(), allow, false)),
        ),
        (
            "stale-ruleset",
            allow,
            Some(compiled(new.clone(), "", false)),
        ),
        ("stale-ruleset", allow, None),
        ("stale-ruleset", "", Some(compiled(new.clone(), "", true))),
        (
            "reserved-id",
            "",
            Some(compiled(named("base.more"), "", false)),
        ),
        (
            "pack-twice",
            "",
            Some(compiled(named("house.base"), "", false)),
        ),
        (
            "older-pack",
            "",
            Some(compiled(vec![blocking("1.0.9", "teapot")], "", false)),
        ),
        ("tenant-limit", "", Some(compiled(vec![many], "", false))),
    ] {
        assert_eq!(set(file, ruleset), [code]);
        assert_eq!(from_files.snapshot().fingerprint(), live, "{code}");
    }
}

#[test]
fn a_tenant_may_not_take_more_memory_than_it_is_granted() {
    let registry = registry("[limits]\nbytes = 100\n");
    let refused = registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.0.0", "teapot")],
            &by("new"),
        )
        .expect_err("more than 100 bytes");
    assert_eq!(codes(&refused), ["tenant-limit"]);
}

#[test]
fn only_the_audited_rollback_goes_back() {
    let registry = registry("");
    let first = registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.0.0", "teapot")],
            &by("new"),
        )
        .expect("it is fine");
    let second = registry
        .set(
            tenant("acme", ""),
            vec![blocking("2.0.0", "saucer")],
            &by("better"),
        )
        .expect("it is fine");
    registry
        .set(tenant("other", ""), Vec::new(), &by("another"))
        .expect("it is fine");
    let third = registry.snapshot().fingerprint();
    assert_ne!(first.fingerprint, second.fingerprint);

    let differences = registry
        .diff(&first.fingerprint, &third)
        .expect("both are kept");
    let version = |version: &str| vec![(Arc::from("acme.words"), Arc::from(version))];
    assert_eq!(differences.len(), 2);
    assert!(differences.contains(&Difference::Added("other".into())));
    let Some(Difference::Changed {
        tenant: who,
        before,
        after,
        ..
    }) = differences
        .iter()
        .find(|difference| matches!(difference, Difference::Changed { .. }))
    else {
        panic!("{differences:?}");
    };
    assert_eq!(
        (&**who, before.clone(), after.clone()),
        ("acme", version("1.0.0"), version("2.0.0"))
    );

    let back = registry
        .roll_back(&first.fingerprint, &by("2.0.0 blocks saucers"))
        .expect("it is kept");
    assert_eq!((back.version, &back.fingerprint), (4, &first.fingerprint));
    assert_eq!(judge(&registry, "acme", "a teapot"), Ok(Action::Block));
    assert!(judge(&registry, "other", "hello").is_err());
    let history = registry.history();
    let last = history.last().expect("an entry");
    assert_eq!(last.change, Change::RolledBack { to: 1 });
    assert_eq!(&*last.by.why, "2.0.0 blocks saucers");
    assert_eq!(registry.counts().rollbacks, 1);
    assert!(registry.roll_back("b3:00", &by("?")).is_err());
    // The way on is a newer version.
    registry
        .set(
            tenant("acme", ""),
            vec![blocking("2.0.1", "cup")],
            &by("fixed"),
        )
        .expect("it is newer");
}

#[test]
fn the_history_is_bounded() {
    let registry = registry("").keep(3);
    for n in 0..10 {
        registry
            .set(
                tenant("acme", ""),
                vec![blocking(&format!("1.0.{n}"), "teapot")],
                &by("again"),
            )
            .expect("it is fine");
    }
    let versions: Vec<u64> = registry
        .history()
        .iter()
        .map(|record| record.snapshot.version())
        .collect();
    assert_eq!(versions, [8, 9, 10]);
}

/// What decides alike has one fingerprint; whatever decides changes it.
#[test]
fn the_fingerprint_is_of_everything_that_decides() {
    let print = |floor: &str, file: &str, packs: Vec<Pack>| {
        let registry = registry(floor);
        registry
            .set(tenant("acme", file), packs, &by("new"))
            .expect("it is fine")
            .fingerprint
    };
    let plain = print("", "", vec![]);
    assert_eq!(plain, print("", "", vec![]));
    let others = [
        plain,
        print("", "", vec![blocking("1.0.0", "teapot")]),
        print("", "", vec![blocking("1.0.0", "saucer")]),
        print("", "allow = [\"teapots\"]\n", vec![]),
        print("", "mask = \"#\"\n", vec![]),
        print("", "unsupported = { mask = \"block\" }\n", vec![]),
        print("[floor]\non_partial = \"block\"\n", "", vec![]),
        print(
            "[shadow.\"house.base/mask\"]\nreason = \"r\"\nuntil = 2030-01-01\n",
            "",
            vec![],
        ),
        registry("").snapshot().fingerprint(),
    ];
    for (at, one) in others.iter().enumerate() {
        assert!(
            one.starts_with("b3:") && !others[..at].contains(one),
            "{at}"
        );
    }
}

#[test]
fn a_new_base_keeps_tenants_and_leaves_out_what_cannot_stand() {
    let registry = registry("");
    let file = "[override.\"house.base/mask\"]\naction = \"review\"\n";
    registry
        .set(tenant("acme", file), Vec::new(), &by("new"))
        .expect("it is fine");
    assert_eq!(judge(&registry, "acme", "an umbrella"), Ok(Action::Review));
    // The base grows stronger than the tenant's override.
    let stronger = pack(
        "format = 1\n[pack]\nid = \"house.base\"\nversion = \"2.0.0\"\n[[rule]]\nid = \"mask\"\ncategory = \"base.mask\"\naction = \"block\"\nterms = [\"umbrella\"]\n[rule.samples]\nmatch = [\"umbrella\"]\npass = [\"lamp\"]\n",
    );
    let stronger = Compiler::new()
        .pack(stronger)
        .locked(true)
        .build()
        .expect("it compiles");
    let shadow = "[shadow.\"house.base/mask\"]\nreason = \"trial\"\nuntil = 2026-12-01\n";
    let (_, left_out) = registry
        .set_shared(
            vec![Arc::new(stronger)],
            Vec::new(),
            operator(shadow),
            &by("a new base"),
        )
        .expect("it is fine");
    assert_eq!(left_out.len(), 1);
    assert_eq!(codes(&left_out[0].1), ["weakened"]);
    let at = |at: &str| {
        let at = Timestamp::parse(at).expect("a time");
        let message = Message::text("an umbrella").tenant("acme");
        let snapshot = registry.snapshot();
        let mut scanner = Scanner::new();
        let verdict = scanner
            .scan_live(&snapshot, &message, at)
            .expect("it is known");
        (verdict.action, snapshot.shadows(at).count())
    };
    assert_eq!(at("2026-11-30"), (Action::Pass, 1));
    assert_eq!(at("2026-12-01"), (Action::Block, 0));
    let history = registry.history();
    let Some(Change::Shared { shadows }) = history.last().map(|record| &record.change) else {
        panic!("{history:?}");
    };
    assert_eq!(
        (&*shadows[0].0, &*shadows[0].1),
        ("house.base/mask", "trial")
    );
    let unknown = operator("[shadow.\"house.base/gone\"]\nreason = \"r\"\nuntil = 2030-01-01\n");
    let refused = registry
        .set_shared(vec![base()], Vec::new(), unknown, &by("a slip"))
        .expect_err("there is no such rule");
    assert_eq!(codes(&refused), ["unknown-rule"]);
}

#[test]
fn packs_of_a_jurisdiction_count_where_it_does() {
    let eu = Compiler::new()
        .pack(named("regional.eu", blocking("1.0.0", "tramway stop")))
        .locked(true)
        .build()
        .expect("it compiles");
    let registry = Registry::new(
        vec![base()],
        vec![("EU".into(), Arc::new(eu))],
        Operator::default(),
        &by("begin"),
    )
    .expect("it is fine");
    for (id, file) in [("here", "jurisdictions = [\"EU\"]\n"), ("there", "")] {
        registry
            .set(tenant(id, file), Vec::new(), &by("new"))
            .expect("it is fine");
    }
    assert_eq!(
        judge(&registry, "here", "a tramway stop"),
        Ok(Action::Block)
    );
    assert_eq!(
        judge(&registry, "there", "a tramway stop"),
        Ok(Action::Pass)
    );
    let weaker = "jurisdictions = [\"EU\"]\n[override.\"regional.eu/words\"]\naction = \"pass\"\n";
    assert!(
        registry
            .set(tenant("here", weaker), Vec::new(), &by("weaker"))
            .is_err()
    );
}

/// A rule starts and ends by the time of each message; nothing is reloaded.
#[test]
fn dates_take_effect_without_a_reload() {
    let registry = registry("");
    let dated = pack(
        "format = 1\n[pack]\nid = \"acme.dated\"\nversion = \"1.0.0\"\n[[rule]]\nid = \"words\"\ncategory = \"house.words\"\naction = \"block\"\neffective = { from = 2026-12-01, until = 2027-01-01T00:00:00+08:00 }\nterms = [\"teapot\"]\n[rule.samples]\nmatch = [{ text = \"teapot\", at = 2026-12-02 }]\npass = [\"cup\"]\n",
    );
    registry
        .set(tenant("acme", ""), vec![dated], &by("new"))
        .expect("it is fine");
    let snapshot = registry.snapshot();
    let mut scanner = Scanner::new();
    let message = Message::text("a teapot").tenant("acme");
    let mut digests = Vec::new();
    for (at, action) in [
        ("2026-11-30T23:59:59Z", Action::Pass),
        ("2026-12-01T00:00:00Z", Action::Block),
        ("2026-12-31T15:59:59Z", Action::Block),
        ("2026-12-31T16:00:00Z", Action::Pass),
        ("2026-12-15T00:00:00Z", Action::Block),
    ] {
        let at = Timestamp::parse(at).expect("a time");
        let verdict = scanner
            .scan_live(&snapshot, &message, at)
            .expect("it is known");
        assert_eq!(verdict.action, action, "{at:?}");
        digests.push(verdict.ruleset());
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[test]
fn hits_are_counted_by_rule() {
    let registry = registry("");
    registry
        .set(
            tenant("acme", ""),
            vec![blocking("1.0.0", "teapot")],
            &by("new"),
        )
        .expect("it is fine");
    let snapshot = registry.snapshot();
    let mut scanner = Scanner::new();
    let mut count = |texts: &[&str]| {
        let mut hits = RuleHits::default();
        for text in texts {
            let message = Message::text(text).tenant("acme");
            hits.add(
                scanner
                    .scan_live(&snapshot, &message, NOW)
                    .expect("it is known"),
            );
        }
        hits
    };
    let (mut one, other) = (count(&["a teapot", "a kettle"]), count(&["teapot", "tea"]));
    one.merge(&other);
    let counted: Vec<(&str, u64)> = one
        .iter()
        .map(|(rule, count)| (rule, count.findings))
        .collect();
    assert_eq!(counted, [("acme.words/words", 2), ("house.base/review", 1)]);
}

pub(crate) fn from_env(name: &str, few: u64) -> u64 {
    std::env::var(name).map_or(few, |value| value.parse().expect("a number"))
}

/// Readers at full speed while one tenant is replaced `TIDEGATE_RELOADS` times. Version n blocks `wordn` and nothing else, so that a verdict on a
/// text with all words shows which version judged it: one that was live during the call, whole, and whose fingerprint it carries.
#[test]
fn every_verdict_is_of_one_version_that_was_live() {
    const WORDS: u64 = 16;
    let reloads = from_env("TIDEGATE_RELOADS", 300);
    let registry = registry("");
    let words: Vec<String> = (0..WORDS)
        .map(|n| format!("teapot{}", char::from(b'a' + n as u8)))
        .collect();
    let publish = |n: u64| {
        let word = &words[(n % WORDS) as usize];
        registry
            .set(
                tenant("acme", ""),
                vec![blocking(&format!("1.0.{n}"), word)],
                &by("again"),
            )
            .expect("it is fine")
    };
    publish(0);
    let text = words.join(" ");
    // What each version's verdict is called: known before it goes live, from a registry of its own.
    let expected: Vec<String> = {
        let registry = self::registry("");
        (0..reloads)
            .map(|n| {
                let packs = vec![blocking(&format!("1.0.{n}"), &words[(n % WORDS) as usize])];
                registry
                    .set(tenant("acme", ""), packs, &by("again"))
                    .expect("it is fine");
                let message = Message::text(&text).tenant("acme");
                let mut scanner = Scanner::new();
                let verdict = scanner
                    .scan_live(&registry.snapshot(), &message, NOW)
                    .expect("known");
                assert_eq!(
                    &*verdict.findings[0].hits[0].term,
                    words[(n % WORDS) as usize]
                );
                verdict.ruleset()
            })
            .collect()
    };
    // Begun is raised before a version can be live, done when it surely is.
    let (begun, done, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let judged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut reader = registry.reader();
                let mut scanner = Scanner::new();
                let message = Message::text(&text).tenant("acme");
                while !over.load(Ordering::Acquire) {
                    let first = done.load(Ordering::Acquire);
                    let verdict = scanner
                        .scan_live(reader.snapshot(), &message, NOW)
                        .expect("it is known");
                    let last = begun.load(Ordering::Acquire);
                    let name = verdict.ruleset();
                    let version = (first..=last)
                        .find(|n| expected[*n as usize] == name)
                        .unwrap_or_else(|| {
                            panic!("{name} was not live between {first} and {last}")
                        });
                    assert_eq!(verdict.findings.len(), 1);
                    assert_eq!(verdict.findings[0].hits.len(), 1);
                    assert_eq!(
                        &*verdict.findings[0].hits[0].term,
                        words[(version % WORDS) as usize],
                        "half of each"
                    );
                    judged.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for n in 1..reloads {
            begun.store(n, Ordering::Release);
            publish(n);
            done.store(n, Ordering::Release);
        }
        over.store(true, Ordering::Release);
    });
    assert!(judged.load(Ordering::Relaxed) > 0);
}

/// `TIDEGATE_TENANTS` tenants of 100 rules each on the base: what they take, how long loading takes, how soon a change is live while two
/// threads screen, and what changes cost those. Figures go to standard error; the bounds are those of a machine that does nothing else.
#[test]
fn many_tenants() {
    let count = from_env("TIDEGATE_TENANTS", 100);
    let seconds = from_env("TIDEGATE_SECONDS", 1);
    let registry = registry("");
    let sources: Vec<String> = (0..count).map(|n| hundred_rules(n, 0)).collect();
    let began = Instant::now();
    // On two threads, as a folder is read with the feature `rayon`.
    let half = sources.len().div_ceil(2);
    let read_from = |first: usize, sources: &[String]| -> Vec<(Tenant, Vec<Pack>)> {
        let numbered = sources.iter().enumerate();
        numbered
            .map(|(n, source)| (tenant(&format!("t{}", first + n), ""), vec![pack(source)]))
            .collect()
    };
    let parsed: Vec<(Tenant, Vec<Pack>)> = std::thread::scope(|scope| {
        let later = scope.spawn(|| read_from(half, &sources[half..]));
        let mut parsed = read_from(0, &sources[..half]);
        parsed.extend(later.join().expect("it is read"));
        parsed
    });
    let read = began.elapsed();
    let began = Instant::now();
    let (_, refused) = registry.set_all(parsed, &by("begin"));
    assert!(refused.is_empty());
    let compiled = began.elapsed();
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.len() as u64, count);
    let bytes: usize = snapshot.tenants().map(|tenant| tenant.bytes()).sum();

    let texts: Vec<String> = (0..64)
        .map(|n| format!("an ordinary message number {n} about the weather and tea"))
        .collect();
    let screen = |over: &AtomicBool| {
        let mut reader = registry.reader();
        let mut scanner = Scanner::new();
        let mut judged = 0_u64;
        while !over.load(Ordering::Relaxed) {
            let n = judged % count;
            let id = format!("t{n}");
            let message = Message::text(&texts[(judged % 64) as usize]).tenant(&id);
            scanner
                .scan_live(reader.snapshot(), &message, NOW)
                .expect("it is known");
            judged += 1;
        }
        judged
    };
    // Alone and with changes in turns, so that what else the machine does falls on both.
    let (mut quiet, mut busy, mut slowest) = (0, 0, Duration::ZERO);
    let mut live_after = Vec::new();
    for round in 0..seconds.max(1) * 2 {
        let over = AtomicBool::new(false);
        let judged: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| screen(&over))).collect();
            let began = Instant::now();
            for change in 0..50 {
                if round % 2 == 1 {
                    let n = (round * 50 + change) % count;
                    let source = hundred_rules(n, round + 1);
                    let packs = vec![pack(&source)];
                    let changing = Instant::now();
                    registry
                        .set(tenant(&format!("t{n}"), ""), packs, &by("changed"))
                        .expect("it is fine");
                    live_after.push(changing.elapsed());
                }
                let due = Duration::from_millis(20 * (change + 1));
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
            over.store(true, Ordering::Relaxed);
            threads
                .into_iter()
                .map(|thread| thread.join().expect("it ends"))
                .sum()
        });
        *(if round % 2 == 1 {
            &mut busy
        } else {
            &mut quiet
        }) += judged;
    }
    live_after.sort_unstable();
    if let Some(last) = live_after.last() {
        slowest = *last;
    }
    let median = live_after[live_after.len() / 2];
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    say(&format!(
        "{count} tenants of 100 rules: {} bytes each; parsed in {read:?}, compiled in {compiled:?}; a change is live after {median:?} (slowest {slowest:?}); \
         throughput with 50 changes a second {:.1}% of that without",
        bytes as u64 / count,
        100.0 * busy as f64 / quiet as f64,
    ));
}

#[expect(clippy::print_stderr, reason = "figures are for who runs the test")]
fn say(figures: &str) {
    eprintln!("{figures}");
}
