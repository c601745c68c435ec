//! Conditions over hits, and the findings they make.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::Case;
use super::hits::{Text, of_term, size_and_order};
use super::policy;
use super::windows::{self, Across};
use crate::pack::{Condition, List, ListRef, Operand, Pack, Rule, Status, Term};
use crate::primitives::{Span, Window};
use crate::text::tables::{self, Class, Script};
use crate::variant::Variants;
use crate::verdict::{self, Earlier, Finding, Listing};

/// The findings of rules in force, and of those in shadow, in the order of rulesets and rules.
pub(super) fn findings(case: &Case<'_>, parts: &[&str]) -> (Vec<Finding>, Vec<Finding>) {
    let message = Message {
        case,
        parts: parts.iter().map(|part| Text::new(part)).collect(),
        known: RefCell::default(),
    };
    let mut findings = Vec::new();
    let mut shadow = Vec::new();
    for (ruleset, packs) in case.packs.iter().enumerate() {
        for pack in packs.iter() {
            for rule in &pack.rules {
                let seen = Seen {
                    message: &message,
                    ruleset,
                    pack,
                    rule,
                };
                let found = message.is_live(rule).then(|| seen.finding()).flatten();
                if message.in_shadow(pack, rule) {
                    shadow.extend(found);
                } else {
                    findings.extend(found);
                }
            }
        }
    }
    (findings, shadow)
}

/// A message, and the hits of each term in it, once looked for.
struct Message<'a> {
    case: &'a Case<'a>,
    parts: Vec<Text<'a>>,
    known: RefCell<BTreeMap<Term, Rc<Vec<Hit>>>>,
}

impl Message<'_> {
    fn is_live(&self, rule: &Rule) -> bool {
        let at = self.case.at;
        matches!(rule.status, Status::Enforce | Status::Shadow)
            && rule.from.is_none_or(|from| from <= at)
            && rule.until.is_none_or(|until| at < until)
            && rule.scenes.contains(self.case.scene)
            && (rule.listings.is_empty() || !self.listings(rule).is_empty())
    }

    fn in_shadow(&self, pack: &Pack, rule: &Rule) -> bool {
        let outside = rule.rollout < 10_000
            && self.case.conversation.is_none_or(|conversation| {
                let drawn =
                    blake3::hash(format!("{}/{}\0{conversation}", pack.id, rule.id).as_bytes());
                let mut first = [0; 8];
                first.copy_from_slice(&drawn.as_bytes()[..8]);
                u64::from_le_bytes(first) % 10_000 >= u64::from(rule.rollout)
            });
        rule.status == Status::Shadow
            || outside
            || policy::in_shadow(self.case, &format!("{}/{}", pack.id, rule.id))
    }

    /// The listings in force that make the rule live.
    fn listings(&self, rule: &Rule) -> Vec<Listing> {
        let heeded = policy::jurisdictions(self.case);
        rule.listings
            .iter()
            .filter(|listing| listing.in_force(self.case.at))
            .filter(|listing| {
                &*listing.list == "UN" || heeded.iter().any(|list| **list == *listing.list)
            })
            .cloned()
            .collect()
    }

    /// The hits of a term in all parts.
    fn hits(&self, term: &Term) -> Rc<Vec<Hit>> {
        if let Some(hits) = self.known.borrow().get(term) {
            return Rc::clone(hits);
        }
        let mut hits = Vec::new();
        for (part, text) in self.parts.iter().enumerate() {
            for (span, variants) in of_term(term, text, self.case.limits) {
                hits.push(Hit {
                    part,
                    span,
                    term: Arc::clone(&term.text),
                    variants,
                    across: None,
                });
            }
        }
        let hits = Rc::new(hits);
        self.known
            .borrow_mut()
            .insert(term.clone(), Rc::clone(&hits));
        hits
    }

    /// The hit of a term that ends in this message and began in an earlier one, if it fits the window.
    fn across(&self, term: &Term, window: Window) -> Option<Hit> {
        let [newest] = &self.parts[..] else {
            return None;
        };
        let Case {
            before, at, limits, ..
        } = self.case;
        let across = windows::across(term, before, newest.original, *at, limits.text_bytes)?;
        across.fits(window).then(|| Hit {
            part: 0,
            span: across.span,
            term: Arc::clone(&term.text),
            variants: Variants::EXACT,
            across: Some(Rc::new(across)),
        })
    }

    fn hits_of_all(&self, terms: &[Term]) -> Vec<Hit> {
        terms
            .iter()
            .flat_map(|term| self.hits(term).to_vec())
            .collect()
    }
}

/// A hit, as conditions see it.
#[derive(Clone, Debug, PartialEq)]
struct Hit {
    part: usize,
    /// Of a term cut over messages, where its last piece lies.
    span: Span,
    term: Arc<str>,
    variants: Variants,
    across: Option<Rc<Across>>,
}

/// What one rule sees of a message.
#[derive(Clone, Copy)]
struct Seen<'a> {
    message: &'a Message<'a>,
    ruleset: usize,
    pack: &'a Pack,
    rule: &'a Rule,
}

impl<'a> Seen<'a> {
    fn finding(self) -> Option<Finding> {
        let rule = self.rule;
        let took_part = self.evaluate(&rule.when)?;
        let mut action = rule.action;
        if let Some(lower) = &rule.lower {
            let unless = lower.unless.as_ref();
            if self.evaluate(&lower.when).is_some()
                && unless.is_none_or(|unless| self.evaluate(unless).is_none())
            {
                action = action.min(lower.to);
            }
        }
        let mut hits = distinct(took_part);
        hits.truncate(self.message.case.limits.spans);
        Some(Finding {
            rule: Arc::from(format!("{}/{}", self.pack.id, rule.id)),
            category: Arc::clone(&rule.category),
            severity: rule.severity,
            action,
            lowered_from: (action != rule.action).then_some(rule.action),
            alert: rule.alert,
            references: Arc::clone(&rule.references),
            listings: self.message.listings(rule),
            hits,
        })
    }

    /// The hits that take part, if the condition holds.
    fn evaluate(self, condition: &Condition) -> Option<Vec<Hit>> {
        match condition {
            Condition::Any(operand) => some_if_any(self.operand(operand)),
            Condition::And(members) => {
                let members: Option<Vec<_>> =
                    members.iter().map(|member| self.evaluate(member)).collect();
                Some(members?.concat())
            }
            Condition::Or(members) => {
                let members: Vec<_> = members
                    .iter()
                    .filter_map(|member| self.evaluate(member))
                    .collect();
                (!members.is_empty()).then(|| members.concat())
            }
            Condition::Not(member) => match self.evaluate(member) {
                Some(_) => None,
                None => Some(Vec::new()),
            },
            Condition::Near {
                left,
                right,
                distance,
                ordered,
            } => some_if_any(self.near(left, right, *distance as usize, *ordered)),
            Condition::Lists { count, of } => {
                let hits: Vec<_> = of.iter().map(|operand| self.operand(operand)).collect();
                let with_hits = hits.iter().filter(|hits| !hits.is_empty()).count();
                (with_hits >= *count as usize).then(|| hits.concat())
            }
            Condition::Terms { count, of } => {
                let hits = self.operand(of);
                let terms: BTreeSet<_> = hits.iter().map(|hit| &hit.term).collect();
                (terms.len() >= *count as usize).then_some(hits)
            }
        }
    }

    fn near(self, left: &[Operand], right: &[Operand], distance: usize, ordered: bool) -> Vec<Hit> {
        let of = |operands: &[Operand]| -> Vec<Hit> {
            operands
                .iter()
                .flat_map(|operand| self.operand(operand))
                .collect()
        };
        let (left, right) = (of(left), of(right));
        let mut took_part = Vec::new();
        for x in &left {
            for y in &right {
                if x.part != y.part || x.span.overlaps(y.span) {
                    continue;
                }
                let (earlier, later) = if x.span < y.span { (x, y) } else { (y, x) };
                let text = self.message.parts[x.part].original;
                let between = units_between(text, earlier.span.end, later.span.start);
                if between <= distance && (!ordered || earlier == x) {
                    took_part.extend([x.clone(), y.clone()]);
                }
            }
        }
        took_part
    }

    fn operand(self, operand: &Operand) -> Vec<Hit> {
        let mut hits = match operand {
            Operand::List(list) => self.list_hits(*list, self.rule.window),
            Operand::Category(category) => self.category_hits(category),
        };
        let Message { case, .. } = self.message;
        let rule = format!("{}/{}", self.pack.id, self.rule.id);
        if policy::is_open(case, self.ruleset, &rule, &self.rule.category) {
            let allow = case.house.tenant.map_or(&[][..], |tenant| &tenant.allow);
            let allowed = self.message.hits_of_all(allow);
            hits.retain(|hit| {
                !allowed
                    .iter()
                    .any(|allowed| allowed.part == hit.part && allowed.span.holds(hit.span))
            });
        }
        hits
    }

    fn list(self, list: ListRef) -> &'a List {
        match list {
            ListRef::Pack(index) => &self.pack.lists[index],
            ListRef::Rule(index) => &self.rule.lists[index],
        }
    }

    /// The hits of a list, those over several messages included that fit a window, and that the rule is sure enough of, after the exceptions of the list, the rule and the pack.
    fn list_hits(self, list: ListRef, window: Option<Window>) -> Vec<Hit> {
        let list = self.list(list);
        let exceptions: Vec<Hit> = [&list.except, &self.rule.except, &self.pack.except]
            .into_iter()
            .flat_map(|terms| self.message.hits_of_all(terms))
            .collect();
        let mut hits = self.message.hits_of_all(&list.terms);
        if let Some(window) = window {
            let terms = list.terms.iter();
            hits.extend(terms.filter_map(|term| self.message.across(term, window)));
        }
        hits.retain(|hit| {
            let sure = hit.variants.confidence() >= self.rule.min_confidence;
            sure && !exceptions
                .iter()
                .any(|exception| exception.part == hit.part && exception.span.holds(hit.span))
        });
        hits
    }

    /// The hits of the positive lists of every live rule in the category, here and in the rulesets before.
    fn category_hits(self, category: &str) -> Vec<Hit> {
        let below = format!("{category}.");
        let mut hits = Vec::new();
        for (ruleset, packs) in self.message.case.packs[..=self.ruleset].iter().enumerate() {
            for pack in packs.iter() {
                for rule in &pack.rules {
                    let in_category =
                        &*rule.category == category || rule.category.starts_with(&below);
                    let visible = !self.message.in_shadow(pack, rule)
                        || self.message.in_shadow(self.pack, self.rule);
                    if in_category && visible && self.message.is_live(rule) {
                        let other = Seen {
                            message: self.message,
                            ruleset,
                            pack,
                            rule,
                        };
                        for list in positive_lists(&rule.when) {
                            hits.extend(other.list_hits(list, None));
                        }
                    }
                }
            }
        }
        hits
    }
}

fn some_if_any(hits: Vec<Hit>) -> Option<Vec<Hit>> {
    (!hits.is_empty()).then_some(hits)
}

/// The lists that a condition names outside `not`.
fn positive_lists(condition: &Condition) -> Vec<ListRef> {
    let lists = |operands: &[Operand]| -> Vec<ListRef> {
        operands
            .iter()
            .filter_map(|operand| match operand {
                Operand::List(list) => Some(*list),
                Operand::Category(_) => None,
            })
            .collect()
    };
    match condition {
        Condition::Any(operand) | Condition::Terms { of: operand, .. } => {
            lists(std::slice::from_ref(operand))
        }
        Condition::And(members) | Condition::Or(members) => {
            members.iter().flat_map(positive_lists).collect()
        }
        Condition::Not(_) => Vec::new(),
        Condition::Near { left, right, .. } => [lists(left), lists(right)].concat(),
        Condition::Lists { of, .. } => lists(of),
    }
}

/// Sorted by part, start, end and term, each once; of those that differ in variants alone, the smallest set. Of those over several
/// messages, each piece, the first first.
fn distinct(mut hits: Vec<Hit>) -> Vec<verdict::Hit> {
    let began = |hit: &Hit| {
        let first = hit.across.as_ref().map(|across| &across.earlier[0]);
        first.map(|(back, _, span)| (Reverse(*back), span.start))
    };
    let place = |hit: &Hit| (hit.part, hit.span, Arc::clone(&hit.term), began(hit));
    hits.sort_by(|a, b| {
        (place(a), size_and_order(a.variants)).cmp(&(place(b), size_and_order(b.variants)))
    });
    hits.dedup_by(|b, a| place(a) == place(b));
    hits.into_iter().flat_map(pieces).collect()
}

fn pieces(hit: Hit) -> Vec<verdict::Hit> {
    let Hit {
        part,
        span,
        term,
        variants,
        across,
    } = hit;
    let piece = |span, earlier| verdict::Hit {
        part,
        span,
        term: Arc::clone(&term),
        variants,
        earlier,
    };
    let earlier = across.iter().flat_map(|across| &across.earlier);
    earlier
        .map(|(back, id, span)| {
            let id = id.as_deref().map(Arc::from);
            piece(*span, Some(Earlier { back: *back, id }))
        })
        .chain([piece(span, None)])
        .collect()
}

/// The units that start at `from` or later and before `until`.
fn units_between(text: &str, from: usize, until: usize) -> usize {
    let mut starts = Vec::new();
    let mut in_run = false;
    for (at, c) in text.char_indices() {
        if tables::is_invisible(c) {
            continue;
        }
        let alone = matches!(
            tables::script(c),
            Script::Han | Script::Kana | Script::Unspaced
        );
        let counted =
            tables::is_mark(c) || matches!(tables::class(c), Class::Letter | Class::Digit);
        if alone || (counted && !in_run) {
            starts.push(at);
        }
        in_run = counted && !alone;
    }
    starts
        .into_iter()
        .filter(|start| (from..until).contains(start))
        .count()
}
