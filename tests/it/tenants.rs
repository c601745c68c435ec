//! Tenants' files: every problem has its fixture, and every road by which a file could weaken a locked rule is closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate::diag::{Diagnostics, Lang};
use tidegate::pack::{Fail, Operator};
use tidegate::{
    Action, Compiler, Coverage, Limits, Message, Pack, Policy, Ruleset, Scanner, Scene, Tenant,
    Timestamp, Verdict,
};

pub(crate) const NOW: Timestamp = Timestamp(1_795_428_000);

/// Locked rules of every strength.
const BASE: &str = r#"
format = 1
[pack]
id = "house.base"
version = "1.0.0"
[[rule]]
id = "record"
category = "base.record"
action = "pass"
terms = ["lantern"]
[rule.samples]
match = ["lantern"]
pass = ["lamp"]
[[rule]]
id = "mask"
category = "base.mask"
action = "mask"
terms = ["umbrella"]
[rule.samples]
match = ["umbrella"]
pass = ["lamp"]
[[rule]]
id = "review"
category = "base.review"
action = "review"
alert = true
terms = ["kettle"]
[rule.samples]
match = ["kettle"]
pass = ["lamp"]
[[rule]]
id = "block"
category = "base.block"
action = "block"
alert = true
terms = ["火锅店"]
[rule.samples]
match = ["火锅店"]
pass = ["火锅"]
[[rule]]
id = "listed"
category = "base.listed"
action = "block"
terms = ["tramway"]
[[rule.listings]]
list = "EU"
reference = "EU.1"
[rule.samples]
match = ["tramway"]
pass = ["tram"]
"#;

/// A tenant's own rules.
const OWN: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.0.0"
[[rule]]
id = "words"
category = "house.words"
action = "review"
terms = ["火锅", "teapot", "gift card"]
[rule.samples]
match = ["teapot"]
pass = ["tea"]
"#;

pub(crate) fn pack(source: &str) -> Pack {
    match Pack::parse("pack.toml", source) {
        Ok(parsed) => parsed.pack,
        Err(problems) => panic!("{problems}"),
    }
}

pub(crate) fn base() -> Arc<Ruleset> {
    let compiler = Compiler::new().pack(pack(BASE)).locked(true);
    Arc::new(compiler.build().expect("the base compiles"))
}

pub(crate) fn operator(source: &str) -> Operator {
    match Operator::parse("operator.toml", source) {
        Ok(parsed) => parsed.operator,
        Err(problems) => panic!("{problems}"),
    }
}

fn own(tenant: &Tenant) -> Ruleset {
    let compiler = Compiler::new()
        .pack(pack(OWN))
        .allow(tenant.allow.iter().cloned());
    compiler.build().expect("the tenant's packs compile")
}

fn limits(set: fn(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

/// A tenant's policy, or all that is wrong with its file.
fn judged(file: &str, floor: &str) -> Result<(Policy, Tenant), Diagnostics> {
    let tenant = Tenant::parse("acme.toml", file)?.tenant;
    let policy = Policy::of_tenant(&tenant, &operator(floor), &[&base(), &own(&tenant)])?;
    Ok((policy, tenant))
}

fn screened(file: &str, floor: &str, message: &Message<'_>, limits: &Limits) -> Verdict {
    let (policy, tenant) = judged(file, floor).unwrap_or_else(|problems| panic!("{problems}"));
    let mut scanner = Scanner::with_limits(limits.clone());
    scanner
        .scan(&[&base(), &own(&tenant)], &policy, message, NOW)
        .clone()
}

fn action(file: &str, floor: &str, text: &str) -> Action {
    screened(file, floor, &Message::text(text), &Limits::default()).action
}

const ACME: &str = "[tenant]\nid = \"acme\"\n";

fn acme(rest: &str) -> String {
    format!("{ACME}{rest}\n")
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tenants")
}

/// The first line of a fixture: `# code at line N`, and `of the operator` where it is the operator's file.
#[test]
fn every_problem_is_told_with_its_place() {
    let mut seen = 0;
    for entry in std::fs::read_dir(data()).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        let source = std::fs::read_to_string(&path).expect("a text");
        let head = source.lines().next().expect("a first line");
        let problems = if head.ends_with(" of the operator") {
            operator(&source).check(&[&base()]).err()
        } else {
            judged(&source, "").err()
        };
        let problems = problems.unwrap_or_else(|| panic!("{name} is taken"));
        let told: Vec<String> = problems
            .placed()
            .map(|placed| {
                let problem = placed.diagnostic;
                assert!(problem.help.is_some(), "{name}: no help");
                assert_ne!(problem.message.en, problem.message.zh, "{name}");
                format!("# {} at line {}", problem.code, placed.start.line)
            })
            .collect();
        assert_eq!(told, [head.trim_end_matches(" of the operator")], "{name}");
        assert!(head.starts_with(&format!("# {name} ")), "{name}: {head}");
        assert!(!problems.to_text(Lang::Zh).is_empty());
        seen += 1;
    }
    assert!(seen >= 9, "{seen} fixtures");
}

#[test]
fn all_problems_come_at_once() {
    let file = acme(
        "on_partial = \"pass\"\nmask = \"\"\nunsupported = { block = \"review\" }\nfail = \"open\"\nsinks = [\"No\"]\n[scenes.chanel]\n[scenes.group]\nblock = \"pass\"\n[override.\"x\"]\naction = \"of\"",
    );
    let problems = Tenant::parse("acme.toml", &file).expect_err("it is full of problems");
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(
        codes,
        [
            "weakened",
            "bad-mask",
            "weakened",
            "bad-sink",
            "unknown-value",
            "weakened",
            "unknown-value"
        ]
    );
}

/// Who makes a rule stronger does not make it weaker where a scene raises the weaker action.
#[test]
fn scenes_keep_the_order_of_actions() {
    let floor = "[floor.scenes.group]\npass = \"review\"\n";
    let raised = acme("[override.\"house.base/record\"]\naction = \"mask\"");
    assert_eq!(action(ACME, floor, "a lantern"), Action::Review);
    assert_eq!(action(&raised, floor, "a lantern"), Action::Review);
}

/// Each road of `src/ARCHITECTURE.md`, 10, that is closed by a refusal: the file, the operator's file, and the line that is told.
#[test]
fn whatever_weakens_a_locked_rule_is_refused() {
    let jurisdictions = "[floor]\njurisdictions = [\"EU\"]\n";
    let roads: [(&str, &str, &str, usize); 24] = [
        (
            "a rule",
            "[override.\"house.base/block\"]\naction = \"review\"",
            "",
            3,
        ),
        (
            "a rule, to mask",
            "[override.\"house.base/review\"]\naction = \"mask\"",
            "",
            3,
        ),
        (
            "a category",
            "[override.\"base.block\"]\naction = \"pass\"",
            "",
            3,
        ),
        (
            "a category above",
            "[override.base]\naction = \"review\"",
            "",
            3,
        ),
        (
            "off",
            "[override.\"house.base/mask\"]\naction = \"off\"",
            "",
            3,
        ),
        (
            "off, of a rule that records",
            "[override.\"house.base/record\"]\naction = \"off\"",
            "",
            3,
        ),
        (
            "off, of a category",
            "[override.base]\naction = \"off\"",
            "",
            3,
        ),
        ("a scene", "[scenes.channel]\nblock = \"review\"", "", 4),
        ("a scene, mask", "[scenes.private]\nmask = \"pass\"", "", 4),
        (
            "a scene, below the floor",
            "[scenes.channel]\nreview = \"review\"",
            "[floor.scenes.channel]\nreview = \"block\"\n",
            4,
        ),
        ("on_partial", "on_partial = \"pass\"", "", 3),
        ("on_partial, mask", "on_partial = \"mask\"", "", 3),
        (
            "on_partial, below the floor",
            "on_partial = \"review\"",
            "[floor]\non_partial = \"block\"\n",
            3,
        ),
        (
            "on_lost_state, below the floor",
            "on_lost_state = \"pass\"",
            "[floor]\non_lost_state = \"review\"\n",
            3,
        ),
        ("failing open", "fail = { group = \"open\" }", "", 3),
        (
            "failing open where others may",
            "fail = { group = \"open\" }",
            "[floor]\nfail_open = [\"private\"]\n",
            3,
        ),
        (
            "what stands in for mask",
            "unsupported = { mask = \"pass\" }",
            "",
            3,
        ),
        (
            "what stands in for review",
            "unsupported = { review = \"mask\" }",
            "",
            3,
        ),
        (
            "what stands in for block",
            "unsupported = { block = \"review\" }",
            "",
            3,
        ),
        (
            "fewer jurisdictions",
            "jurisdictions = [\"US\"]",
            jurisdictions,
            3,
        ),
        ("no jurisdictions", "jurisdictions = []", jurisdictions, 3),
        (
            "an override below the operator's floor",
            "[override.\"house.words\"]\naction = \"pass\"",
            "[floor.override.house]\naction = \"mask\"\n",
            3,
        ),
        (
            "off below the operator's floor",
            "[override.\"house.words\"]\naction = \"off\"",
            "[floor.override.house]\naction = \"pass\"\n",
            3,
        ),
        (
            "on_partial of a file whose scenes are fine",
            "on_partial = \"pass\"\n[scenes.channel]\nreview = \"block\"",
            "",
            3,
        ),
    ];
    for (road, rest, floor, line) in roads {
        let problems = judged(&acme(rest), floor).expect_err(road);
        let told: Vec<(&str, usize)> = problems
            .placed()
            .map(|placed| (placed.diagnostic.code, placed.start.line))
            .collect();
        assert_eq!(told, [("weakened", line)], "{road}: {problems}");
    }
    let problems = judged(&acme("fail = \"open\""), "").expect_err("every scene");
    assert_eq!(problems.len(), Scene::ALL.len());
}

#[test]
fn what_only_the_operator_may_say_is_no_key_of_a_tenant() {
    for rest in [
        "[shadow.\"house.base/block\"]\nreason = \"x\"\nuntil = 2030-01-01",
        "[floor]\non_partial = \"review\"",
        "[limits]\nterms = 1",
        "unknown_tenant = \"review\"",
        "keys = []",
        "locked = false",
    ] {
        let problems = Tenant::parse("acme.toml", &acme(rest)).expect_err(rest);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["unknown-key"], "{rest}");
    }
    let base = OWN.replace("acme.words", "base.words");
    let problems = Pack::parse("pack.toml", &base).expect_err("the base's name");
    assert!(problems.iter().any(|problem| problem.code == "reserved-id"));
}

#[test]
fn a_tenant_may_go_further() {
    let text = "a kettle";
    assert_eq!(action(ACME, "", text), Action::Review);
    for rest in [
        "[override.\"house.base/review\"]\naction = \"block\"",
        "[override.\"base.review\"]\naction = \"block\"",
        "[scenes.group]\nreview = \"block\"",
        "unsupported = { review = \"block\" }",
    ] {
        assert_eq!(action(&acme(rest), "", text), Action::Block, "{rest}");
    }
    // Its own rules it may weaken, and turn off.
    assert_eq!(action(ACME, "", "a teapot"), Action::Review);
    let off = acme("[override.\"acme.words/words\"]\naction = \"off\"");
    let verdict = screened(&off, "", &Message::text("a teapot"), &Limits::default());
    assert_eq!((verdict.action, verdict.findings.len()), (Action::Pass, 0));
    // The nearest name counts, whatever the order.
    let nearest = "[override.\"acme.words/words\"]\naction = \"mask\"\n[override.\"house\"]\naction = \"block\"";
    assert_eq!(action(&acme(nearest), "", "a teapot"), Action::Mask);
}

#[test]
fn what_the_server_cannot_do_is_stood_in_for() {
    let text = "an umbrella";
    assert_eq!(action(ACME, "", text), Action::Mask);
    let chain = acme("unsupported = { mask = \"review\", review = \"block\" }");
    let verdict = screened(&chain, "", &Message::text(text), &Limits::default());
    assert_eq!(verdict.action, Action::Block);
    assert_eq!(
        verdict.findings[0].action,
        Action::Mask,
        "what the rule asks for stays told"
    );
    assert_eq!(verdict.masked(&Message::text(text)), None);
}

#[test]
fn the_mask_is_the_tenants() {
    let message = Message::text("an umbrella");
    let masked = |rest: &str| {
        screened(&acme(rest), "", &message, &Limits::default())
            .masked(&message)
            .expect("it is masked")[0]
            .clone()
    };
    assert_eq!(masked(""), "an ********");
    assert_eq!(masked("mask = \"█\""), "an ████████");
    for bad in [
        "a", "好", "7", " ", "\\u200b", "\\u0301", "**", "", "Ⓐ", "\\n",
    ] {
        let problems = Tenant::parse("acme.toml", &acme(&format!("mask = \"{bad}\"")));
        assert!(problems.is_err(), "{bad:?}");
    }
}

#[test]
fn allow_terms_act_on_own_rules_and_where_the_operator_lets_them() {
    let file = acme("allow = [\"teapot song\", \"大火锅店铺\"]");
    assert_eq!(action(&file, "", "the teapot song"), Action::Pass);
    assert_eq!(
        action(&file, "", "a teapot"),
        Action::Review,
        "outside of it"
    );
    // The tenant's own 火锅 lies inside, and so does the base's 火锅店.
    assert_eq!(action(&file, "", "大火锅店铺"), Action::Block, "locked");
    for of in ["house.base/block", "base.block", "base"] {
        let floor = format!("[operator]\nallow = [\"{of}\"]\n");
        assert_eq!(action(&file, &floor, "大火锅店铺"), Action::Pass, "{of}");
    }
    let other = "[operator]\nallow = [\"base.review\"]\n";
    assert_eq!(action(&file, other, "大火锅店铺"), Action::Block);
}

#[test]
fn failing_open_sinks_and_refusals() {
    let floor = "[floor]\nfail_open = [\"private\"]\nsinks = [\"operator\"]\n[operator]\nsinks = [\"desk\"]\n";
    let file = acme(
        "fail = { private = \"open\" }\nsinks = [\"desk\"]\nrefusal = \"This cannot be sent.\"",
    );
    let (policy, _) = judged(&file, floor).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(policy.fail(Scene::Private), Fail::Open);
    assert_eq!(policy.fail(Scene::Channel), Fail::Closed);
    let sinks: Vec<&str> = policy.sinks().iter().map(|sink| &**sink).collect();
    assert_eq!(sinks, ["operator", "desk"]);
    assert_eq!(policy.refusal(), Some("This cannot be sent."));
    // The operator's sinks stay, whatever a tenant leaves out.
    let (policy, _) = judged(&acme("sinks = []"), floor).expect("it is fine");
    assert_eq!(policy.sinks().len(), 1);
    assert_eq!(
        policy.fail(Scene::Private),
        Fail::Closed,
        "unless it says so"
    );
    let problems = judged(&acme("sinks = [\"elsewhere\"]"), floor).expect_err("no such sink");
    assert_eq!(
        problems.iter().next().map(|problem| problem.code),
        Some("bad-sink")
    );
}

#[test]
fn the_floor_holds_for_who_says_nothing() {
    let floor = "[floor]\non_partial = \"block\"\njurisdictions = [\"EU\"]\n[floor.scenes.group]\nreview = \"block\"\n";
    assert_eq!(action(ACME, floor, "a kettle"), Action::Block);
    assert_eq!(action(ACME, "", "a tramway"), Action::Pass);
    assert_eq!(action(ACME, floor, "a tramway"), Action::Block);
    let more = acme("jurisdictions = [\"EU\", \"US\"]");
    assert_eq!(action(&more, floor, "a tramway"), Action::Block);
    let short = limits(|limits| limits.text_bytes = 4);
    let verdict = screened(ACME, floor, &Message::text("nothing in it"), &short);
    assert_eq!(verdict.action, Action::Block);
}

#[test]
fn the_operator_puts_a_rule_in_shadow_for_a_while() {
    let floor = "[shadow.\"house.base/block\"]\nreason = \"too broad\"\nuntil = 2026-12-01\n";
    let (policy, tenant) = judged(ACME, floor).expect("it is fine");
    let mut scanner = Scanner::new();
    let mut at = |at: &str| {
        let at = Timestamp::parse(at).expect("a time");
        let message = Message::text("火锅店");
        let verdict = scanner.scan(&[&base(), &own(&tenant)], &policy, &message, at);
        let ids = |findings: &[tidegate::Finding]| {
            findings
                .iter()
                .map(|finding| finding.rule.to_string())
                .collect::<Vec<_>>()
        };
        (verdict.action, ids(&verdict.findings), ids(&verdict.shadow))
    };
    let own = "acme.words/words".to_owned();
    let block = "house.base/block".to_owned();
    assert_eq!(
        at("2026-11-30T23:59:59Z"),
        (Action::Review, vec![own.clone()], vec![block.clone()])
    );
    assert_eq!(
        at("2026-12-01T00:00:00Z"),
        (Action::Block, vec![block, own], vec![])
    );
    for bad in [
        "[shadow.\"house.base/block\"]\nuntil = 2026-12-01\n",
        "[shadow.\"house.base/block\"]\nreason = \" \"\nuntil = 2026-12-01\n",
        "[shadow.\"house.base/block\"]\nreason = \"too broad\"\n",
    ] {
        let problems = Operator::parse("operator.toml", bad).expect_err(bad);
        assert_eq!(
            problems.iter().next().map(|problem| problem.code),
            Some("missing-key")
        );
    }
}

#[test]
fn the_operator_cannot_let_unknown_tenants_through() {
    for answer in ["pass", "mask"] {
        let file = format!("[operator]\nunknown_tenant = \"{answer}\"\n");
        assert!(Operator::parse("operator.toml", &file).is_err(), "{answer}");
    }
}

/// A tenant whose rules spend all steps, or all hits, takes nothing from the locked rules.
#[test]
fn exhausted_limits_do_not_silence_the_base() {
    let dense: Vec<String> = (0..400)
        .map(|n| format!("\"{}\"", "a".repeat(2 + n % 60) + &"b".repeat(1 + n / 60)))
        .collect();
    let own = pack(&format!(
        "format = 1\n[pack]\nid = \"acme.dense\"\nversion = \"1.0.0\"\n[[rule]]\nid = \"dense\"\ncategory = \"house.dense\"\naction = \"pass\"\nterms = [{}, \"x\"]\n[rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n",
        dense.join(", ")
    ));
    let own = Compiler::new().pack(own).build().expect("it compiles");
    let base = base();
    let text = format!(
        "{} x x x x x x 火锅店 {}",
        "a".repeat(400) + "b",
        "x ".repeat(60)
    );
    let message = Message::text(&text);
    let policy = Policy::default();
    for limits in [
        limits(|limits| (limits.steps_base, limits.steps_per_byte) = (6_000, 1)),
        limits(|limits| limits.hits = 8),
    ] {
        let mut scanner = Scanner::with_limits(limits.clone());
        let alone = scanner.scan(&[&base], &policy, &message, NOW).clone();
        assert_eq!(
            (alone.action, alone.coverage),
            (Action::Block, Coverage::COMPLETE)
        );
        let verdict = scanner.scan(&[&base, &own], &policy, &message, NOW).clone();
        assert!(verdict.coverage.names(Coverage::STEP_LIMIT), "{limits:?}");
        assert_eq!(verdict.action, Action::Block, "{limits:?}");
        assert_eq!(verdict.findings[0], alone.findings[0]);
    }
}
