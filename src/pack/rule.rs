//! One rule.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::condition::Scope;
use super::keys::{self, Kind};
use super::lint::{Owner, RawRule};
use super::model::{Condition, List, ListRef, Lower, Operand, Rule, Status};
use super::reading::{Reading, Text, dotted_from, is_dotted};
use super::report::shown;
use super::syntax::Table;
use super::terms::{Inherited, RawList};
use crate::diag::{codes, said};
use crate::primitives::{Scene, Scenes};
use crate::verdict::{Action, Listing, Severity};

/// The name of the list that a rule's `terms` make.
const TERMS: &str = "terms";
/// A rule that is rolled out to all conversations, in hundredths of a percent.
const WHOLE: u16 = 10_000;

impl Reading<'_, '_> {
    /// Reads every rule. Those in which something is wrong are left out; it is reported.
    pub(super) fn rules(&mut self, root: &Table<'_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        let mut ids: BTreeMap<String, Range<usize>> = BTreeMap::new();
        for (n, (table, at)) in self
            .tables(root, "rule", Kind::Rule)
            .into_iter()
            .enumerate()
        {
            if n == self.limits.rules {
                let most = self.limits.rules;
                self.report.say(
                    &codes::TOO_MANY_RULES,
                    at,
                    said!(
                        "the pack holds more than {most} rules",
                        "规则包的规则超过 {most} 条"
                    ),
                    said!("split the pack", "请拆分规则包"),
                );
                break;
            }
            self.report.owner = Owner::Rule(n);
            let id = self.rule_id(table, &at, &mut ids);
            rules.extend(self.rule(table, at, id));
        }
        self.report.owner = Owner::Pack;
        rules
    }

    fn rule_id(
        &mut self,
        table: &Table<'_>,
        at: &Range<usize>,
        ids: &mut BTreeMap<String, Range<usize>>,
    ) -> Option<Arc<str>> {
        let Some(found) = self.string(table, "id") else {
            if Self::value(table, "id").is_none() {
                self.missing(
                    "id",
                    at.clone(),
                    "[[rule]]",
                    said!(
                        "add `id = \"scam.gift-card\"`: stable, unique in the pack",
                        "请添加 `id = \"scam.gift-card\"`：固定且在包内唯一"
                    ),
                );
            }
            return None;
        };
        self.dotted_id(found)?;
        if let Some(first) = ids.get(found.text) {
            let what = shown(found.text);
            let diagnostic = self
                .report
                .at(
                    &codes::DUPLICATE_ID,
                    found.span(),
                    said!("two rules have the id {what}", "有两条规则的标识是 {what}"),
                )
                .with_help(said!("give this one another id", "请给这条规则换一个标识"))
                .with_label(first.clone(), said!("the first is here", "第一条在此"));
            self.report.diags.push(diagnostic);
            return None;
        }
        ids.insert(found.text.to_owned(), found.span());
        Some(found.text.into())
    }

    /// Reports an id that is not dotted parts.
    pub(super) fn dotted_id(&mut self, found: Text<'_, '_>) -> Option<()> {
        if is_dotted(found.text) {
            return Some(());
        }
        let help = match dotted_from(found.text) {
            Some(id) => said!("write \"{id}\"", "请写 \"{id}\""),
            None => said!(
                "write dotted parts of `a-z`, `0-9`, `-`, `_`, as in \"scam.gift-card\"",
                "请用 `a-z`、`0-9`、`-`、`_` 组成的点分段，例如 \"scam.gift-card\""
            ),
        };
        let what = shown(found.text);
        self.report.say(
            &codes::BAD_ID,
            found.span(),
            said!("{what} is no id", "{what} 不能作标识"),
            help,
        );
        None
    }

    fn rule(&mut self, table: &Table<'_>, at: Range<usize>, id: Option<Arc<str>>) -> Option<Rule> {
        let category = self.category(table, &at);
        let severity = self.choice(table, "severity", &Severity::ALL, Severity::name);
        let action = self.choice(table, "action", &Action::ALL, Action::name);
        let status = self.choice(table, "status", &Status::ALL, Status::name);
        let action = action.unwrap_or(self.defaults.action);
        let status = status.unwrap_or_default();
        let alert = self.boolean(table, "alert").unwrap_or(false);
        let variants = self.variants(table);
        let outer = variants.unwrap_or(self.defaults.variants);

        let raw = self.rule_lists(table);
        let except = self.terms(table, "except");
        let lists: Vec<List> = raw.iter().map(|list| self.settle(list, outer)).collect();
        let mut scope = Scope {
            own: lists.len(),
            used: vec![false; lists.len()],
            lists,
            copies: BTreeMap::new(),
            variants,
        };
        let when = self.rule_condition(table, &at, &mut scope);
        let lower = self.lower(table, action, &mut scope);
        self.unused(&raw, &scope);
        let settled = self.settle_terms(&except, Inherited::from_variants(outer));

        let scenes = self.scenes(table);
        let (from, until) = match self.table(table, "effective", Kind::Period) {
            Some((period, _)) => self.period(period),
            None => (None, None),
        };
        let texts = |found: Vec<Text<'_, '_>>| -> Vec<Arc<str>> {
            found.into_iter().map(|found| found.text.into()).collect()
        };
        let references = texts(self.strings(table, "references"));
        let false_positives = texts(self.strings(table, "false_positives"));
        let listings = self.listings(table);
        let samples = self.samples(table, &at, status);
        let title = self.prose(table, "title");
        let rollout = self.rollout(table);
        let min_confidence = self.min_confidence(table);
        let window = self.window(table).or(self.defaults.window);
        let span =
            |key: &str| Self::value(table, key).map_or(at.clone(), |(_, value)| value.span());
        let raw = RawRule {
            header: at.clone(),
            id: span("id"),
            when: span("when"),
            lower: span("lower"),
            effective: span("effective"),
            listings: Self::value(table, "listings").map_or(at.clone(), |(key, _)| key),
            lists: raw,
            except,
            copies: scope.copies,
            allows: self.allows(table),
        };
        self.rules.push(raw);

        Some(Rule {
            id: id?,
            title,
            category: category?,
            severity: severity.unwrap_or(self.defaults.severity),
            action,
            alert,
            status,
            rollout,
            min_confidence,
            window,
            lists: scope.lists,
            when: when?,
            lower,
            except: settled,
            scenes,
            from,
            until,
            references: references.into(),
            false_positives,
            listings,
            samples,
        })
    }

    fn category(&mut self, table: &Table<'_>, at: &Range<usize>) -> Option<Arc<str>> {
        let Some(found) = self.string(table, "category") else {
            if Self::value(table, "category").is_none() {
                self.missing(
                    "category",
                    at.clone(),
                    "[[rule]]",
                    said!(
                        "add `category = \"fraud.lure\"`",
                        "请添加 `category = \"fraud.lure\"`"
                    ),
                );
            }
            return None;
        };
        if is_dotted(found.text) {
            return Some(found.text.into());
        }
        let help = match dotted_from(found.text) {
            Some(category) => said!("write \"{category}\"", "请写 \"{category}\""),
            None => said!(
                "write dotted parts of `a-z`, `0-9`, `-`, `_`, as in \"fraud.lure\"",
                "请用 `a-z`、`0-9`、`-`、`_` 组成的点分段，例如 \"fraud.lure\""
            ),
        };
        let what = shown(found.text);
        self.report.say(
            &codes::BAD_CATEGORY,
            found.span(),
            said!("{what} is no category", "{what} 不能作类别"),
            help,
        );
        None
    }

    /// The rule's lists: those below `[rule.lists]`, then `terms`.
    fn rule_lists(&mut self, table: &Table<'_>) -> Vec<RawList> {
        let mut lists = Vec::new();
        for (name, span, value) in self.entries(table, "lists") {
            if Kind::Rule.keys().contains(&name) {
                keys::slid(name, span, "[rule.lists]", &mut self.report);
                continue;
            }
            lists.push(self.list(name, span, value));
        }
        if let Some((span, value)) = Self::value(table, TERMS) {
            lists.push(self.list(TERMS, span, value));
        }
        lists
    }

    fn rule_condition(
        &mut self,
        table: &Table<'_>,
        at: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Condition> {
        let terms = Self::value(table, TERMS);
        let Some((key, value)) = Self::value(table, "when") else {
            if terms.is_some() {
                let index = scope.own.checked_sub(1)?;
                if let Some(used) = scope.used.get_mut(index) {
                    *used = true;
                }
                return Some(Condition::Any(Operand::List(ListRef::Rule(index))));
            }
            self.report.miss(
                &codes::NO_CONDITION,
                at.clone(),
                said!("the rule looks for nothing", "规则没有要找的内容"),
                said!(
                    "add `terms = [\"...\"]`, or lists and a `when`",
                    "请添加 `terms = [\"...\"]`，或词表加 `when`"
                ),
            );
            return None;
        };
        if let Some((other, _)) = terms {
            let diagnostic = self
                .report
                .at(
                    &codes::TERMS_AND_WHEN,
                    key,
                    said!(
                        "a rule has `terms` or `when`, not both",
                        "规则只能有 `terms` 或 `when` 之一"
                    ),
                )
                .with_help(said!(
                    "move the terms to a list below `[rule.lists]` and name it in `when`",
                    "请把词移到 `[rule.lists]` 下的词表，并在 `when` 中引用"
                ))
                .with_label(other, said!("`terms` is here", "`terms` 在此"));
            self.report.diags.push(diagnostic);
            return None;
        }
        let text = self.as_string("when", value)?;
        let condition = self.condition(text, scope)?;
        self.must_need_a_hit(&condition, text.span());
        Some(condition)
    }

    fn lower(&mut self, table: &Table<'_>, action: Action, scope: &mut Scope) -> Option<Lower> {
        let (lower, at) = self.table(table, "lower", Kind::Lower)?;
        let mut condition = |reading: &mut Self, key: &str| {
            let text = reading.string(lower, key)?;
            reading.condition(text, scope)
        };
        let when = condition(self, "when");
        let unless = condition(self, "unless");
        let to = self.choice(lower, "to", &Action::ALL, Action::name);
        for key in ["when", "to"] {
            if Self::value(lower, key).is_none() {
                self.missing(
                    key,
                    at.clone(),
                    "lower",
                    said!(
                        "write `lower = {{ when = \"shop\", to = \"review\" }}`",
                        "请写 `lower = {{ when = \"shop\", to = \"review\" }}`"
                    ),
                );
            }
        }
        let to = to?;
        if to >= action
            && let Some((_, value)) = Self::value(lower, "to")
        {
            self.report.say(
                &codes::NOT_WEAKER,
                value.span(),
                said!(
                    "\"{to}\" is not weaker than the rule's action \"{action}\"",
                    "\"{to}\" 不弱于规则的动作 \"{action}\""
                ),
                said!(
                    "write a weaker action (`pass` < `mask` < `review` < `block`), or strengthen the rule's",
                    "请写更弱的动作（`pass` < `mask` < `review` < `block`），或加强规则的动作"
                ),
            );
        }
        Some(Lower {
            when: when?,
            unless,
            to,
        })
    }

    fn scenes(&mut self, table: &Table<'_>) -> Scenes {
        let Some((_, value)) = Self::value(table, "scenes") else {
            return Scenes::ALL;
        };
        let mut scenes = Scenes::NONE;
        for found in self.strings(table, "scenes") {
            if let Some(scene) = self.chosen("scenes", found, &Scene::ALL, Scene::name) {
                scenes = scenes.with(scene);
            }
        }
        if value
            .get_ref()
            .as_array()
            .is_some_and(|array| array.is_empty())
        {
            self.report.say(
                &codes::UNKNOWN_VALUE,
                value.span(),
                said!(
                    "a rule without scenes applies nowhere",
                    "没有场景的规则不会生效"
                ),
                said!(
                    "name a scene, or remove the key for all of them",
                    "请写出场景；若适用全部场景，请删除该键"
                ),
            );
        }
        scenes
    }

    fn listings(&mut self, table: &Table<'_>) -> Vec<Listing> {
        let mut listings = Vec::new();
        for (listing, at) in self.tables(table, "listings", Kind::Listing) {
            let list = self.string(listing, "list");
            let reference = self.string(listing, "reference");
            let (from, until) = self.period(listing);
            for key in ["list", "reference"] {
                if Self::value(listing, key).is_none() {
                    self.missing(
                        key,
                        at.clone(),
                        "[[rule.listings]]",
                        said!(
                            "write `list = \"UN\"` and `reference = \"QDe.000\"`",
                            "请写 `list = \"UN\"` 和 `reference = \"QDe.000\"`"
                        ),
                    );
                }
            }
            let Some(list) = list else { continue };
            self.jurisdiction(list.text, list.span());
            listings.push(Listing {
                list: list.text.into(),
                reference: reference.map_or("", |found| found.text).into(),
                from,
                until,
            });
        }
        listings
    }

    /// `rollout`, in percent, as hundredths of a percent.
    fn rollout(&mut self, table: &Table<'_>) -> u16 {
        let Some((_, value)) = Self::value(table, "rollout") else {
            return WHOLE;
        };
        let hundredths = number(value.get_ref()).map(|percent| percent * 100.0);
        let whole = hundredths.filter(|share| {
            (0.0..=f64::from(WHOLE)).contains(share) && (share - share.round()).abs() < 1e-6
        });
        match whole {
            Some(share) => share.round() as u16,
            None => {
                self.wrong_type(
                    "rollout",
                    value,
                    (
                        "a percentage of the conversations from 0 to 100, with at most two decimals",
                        "会话的百分比，0 到 100，至多两位小数",
                    ),
                );
                WHOLE
            }
        }
    }

    /// `min_confidence`, in percent.
    fn min_confidence(&mut self, table: &Table<'_>) -> u8 {
        let Some((_, value)) = Self::value(table, "min_confidence") else {
            return 0;
        };
        match number(value.get_ref()).filter(|n| (0.0..=1.0).contains(n)) {
            Some(least) => (least * 100.0).ceil() as u8,
            None => {
                self.wrong_type(
                    "min_confidence",
                    value,
                    ("a number from 0.0 to 1.0", "0.0 到 1.0 之间的数"),
                );
                0
            }
        }
    }

    fn unused(&mut self, raw: &[RawList], scope: &Scope) {
        if self.report.diags.has_errors() {
            return;
        }
        for (list, used) in raw.iter().zip(&scope.used) {
            if !used {
                self.unused_list(&list.name, list.span.clone());
            }
        }
    }

    pub(super) fn unused_list(&mut self, name: &str, at: Range<usize>) {
        self.report.say(
            &codes::UNUSED_LIST,
            at,
            said!(
                "no condition names the list `{name}`",
                "没有条件引用词表 `{name}`"
            ),
            said!(
                "name it in `when`, or remove it",
                "请在 `when` 中引用，或删除它"
            ),
        );
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => number.as_str().parse().ok(),
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        _ => None,
    }
}
