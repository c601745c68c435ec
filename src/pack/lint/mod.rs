//! Lints: what compiles, and most likely does not do what was meant.
//!
//! Warnings are put down with their owner while a pack is read ([`Owner`]); those that need the whole pack are looked for at the end, where nothing is
//! wrong with it. What a rule allows ([`Allow`]) is then taken out, and what it allows without need is a warning itself.
//!
//! Each lint is linear in the pack, or has a bound of its own beyond which it says nothing.

mod conditions;
mod exceptions;
mod history;
mod rules;
mod terms;

pub(crate) use terms::frequency;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::check::Checks;
use super::keys::{Kind, nearest};
use super::model::{Condition, List, ListRef, Operand, Pack, Rule, Status};
use super::reading::Reading;
use super::report::shown;
use super::syntax::Table;
use super::terms::{RawList, RawTerm};
use crate::diag::{Code, Edit, Fix, Level, codes, said};
use crate::verdict::Action;

/// Whose a warning is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// The pack's.
    #[default]
    Pack,
    /// That of the pack's list at this place, and so of the rules that use it.
    List(usize),
    /// That of the rule at this place.
    Rule(usize),
}

/// A lint that a rule switches off.
#[derive(Debug)]
pub(super) struct Allow {
    code: &'static str,
    at: Range<usize>,
    used: Cell<bool>,
}

/// A rule as it is written, for lints that point at it.
#[derive(Default)]
pub(super) struct RawRule {
    pub(super) header: Range<usize>,
    pub(super) id: Range<usize>,
    pub(super) when: Range<usize>,
    pub(super) lower: Range<usize>,
    pub(super) effective: Range<usize>,
    pub(super) listings: Range<usize>,
    pub(super) lists: Vec<RawList>,
    pub(super) except: Vec<RawTerm>,
    /// Copies of the pack's lists, by the place of these, as places in the rule's lists.
    pub(super) copies: BTreeMap<usize, usize>,
    pub(super) allows: Vec<Allow>,
}

/// What lints look at: a pack and how it is written.
struct Ground<'a> {
    pack: &'a Pack,
    lists: &'a [(RawList, bool)],
    except: &'a [RawTerm],
    rules: &'a [RawRule],
}

/// A list, how it is written, and the rules that use it.
struct Use<'a> {
    owner: Owner,
    raw: &'a RawList,
    list: &'a List,
    /// The rules, with how they name the list.
    rules: Vec<(&'a Rule, ListRef)>,
}

impl<'a> Ground<'a> {
    /// Every list of the pack and of its rules.
    fn uses(&self) -> Vec<Use<'a>> {
        let mut uses: Vec<Use<'a>> = self
            .lists
            .iter()
            .zip(&self.pack.lists)
            .enumerate()
            .map(|(index, ((raw, _), list))| Use {
                owner: Owner::List(index),
                raw,
                list,
                rules: Vec::new(),
            })
            .collect();
        for (index, (raw, rule)) in self.rules.iter().zip(&self.pack.rules).enumerate() {
            for list in named(rule) {
                let of_pack = match list {
                    ListRef::Pack(of_pack) => Some(of_pack),
                    ListRef::Rule(own) => raw
                        .copies
                        .iter()
                        .find(|(_, copy)| **copy == own)
                        .map(|(of_pack, _)| *of_pack),
                };
                if let Some(of_pack) = of_pack.and_then(|of_pack| uses.get_mut(of_pack)) {
                    of_pack.rules.push((rule, list));
                }
            }
            for (own, (list, raw)) in rule.lists.iter().zip(&raw.lists).enumerate() {
                uses.push(Use {
                    owner: Owner::Rule(index),
                    raw,
                    list,
                    rules: vec![(rule, ListRef::Rule(own))],
                });
            }
        }
        uses
    }
}

/// The lists that a rule's conditions name, each once.
fn named(rule: &Rule) -> Vec<ListRef> {
    let mut lists = Vec::new();
    let mut add = |operand: &Operand| {
        if let Operand::List(list) = operand
            && !lists.contains(list)
        {
            lists.push(*list);
        }
    };
    super::condition::operands(&rule.when, &mut add);
    if let Some(lower) = &rule.lower {
        super::condition::operands(&lower.when, &mut add);
        if let Some(unless) = &lower.unless {
            super::condition::operands(unless, &mut add);
        }
    }
    lists
}

impl Use<'_> {
    /// Whether a hit of the list, and nothing else, makes a rule fire that does something about it.
    fn suffices(&self) -> bool {
        self.rules.iter().any(|(rule, list)| {
            let screened = matches!(rule.status, Status::Enforce | Status::Shadow);
            let acts = rule.action != Action::Pass || rule.alert;
            screened && acts && holds_with(&rule.when, *list)
        })
    }

    /// Whether a rule that uses it does something about its hits.
    fn acts(&self) -> bool {
        self.rules
            .iter()
            .any(|(rule, _)| rule.action != Action::Pass || rule.alert)
    }

    /// Whether a condition counts its terms.
    fn is_counted(&self) -> bool {
        fn counts(condition: &Condition, list: ListRef) -> bool {
            match condition {
                Condition::Terms { of, .. } => *of == Operand::List(list),
                Condition::And(members) | Condition::Or(members) => {
                    members.iter().any(|member| counts(member, list))
                }
                Condition::Not(inner) => counts(inner, list),
                _ => false,
            }
        }
        self.rules
            .iter()
            .any(|(rule, list)| counts(&rule.when, *list))
    }
}

/// Whether the condition holds where one hit of the list is all there is.
fn holds_with(condition: &Condition, list: ListRef) -> bool {
    let is = |operand: &&Operand| **operand == Operand::List(list);
    match condition {
        Condition::Any(operand) => is(&operand),
        Condition::Terms { count, of } => *count <= 1 && is(&of),
        Condition::Lists { count, of } => of.iter().filter(is).count() >= *count as usize,
        Condition::Near { .. } => false,
        Condition::And(members) => members.iter().all(|member| holds_with(member, list)),
        Condition::Or(members) => members.iter().any(|member| holds_with(member, list)),
        Condition::Not(inner) => !holds_with(inner, list),
    }
}

impl Reading<'_, '_> {
    /// Everything about a pack in which nothing is wrong.
    pub(super) fn lint(&mut self, pack: &Pack, except: &[RawTerm], checks: &Checks<'_>) {
        let lists = std::mem::take(&mut self.lists);
        let rules = std::mem::take(&mut self.rules);
        let ground = Ground {
            pack,
            lists: &lists,
            except,
            rules: &rules,
        };
        let uses = ground.uses();
        for used in &uses {
            self.report.owner = used.owner;
            self.lint_terms(used, &ground);
        }
        self.lint_exceptions(&ground, &uses);
        for (index, (raw, rule)) in rules.iter().zip(&pack.rules).enumerate() {
            self.report.owner = Owner::Rule(index);
            self.lint_rule(raw, rule, pack, checks);
            self.lint_conditions(raw, rule, pack, checks);
        }
        self.report.owner = Owner::Pack;
        if let Some(old) = checks.against {
            self.lint_history(&ground, old);
        }
        let users: Vec<Vec<usize>> = uses
            .iter()
            .take(lists.len())
            .map(|used| {
                used.rules
                    .iter()
                    .filter_map(|(rule, _)| {
                        pack.rules
                            .iter()
                            .position(|known| std::ptr::eq(known, *rule))
                    })
                    .collect()
            })
            .collect();
        drop(uses);
        self.lists = lists;
        self.rules = rules;
        self.settle_warnings(Some(&users));
    }

    /// Takes out the warnings that are allowed and hands on the others. `users` are the rules of each list of the pack; without it, where something
    /// is wrong with the pack, only a rule's own warnings are taken out, and no allowance is called idle.
    pub(super) fn settle_warnings(&mut self, users: Option<&[Vec<usize>]>) {
        let warnings = std::mem::take(&mut self.report.warnings);
        let allows = |rule: usize, code: &str| {
            self.rules
                .get(rule)
                .and_then(|rule| rule.allows.iter().find(|allow| allow.code == code))
        };
        let mut kept = Vec::new();
        for (owner, warning) in warnings {
            let of: &[usize] = match &owner {
                Owner::Pack => &[],
                Owner::Rule(rule) => std::slice::from_ref(rule),
                Owner::List(list) => users
                    .and_then(|users| users.get(*list))
                    .map_or(&[], Vec::as_slice),
            };
            let found: Vec<&Allow> = of
                .iter()
                .filter_map(|rule| allows(*rule, warning.code))
                .collect();
            // A list's warning concerns all who use it.
            if !of.is_empty() && found.len() == of.len() {
                found.iter().for_each(|allow| allow.used.set(true));
            } else {
                kept.push(warning);
            }
        }
        if users.is_some() {
            for allow in self
                .rules
                .iter()
                .flat_map(|rule| &rule.allows)
                .filter(|allow| !allow.used.get())
            {
                let code = allow.code;
                kept.push(
                    self.report
                        .at(
                            &codes::UNUSED_ALLOW,
                            allow.at.clone(),
                            said!(
                                "nothing here gives the warning `{code}`",
                                "这里没有 `{code}` 警告"
                            ),
                        )
                        .with_help(said!(
                            "remove it from `allow_lints`",
                            "请从 `allow_lints` 中删除"
                        )),
                );
            }
        }
        for warning in kept {
            self.report.diags.push(warning);
        }
    }

    /// `allow_lints = [{ code, reason }]` of a rule.
    pub(super) fn allows(&mut self, table: &Table<'_>) -> Vec<Allow> {
        let mut allows = Vec::new();
        for (lint, at) in self.tables(table, "allow_lints", Kind::Lint) {
            for key in Kind::Lint.keys() {
                if Self::value(lint, key).is_none() {
                    self.missing(
                        key,
                        at.clone(),
                        "allow_lints",
                        said!(
                            "write `{{ code = \"one-character-term\", reason = \"...\" }}`",
                            "请写 `{{ code = \"one-character-term\", reason = \"...\" }}`"
                        ),
                    );
                }
            }
            if let Some(reason) = self.string(lint, "reason")
                && reason.text.trim().is_empty()
            {
                self.report.say(
                    &codes::UNKNOWN_VALUE,
                    reason.span(),
                    said!("the reason is empty", "理由是空的"),
                    said!(
                        "say why the warning does not matter here",
                        "请说明为什么这里可以忽略该警告"
                    ),
                );
            }
            let Some(code) = self.string(lint, "code") else {
                continue;
            };
            match codes::by_name(code.text) {
                Some(known) if known.level == Level::Warning => allows.push(Allow {
                    code: known.name,
                    at: code.span(),
                    used: Cell::new(false),
                }),
                Some(_) => self.report.say(
                    &codes::UNKNOWN_VALUE,
                    code.span(),
                    said!("an error cannot be allowed", "错误不能忽略"),
                    said!(
                        "mend what it is about; only warnings can be switched off",
                        "请修正该错误；只有警告可以关闭"
                    ),
                ),
                None => self.unknown_lint(code.text, code.span()),
            }
        }
        allows
    }

    fn unknown_lint(&mut self, code: &str, at: Range<usize>) {
        let lints = || {
            codes::CODES
                .iter()
                .filter(|code| code.level == Level::Warning)
                .map(|code| code.name)
        };
        let what = shown(code);
        let mut diagnostic = self.report.at(
            &codes::UNKNOWN_VALUE,
            at.clone(),
            said!("there is no warning {what}", "没有名为 {what} 的警告"),
        );
        diagnostic = match nearest(code, lints()) {
            Some(near) => diagnostic
                .with_help(said!("did you mean \"{near}\"?", "是否想写 \"{near}\"？"))
                .with_fix(Fix::likely(vec![Edit::new(at, format!("\"{near}\""))])),
            None => diagnostic.with_help(said!(
                "write the code that stands in brackets behind the warning; `tidegate explain-code` lists them",
                "请写警告后方括号中的代码；`tidegate explain-code` 列出全部代码"
            )),
        };
        self.report.diags.push(diagnostic);
    }

    /// A warning of the current owner.
    fn warn(
        &mut self,
        code: &'static Code,
        at: Range<usize>,
        what: crate::diag::Said,
        help: crate::diag::Said,
    ) {
        let warning = self.report.at(code, at, what).with_help(help);
        self.report.warn(warning);
    }
}
