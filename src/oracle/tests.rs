//! Conditions and the verdict, on packs made by hand. Terms and texts are plain: disguises have their rows elsewhere.

use std::sync::Arc;

use super::{Answer, Case, House, screen, term};
use crate::limits::Limits;
use crate::pack::{Condition, List, ListRef, Lower, Operand, Pack, Rule, Status, Term};
use crate::primitives::{Scene, Scenes, Timestamp};
use crate::variant::{Variant, Variants};
use crate::verdict::{Action, Coverage, Listing, Severity};

fn terms(texts: &[&str]) -> Vec<Term> {
    texts
        .iter()
        .map(|text| term(text, false, None, Variants::STANDARD))
        .collect()
}

fn pack(rules: Vec<Rule>) -> Pack {
    let list = |name: &str, texts: &[&str]| List {
        name: Arc::from(name),
        terms: terms(texts),
        except: Vec::new(),
    };
    Pack {
        id: Arc::from("house"),
        version: Arc::from("1.0.0"),
        title: Arc::from("House"),
        owner: None,
        languages: Vec::new(),
        lists: vec![
            list("a", &["lamp", "lantern"]),
            list("b", &["shop", "store"]),
            list("c", &["toy"]),
        ],
        except: Vec::new(),
        rules,
        digest: [0; 32],
    }
}

fn rule(when: Condition) -> Rule {
    Rule {
        id: Arc::from("rule"),
        title: None,
        category: Arc::from("topic.light"),
        severity: Severity::Medium,
        action: Action::Block,
        alert: false,
        status: Status::Enforce,
        rollout: 10_000,
        min_confidence: 0,
        window: None,
        lists: Vec::new(),
        when,
        lower: None,
        except: Vec::new(),
        scenes: Scenes::ALL,
        from: None,
        until: None,
        references: Arc::from([]),
        false_positives: Vec::new(),
        listings: Vec::new(),
        samples: Vec::new(),
    }
}

const A: Operand = Operand::List(ListRef::Pack(0));
const B: Operand = Operand::List(ListRef::Pack(1));
const C: Operand = Operand::List(ListRef::Pack(2));

fn any(operand: Operand) -> Condition {
    Condition::Any(operand)
}

fn near(distance: u32, ordered: bool) -> Condition {
    Condition::Near {
        left: vec![A],
        right: vec![B],
        distance,
        ordered,
    }
}

fn answer(packs: &[&[Pack]], parts: &[&str], limits: &Limits) -> Answer {
    screen(&Case {
        packs,
        parts,
        before: &[],
        scene: Scene::Group,
        conversation: Some("g1"),
        at: Timestamp(1_000),
        jurisdictions: &["EU"],
        limits,
        on_partial: Action::Review,
        house: House::default(),
    })
}

/// The action for a text, and what took part, under one rule.
fn under(rule: Rule, text: &str) -> (Action, Vec<String>) {
    let answer = answer(&[&[pack(vec![rule])]], &[text], &Limits::default());
    let hits = answer.findings.iter().flat_map(|finding| &finding.hits);
    let words = hits.map(|hit| text[hit.span.start..hit.span.end].to_owned());
    (answer.action, words.collect())
}

#[track_caller]
fn holds(when: Condition, text: &str, took_part: &[&str]) {
    let (action, words) = under(rule(when), text);
    assert_eq!(words, took_part, "{text}");
    assert_eq!(action == Action::Block, !took_part.is_empty(), "{text}");
}

#[test]
fn distance_is_counted_in_units() {
    holds(near(2, false), "lamp in my shop", &["lamp", "shop"]);
    holds(near(1, false), "lamp in my shop", &[]);
    holds(near(0, false), "lamp, -- * shop", &["lamp", "shop"]);
    holds(near(3, false), "shop 我们1st lamp", &["shop", "lamp"]);
    holds(near(2, false), "shop 我们1st lamp", &[]);
    holds(near(1, false), "lamp a\u{200b}b shop", &["lamp", "shop"]);
    holds(near(1, true), "shop lamp", &[]);
    holds(near(0, true), "shop lamp shop", &["lamp", "shop"]);
    holds(
        near(0, false),
        "shop lamp shop toy store",
        &["shop", "lamp", "shop"],
    );
}

#[test]
fn a_pair_is_of_one_part() {
    let packs: &[&[Pack]] = &[&[pack(vec![rule(near(9, false))])]];
    let answer = answer(packs, &["lamp", "shop"], &Limits::default());
    assert_eq!(answer.findings, []);
}

#[test]
fn conditions_name_what_took_part() {
    let not_c = || Condition::Not(Box::new(any(C)));
    holds(any(A), "lantern lamp", &["lantern", "lamp"]);
    holds(
        Condition::And(vec![any(A), not_c()]),
        "lamp shop",
        &["lamp"],
    );
    holds(Condition::And(vec![any(A), not_c()]), "lamp toy", &[]);
    holds(
        Condition::Or(vec![any(A), near(0, false), any(C)]),
        "lamp to shop",
        &["lamp"],
    );
    let lists = || Condition::Lists {
        count: 2,
        of: vec![A, B, C],
    };
    holds(lists(), "toy lamp lamp", &["toy", "lamp", "lamp"]);
    holds(lists(), "lamp lantern", &[]);
    let of_a = || Condition::Terms { count: 2, of: A };
    holds(of_a(), "lamp lamp", &[]);
    holds(of_a(), "lamp lantern", &["lamp", "lantern"]);
}

#[test]
fn exceptions_hold_hits() {
    let excepting = |texts: &[&str]| Rule {
        except: terms(texts),
        ..rule(any(A))
    };
    assert_eq!(under(excepting(&["lamp oil"]), "lamp oil").1.len(), 0);
    assert_eq!(
        under(excepting(&["lamp oil"]), "lamp, LAMP OIL").1,
        ["lamp"]
    );
    assert_eq!(under(excepting(&["lam"]), "lamp").1, ["lamp"]);
}

#[test]
fn categories_show_live_rules_and_those_before() {
    let light = || Operand::Category(Arc::from("topic"));
    let of = |status, listings| {
        let first = Rule {
            status,
            listings,
            action: Action::Pass,
            when: Condition::And(vec![any(A), Condition::Not(Box::new(any(C)))]),
            ..rule(any(A))
        };
        let second = Rule {
            category: Arc::from("topics"),
            ..rule(any(light()))
        };
        let base = [pack(vec![first])];
        let tenant = [pack(vec![second])];
        let answer = answer(&[&base, &tenant], &["lamp toy"], &Limits::default());
        answer.action
    };
    let listing = |list: &str, until| Listing {
        list: Arc::from(list),
        reference: Arc::from("1"),
        from: None,
        until: Some(Timestamp(until)),
    };
    assert_eq!(of(Status::Enforce, vec![]), Action::Block);
    assert_eq!(of(Status::Shadow, vec![]), Action::Pass);
    assert_eq!(of(Status::Draft, vec![]), Action::Pass);
    assert_eq!(
        of(Status::Enforce, vec![listing("UN", 2_000)]),
        Action::Block
    );
    assert_eq!(
        of(Status::Enforce, vec![listing("EU", 1_001)]),
        Action::Block
    );
    assert_eq!(
        of(Status::Enforce, vec![listing("EU", 1_000)]),
        Action::Pass
    );
    assert_eq!(
        of(Status::Enforce, vec![listing("US", 2_000)]),
        Action::Pass
    );
}

#[test]
fn lower_weakens() {
    let lowered = |text| {
        let rule = Rule {
            lower: Some(Lower {
                when: any(B),
                unless: Some(any(C)),
                to: Action::Mask,
            }),
            ..rule(any(A))
        };
        let answer = answer(&[&[pack(vec![rule])]], &[text], &Limits::default());
        (answer.action, answer.findings[0].lowered_from)
    };
    assert_eq!(lowered("lamp"), (Action::Block, None));
    assert_eq!(lowered("lamp shop"), (Action::Mask, Some(Action::Block)));
    assert_eq!(lowered("lamp shop toy"), (Action::Block, None));
}

#[test]
fn shadow_changes_no_action() {
    let rule = Rule {
        status: Status::Shadow,
        ..rule(any(A))
    };
    let answer = answer(&[&[pack(vec![rule])]], &["lamp"], &Limits::default());
    assert_eq!(answer.action, Action::Pass);
    assert_eq!((answer.findings.len(), answer.shadow.len()), (0, 1));
}

/// The share of `g1` for the rule `house/rule` begins at 2,485: BLAKE3 of `house/rule`, a zero byte and `g1`, its first eight bytes, the
/// least significant first, modulo 10,000.
#[test]
fn a_rule_is_in_shadow_where_it_is_not_rolled_out() {
    for (rollout, in_force) in [(0, 0), (2_485, 0), (2_486, 1), (9_999, 1), (10_000, 1)] {
        let rule = Rule {
            rollout,
            ..rule(any(A))
        };
        let answer = answer(&[&[pack(vec![rule])]], &["lamp"], &Limits::default());
        assert_eq!(
            (answer.findings.len(), answer.shadow.len()),
            (in_force, 1 - in_force),
            "{rollout}"
        );
    }
}

#[test]
fn what_lies_beyond_the_limit_is_not_read() {
    let packs: &[&[Pack]] = &[&[pack(vec![rule(any(A))])]];
    let with = |text_bytes, parts: &[&str]| {
        let limits = Limits {
            text_bytes,
            ..Limits::default()
        };
        let answer = answer(packs, parts, &limits);
        (answer.action, answer.coverage)
    };
    let complete = Coverage::COMPLETE;
    let cut = Coverage::TEXT_LIMIT;
    assert_eq!(with(4, &["lamp"]), (Action::Block, complete));
    assert_eq!(with(4, &["lamp", ""]), (Action::Block, complete));
    assert_eq!(with(4, &["lamps"]), (Action::Block, cut));
    assert_eq!(with(4, &["lamp\u{301}"]), (Action::Review, cut));
    assert_eq!(with(7, &["toy", "lamp"]), (Action::Block, complete));
    assert_eq!(with(6, &["toy", "lamp"]), (Action::Review, cut));
    assert_eq!(
        with(8, &["toy", "\u{e9}\u{301}\u{302}", "lamp"]),
        (Action::Review, cut)
    );
}

#[test]
fn hits_are_sorted_cut_and_each_once() {
    let mut pack = pack(vec![rule(Condition::Or(vec![any(A), any(B)]))]);
    let exact = |text| term(text, false, None, Variants::EXACT);
    let cased = |text| term(text, false, None, Variants::of(&[Variant::Case]));
    pack.lists[1].terms = vec![cased("lamp"), exact("toy"), exact("LAMP")];
    let limits = Limits {
        spans: 3,
        ..Limits::default()
    };
    let answer = answer(&[&[pack]], &["toy LAMP", "toy lamp"], &limits);
    let hits: Vec<_> = answer.findings[0]
        .hits
        .iter()
        .map(|hit| (hit.part, hit.span.start, &*hit.term, hit.variants.len()))
        .collect();
    assert_eq!(
        hits,
        [(0, 0, "toy", 0), (0, 4, "LAMP", 0), (0, 4, "lamp", 1)]
    );
}
