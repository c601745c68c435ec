//! Rulesets: what only whole packs together can show.

use tidegate::limits::PackLimits;
use tidegate::{Action, Compiler, Diagnostics, Message, Pack, Policy, Ruleset, Scanner, Timestamp};

const NOW: Timestamp = Timestamp(1_795_428_000);

fn source(id: &str, rules: &str) -> String {
    format!(
        "format = 1\n[pack]\nid = \"{id}\"\nversion = \"1.0.0\"\ntitle = \"{id}\"\n[pack.defaults]\naction = \"review\"\n{rules}"
    )
}

/// A rule that fires on any of `terms`.
fn any_of(id: &str, category: &str, terms: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\ncategory = \"{category}\"\nterms = [{terms}]\n[rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n"
    )
}

/// A rule of that condition, with a list `acts`.
fn when(id: &str, condition: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\ncategory = \"house.acts\"\nwhen = \"{condition}\"\n[rule.lists]\nacts = [\"join\"]\n\
         [rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n"
    )
}

fn pack(id: &str, rules: &str) -> Pack {
    let source = source(id, rules);
    match Pack::parse(&format!("{id}.toml"), &source) {
        Ok(parsed) => parsed.pack,
        Err(refused) => panic!("{refused}\n{source}"),
    }
}

fn compiled(id: &str, rules: &str) -> Ruleset {
    let built = Compiler::new().pack(pack(id, rules)).build();
    built.unwrap_or_else(|refused| panic!("{refused}"))
}

fn codes(refused: Result<Ruleset, Diagnostics>) -> Vec<&'static str> {
    let refused = refused.expect_err("it is refused");
    assert!(refused.has_errors());
    refused.iter().map(|diagnostic| diagnostic.code).collect()
}

fn fired(rulesets: &[&Ruleset], text: &str) -> Vec<String> {
    let mut scanner = Scanner::new();
    let verdict = scanner.scan(rulesets, &Policy::default(), &Message::text(text), NOW);
    verdict
        .findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect()
}

#[test]
fn two_packs_of_one_id_are_refused() {
    let words = |term| pack("acme.words", &any_of("words", "house.words", term));
    let refused = Compiler::new()
        .pack(words("\"storm\""))
        .pack(words("\"tide\""))
        .build();
    assert_eq!(codes(refused), ["pack-twice"]);
}

/// A pack of one term that holds nothing to look for. Parsing refuses what it can see; a `Pack` may be changed by hand.
fn of_nothing(id: &str, term: &str) -> Pack {
    let terms = "{ text = \"storm\", variants = \"exact\" }";
    let mut pack = pack(id, &any_of("words", "house.words", terms));
    pack.rules[0].lists[0].terms[0].text = term.into();
    pack
}

#[test]
fn a_term_that_matches_nothing_is_refused() {
    for term in ["", " ", "\u{5}", "\u{301}", "\u{200b}\u{fe0f}"] {
        let refused = Compiler::new().pack(of_nothing("acme.words", term)).build();
        assert_eq!(codes(refused), ["term-matches-nothing"], "{term:?}");
    }
}

#[test]
fn terms_are_bounded_over_all_packs() {
    let mut limits = PackLimits::default();
    limits.terms = 3;
    let two = |id, terms: &str| pack(id, &any_of("words", "house.words", terms));
    let first = two("acme.one", "\"storm\", \"tide\"");
    let refused = Compiler::new()
        .limits(limits.clone())
        .pack(first.clone())
        .pack(two("acme.two", "\"reef\", \"gale\", \"squall\""))
        .build();
    assert_eq!(
        codes(refused),
        ["too-many-terms"],
        "each pack is within the limit, both together are not, and it is said once"
    );
    // A term that both hold is one.
    let built = Compiler::new()
        .limits(limits)
        .pack(first)
        .pack(two("acme.two", "\"tide\", \"reef\""))
        .build();
    assert!(built.is_ok());
}

#[test]
fn all_problems_of_a_ruleset_come_at_once() {
    let nothing = of_nothing("acme.words", "\u{301}");
    let refused = Compiler::new().pack(nothing.clone()).pack(nothing).build();
    let mut codes = codes(refused);
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, ["pack-twice", "term-matches-nothing"]);
}

#[test]
fn the_digest_names_what_decides() {
    let rules = any_of("words", "house.words", "\"storm\"");
    let one = compiled("acme.words", &rules);
    let again = compiled("acme.words", &rules);
    assert_eq!(
        one.digest(),
        again.digest(),
        "the same packs have the same digest"
    );

    let other = compiled("acme.words", &any_of("words", "house.words", "\"storms\""));
    let renamed = compiled("acme.other", &rules);
    let locked = Compiler::new()
        .pack(pack("acme.words", &rules))
        .locked(true)
        .build()
        .expect("it compiles");
    let two = Compiler::new()
        .pack(pack("acme.words", &rules))
        .pack(pack("acme.more", &rules))
        .build()
        .expect("it compiles");
    let digests = [
        one.digest(),
        other.digest(),
        renamed.digest(),
        locked.digest(),
        two.digest(),
    ];
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(digest), "{at}: {digests:?}");
    }

    let named = |rulesets: &[&Ruleset], policy: &Policy| {
        Scanner::new()
            .scan(rulesets, policy, &Message::text("calm"), NOW)
            .ruleset()
    };
    let policy = Policy::default();
    let strict = Policy::default().with_on_partial(Action::Block);
    assert_eq!(named(&[&one], &policy), named(&[&again], &policy));
    assert_ne!(named(&[&one], &policy), named(&[&other], &policy));
    assert_ne!(
        named(&[&one], &policy),
        named(&[&one], &strict),
        "the policy decides, too"
    );
    assert_ne!(
        named(&[&one, &other], &policy),
        named(&[&other, &one], &policy),
        "so does the order"
    );
    assert!(named(&[&one], &policy).starts_with("b3:"));
}

#[test]
fn a_category_reaches_into_the_rulesets_before() {
    let organisations = compiled(
        "acme.organisations",
        &(any_of("tide", "terrorism.organisation.sea", "\"tideband\"")
            + &any_of("other", "house.words", "\"reef\"")),
    );
    let acts = compiled(
        "acme.acts",
        &when("joining", "acts near/6 @terrorism.organisation"),
    );
    let joining = "acme.acts/joining".to_owned();
    assert!(fired(&[&organisations, &acts], "join tideband").contains(&joining));
    assert!(
        !fired(&[&organisations, &acts], "join reef").contains(&joining),
        "another category"
    );
    assert!(
        !fired(&[&acts, &organisations], "join tideband").contains(&joining),
        "a ruleset sees none that come after it"
    );
    assert!(
        !fired(&[&acts], "join tideband").contains(&joining),
        "nor what is not handed in"
    );
    // A category is a dotted path, not the beginning of a word.
    let near_miss = compiled(
        "acme.organisations",
        &any_of("tide", "terrorism.organisations", "\"tideband\""),
    );
    assert!(!fired(&[&near_miss, &acts], "join tideband").contains(&joining));
}

#[test]
fn what_is_locked_is_not_weakened() {
    let rules = any_of("words", "house.words", "\"storm\"");
    let open = compiled("acme.words", &rules);
    let locked = Compiler::new()
        .pack(pack("acme.words", &rules))
        .locked(true)
        .build()
        .expect("it compiles");
    assert!(locked.is_locked() && !open.is_locked());
    for of in ["acme.words/words", "house.words", "house"] {
        let weaker =
            |ruleset: &Ruleset| Policy::default().with_override(of, Action::Pass, &[ruleset]);
        let refused = weaker(&locked).expect_err("a locked rule is not weakened");
        let codes: Vec<&str> = refused.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["weakened"], "{of}");
        assert!(weaker(&open).is_ok(), "{of}");
        assert!(
            Policy::default()
                .with_override(of, Action::Block, &[&locked])
                .is_ok(),
            "{of}: stronger is allowed"
        );
    }
    let refused = Policy::default()
        .with_override("acme.words/none", Action::Block, &[&locked])
        .expect_err("there is no such rule");
    let codes: Vec<&str> = refused.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["unknown-override"]);
}
