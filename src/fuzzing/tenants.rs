//! Random tenants' and operators' files over the packs of a seed.

use std::fmt::Write as _;

use super::{Made, Random, make};
use crate::compile::Compiler;
use crate::engine::{Message, Scanner};
use crate::limits::Limits;
use crate::oracle::{Answer, Case, House, screen};
use crate::pack::{Operator, Pack, Tenant};
use crate::policy::Policy;
use crate::primitives::Scene;
use crate::ruleset::Ruleset;
use crate::verdict::{Action, Verdict};

/// What happened to the files of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The tenant's file was refused.
    Refused,
    /// It was taken, and changed nothing but what is allowed.
    Taken,
}

/// Makes a tenant's file and an operator's. Where the tenant's is taken, engine and oracle agree on every text of the seed. Whether it is taken
/// or only what of it may stand, no text is judged weaker than by the locked ruleset alone under the operator's floor, with steps as scarce
/// as they may be.
///
/// # Panics
///
/// If one of this does not hold.
pub fn tenants(seed: u64) -> Fate {
    let made = make(seed);
    let mut random = Random::new(seed ^ 0x7465_6e61_6e74);
    let files = (tenant_file(&mut random), operator_file(&mut random));
    let operator = match Operator::parse("operator.toml", &files.1) {
        Ok(parsed) => parsed.operator,
        Err(refused) => panic!("a made operator's file is refused: {refused}\n{}", files.1),
    };
    let base = compiled(&made.base_toml, None, true);
    let Ok(parsed) = Tenant::parse("tenant.toml", &files.0) else {
        return Fate::Refused;
    };
    let tenant = parsed.tenant;
    let own = compiled(&made.tenant_toml, Some(&tenant), false);
    let rulesets = [&base, &own];
    let floor = Policy::of_operator(&operator);
    let (settled, problems) = Policy::settled(&tenant, &operator, &floor, &rulesets);
    let settled = settled.unwrap_or(floor);
    // Where the operator lets them, allow terms may take hits from the base.
    let weakened = !operator.allow.is_empty() && !tenant.allow.is_empty();
    for text in made.texts.iter().filter(|_| !weakened) {
        not_weaker(
            &made,
            text,
            &rulesets,
            &settled,
            &operator,
            &mut random,
            &files,
        );
    }
    let Ok(policy) = Policy::of_tenant(&tenant, &operator, &rulesets) else {
        return Fate::Refused;
    };
    assert!(problems.is_empty(), "taken, with problems: {problems}");
    let house = House {
        tenant: Some(&tenant),
        operator: Some(&operator),
        locked: 1,
    };
    let mut scanner = Scanner::new();
    for text in &made.texts {
        let expected = screen(&Case {
            packs: &[
                std::slice::from_ref(&made.base),
                std::slice::from_ref(&made.tenant),
            ],
            parts: &[text],
            scene: made.scene,
            conversation: made.conversation.as_deref(),
            at: made.at,
            jurisdictions: &[],
            limits: &Limits::default(),
            on_partial: Action::Review,
            before: &[],
            house,
        });
        let verdict = scan(&mut scanner, &made, text, &rulesets, &policy);
        let found = Answer {
            action: verdict.action,
            coverage: verdict.coverage,
            findings: verdict.findings,
            shadow: verdict.shadow,
        };
        assert!(
            found == expected,
            "seed {seed}, {text:?} to {}\nexpected {expected:#?}\nfound {found:#?}\n{}\n{}\n{}\n{}",
            made.scene,
            files.0,
            files.1,
            made.base_toml,
            made.tenant_toml
        );
    }
    Fate::Taken
}

fn not_weaker(
    made: &Made,
    text: &str,
    rulesets: &[&Ruleset; 2],
    policy: &Policy,
    operator: &Operator,
    random: &mut Random,
    files: &(String, String),
) {
    let limits = Limits {
        steps_base: [20, 60, 200, 1 << 16][random.below(4)],
        steps_per_byte: [1, 4, 256][random.below(3)],
        hits: [2, 3, 5, 4_096][random.below(4)],
        ..Limits::default()
    };
    let judge = |rulesets: &[&Ruleset], policy: &Policy| {
        let mut scanner = Scanner::with_limits(limits.clone());
        scan(&mut scanner, made, text, rulesets, policy)
    };
    // More jurisdictions make more of the locked rules live, and those take steps, too.
    let floor = Policy::of_operator(operator).with_jurisdictions(policy.jurisdictions());
    let alone = judge(&rulesets[..1], &floor);
    let with = judge(rulesets, policy);
    let told = || format!("{text:?}\n{}\n{}\n{}", files.0, files.1, made.tenant_toml);
    assert!(
        with.action >= alone.action,
        "{} is weaker than {}: {}",
        with.action,
        alone.action,
        told()
    );
    for finding in &alone.findings {
        let kept = with
            .findings
            .iter()
            .find(|other| other.rule == finding.rule);
        assert!(
            kept.is_some_and(|kept| kept.action >= finding.action && kept.hits == finding.hits),
            "{} became {kept:?}: {}",
            finding.rule,
            told()
        );
    }
}

fn scan(
    scanner: &mut Scanner,
    made: &Made,
    text: &str,
    rulesets: &[&Ruleset],
    policy: &Policy,
) -> Verdict {
    let mut message = Message::text(text).scene(made.scene);
    message.conversation = made.conversation.as_deref();
    scanner.scan(rulesets, policy, &message, made.at).clone()
}

fn compiled(source: &str, tenant: Option<&Tenant>, locked: bool) -> Ruleset {
    let pack = match Pack::parse("made.toml", source) {
        Ok(parsed) => parsed.pack,
        Err(refused) => panic!("a made pack is refused: {refused}\n{source}"),
    };
    let allow = tenant.map_or(&[][..], |tenant| &tenant.allow);
    let compiler = Compiler::new()
        .pack(pack)
        .allow(allow.iter().cloned())
        .locked(locked);
    match compiler.build() {
        Ok(ruleset) => ruleset,
        Err(refused) => panic!("a made pack is refused: {refused}\n{source}"),
    }
}

const NAMES: [&str; 9] = [
    "house.base/rule.n0",
    "house.base/rule.n1",
    "house.base/rule.n2",
    "topic",
    "topic.food",
    "acme.custom/rule.n0",
    "acme.custom/rule.n1",
    "house.words",
    "house",
];

fn action(random: &mut Random) -> &'static str {
    random.pick(&Action::ALL).name()
}

/// An action that is that of its place or stronger, mostly.
fn stronger(random: &mut Random, from: Action) -> Action {
    let to = random.pick(&Action::ALL);
    if random.chance(97) { to.max(from) } else { to }
}

fn by_scene(random: &mut Random, out: &mut String, prefix: &str, sure: bool) {
    for scene in random.some(&Scene::ALL, 3) {
        let _ = writeln!(out, "[{prefix}scenes.{scene}]");
        for from in random.some(&Action::ALL, 2) {
            let to = stronger(random, from);
            let to = if sure { to.max(from) } else { to };
            let _ = writeln!(out, "{from} = \"{to}\"");
        }
    }
}

fn tenant_file(random: &mut Random) -> String {
    let mut out = String::from("[tenant]\nid = \"acme\"\n");
    if random.chance(50) {
        let lists = random.some(&["\"EU\"", "\"US\"", "\"UK\""], 2);
        let _ = writeln!(out, "jurisdictions = [{}]", lists.join(", "));
    }
    if random.chance(30) {
        let _ = writeln!(out, "on_partial = \"{}\"", stronger(random, Action::Review));
    }
    if random.chance(20) {
        let _ = writeln!(out, "on_lost_state = \"{}\"", action(random));
    }
    if random.chance(20) {
        let _ = writeln!(
            out,
            "fail = {{ private = \"{}\" }}",
            random.pick(&["open", "closed"])
        );
    }
    if random.chance(40) {
        let from = random.pick(&[Action::Mask, Action::Review]);
        let to = stronger(random, from);
        let _ = writeln!(out, "unsupported = {{ {from} = \"{to}\" }}");
    }
    if random.chance(50) {
        let terms = random.some(
            &[
                "\"火锅\"",
                "\"银行\"",
                "\"礼品卡大全\"",
                "\"old umbrella stand\"",
                "\"lantern\"",
                "\"微信\"",
                "\"gift card\"",
                "\"Coca-Cola\"",
                "\"国际\"",
                "\"tea\"",
                "\"чай\"",
            ],
            4,
        );
        let _ = writeln!(out, "allow = [{}]", terms.join(", "));
    }
    if random.chance(30) {
        out.push_str("mask = \"█\"\n");
    }
    by_scene(random, &mut out, "", false);
    for name in random.some(&NAMES, 3) {
        let to = if random.chance(20) {
            "off"
        } else {
            action(random)
        };
        let to = if name.contains("base") && random.chance(60) {
            "block"
        } else {
            to
        };
        let _ = writeln!(out, "[override.\"{name}\"]\naction = \"{to}\"");
    }
    out
}

fn operator_file(random: &mut Random) -> String {
    let mut out = String::from("[operator]\n");
    if random.chance(30) {
        let names = random.some(
            &["\"topic.food\"", "\"house.base/rule.n0\"", "\"topic\""],
            1,
        );
        let _ = writeln!(out, "allow = [{}]", names.join(", "));
    }
    out.push_str("[floor]\n");
    if random.chance(20) {
        out.push_str("on_partial = \"block\"\n");
    }
    if random.chance(20) {
        out.push_str("jurisdictions = [\"EU\"]\n");
    }
    if random.chance(30) {
        out.push_str("fail_open = [\"private\"]\n");
    }
    if random.chance(40) {
        by_scene(random, &mut out, "floor.", true);
    }
    if random.chance(20) {
        let _ = writeln!(
            out,
            "[floor.override.\"house\"]\naction = \"{}\"",
            action(random)
        );
    }
    for rule in random.some(&["house.base/rule.n0", "house.base/rule.n1"], 1) {
        if random.chance(40) {
            let until = random.pick(&["2026-06-01", "2027-01-01"]);
            let _ = writeln!(
                out,
                "[shadow.\"{rule}\"]\nreason = \"too broad\"\nuntil = {until}"
            );
        }
    }
    out
}
