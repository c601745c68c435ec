//! Random packs, and texts made of their own terms.

use std::sync::Arc;

use super::disguise::disguise;
use super::random::Random;
use crate::oracle;
use crate::pack::{Condition, List, ListRef, Lower, Operand, Pack, Rule, Status, Term};
use crate::primitives::{Scene, Scenes, Timestamp};
use crate::variant::{Variant, Variants};
use crate::verdict::{Action, Listing, Severity};

/// Moments at midnight UTC: 2025-06-01, 2026-01-01, 2026-06-01, 2026-11-23, 2027-01-01, 2027-06-01.
pub(super) const TIMES: [Timestamp; 6] = [
    Timestamp(1_748_736_000),
    Timestamp(1_767_225_600),
    Timestamp(1_780_272_000),
    Timestamp(1_795_392_000),
    Timestamp(1_798_761_600),
    Timestamp(1_811_808_000),
];

/// Neutral words of many writings.
const WORDS: [&str; 44] = [
    "银行",
    "火锅",
    "图书馆",
    "礼品卡",
    "灯笼",
    "国际",
    "门票",
    "火锅店",
    "鍋",
    "微信",
    "umbrella",
    "lantern",
    "gift card",
    "Coca-Cola",
    "C++",
    "god",
    "loop",
    "office",
    "LAMP",
    "AT&T",
    "cope",
    "tea",
    "kilo",
    "ticket shop",
    "ISBN",
    "фонарь",
    "чай",
    "сор",
    "ёлка",
    "мост",
    "مظلة",
    "كتاب",
    "شاي",
    "우산",
    "자전거",
    "ランタン",
    "ガス",
    "110",
    "69",
    "9/11",
    "🍉",
    "ışık",
    "φανάρι",
    "ตลาด",
];

/// Regular expressions with a text that each matches.
const REGEXES: [(&str, &str); 3] = [
    (r"lan\w+n", "lanxxn"),
    (r"银.行", "银大行"),
    (r"tg\s*[:：]\s*\w{4,8}", "TG: abcd"),
];

const FILLERS: [&str; 12] = [
    "今天天气很好",
    "see you",
    "это",
    "我们",
    "and",
    "好的",
    "今日は",
    "شكرا",
    "정말",
    "2026",
    "大家",
    "soon",
];

const GLUE: [&str; 10] = ["", " ", " ", "，", "。", ", ", "\n", " - ", "！", "\r\n"];

fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn term(random: &mut Random) -> Term {
    if random.chance(4) {
        let (regex, _) = random.pick(&REGEXES);
        return oracle::term(
            regex,
            true,
            random.pick(&[None, Some(true)]),
            Variants::STANDARD,
        );
    }
    let word = random.pick(&[None, None, None, None, None, None, Some(true), Some(false)]);
    let mut variants = Variants::STANDARD;
    if random.chance(15) {
        let some = random.pick(&[0, 1, 3, 6]);
        let all: Vec<Variant> = Variants::STANDARD.iter().collect();
        variants = Variants::of(&random.some(&all, some));
    }
    let text = random.pick(&WORDS);
    oracle::term(text, false, word, variants)
}

fn list(random: &mut Random, name: &str) -> List {
    let mut terms: Vec<Term> = Vec::new();
    for _ in 0..random.pick(&[1, 2, 2, 3]) {
        let term = term(random);
        if terms.iter().all(|other| other.text != term.text) {
            terms.push(term);
        }
    }
    List {
        name: arc(name),
        terms,
        except: Vec::new(),
    }
}

/// What goes before and after a term in an exception or a text, where the exception holds it.
fn around(term: &str) -> (&'static str, &'static str) {
    if term.chars().any(|c| ('\u{3040}'..='\u{9fff}').contains(&c)) {
        ("", "大全")
    } else {
        ("old ", " stand")
    }
}

/// Exceptions that hold some of these terms.
fn exceptions(random: &mut Random, terms: &[Term], count: usize) -> Vec<Term> {
    let literals: Vec<&Term> = terms.iter().filter(|term| !term.regex).collect();
    let mut texts: Vec<String> = Vec::new();
    for term in random.some(&literals, count) {
        let (before, after) = around(&term.text);
        let text = format!("{before}{}{after}", term.text);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
        .iter()
        .map(|text| oracle::term(text, false, None, Variants::STANDARD))
        .collect()
}

/// The terms of all lists that a rule can name.
fn rule_terms(pack: &Pack, rule: &Rule) -> Vec<Term> {
    pack.lists
        .iter()
        .chain(&rule.lists)
        .flat_map(|list| list.terms.clone())
        .collect()
}

fn new_pack(random: &mut Random, id: &str) -> Pack {
    let mut lists = ["a", "b", "c"].map(|name| list(random, name)).to_vec();
    for list in &mut lists {
        if random.chance(15) {
            list.except = exceptions(random, &list.terms, 1);
        }
    }
    let mut except = Vec::new();
    if random.chance(15) {
        except = exceptions(random, &lists[0].terms, 1);
    }
    Pack {
        id: arc(id),
        version: arc("1.0.0"),
        title: arc("Made up"),
        owner: None,
        languages: Vec::new(),
        lists,
        except,
        rules: Vec::new(),
        digest: [0; 32],
    }
}

/// The pack of the first ruleset.
pub(super) fn base(random: &mut Random) -> Pack {
    let mut pack = new_pack(random, "house.base");
    for (index, category) in ["topic", "topic.food", "topic.place"]
        .into_iter()
        .enumerate()
    {
        let rule = rule(random, &pack, index, category, None);
        pack.rules.push(rule);
    }
    pack
}

/// The pack of the second ruleset, which may name categories of the first.
pub(super) fn tenant(random: &mut Random, base: &Pack) -> Pack {
    let mut pack = new_pack(random, "acme.custom");
    for index in 0..3 {
        let category = base.rules[random.below(base.rules.len())].category.clone();
        let rule = rule(random, &pack, index, "house.words", Some(&category));
        pack.rules.push(rule);
    }
    pack
}

fn rule(
    random: &mut Random,
    pack: &Pack,
    index: usize,
    category: &str,
    named: Option<&Arc<str>>,
) -> Rule {
    let simple = random.chance(10);
    let lists = match random.below(3) {
        _ if simple => vec![list(random, "terms")],
        0 => vec![list(random, "d")],
        _ => Vec::new(),
    };
    let mut operands: Vec<Operand> = (0..lists.len())
        .map(|index| Operand::List(ListRef::Rule(index)))
        .collect();
    let when = if simple {
        Condition::Any(operands[0].clone())
    } else {
        operands.extend((0..pack.lists.len()).map(|index| Operand::List(ListRef::Pack(index))));
        operands.extend(named.map(|category| Operand::Category(Arc::clone(category))));
        let several: Vec<Operand> = operands
            .iter()
            .filter(|operand| match operand {
                Operand::List(ListRef::Pack(index)) => pack.lists[*index].terms.len() >= 2,
                Operand::List(ListRef::Rule(index)) => lists[*index].terms.len() >= 2,
                Operand::Category(_) => true,
            })
            .cloned()
            .collect();
        condition(random, &operands, &several)
    };
    let action = random.pick(&[
        Action::Pass,
        Action::Mask,
        Action::Review,
        Action::Block,
        Action::Block,
    ]);
    let lower = (!simple && action > Action::Pass && random.chance(50)).then(|| Lower {
        when: Condition::Any(random.pick(&operands)),
        unless: random.chance(40).then(|| near_of(random, &operands, true)),
        to: random.pick(match action {
            Action::Block => &[Action::Pass, Action::Review],
            _ => &[Action::Pass, Action::Pass],
        }),
    });
    let mut rule = Rule {
        id: arc(&format!("rule.n{index}")),
        title: None,
        category: arc(category),
        severity: random.pick(&Severity::ALL),
        action,
        alert: random.chance(30),
        status: match random.below(100) {
            0..12 => Status::Shadow,
            12..15 => Status::Draft,
            15..18 => Status::Retired,
            _ => Status::Enforce,
        },
        rollout: 10_000,
        min_confidence: 0,
        window: None,
        lists,
        when,
        lower,
        except: Vec::new(),
        scenes: if random.chance(15) {
            Scenes::NONE
                .with(Scene::Group)
                .with(random.pick(&Scene::ALL))
        } else {
            Scenes::ALL
        },
        from: random.chance(10).then_some(TIMES[1]),
        until: random.chance(10).then_some(TIMES[4]),
        references: if random.chance(20) {
            Arc::from([arc("POL-1")])
        } else {
            Arc::from([])
        },
        false_positives: Vec::new(),
        listings: Vec::new(),
        samples: Vec::new(),
    };
    if random.chance(20) {
        rule.min_confidence = random.pick(&[80, 85, 90, 95]);
    }
    if random.chance(20) {
        rule.rollout = random.pick(&[0, 5, 2_500, 5_000, 9_999]);
    }
    if random.chance(50) {
        rule.except = exceptions(random, &rule_terms(pack, &rule), 2);
    }
    if random.chance(35) {
        rule.listings = (0..random.pick(&[1, 2]))
            .map(|number| Listing {
                list: arc(random.pick(&["UN", "UN", "EU", "US"])),
                reference: arc(&format!("QDe.{number}")),
                from: random.chance(50).then_some(TIMES[0]),
                until: random.chance(30).then_some(TIMES[4]),
            })
            .collect();
    }
    rule
}

fn near_of(random: &mut Random, operands: &[Operand], ordered: bool) -> Condition {
    let mut side = || {
        let count = random.pick(&[1, 1, 2]);
        random.some(operands, count)
    };
    Condition::Near {
        left: side(),
        right: side(),
        distance: u32::try_from(random.pick(&[0, 1, 3, 6, 12, 40])).unwrap_or(0),
        ordered,
    }
}

/// A condition over these operands, `several` of which have two terms or more.
fn condition(random: &mut Random, operands: &[Operand], several: &[Operand]) -> Condition {
    let any = |random: &mut Random| Condition::Any(random.pick(operands));
    let not = |condition| Condition::Not(Box::new(condition));
    match random.below(12) {
        11 if !several.is_empty() => Condition::Terms {
            count: 2,
            of: random.pick(several),
        },
        1 | 2 => near_of(random, operands, false),
        3 | 4 => near_of(random, operands, true),
        5 | 6 => Condition::And(vec![any(random), not(any(random))]),
        7 => Condition::And(vec![near_of(random, operands, false), not(any(random))]),
        8 => Condition::And(vec![any(random), near_of(random, operands, true)]),
        9 => Condition::Or(vec![
            Condition::And(vec![any(random), any(random)]),
            near_of(random, operands, false),
        ]),
        10 => Condition::Lists {
            count: 2,
            of: random.some(operands, 3),
        },
        _ => any(random),
    }
}

/// A text that aims at a rule of one of the packs.
pub(super) fn text(random: &mut Random, base: &Pack, tenant: &Pack) -> String {
    let mut pieces = Vec::new();
    if !random.chance(6) {
        let pack = random.pick(&[base, tenant]);
        let rules: Vec<&Rule> = pack
            .rules
            .iter()
            .filter(|rule| !matches!(rule.status, Status::Draft | Status::Retired))
            .collect();
        if !rules.is_empty() {
            let rule = random.pick(&rules);
            let mut writer = Writer {
                random,
                base,
                pack,
                rule,
            };
            pieces = writer.aim();
        }
    }
    let mut text = String::new();
    if random.chance(50) {
        text.push_str(random.pick(&FILLERS));
        text.push_str(random.pick(&GLUE));
    }
    for piece in pieces {
        text.push_str(&piece);
        text.push_str(random.pick(&GLUE));
    }
    if random.chance(50) {
        text.push_str(random.pick(&FILLERS));
    }
    text
}

struct Writer<'a> {
    random: &'a mut Random,
    base: &'a Pack,
    pack: &'a Pack,
    rule: &'a Rule,
}

impl Writer<'_> {
    fn aim(&mut self) -> Vec<String> {
        let mut pieces = self.satisfy(&self.rule.when);
        if let Some(lower) = &self.rule.lower {
            if self.random.chance(60) {
                pieces.extend(self.satisfy(&lower.when));
            }
            if let Some(unless) = lower.unless.as_ref()
                && self.random.chance(25)
            {
                pieces.extend(self.satisfy(unless));
            }
        }
        let of_lists = self.pack.lists.iter().map(|list| &list.except);
        let exceptions: Vec<&Term> = of_lists
            .chain([&self.pack.except, &self.rule.except])
            .flatten()
            .collect();
        if !exceptions.is_empty() && self.random.chance(30) {
            pieces.push(self.random.pick(&exceptions).text.to_string());
        }
        if self.random.chance(25) {
            pieces.reverse();
        }
        pieces
    }

    /// Pieces of text that make a condition hold, more often than not.
    fn satisfy(&mut self, condition: &Condition) -> Vec<String> {
        match condition {
            Condition::Any(operand) => vec![self.hit(operand)],
            Condition::And(members) => members
                .iter()
                .flat_map(|member| self.satisfy(member))
                .collect(),
            Condition::Or(members) => {
                let member = self.random.below(members.len());
                self.satisfy(&members[member])
            }
            Condition::Not(member) if self.random.chance(25) => self.satisfy(member),
            Condition::Not(_) => Vec::new(),
            Condition::Near {
                left,
                right,
                distance,
                ordered,
            } => {
                let (left, right) = (self.random.pick(left), self.random.pick(right));
                let mut pieces = vec![self.hit(&left), self.hit(&right)];
                if self.random.chance(if *ordered { 15 } else { 40 }) {
                    pieces.reverse();
                }
                if *distance > 0 && self.random.chance(60) {
                    let most = (*distance as usize).min(12) + 2;
                    let units = self.random.below(most);
                    pieces.insert(1, "的".repeat(units));
                }
                pieces
            }
            Condition::Lists { count, of } => {
                let of = self.random.some(of, *count as usize);
                of.iter().map(|operand| self.hit(operand)).collect()
            }
            Condition::Terms { count, of } => {
                let terms = self.terms(of);
                let terms = self.random.some(&terms, *count as usize);
                terms.iter().map(|term| self.write(term)).collect()
            }
        }
    }

    fn hit(&mut self, operand: &Operand) -> String {
        let terms = self.terms(operand);
        let term = self.random.pick(&terms);
        self.write(&term)
    }

    fn terms(&self, operand: &Operand) -> Vec<Term> {
        match operand {
            Operand::List(ListRef::Pack(index)) => self.pack.lists[*index].terms.clone(),
            Operand::List(ListRef::Rule(index)) => self.rule.lists[*index].terms.clone(),
            Operand::Category(category) => self
                .base
                .rules
                .iter()
                .filter(|rule| rule.category == *category)
                .flat_map(|rule| rule_terms(self.base, rule))
                .collect(),
        }
    }

    /// A term in disguise, and now and then in an exception, or with its border taken away.
    fn write(&mut self, term: &Term) -> String {
        if term.regex {
            let example = REGEXES.iter().find(|(source, _)| **source == *term.text);
            return example.map_or_else(String::new, |(_, text)| (*text).to_owned());
        }
        let variants = if self.random.chance(85) {
            term.variants
        } else {
            Variants::STANDARD
        };
        let written = disguise(self.random, &term.text, variants);
        let (before, after) = around(&term.text);
        match self.random.below(100) {
            0..18 if !self.rule.except.is_empty() || !self.pack.except.is_empty() => {
                format!("{before}{written}{after}")
            }
            18..25 => format!(
                "{}{written}",
                self.random.pick(&["x", "и", "1", "و", "가", "大"])
            ),
            25..32 => format!(
                "{written}{}",
                self.random.pick(&["s", "я", "0", "ة", "을", "大"])
            ),
            _ => written,
        }
    }
}
