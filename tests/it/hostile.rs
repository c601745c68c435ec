//! Texts and packs made to be slow: what they may cost is bounded, and grows as they do.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tidegate::limits::{Limits, PackLimits};
use tidegate::{
    Action, Compiler, Coverage, Diagnostics, Finding, Hit, Message, Pack, Policy, Ruleset, Scanner,
    Span, Timestamp, Variants, Verdict, diag, pack,
};

/// What anything hostile may take, on a busy machine and with little optimisation.
const SOON: Duration = Duration::from_secs(5);

fn source(body: &str) -> String {
    format!(
        "format = 1\n[pack]\nid = \"test.hostile\"\nversion = \"1.0.0\"\ntitle = \"Hostile\"\n[pack.defaults]\nvariants = \"strong\"\n{body}"
    )
}

/// A pack of one rule, any of these terms.
fn any_of<T: AsRef<str>>(terms: impl IntoIterator<Item = T>) -> String {
    let mut body = String::from("[[rule]]\nid = \"any\"\ncategory = \"test.hostile\"\nterms = [\n");
    for term in terms {
        let _ = writeln!(body, "  {},", term.as_ref());
    }
    body.push_str("]\n[rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n");
    source(&body)
}

fn quoted(term: &str) -> String {
    format!("\"{term}\"")
}

/// Bound and unbound.
fn both(term: &str) -> [String; 2] {
    [
        quoted(term),
        format!("{{ text = \"{term}\", word = false }}"),
    ]
}

fn parse(source: &str, limits: &PackLimits) -> Result<Pack, Diagnostics> {
    Pack::parse_with("hostile.toml", source, limits, &mut |_| Err(String::new()))
        .map(|parsed| parsed.pack)
}

fn compiled(source: &str) -> Ruleset {
    let limits = PackLimits::operator();
    let built =
        parse(source, &limits).and_then(|pack| Compiler::new().limits(limits).pack(pack).build());
    built.unwrap_or_else(|refused| panic!("{refused}"))
}

fn soon<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    figure(&format!("{name}: {took:.2?}"));
    assert!(took < SOON, "{name} took {took:?}");
    done
}

/// Figures are shown to those who ask for them.
fn figure(text: &str) {
    if std::env::var_os("TIDEGATE_FIGURES").is_some() {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

fn scan<'s>(scanner: &'s mut Scanner, ruleset: &Ruleset, text: &str) -> &'s Verdict {
    scanner.scan(
        &[ruleset],
        &Policy::default(),
        &Message::text(text),
        Timestamp(0),
    )
}

#[test]
fn a_text_of_a_mebibyte_is_cut() {
    let ruleset = compiled(&any_of(["\"storm\"", "\"潮水\""]));
    for text in [
        "a".repeat(1 << 20),
        "潮".repeat((1 << 20) / 3),
        "a\u{301}".repeat((1 << 20) / 3),
        format!("a{}", "\u{301}".repeat(1 << 19)),
    ] {
        let mut scanner = Scanner::new();
        let verdict = soon("a text of a mebibyte", || {
            scan(&mut scanner, &ruleset, &text).clone()
        });
        assert!(verdict.coverage.names(Coverage::TEXT_LIMIT));
        assert_eq!(verdict.action, Action::Review);
        assert!(
            scanner.steps() <= 12 * 65_536,
            "what is not looked at costs nothing: {} steps",
            scanner.steps()
        );
    }
    let mut scanner = Scanner::new();
    let late = "a".repeat(1 << 20) + " storm";
    assert!(scan(&mut scanner, &ruleset, &late).findings.is_empty());
    let early = "storm ".to_owned() + &"a".repeat(1 << 20);
    assert_eq!(scan(&mut scanner, &ruleset, &early).findings.len(), 1);
}

#[test]
fn ten_thousand_brackets_are_a_text_and_no_pack() {
    let ruleset = compiled(&any_of(["\"[a\"", "\"[[[[[[[[[[[[[[[[a\"", "\"[[\""]));
    let brackets = "[".repeat(10_000);
    soon("brackets as a text", || {
        scan(&mut Scanner::new(), &ruleset, &brackets).clone()
    });
    let refused = soon("brackets as a pack", || {
        parse(&brackets, &PackLimits::default())
    });
    assert!(refused.is_err());
    for pack in [
        format!("a = {brackets}"),
        source(&format!("[lists]\na = {brackets}")),
        source(&format!("[[rule]]\nwhen = \"{}\"", "(".repeat(10_000))),
    ] {
        assert!(
            soon("brackets in a pack", || parse(
                &pack,
                &PackLimits::operator()
            ))
            .is_err()
        );
    }
}

#[test]
fn two_hundred_thousand_terms_are_the_operators() {
    // Four characters of three thousand each, all different: the number in that base, its digits apart.
    let word = |number: u32| -> String {
        [
            (number / 3000) % 3000,
            number % 3000,
            (number * 7) % 3000,
            (number / 3000 * 11) % 3000,
        ]
        .into_iter()
        .filter_map(|digit| char::from_u32(0x4e00 + digit))
        .collect()
    };
    let source = any_of((0..200_000).map(|number| quoted(&word(number * 5))));
    let refused = soon("200,000 terms for a tenant", || {
        parse(&source, &PackLimits::default())
    });
    let codes: Vec<&str> = refused
        .expect_err("a tenant has fewer")
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    assert_eq!(codes, ["too-many-terms"]);
    let limits = PackLimits::operator();
    let parsed = soon("200,000 terms, parsed", || parse(&source, &limits))
        .unwrap_or_else(|refused| panic!("{refused}"));
    let ruleset = soon("200,000 terms, compiled", || {
        Compiler::new().limits(limits).pack(parsed).build()
    });
    let ruleset = ruleset.unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(ruleset.terms(), 200_000);
    let text = format!("a {}!", word(615_000));
    assert_eq!(scan(&mut Scanner::new(), &ruleset, &text).findings.len(), 1);
}

#[test]
fn a_pack_of_sixty_four_mebibytes_ends_soon() {
    let size = 64 << 20;
    let comment = source(&format!("# {}", "x".repeat(size)));
    let mut lines = source("");
    lines.push_str(&"# a comment\n".repeat(size / 12));
    let string = source(&format!("title = \"{}\"", "x".repeat(size)));
    let terms = any_of((0..size / 12).map(|number| format!("\"t{number}\"")));
    let noise = "\u{feff}[[{\"'=".repeat(size / 9);
    for (name, pack) in [
        ("a comment", comment),
        ("comments", lines),
        ("a string", string),
        ("terms", terms),
        ("noise", noise),
    ] {
        let refused = soon(&format!("64 MiB of {name}, a tenant's"), || {
            parse(&pack, &PackLimits::default())
        });
        let codes: Vec<&str> = refused
            .expect_err(name)
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert_eq!(codes, ["pack-too-big"], "{name}");
    }
}

#[test]
fn regexes_that_backtrack_elsewhere_do_not_here() {
    let refused = |regex: &str| {
        let source = any_of([format!("{{ regex = '{regex}' }}")]);
        soon(regex, || parse(&source, &PackLimits::default()).is_err())
    };
    assert!(refused("(a+)+$"), "one letter is no literal to look for");
    for regex in [
        "((ab){1,100}){1,100}",
        "(ab(a{1,50}){1,50}){1,50}$",
        "ab((((\\w{1,99}){1,99}){1,99}){1,99})",
        "ab\\p{L}{1000}\\p{L}{1000}",
    ] {
        assert!(refused(regex), "{regex} is too big");
    }
    let ruleset = compiled(&any_of([
        "{ regex = '(aab*)+$' }",
        "{ regex = 'aa(a+)+!' }",
        "{ regex = '(aa|aa|aaa)+(a{1,20}){1,4}z' }",
    ]));
    let text = "a".repeat(64 << 10);
    let mut scanner = Scanner::new();
    soon("aaa...", || scan(&mut scanner, &ruleset, &text).clone());
}

/// A pack, and its text of a size.
struct Case {
    name: &'static str,
    pack: String,
    text: fn(usize) -> String,
}

/// `piece`, over and over, cut at a character.
fn fill(piece: &str, size: usize) -> String {
    let mut text = piece.repeat(size / piece.len() + 1);
    while text.len() > size {
        text.pop();
    }
    text
}

fn nested(period: &str, longest: usize) -> Vec<String> {
    let chars: Vec<char> = period.chars().cycle().take(longest).collect();
    (1..=longest)
        .flat_map(|length| both(&chars[..length].iter().collect::<String>()))
        .collect()
}

fn many_rules(count: usize, when: &str) -> String {
    let mut body = String::from(
        "[lists]\nleft = [\"潮\", \"水\", \"ab\"]\nright = [\"石\", \"头\", \"cd\"]\n",
    );
    for number in 0..count {
        let _ = write!(
            body,
            "[[rule]]\nid = \"rule-{number}\"\ncategory = \"test.hostile\"\nwhen = \"{when}\"\n[rule.samples]\nmatch = [\"x\"]\npass = [\"y\"]\n"
        );
    }
    source(&body)
}

fn cases() -> Vec<Case> {
    let ab = |text: fn(usize) -> String, name| Case {
        name,
        pack: any_of(
            ["ab", "aab", "abab", "aaaa", "ba", "abcdefgh"]
                .iter()
                .flat_map(|term| both(term)),
        ),
        text,
    };
    vec![
        Case {
            name: "nested terms, Latin",
            pack: any_of(nested("ab", 8)),
            text: |size| fill("ab", size),
        },
        Case {
            name: "nested terms, Han",
            pack: any_of(nested("潮水", 8)),
            text: |size| fill("潮水", size),
        },
        Case {
            name: "nested terms, one letter",
            pack: any_of(nested("哈", 8)),
            text: |size| fill("哈", size),
        },
        ab(|size| fill("a", size), "one long run"),
        ab(|size| fill(&("a".repeat(1000) + "b"), size), "long runs"),
        ab(
            |size| fill(&("a".repeat(30) + "ba "), size),
            "stretched words",
        ),
        ab(|size| fill("a....a....b", size), "long gaps"),
        ab(
            |size| fill(&format!("a{}", ".".repeat(16)), size),
            "gaps as long as may be",
        ),
        ab(
            |size| fill(&format!("a{}b", "*".repeat(15)), size),
            "noisy gaps",
        ),
        ab(
            |size| fill(&format!("a{}", "\u{200b}".repeat(50)), size),
            "invisible rows",
        ),
        ab(|size| fill("a\u{200b}", size), "invisible between"),
        ab(|size| fill("a b ", size), "spelled-out rows"),
        ab(|size| fill("\u{1f1e6}\u{1f1e7}", size), "flags"),
        ab(
            |size| {
                fill(
                    &format!("\u{1f1e6}\u{1f1e7}{} ", "\u{1f1e6}".repeat(99)),
                    size,
                )
            },
            "rows of flags",
        ),
        ab(
            |size| fill(&format!("a{}b", "\u{301}".repeat(50)), size),
            "zalgo",
        ),
        ab(
            |size| format!("ab{}", fill("\u{301}\u{323}", size - 2)),
            "one cluster of marks",
        ),
        ab(
            |size| fill(&format!("a{}", "\u{301}\u{323}".repeat(50)), size),
            "clusters of a hundred marks",
        ),
        ab(|size| fill("&#97;&#98;", size), "entities"),
        ab(|size| fill("%61%62", size), "percent"),
        ab(|size| fill("\\u0061\\u0062&", size), "backslashes"),
        ab(|size| fill("&#&#x&amp%%6\\u\\u00", size), "broken escapes"),
        ab(|size| fill("%E6%BD", size), "percent that is no text"),
        ab(|size| fill("аb ab аb", size), "mixed words"),
        ab(|size| fill("аb", size), "one mixed word"),
        Case {
            name: "look-alikes of i and l",
            pack: any_of(
                ["ill", "lil", "ii", "ll", "illi"]
                    .iter()
                    .flat_map(|term| both(term)),
            ),
            text: |size| fill("ӏӏіlӏ ӏi", size),
        },
        Case {
            name: "terms that begin with signs",
            pack: any_of(
                [
                    "(a",
                    "((((((((a",
                    "((((((((((((((((((((((((((((((((a",
                    "(((.a",
                ]
                .iter()
                .flat_map(|term| both(term)),
            ),
            text: |size| fill("((((((((a", size),
        },
        Case {
            name: "signs alone",
            pack: any_of(
                ["((", "(((", "🔥🔥", "(*)", "+++"]
                    .iter()
                    .flat_map(|term| both(term)),
            ),
            text: |size| fill("(((🔥🔥*++(+", size),
        },
        Case {
            name: "Arabic prefixes",
            pack: any_of(["ماء", "اء", "اا"].iter().flat_map(|term| both(term))),
            text: |size| fill("واا فماء ", size),
        },
        Case {
            name: "jamo",
            pack: any_of(
                ["자전거", "ㅋㅋ", "전거"]
                    .iter()
                    .flat_map(|term| both(term)),
            ),
            text: |size| fill("ㅋㅋㅋ자ㅈㅓㄴ거 자전거", size),
        },
        Case {
            name: "compatibility forms of many letters",
            pack: any_of(
                ["الله", "صلى", "株式会社"]
                    .iter()
                    .flat_map(|term| both(term)),
            ),
            text: |size| fill("\u{fdfa}\u{fdf2}㍿", size),
        },
        Case {
            name: "regex literals everywhere",
            pack: any_of([
                "{ regex = 'ab\\w{0,32}c' }",
                "{ regex = '(ab)+x' }",
                "{ regex = 'ab.{0,200}z' }",
            ]),
            text: |size| fill("ab", size),
        },
        Case {
            name: "regex matches everywhere",
            pack: any_of([
                "{ regex = 'ab' }",
                "{ regex = '(ab|ba)+?' }",
                "{ regex = 'ab', word = true }",
            ]),
            text: |size| fill("ab ", size),
        },
        Case {
            name: "rules with near",
            pack: many_rules(100, "left near/9 right"),
            text: |size| fill("潮水石头", size),
        },
        Case {
            name: "rules with near that fails",
            pack: many_rules(100, "left then/0 right"),
            text: |size| fill("潮，水好水", size),
        },
        Case {
            name: "rules with categories",
            pack: many_rules(100, "left near/3 @test.hostile or right"),
            text: |size| fill("潮水石头", size),
        },
        Case {
            name: "many rules, one hit each",
            pack: many_rules(5_000, "left and not right"),
            text: |size| fill("潮好好好好好好好", size),
        },
        Case {
            name: "exceptions",
            pack: source("except = [\"潮水潮水\"]\n").replace("except", "#")
                + &many_rules(20, "2 of left")[source("").len()..],
            text: |size| fill("潮水潮水", size),
        },
    ]
}

/// Steps a byte at 64 KiB are at most 1.2 times those at 4 KiB, and neither takes long.
#[test]
fn steps_grow_as_the_text_does() {
    let mut broken = Vec::new();
    let mut limits = Limits::default();
    if std::env::var_os("TIDEGATE_BOUNDLESS").is_some() {
        // What it would cost if nothing cut it short.
        limits.steps_per_byte = 1 << 20;
        limits.hits = usize::MAX;
    }
    for case in cases() {
        let ruleset = compiled(&case.pack);
        let mut per_byte = [0.0; 2];
        let mut took = [Duration::ZERO; 2];
        let mut coverage = Coverage::COMPLETE;
        let mut scanner = Scanner::with_limits(limits.clone());
        for (at, size) in [4 << 10, 64 << 10].into_iter().enumerate() {
            let text = (case.text)(size);
            let start = Instant::now();
            coverage = coverage.and(scan(&mut scanner, &ruleset, &text).coverage);
            took[at] = start.elapsed();
            per_byte[at] = scanner.steps() as f64 / size as f64;
        }
        let ratio = per_byte[1] / per_byte[0];
        let line = format!(
            "{}: {:.1} steps a byte at 4 KiB, {:.1} at 64 KiB, {ratio:.2} times; {:.1?} and {:.1?}; {coverage}",
            case.name, per_byte[0], per_byte[1], took[0], took[1]
        );
        figure(&line);
        if ratio > 1.2 || took[1] > SOON {
            broken.push(line);
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// A message may have as many parts as it has bytes.
#[test]
fn many_parts_cost_no_more_than_their_bytes() {
    let terms = ["a", "ab", "b", "storm"];
    let ruleset = compiled(&any_of(terms.iter().flat_map(|term| both(term))));
    let mut scanner = Scanner::new();
    let mut per_part = [0.0; 2];
    for (at, count) in [4 << 10, 64 << 10].into_iter().enumerate() {
        let parts: Vec<&str> = ["a", "b", "-", ""]
            .into_iter()
            .cycle()
            .take(count)
            .collect();
        let message = Message::of_parts(&parts);
        soon("many parts", || {
            scanner.scan(&[&ruleset], &Policy::default(), &message, Timestamp(0));
        });
        per_part[at] = scanner.steps() as f64 / count as f64;
    }
    assert!(per_part[0] > 0.0);
    assert!(per_part[1] <= per_part[0] * 1.2, "{per_part:?}");
}

#[test]
fn public_types_go_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Ruleset>();
    shared::<Pack>();
    shared::<pack::Parsed>();
    shared::<Policy>();
    shared::<Compiler>();
    shared::<Diagnostics>();
    shared::<diag::Diagnostic>();
    shared::<Verdict>();
    shared::<Finding>();
    shared::<Hit>();
    shared::<Message<'static>>();
    shared::<Limits>();
    shared::<PackLimits>();
    shared::<Variants>();
    shared::<Span>();
    sent::<Scanner>();
}

/// Hits in every disguise at once, whose explanation tries nearly every set of variants.
#[test]
fn explanations_end_soon() {
    let words: Vec<String> = (0..1_500_u32)
        .map(|number| {
            let letter =
                |at: u32| char::from(b"bcdfgmnprtvz"[(number / 12_u32.pow(at) % 12) as usize]);
            format!("s{}o{}e{}", letter(0), letter(1), letter(2))
        })
        .collect();
    let ruleset = compiled(&any_of(words.iter().flat_map(|word| both(word))));
    let mut text = String::new();
    for word in &words {
        for (at, c) in word.chars().enumerate() {
            match at {
                0 => text.push(c.to_ascii_uppercase()),
                1 => text.extend(char::from_u32(c as u32 + 0xfee0)),
                2 => text.push('о'),
                3 => {
                    text.push(c);
                    text.push_str("*\u{200b}");
                }
                4 => text.push_str("éééé"),
                _ => text.push(c),
            }
        }
        text.push(' ');
    }
    let mut limits = Limits::default();
    limits.spans = usize::MAX;
    for limits in [Limits::default(), limits] {
        let mut scanner = Scanner::with_limits(limits);
        let verdict = soon(&format!("explanations of {} bytes", text.len()), || {
            scan(&mut scanner, &ruleset, &text).clone()
        });
        let hits: usize = verdict
            .findings
            .iter()
            .map(|finding| finding.hits.len())
            .sum();
        figure(&format!(
            "{hits} hits, {} steps, {}; {:?}",
            scanner.steps(),
            verdict.coverage,
            verdict.findings[0].hits[0].variants
        ));
    }
}
