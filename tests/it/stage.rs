//! From a message to a decision: what verdicts become, and what becomes of messages that are not judged.

use std::collections::BTreeMap;

use tidegate::adapter::{Answer, Cause, Manners, NotText, Refusal, Stage, Told};
use tidegate::registry::{By, Registry};
use tidegate::{Message, Operator, Pack, Scene, Tenant, Timestamp};

const NOW: Timestamp = Timestamp(1_795_428_000);

const PACK: &str = r#"
format = 1
[pack]
id = "acme.words"
version = "1.0.0"
title = "Acme's words"
[[rule]]
id = "stop"
category = "house.words"
action = "block"
terms = ["sunflower", "灯塔礁石"]
window = { messages = 8, seconds = 60 }
[rule.samples]
match = ["sunflower"]
pass = ["sun"]
[[rule]]
id = "hide"
category = "house.words"
action = "mask"
terms = ["lantern"]
[rule.samples]
match = ["lantern"]
pass = ["lamp"]
[[rule]]
id = "hold"
category = "house.words"
action = "review"
terms = ["quarry"]
[rule.samples]
match = ["quarry"]
pass = ["stone"]
"#;

fn stage(tenant: &str, operator: &str) -> Stage {
    let by = By::new("test", "test", NOW);
    let operator = Operator::parse("operator.toml", operator)
        .expect("it is good")
        .operator;
    let registry = Registry::new(Vec::new(), Vec::new(), operator, &by).expect("it is good");
    let tenant = Tenant::parse("acme.toml", tenant)
        .expect("it is good")
        .tenant;
    let pack = Pack::parse("words.toml", PACK).expect("it is good").pack;
    registry.set(tenant, vec![pack], &by).expect("it is good");
    Stage::new(&registry)
}

fn plain() -> Stage {
    stage("[tenant]\nid = \"acme\"\npacks = [\"words.toml\"]\n", "")
}

fn refusal(text: &str) -> Refusal {
    Refusal {
        code: None,
        text: text.to_owned(),
    }
}

#[test]
fn verdicts_become_answers() {
    let stage = plain();
    let of = |text: &str, language: Option<&str>| {
        stage.decide(&Message::text(text).tenant("acme"), language, NOW)
    };
    let en = "This message was not sent.";
    for (text, answer) in [
        ("good day", Answer::Allow),
        (
            "a lantern here",
            Answer::Replace(vec!["a ******* here".to_owned()]),
        ),
        ("a quarry", Answer::Review(refusal(en))),
        ("a sunflower", Answer::Refuse(refusal(en))),
    ] {
        let decision = of(text, None);
        assert_eq!(decision.answer, answer, "{text}");
        assert_eq!(decision.cause, Cause::Judged);
    }
    let Answer::Refuse(told) = of("a sunflower", Some("zh-CN")).answer else {
        panic!("it is refused");
    };
    assert_eq!(told.text, "消息未发送。");
    let counts: Vec<_> = stage.counts().collect();
    assert_eq!(
        counts,
        [
            (Cause::Judged, "allow", 1),
            (Cause::Judged, "replace", 1),
            (Cause::Judged, "review", 1),
            (Cause::Judged, "refuse", 2),
        ]
    );
}

#[test]
fn parts_are_replaced_part_by_part() {
    let stage = plain();
    let parts = ["lantern", "good", "my lantern"];
    let message = Message::of_parts(&parts).tenant("acme");
    let texts = ["*******", "good", "my *******"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(
        stage.decide(&message, None, NOW).answer,
        Answer::Replace(texts)
    );
}

#[test]
fn a_term_cut_over_messages_is_found() {
    let stage = plain();
    let say = |sender: &'static str, text: &'static str| {
        let message = Message::text(text)
            .tenant("acme")
            .conversation("g")
            .sender(sender);
        stage.decide(&message, None, NOW).answer
    };
    assert_eq!(say("u1", "sunfl"), Answer::Allow);
    assert_eq!(say("u2", "ower"), Answer::Allow);
    assert!(matches!(say("u1", "ower"), Answer::Refuse(_)));
}

#[test]
fn the_tenant_says_what_becomes_of_what_is_no_text() {
    let message = Message::of_parts(&[]).tenant("acme");
    for (not_text, name) in [
        (NotText::Partial, "review"),
        (NotText::Allow, "allow"),
        (NotText::Review, "review"),
        (NotText::Drop, "drop"),
        (NotText::Refuse, "refuse"),
    ] {
        let manners = Manners {
            not_text,
            ..Manners::default()
        };
        let of_tenants = BTreeMap::from([("acme".to_owned(), manners)]);
        let stage = plain().with_manners(Manners::default(), of_tenants);
        let decision = stage.decide(&message, None, NOW);
        assert_eq!(
            (decision.answer.name(), decision.cause),
            (name, Cause::NotText)
        );
        // A text beside a picture: the stronger of both.
        for (text, own) in [("good", "allow"), ("a sunflower", "refuse")] {
            let message = Message::text(text).tenant("acme");
            let decision = stage
                .judge(&message, NOW, |judged| {
                    stage.answer(judged, &message, false, None)
                })
                .expect("it is judged");
            let places = Answer::NAMES.map(|known| known == name || known == own);
            let stronger = places.iter().rposition(|hit| *hit).expect("one is");
            assert_eq!(
                decision.answer.name(),
                Answer::NAMES[stronger],
                "{not_text:?}, {text}"
            );
            assert_eq!(decision.cause, Cause::Partial);
        }
    }
}

#[test]
fn what_was_not_judged_is_delivered_only_where_tenant_and_operator_say_so() {
    let open = "[tenant]\nid = \"acme\"\npacks = [\"words.toml\"]\nfail = { private = \"open\" }\n";
    let operator = "[floor]\nfail_open = [\"private\"]\n";
    let stage = stage(open, operator);
    let of = |tenant, scene, cause| stage.without(tenant, scene, None, cause).answer;
    for cause in [
        Cause::Overload,
        Cause::Deadline,
        Cause::Fault,
        Cause::AlertLost,
    ] {
        assert_eq!(of(Some("acme"), Some(Scene::Private), cause), Answer::Allow);
        assert!(matches!(
            of(Some("acme"), Some(Scene::Group), cause),
            Answer::Refuse(_)
        ));
    }
    // Nobody knows where it was to go, so it must be open everywhere.
    assert!(matches!(
        of(Some("acme"), None, Cause::Unreadable),
        Answer::Refuse(_)
    ));
    // Whoever it was, it was not that server.
    let forged = of(Some("acme"), Some(Scene::Private), Cause::Unauthenticated);
    assert!(matches!(forged, Answer::Refuse(_)));
    assert!(matches!(
        of(Some("other"), None, Cause::Overload),
        Answer::Review(_)
    ));
    assert!(matches!(of(None, None, Cause::Overload), Answer::Review(_)));
    assert_eq!(of(Some("acme"), None, Cause::NoMessage), Answer::Allow);
}

#[test]
fn unknown_tenants_get_what_the_operator_says() {
    let stage = stage(
        "[tenant]\nid = \"acme\"\n",
        "[operator]\nunknown_tenant = \"block\"\n",
    );
    for number in 0..1_000 {
        let name = format!("tenant-{number}");
        let decision = stage.decide(&Message::text("hello").tenant(&name), None, NOW);
        assert!(matches!(decision.answer, Answer::Refuse(_)));
        assert_eq!(decision.cause, Cause::UnknownTenant);
    }
    assert_eq!(
        stage.counts().collect::<Vec<_>>(),
        [(Cause::UnknownTenant, "refuse", 1_000)]
    );
}

#[test]
fn the_operator_may_drop_silently() {
    let manners = Manners {
        block: Told::Drop,
        ..Manners::default()
    };
    let stage = plain().with_manners(manners, BTreeMap::new());
    let message = Message::text("sunflower").tenant("acme");
    assert_eq!(stage.decide(&message, None, NOW).answer, Answer::Drop);
}

#[test]
fn threads_share_a_stage() {
    let stage = plain();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let stage = &stage;
            scope.spawn(move || {
                for number in 0..200 {
                    let text = if (number + thread) % 3 == 0 {
                        "sunflower"
                    } else {
                        "good"
                    };
                    let message = Message::text(text).tenant("acme");
                    let answer = stage.decide(&message, None, NOW).answer;
                    assert_eq!(matches!(answer, Answer::Refuse(_)), text == "sunflower");
                }
            });
        }
    });
    assert_eq!(stage.counts().map(|(.., count)| count).sum::<u64>(), 800);
}
