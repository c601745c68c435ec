//! What part of disguised terms and samples is found.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::random::Random;
use super::{Class, Generator, carry};
use crate::compile::Compiler;
use crate::diag::Diagnostics;
use crate::engine::{Conversation, Message, Scanner};
use crate::limits::PackLimits;
use crate::pack::{List, Pack, Rule, SampleKind, Status, Term};
use crate::policy::Policy;
use crate::primitives::{Scene, Timestamp};
use crate::ruleset::Ruleset;
use crate::selftest::setting;
use crate::variant::Variants;
use crate::verdict::Finding;

/// Terms of one rule that are put into sentences, at most.
const MOST_TERMS: usize = 2_000;
/// Missed texts that are kept of a rule and class.
const MOST_MISSED: usize = 3;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What everything follows from.
    pub seed: u64,
    /// Disguises of each class that are tried for each rule, at most.
    pub per_class: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// For each rule and class that has something to disguise, in the order of packs, rules and classes.
    pub counts: Vec<Count>,
    /// Rules of which nothing could be disguised: no `match` sample and no term fires them by itself.
    pub untried: Vec<Arc<str>>,
}

/// The disguises of one class, for one rule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Count {
    /// Pack id and rule id.
    pub rule: Arc<str>,
    /// How the terms were disguised.
    pub class: Class,
    /// How many were tried.
    pub tried: usize,
    /// In how many of them the rule fired.
    pub found: usize,
    /// Some of the others, each the messages of a disguise.
    pub missed: Vec<Vec<String>>,
}

/// Disguises the `match` samples and the terms of `packs`, on top of `base`, and counts what is found.
///
/// A rule is tried in the classes that its terms' variants name, and in no other. Terms stand in a sentence of their language, or, where
/// that does not fire the rule, in the place of another of their list in a sample. A disguise counts only if the rule fires on
/// the plain text, and does not without what is disguised. Drafts are tried as if they were in force; retired rules are not.
///
/// # Errors
///
/// If the packs do not compile together.
pub fn recall(
    base: Option<&Ruleset>,
    packs: &[Pack],
    limits: &PackLimits,
    asked: Asked,
) -> Result<Report, Diagnostics> {
    let mut packs = packs.to_vec();
    for rule in packs.iter_mut().flat_map(|pack| &mut pack.rules) {
        if rule.status == Status::Draft {
            rule.status = Status::Enforce;
        }
    }
    let ruleset = packs
        .iter()
        .cloned()
        .fold(Compiler::new(), Compiler::pack)
        .limits(limits.clone())
        .build()?;
    let rulesets: Vec<&Ruleset> = base.into_iter().chain([&ruleset]).collect();
    let mut trial = Trial {
        rulesets: &rulesets,
        scanner: Scanner::new(),
        generator: Generator::new(),
        variants: variants(&packs),
        asked,
    };
    let mut report = Report::default();
    for pack in &packs {
        for rule in &pack.rules {
            if rule.status != Status::Retired {
                trial.rule(pack, rule, &mut report);
            }
        }
    }
    Ok(report)
}

/// The variants that the terms of the packs have, by their texts: those that all terms of a text share.
fn variants(packs: &[Pack]) -> BTreeMap<Arc<str>, Variants> {
    let mut variants = BTreeMap::new();
    let lists = packs.iter().flat_map(|pack| {
        let own = pack.rules.iter().flat_map(|rule| &rule.lists);
        pack.lists.iter().chain(own)
    });
    for term in lists
        .flat_map(|list| &list.terms)
        .filter(|term| !term.regex)
    {
        let known = variants
            .entry(Arc::clone(&term.text))
            .or_insert(term.variants);
        *known = known.and(term.variants);
    }
    variants
}

/// A text on which a rule fires, and what may be disguised in it.
struct Subject {
    text: String,
    /// Where terms stand, in order, not overlapping.
    spans: Vec<Range<usize>>,
    /// The terms there.
    terms: Vec<Arc<str>>,
    /// What they may be disguised by.
    variants: Vec<Variants>,
}

struct Setting {
    id: Arc<str>,
    scene: Scene,
    at: Timestamp,
    policy: Policy,
}

struct Trial<'a> {
    rulesets: &'a [&'a Ruleset],
    scanner: Scanner,
    generator: Generator,
    variants: BTreeMap<Arc<str>, Variants>,
    asked: Asked,
}

impl Trial<'_> {
    fn rule(&mut self, pack: &Pack, rule: &Rule, report: &mut Report) {
        let id: Arc<str> = Arc::from(format!("{}/{}", pack.id, rule.id));
        let mut subjects = self.samples(rule, &id);
        let of_samples = subjects.len();
        let place = |sample| {
            let (scene, at, policy) = setting(rule, sample);
            Setting {
                id: Arc::clone(&id),
                scene,
                at,
                policy,
            }
        };
        let at_home = place(None);
        let seen: BTreeSet<Arc<str>> = subjects
            .iter()
            .flat_map(|(subject, _)| subject.terms.iter().cloned())
            .collect();
        let of_pack = pack
            .lists
            .iter()
            .filter(|list| list.terms.iter().any(|term| seen.contains(&term.text)));
        let lists: Vec<&List> = rule.lists.iter().chain(of_pack).collect();
        let terms: Vec<(&List, &Term)> = lists
            .into_iter()
            .flat_map(|list| list.terms.iter().map(move |term| (list, term)))
            .filter(|(_, term)| !term.regex)
            .collect();
        let mut random = Random::new(self.asked.seed ^ hash(&id));
        let terms = random.some(&terms, MOST_TERMS);
        for (number, (list, term)) in terms.into_iter().enumerate() {
            let (text, span) = carry(term.text.trim(), self.asked.seed ^ number as u64);
            if let Some(subject) = self.subject(&text, &at_home) {
                if subject.spans.contains(&span) {
                    subjects.push((subject, None));
                }
                continue;
            }
            // In the place of another of its list.
            let stand_in = subjects[..of_samples].iter().find_map(|(subject, sample)| {
                let at = subject.terms.iter().position(|other| {
                    *other != term.text && list.terms.iter().any(|term| term.text == *other)
                })?;
                let span = subject.spans[at].clone();
                let text = [
                    &subject.text[..span.start],
                    &term.text,
                    &subject.text[span.end..],
                ];
                Some((text.concat(), *sample))
            });
            if let Some((text, sample)) = stand_in
                && let Some(subject) = self.subject(&text, &place(sample))
            {
                subjects.push((subject, sample));
            }
        }
        if subjects.is_empty() {
            report.untried.push(id);
            return;
        }
        let subjects: Vec<(Subject, Setting)> = subjects
            .into_iter()
            .map(|(subject, sample)| (subject, place(sample)))
            .collect();
        // Without a window, terms are not looked for over messages.
        let tried = |class: &Class| rule.window.is_some() || !class.is_window();
        for class in Class::all().filter(tried) {
            report.counts.extend(self.class(class, &id, &subjects));
        }
    }

    /// The `match` samples that fire the rule.
    fn samples<'r>(
        &mut self,
        rule: &'r Rule,
        id: &Arc<str>,
    ) -> Vec<(Subject, Option<&'r crate::pack::Sample>)> {
        let mut subjects = Vec::new();
        for sample in &rule.samples {
            let ([message], SampleKind::Match) = (&sample.messages[..], sample.kind) else {
                continue;
            };
            let (scene, at, policy) = setting(rule, Some(sample));
            let id = Arc::clone(id);
            let setting = Setting {
                id,
                scene,
                at,
                policy,
            };
            if let Some(subject) = self.subject(&message.text, &setting) {
                subjects.push((subject, Some(sample)));
            }
        }
        subjects
    }

    /// The text with the places of its terms, if the rule fires on it.
    fn subject(&mut self, text: &str, setting: &Setting) -> Option<Subject> {
        let finding = self.finding(&[text.to_owned()], setting)?;
        let mut subject = Subject {
            text: text.to_owned(),
            spans: Vec::new(),
            terms: Vec::new(),
            variants: Vec::new(),
        };
        for hit in &finding.hits {
            let span = hit.span.start..hit.span.end;
            let Some(variants) = self.variants.get(&hit.term).copied() else {
                continue;
            };
            match subject.spans.last_mut() {
                // Of terms that overlap, the first is disguised, as far as all of them may be.
                Some(last) if span.start < last.end => {
                    last.end = last.end.max(span.end);
                    if let Some(both) = subject.variants.last_mut() {
                        *both = both.and(variants);
                    }
                }
                _ => {
                    subject.spans.push(span);
                    subject.terms.push(Arc::clone(&hit.term));
                    subject.variants.push(variants);
                }
            }
        }
        (!subject.spans.is_empty()).then_some(subject)
    }

    fn finding(&mut self, messages: &[String], setting: &Setting) -> Option<Finding> {
        // Messages of one sender, a second apart.
        let mut conversation = Conversation::new();
        messages.iter().zip(0..).find_map(|(text, second)| {
            let message = Message::text(text).scene(setting.scene);
            let at = Timestamp(setting.at.0 + second);
            let verdict = self.scanner.scan_in(
                &mut conversation,
                self.rulesets,
                &setting.policy,
                &message,
                at,
            );
            let mut findings = verdict.findings.iter().chain(&verdict.shadow);
            findings.find(|finding| finding.rule == setting.id).cloned()
        })
    }

    fn class(
        &mut self,
        class: Class,
        id: &Arc<str>,
        subjects: &[(Subject, Setting)],
    ) -> Option<Count> {
        let mut count = Count {
            rule: Arc::clone(id),
            class,
            tried: 0,
            found: 0,
            missed: Vec::new(),
        };
        let mut random = Random::new(self.asked.seed ^ hash(class.name()) ^ hash(id));
        let order = random.some(&(0..subjects.len()).collect::<Vec<_>>(), subjects.len());
        // Where there are few, each is disguised several times.
        for round in 0..4u64 {
            for at in &order {
                if count.tried == self.asked.per_class {
                    break;
                }
                let (subject, setting) = &subjects[*at];
                let seed = self.asked.seed ^ hash(&subject.text) ^ hash(class.name()) ^ round << 56;
                self.one(class, subject, setting, seed, &mut count);
            }
        }
        (count.tried > 0).then_some(count)
    }

    fn one(
        &mut self,
        class: Class,
        subject: &Subject,
        setting: &Setting,
        seed: u64,
        count: &mut Count,
    ) {
        let spans: Vec<Range<usize>> = subject
            .spans
            .iter()
            .zip(&subject.variants)
            .filter(|(_, variants)| variants.contains_all(class.variants()))
            .map(|(span, _)| span.clone())
            .collect();
        if spans.is_empty() {
            return;
        }
        let Some(disguised) = self.generator.disguise(class, &subject.text, &spans, seed) else {
            return;
        };
        let mut without = subject.text.clone();
        for changed in disguised.changed.iter().rev() {
            without.replace_range(spans[*changed].clone(), " , ");
        }
        if self.finding(&[without], setting).is_some() {
            return;
        }
        count.tried += 1;
        if self.finding(&disguised.messages, setting).is_some() {
            count.found += 1;
        } else if count.missed.len() < MOST_MISSED {
            count.missed.push(disguised.messages);
        }
    }
}

/// FNV-1a (Fowler, Noll and Vo): a number of a text that no run changes.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
