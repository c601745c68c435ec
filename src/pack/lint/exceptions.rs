//! Exceptions that take nothing away, or everything.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Ground, Owner, Use};
use crate::diag::{Diagnostic, codes, said};
use crate::pack::condition::operands;
use crate::pack::model::{ListRef, Operand, Term};
use crate::pack::reading::Reading;
use crate::pack::regex;
use crate::pack::report::shown;
use crate::pack::terms::{RawTerm, plain};

/// Comparisons of terms with exceptions, beyond which nothing is said.
const MOST: usize = 1 << 20;

impl Reading<'_, '_> {
    pub(super) fn lint_exceptions(&mut self, ground: &Ground<'_>, uses: &[Use<'_>]) {
        for used in uses {
            self.report.owner = used.owner;
            self.lint_idle(&used.raw.except, &mut used.raw.terms.iter());
            self.lint_covering(used, &used.raw.except, &used.list.except);
            for (rule, _) in &used.rules {
                let raw = ground
                    .pack
                    .rules
                    .iter()
                    .zip(ground.rules)
                    .position(|(known, _)| std::ptr::eq(known, *rule))
                    .and_then(|index| Some((index, ground.rules.get(index)?)));
                if let Some((index, raw)) = raw {
                    self.report.owner = Owner::Rule(index);
                    self.lint_covering(used, &raw.except, &rule.except);
                }
            }
            self.report.owner = Owner::Pack;
            self.lint_covering(used, ground.except, &ground.pack.except);
        }
        for (index, (raw, rule)) in ground.rules.iter().zip(&ground.pack.rules).enumerate() {
            let mut lists: Vec<&Use<'_>> = Vec::new();
            let mut elsewhere = false;
            operands(&rule.when, &mut |operand| match operand {
                Operand::List(list) => lists.extend(uses.iter().find(|used| {
                    used.rules
                        .iter()
                        .any(|(of, by)| std::ptr::eq(*of, rule) && by == list)
                })),
                // Hits of rules that stand elsewhere.
                Operand::Category(_) => elsewhere = true,
            });
            if !elsewhere {
                self.report.owner = Owner::Rule(index);
                self.lint_idle(
                    &raw.except,
                    &mut lists.iter().flat_map(|used| &used.raw.terms),
                );
            }
        }
        self.report.owner = Owner::Pack;
        self.lint_idle(
            ground.except,
            &mut uses.iter().flat_map(|used| &used.raw.terms),
        );
    }

    /// Warns of exceptions inside which none of the terms can lie.
    fn lint_idle(&mut self, except: &[RawTerm], terms: &mut dyn Iterator<Item = &RawTerm>) {
        if except.is_empty() {
            return;
        }
        let mut texts = Vec::new();
        for term in terms {
            // What a regex matches is not known here.
            if term.regex || texts.len() * except.len() > MOST {
                return;
            }
            texts.push(plain(&term.text));
        }
        for exception in except.iter().filter(|exception| !exception.regex) {
            let whole = plain(&exception.text);
            if !texts.iter().any(|text| whole.contains(text.as_str())) {
                let what = shown(&exception.text);
                let warning = Diagnostic::new(
                    &codes::IDLE_EXCEPTION,
                    Arc::clone(&exception.file),
                    exception.span.clone(),
                    said!(
                        "no term lies inside the exception {what}",
                        "例外 {what} 中不含任何词"
                    ),
                )
                .with_help(said!(
                    "write the exception out with the term in it, or remove it",
                    "请写出包含该词的完整例外，或删除它"
                ));
                self.report.warn(warning);
            }
        }
    }

    /// Warns of exceptions that are a term themselves: they take every hit of it away.
    fn lint_covering(&mut self, used: &Use<'_>, raw: &[RawTerm], except: &[Term]) {
        if except.is_empty() {
            return;
        }
        let literals: HashMap<String, usize> = except
            .iter()
            .enumerate()
            .filter(|(_, exception)| !exception.regex)
            .map(|(index, exception)| (plain(&exception.text), index))
            .collect();
        let regexes: Vec<(usize, regex::Whole)> = except
            .iter()
            .enumerate()
            .filter(|(_, exception)| exception.regex)
            .take(32)
            .filter_map(|(index, exception)| {
                Some((index, regex::Whole::new(&exception.text, self.limits)?))
            })
            .collect();
        let literals_only = regexes.is_empty() || used.list.terms.len() > 10_000;
        let mut covered: HashMap<usize, Vec<&Term>> = HashMap::new();
        for term in used.list.terms.iter().filter(|term| !term.regex) {
            let by = literals.get(&plain(&term.text)).copied().or_else(|| {
                if literals_only {
                    return None;
                }
                regexes
                    .iter()
                    .find(|(_, regex)| regex.is_match(&term.text))
                    .map(|(index, _)| *index)
            });
            if let Some(by) = by {
                covered.entry(by).or_default().push(term);
            }
        }
        let all = covered.values().map(Vec::len).sum::<usize>() == used.list.terms.len();
        let sole = used
            .rules
            .iter()
            .any(|(rule, list)| names_only(rule, *list));
        let mut covered: Vec<_> = covered.into_iter().collect();
        covered.sort_by_key(|(by, _)| *by);
        for (by, terms) in covered {
            let (exception, first) = (&raw[by], shown(&terms[0].text));
            let what = shown(&exception.text);
            let (code, said) = if all && sole {
                (
                    &codes::EXCEPTION_COVERS_RULE,
                    said!(
                        "the exception {what} takes every hit of the rule away: it never fires",
                        "例外 {what} 会移除规则的全部命中：规则永远不会触发"
                    ),
                )
            } else {
                (
                    &codes::EXCEPTION_COVERS_TERM,
                    said!(
                        "the exception {what} is the term {first} itself: the term is never found",
                        "例外 {what} 就是词 {first} 本身：该词永远不会命中"
                    ),
                )
            };
            let warning = Diagnostic::new(
                code,
                Arc::clone(&exception.file),
                exception.span.clone(),
                said,
            )
            .with_help(said!(
                "write a longer text that is harmless, with the term inside it; or remove the term",
                "请写包含该词而无害的更长文本；或删除该词"
            ));
            self.report.warn(warning);
        }
    }
}

/// Whether the list is all that the rule's condition names.
fn names_only(rule: &crate::pack::model::Rule, list: ListRef) -> bool {
    let mut only = true;
    operands(&rule.when, &mut |operand| {
        only &= *operand == Operand::List(list)
    });
    only
}
