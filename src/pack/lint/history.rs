//! A pack beside an older version of itself.

use std::collections::HashSet;

use super::{Ground, Owner};
use crate::diag::{codes, said};
use crate::pack::model::{ListRef, Operand, Pack, Rule, Status};
use crate::pack::reading::Reading;
use crate::pack::report::shown;
use crate::pack::terms::plain;

impl Reading<'_, '_> {
    pub(super) fn lint_history(&mut self, ground: &Ground<'_>, old: &Pack) {
        let pack = ground.pack;
        if pack.id != old.id {
            let (new_id, old_id) = (shown(&pack.id), shown(&old.id));
            return self.warn(
                &codes::ID_REUSED,
                0..0,
                said!(
                    "this is the pack {new_id}, and the older version is {old_id}",
                    "本包是 {new_id}，而旧版本是 {old_id}"
                ),
                said!(
                    "compare a pack with an older version of itself",
                    "请与同一规则包的旧版本比较"
                ),
            );
        }
        for (index, (raw, rule)) in ground.rules.iter().zip(&pack.rules).enumerate() {
            let Some(before) = old.rules.iter().find(|before| before.id == rule.id) else {
                continue;
            };
            self.report.owner = Owner::Rule(index);
            if before.status == Status::Retired && rule.status != Status::Retired {
                self.warn(
                    &codes::ID_REUSED,
                    raw.id.clone(),
                    said!(
                        "the id belongs to a rule that was retired",
                        "该标识属于一条已退役的规则"
                    ),
                    said!("give the new rule an id of its own", "请给新规则换一个标识"),
                );
            } else if let Some((what_en, what_zh)) = another_meaning(pack, rule, old, before) {
                self.warn(
                    &codes::ID_REUSED,
                    raw.id.clone(),
                    said!("the id had another meaning in version {v}: {what_en}", "该标识在版本 {v} 中另有含义：{what_zh}", v = old.version),
                    said!(
                        "findings and appeals name rules by id: give this rule a new one, and keep the old with `status = \"retired\"`",
                        "命中记录与申诉按标识引用规则：请换新标识，并以 `status = \"retired\"` 保留旧规则"
                    ),
                );
            }
        }
        self.report.owner = Owner::Pack;
        let ids: HashSet<&str> = pack.rules.iter().map(|rule| &*rule.id).collect();
        for gone in old
            .rules
            .iter()
            .filter(|rule| !ids.contains(&*rule.id))
            .take(100)
        {
            let id = shown(&gone.id);
            self.warn(
                &codes::ID_DROPPED,
                0..0,
                said!(
                    "the rule {id} of version {v} is gone",
                    "版本 {v} 中的规则 {id} 不见了",
                    v = old.version
                ),
                said!(
                    "keep it with `status = \"retired\"`, so that its id is never used again",
                    "请以 `status = \"retired\"` 保留，以免标识被再次使用"
                ),
            );
        }
        if pack.digest != old.digest && !is_later(&pack.version, &old.version) {
            self.warn(
                &codes::VERSION_NOT_RAISED,
                0..0,
                said!(
                    "the pack has changed since version {v}, and its version is not higher",
                    "规则包相对版本 {v} 有改动，但版本号没有提高",
                    v = old.version
                ),
                said!("raise `version`", "请提高 `version`"),
            );
        }
    }
}

fn is_later(new: &str, old: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> {
        version
            .split('.')
            .filter_map(|part| part.parse().ok())
            .collect()
    };
    numbers(new) > numbers(old)
}

/// What of a rule says that it is another one than before: its category, or that it looks for nothing that it looked for.
fn another_meaning(
    pack: &Pack,
    rule: &Rule,
    old: &Pack,
    before: &Rule,
) -> Option<(String, String)> {
    let top = |category: &str| category.split('.').next().unwrap_or("").to_owned();
    if top(&rule.category) != top(&before.category) {
        let (new, old) = (shown(&rule.category), shown(&before.category));
        return Some((
            format!("its category was {old} and is {new}"),
            format!("类别由 {old} 变为 {new}"),
        ));
    }
    let (now, then) = (terms(pack, rule), terms(old, before));
    if !now.is_empty() && !then.is_empty() && now.is_disjoint(&then) {
        return Some((
            "it looks for none of the terms that it looked for".to_owned(),
            "所找的词与以前没有一个相同".to_owned(),
        ));
    }
    None
}

/// The terms that a rule looks for, folded; the categories that it names among them.
fn terms(pack: &Pack, rule: &Rule) -> HashSet<String> {
    let mut terms = HashSet::new();
    crate::pack::condition::operands(&rule.when, &mut |operand| match operand {
        Operand::Category(category) => {
            terms.insert(format!("@{category}"));
        }
        Operand::List(list) => {
            let list = match list {
                ListRef::Pack(index) => pack.lists.get(*index),
                ListRef::Rule(index) => rule.lists.get(*index),
            };
            terms.extend(
                list.into_iter()
                    .flat_map(|list| &list.terms)
                    .map(|term| plain(&term.text)),
            );
        }
    });
    terms
}
