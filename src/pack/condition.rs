//! From a condition as written to one whose names are resolved.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::keys::nearest;
use super::mend::toml_string;
use super::model::{Condition, List, ListRef, Operand};
use super::reading::{Reading, Text};
use super::report::shown;
use super::terms::KEYWORDS;
use super::when::{self, Name, Swap, Written};
use crate::diag::{Edit, Fix, codes, said};
use crate::variant::Variants;

/// The lists that a rule's conditions can name.
pub(super) struct Scope {
    /// The rule's own lists, and after them copies of the pack's lists with the rule's variants.
    pub(super) lists: Vec<List>,
    /// How many of `lists` are the rule's own.
    pub(super) own: usize,
    /// Which of the rule's own lists were named.
    pub(super) used: Vec<bool>,
    /// Copies by the place of the pack's list.
    pub(super) copies: BTreeMap<usize, usize>,
    /// The rule's `variants`.
    pub(super) variants: Option<Variants>,
}

impl Reading<'_, '_> {
    /// The condition that `text` is; `None` if something is wrong with it, which is reported.
    pub(super) fn condition(&mut self, text: Text<'_, '_>, scope: &mut Scope) -> Option<Condition> {
        let mut swaps = Vec::new();
        let read = when::read(text.text, self.limits, &mut swaps);
        let swapped = !swaps.is_empty();
        if swapped {
            self.swapped(text, &swaps);
        }
        match read {
            Ok(written) => self.resolve(written, &text.span(), scope),
            // Of a condition that was not understood as it stands, one thing at a time.
            Err(_) if swapped => None,
            // A list under a word of the language is told already.
            Err(_)
                if KEYWORDS
                    .iter()
                    .any(|word| self.report.misnamed.contains(*word)) =>
            {
                None
            }
            Err(problem) => {
                let at = self.inner(text.span(), problem.at);
                self.report
                    .say(problem.code, at, problem.what, problem.help);
                None
            }
        }
    }

    /// Says what stands for another sign, and how the condition should read.
    fn swapped(&mut self, text: Text<'_, '_>, swaps: &[Swap]) {
        let [first, more @ ..] = swaps else { return };
        let within: Vec<Edit> = swaps
            .iter()
            .map(|swap| Edit::new(swap.at.clone(), &*swap.meant))
            .collect();
        let right = Fix::apply(text.text, &within);
        let place = |swap: &Swap| self.inner(text.span(), swap.at.clone());
        let edits: Vec<Edit> = swaps
            .iter()
            .map(|swap| Edit::new(place(swap), &*swap.meant))
            .collect();
        let what = shown(&text.text[first.at.clone()]);
        let mut diagnostic = self
            .report
            .at(
                &codes::BAD_CONDITION,
                place(first),
                said!(
                    "{what} has no meaning in a condition",
                    "条件中不能用 {what}"
                ),
            )
            .with_help(if right.len() <= 200 {
                said!("write `{right}`", "请写 `{right}`")
            } else {
                let meant = first.meant.trim();
                said!("write `{meant}`", "请写 `{meant}`")
            });
        for swap in more.iter().take(8) {
            let meant = swap.meant.trim();
            let help = if meant.is_empty() && !swap.meant.is_empty() {
                said!("write an ordinary space", "请写半角空格")
            } else if meant.is_empty() {
                said!("remove it", "请删除")
            } else {
                said!("write `{meant}`", "请写 `{meant}`")
            };
            diagnostic = diagnostic.with_label(place(swap), help);
        }
        let sure = swaps.iter().all(|swap| swap.sure);
        diagnostic.fix = Some(if sure {
            Fix::safe(edits)
        } else {
            Fix::likely(edits)
        });
        self.report.diags.push(diagnostic);
    }

    fn resolve(
        &mut self,
        written: Written,
        string: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Condition> {
        Some(match written {
            Written::Any(name) => Condition::Any(self.operand(&name, string, scope)?),
            Written::And(members) => Condition::And(self.members(members, string, scope)?),
            Written::Or(members) => Condition::Or(self.members(members, string, scope)?),
            Written::Not(inner) => Condition::Not(Box::new(self.resolve(*inner, string, scope)?)),
            Written::Near {
                left,
                right,
                distance,
                ordered,
            } => {
                let left = self.operands(&left, string, scope);
                let right = self.operands(&right, string, scope);
                Condition::Near {
                    left: left?,
                    right: right?,
                    distance,
                    ordered,
                }
            }
            Written::Lists { count, of } => {
                let operands = self.operands(&of, string, scope)?;
                for (n, name) in of.iter().enumerate() {
                    if of[..n]
                        .iter()
                        .any(|before| before.text == name.text && before.category == name.category)
                    {
                        let what = shown(&name.text);
                        let at = self.inner(string.clone(), name.at.clone());
                        self.report.say(
                            &codes::BAD_COUNT,
                            at,
                            said!("{what} is counted twice", "{what} 被计了两次"),
                            said!("name each list once", "每个词表只写一次"),
                        );
                        return None;
                    }
                }
                self.count(&count, Some(operands.len()), string)?;
                Condition::Lists {
                    count: count.0,
                    of: operands,
                }
            }
            Written::Terms { count, of } => {
                let operand = self.operand(&of, string, scope)?;
                let terms = match &operand {
                    Operand::List(ListRef::Rule(index)) => {
                        scope.lists.get(*index).map(|list| list.terms.len())
                    }
                    Operand::List(ListRef::Pack(index)) => {
                        self.lists.get(*index).map(|(list, _)| list.terms.len())
                    }
                    Operand::Category(_) => None,
                };
                self.count(&count, terms, string)?;
                Condition::Terms {
                    count: count.0,
                    of: operand,
                }
            }
        })
    }

    fn members(
        &mut self,
        members: Vec<Written>,
        string: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Vec<Condition>> {
        // All of them are looked at, so that every unknown name is reported.
        let resolved: Vec<Option<Condition>> = members
            .into_iter()
            .map(|member| self.resolve(member, string, scope))
            .collect();
        resolved.into_iter().collect()
    }

    fn operands(
        &mut self,
        names: &[Name],
        string: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Vec<Operand>> {
        let resolved: Vec<Option<Operand>> = names
            .iter()
            .map(|name| self.operand(name, string, scope))
            .collect();
        resolved.into_iter().collect()
    }

    fn operand(
        &mut self,
        name: &Name,
        string: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Operand> {
        if name.category {
            return Some(Operand::Category(name.text.as_str().into()));
        }
        let own = scope.lists.iter().take(scope.own);
        if let Some(index) = own.into_iter().position(|list| *list.name == name.text) {
            if let Some(used) = scope.used.get_mut(index) {
                *used = true;
            }
            return Some(Operand::List(ListRef::Rule(index)));
        }
        if let Some(&index) = self.places.get(name.text.as_str()) {
            return Some(Operand::List(self.of_pack(index, string, scope)));
        }
        if self.report.misnamed.contains(&name.text) || self.report.is_broken(0) {
            // Its list is there under a name that is refused, or may be what could not be read.
            return None;
        }
        if self.report.diags.is_full() {
            // To look for the nearest name a million times would take long, and nobody would read it.
            self.report.count(&codes::UNKNOWN_LIST);
            return None;
        }
        let known: Vec<Arc<str>> = scope
            .lists
            .iter()
            .map(|list| &list.name)
            .chain(self.lists.iter().map(|(list, _)| &list.name))
            .map(Arc::clone)
            .collect();
        let names = known.iter().map(|name| &**name);
        let near = nearest(&name.text, names);
        let help = match near {
            Some(near) => said!("did you mean `{near}`?", "是否想写 `{near}`？"),
            None if !name.text.is_ascii() => {
                let term = toml_string(&name.text);
                said!(
                    "a condition names lists, not terms: write `words = [{term}]` below `[rule.lists]`, and `words` here",
                    "条件里写词表名，不写词：请在 `[rule.lists]` 下写 `words = [{term}]`，并在此写 `words`"
                )
            }
            None if known.is_empty() => said!(
                "add a list below `[rule.lists]` or `[lists]`",
                "请在 `[rule.lists]` 或 `[lists]` 下添加词表"
            ),
            None => {
                let some: Vec<&str> = known.iter().take(8).map(|name| &**name).collect();
                let some = some.join("`, `");
                said!("the lists are `{some}`", "现有词表：`{some}`")
            }
        };
        let what = shown(&name.text);
        let at = self.inner(string.clone(), name.at.clone());
        if self.report.is_broken(at.start) {
            return None;
        }
        let mut diagnostic = self
            .report
            .at(
                &codes::UNKNOWN_LIST,
                at.clone(),
                said!("there is no list {what}", "没有词表 {what}"),
            )
            .with_help(help);
        diagnostic.fix = near.map(|near| Fix::likely(vec![Edit::new(at, near)]));
        self.report.diags.push(diagnostic);
        None
    }

    /// The pack's list, or a copy of it where the rule's variants make a difference.
    fn of_pack(&mut self, index: usize, string: &Range<usize>, scope: &mut Scope) -> ListRef {
        let Some(variants) = scope.variants else {
            self.lists[index].1 = true;
            return ListRef::Pack(index);
        };
        let (list, used) = &mut self.lists[index];
        *used = true;
        if list.variants.is_some() || variants == self.defaults.variants {
            return ListRef::Pack(index);
        }
        if let Some(copy) = scope.copies.get(&index) {
            return ListRef::Rule(*copy);
        }
        // Taken out for as long as it is read.
        let empty = super::terms::RawList::named(&list.name);
        let raw = std::mem::replace(list, empty);
        let copied = self.count_copy(&raw, string.clone());
        if copied {
            let settled = self.settle(&raw, variants);
            scope.lists.push(settled);
        }
        self.lists[index].0 = raw;
        if !copied {
            return ListRef::Pack(index);
        }
        let copy = scope.lists.len() - 1;
        scope.copies.insert(index, copy);
        ListRef::Rule(copy)
    }

    fn count(
        &mut self,
        (count, at): &(u32, Range<usize>),
        of: Option<usize>,
        string: &Range<usize>,
    ) -> Option<()> {
        let most = of.unwrap_or(usize::MAX);
        if *count > 0 && usize::try_from(*count).is_ok_and(|count| count <= most) {
            return Some(());
        }
        let at = self.inner(string.clone(), at.clone());
        let help = match of {
            Some(most) if most > 0 => said!(
                "write a number from 1 to {most}",
                "请写 1 到 {most} 之间的数字"
            ),
            _ => said!("write a number above zero", "请写大于零的数字"),
        };
        self.report.miss(
            &codes::BAD_COUNT,
            at,
            said!(
                "`{count} of` can never be met, or always is",
                "`{count} of` 永远不会成立，或总是成立"
            ),
            help,
        );
        None
    }

    /// Reports a condition that holds for a text without any hit, or has no hit to show.
    pub(super) fn must_need_a_hit(&mut self, condition: &Condition, at: Range<usize>) {
        if !holds_on_nothing(condition) && has_positive(condition) {
            return;
        }
        self.report.say(
            &codes::NO_POSITIVE_TERM,
            at,
            said!(
                "the condition can hold for a message without any hit",
                "没有任何命中的消息也能满足该条件"
            ),
            said!(
                "require a list beside each `not`: `a and not b`",
                "每个 `not` 旁都要有必须命中的词表：`a and not b`"
            ),
        );
    }
}

/// Whether the condition holds where nothing has a hit.
fn holds_on_nothing(condition: &Condition) -> bool {
    match condition {
        Condition::Any(_)
        | Condition::Near { .. }
        | Condition::Lists { .. }
        | Condition::Terms { .. } => false,
        Condition::And(members) => members.iter().all(holds_on_nothing),
        Condition::Or(members) => members.iter().any(holds_on_nothing),
        Condition::Not(inner) => !holds_on_nothing(inner),
    }
}

/// Whether something stands outside every `not`.
fn has_positive(condition: &Condition) -> bool {
    match condition {
        Condition::Not(_) => false,
        Condition::And(members) => members.iter().any(has_positive),
        Condition::Or(members) => members.iter().all(has_positive),
        _ => true,
    }
}

/// Calls `found` for every operand of the condition.
pub(super) fn operands(condition: &Condition, found: &mut dyn FnMut(&Operand)) {
    match condition {
        Condition::Any(operand) | Condition::Terms { of: operand, .. } => found(operand),
        Condition::And(members) | Condition::Or(members) => {
            for member in members {
                operands(member, found);
            }
        }
        Condition::Not(inner) => operands(inner, found),
        Condition::Near { left, right, .. } => left.iter().chain(right).for_each(found),
        Condition::Lists { of, .. } => of.iter().for_each(found),
    }
}
