//! The operator's file: the floor that no tenant goes below, what a tenant may cost, base rules in shadow, and whose packs are trusted.

use std::sync::Arc;

use super::keys::{self, Kind};
use super::reading::{Reading, is_jurisdiction};
use super::syntax::Table;
use super::tenant::{FileText, Written, read_file};
use crate::diag::{Diagnostics, codes, said};
use crate::limits::TenantLimits;
use crate::primitives::{Scene, Scenes, Timestamp};
use crate::verdict::Action;

/// What the operator of the platform decides, and no tenant.
///
/// The default: nothing below what the rules say, every message of an unknown tenant held for review, no tenant failing open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operator {
    /// What a message of a tenant that is not known gets: `review` or `block`.
    pub unknown_tenant: Action,
    /// Rules and categories of locked packs on which tenants' `allow` terms act.
    pub allow: Vec<Written<Arc<str>>>,
    /// The sinks that tenants may name; any, if the file says nothing.
    pub sinks: Option<Vec<Arc<str>>>,
    /// Public keys (minisign, as in the second line of a `.pub` file). If there are any, packs need a signature by one of them.
    pub keys: Vec<Arc<str>>,
    /// What every tenant has at least.
    pub floor: Floor,
    /// Base rules in shadow.
    pub shadows: Vec<Written<Shadow>>,
    /// What one tenant may cost.
    pub limits: TenantLimits,
    /// Packs of a jurisdiction: screened with for tenants that it counts for, locked like the base.
    pub regional: Vec<Regional>,
    pub(crate) file: FileText,
}

/// Packs of a jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Regional {
    /// The jurisdiction, as listings name it.
    pub list: Arc<str>,
    /// Paths of the packs, relative to the file.
    pub packs: Vec<Written<Arc<str>>>,
}

/// What every tenant has at least. The default is the floor that the engine itself holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Floor {
    /// The weakest `on_partial`.
    pub on_partial: Action,
    /// The weakest `on_lost_state`.
    pub on_lost_state: Action,
    /// Lists that count for every tenant, beside `UN`.
    pub jurisdictions: Vec<Arc<str>>,
    /// Scenes in which a tenant may fail open.
    pub fail_open: Scenes,
    /// Where alerts go for every tenant.
    pub sinks: Vec<Arc<str>>,
    /// In this scene, what the rules call the first action, or a stronger one, becomes the second at least.
    pub scenes: Vec<(Scene, Action, Action)>,
    /// The weakest action that an override may give rules, by full id, or of a category, whether they are locked or not.
    pub overrides: Vec<(Arc<str>, Action)>,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            on_partial: Action::Review,
            on_lost_state: Action::Pass,
            jurisdictions: Vec::new(),
            fail_open: Scenes::NONE,
            sinks: Vec::new(),
            scenes: Vec::new(),
            overrides: Vec::new(),
        }
    }
}

/// A base rule in shadow: reported apart, without effect, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shadow {
    /// The rule's full id.
    pub rule: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When it is in force again.
    pub until: Timestamp,
}

impl Default for Operator {
    fn default() -> Self {
        Self {
            unknown_tenant: Action::Review,
            allow: Vec::new(),
            sinks: None,
            keys: Vec::new(),
            floor: Floor::default(),
            shadows: Vec::new(),
            limits: TenantLimits::default(),
            regional: Vec::new(),
            file: FileText {
                name: "".into(),
                source: "".into(),
            },
        }
    }
}

/// An operator's file that was read, and what deserves a look in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperatorParsed {
    /// What the file says.
    pub operator: Operator,
    /// Warnings; no errors.
    pub warnings: Diagnostics,
}

impl Operator {
    /// Reads an operator's file. `file_name` is what diagnostics call it.
    ///
    /// # Errors
    ///
    /// All problems of the file at once.
    pub fn parse(file_name: &str, source: &str) -> Result<OperatorParsed, Diagnostics> {
        let (operator, warnings) = read_file(file_name, source, |reading, root, file| {
            reading.operator(root, file)
        })?;
        Ok(OperatorParsed { operator, warnings })
    }
}

impl Reading<'_, '_> {
    fn operator(&mut self, root: &Table<'_>, file: FileText) -> Option<Operator> {
        keys::check(root, Kind::OperatorRoot, &mut self.report);
        let mut made = Operator {
            file,
            ..Operator::default()
        };
        if let Some((table, _)) = self.table(root, "operator", Kind::Operator) {
            if let Some(answer) = self.unknown_tenant(table) {
                made.unknown_tenant = answer;
            }
            made.allow = self.written_strings(table, "allow");
            made.sinks = Self::value(table, "sinks").map(|_| plain(self.sinks(table)));
            made.keys = plain(self.written_strings(table, "keys"));
        }
        if let Some((table, _)) = self.table(root, "floor", Kind::Floor) {
            made.floor = self.floor(table);
        }
        made.shadows = self.shadows(root);
        if let Some((table, _)) = self.table(root, "limits", Kind::TenantLimits) {
            self.tenant_limits(table, &mut made.limits);
        }
        made.regional = self.regional(root);
        Some(made)
    }

    /// Nobody vouches for such a message, so that it is not delivered unseen.
    fn unknown_tenant(&mut self, table: &Table<'_>) -> Option<Action> {
        let answer = self.action_of(table, "unknown_tenant")?;
        if answer.value < Action::Review {
            self.report.say(
                &codes::WEAKENED,
                answer.place,
                said!(
                    "`unknown_tenant` may not be weaker than `review`",
                    "`unknown_tenant` 不得弱于 `review`"
                ),
                said!(
                    "write \"review\" or \"block\": no rules of that tenant have looked at the message",
                    "请写 \"review\" 或 \"block\"：该消息没有经过该租户规则的检查"
                ),
            );
        }
        Some(answer.value)
    }

    fn floor(&mut self, table: &Table<'_>) -> Floor {
        let mut floor = Floor::default();
        if let Some(action) = self.on_partial(table) {
            floor.on_partial = action.value;
        }
        if let Some(action) = self.action_of(table, "on_lost_state") {
            floor.on_lost_state = action.value;
        }
        floor.jurisdictions = self.jurisdictions(table);
        for found in self.strings(table, "fail_open") {
            if let Some(scene) = self.chosen("fail_open", found, &Scene::ALL, Scene::name) {
                floor.fail_open = floor.fail_open.with(scene);
            }
        }
        floor.sinks = plain(self.sinks(table));
        floor.scenes = plain(self.by_scene(table));
        for found in self.overrides(table) {
            // A floor of nothing is none.
            let action = found.value.action.unwrap_or(Action::Pass);
            floor.overrides.push((found.value.of, action));
        }
        floor
    }

    fn shadows(&mut self, root: &Table<'_>) -> Vec<Written<Shadow>> {
        let mut shadows = Vec::new();
        for (rule, place, value) in self.tables_by_name(root, "shadow") {
            let Some((table, _)) = self.as_table(rule, value, Kind::Shadow) else {
                continue;
            };
            let reason = self
                .string(table, "reason")
                .filter(|reason| !reason.text.trim().is_empty());
            let until = self.moment(table, "until");
            if reason.is_none() {
                self.missing(
                    "reason",
                    place.clone(),
                    "[shadow]",
                    said!(
                        "say why the rule is taken out of force: `reason = \"...\"`",
                        "请说明暂停该规则的原因：`reason = \"...\"`"
                    ),
                );
            }
            if Self::value(table, "until").is_none() {
                self.missing(
                    "until",
                    place.clone(),
                    "[shadow]",
                    said!(
                        "say when it is in force again: `until = 2026-12-01`",
                        "请写明何时恢复：`until = 2026-12-01`"
                    ),
                );
            }
            if let (Some(reason), Some(until)) = (reason, until) {
                shadows.push(Written {
                    value: Shadow {
                        rule: rule.into(),
                        reason: reason.text.into(),
                        until,
                    },
                    place,
                });
            }
        }
        shadows
    }

    fn tenant_limits(&mut self, table: &Table<'_>, limits: &mut TenantLimits) {
        let fields = [
            ("packs", &mut limits.packs),
            ("rules", &mut limits.rules),
            ("terms", &mut limits.terms),
            ("regexes", &mut limits.regexes),
            ("bytes", &mut limits.bytes),
        ];
        for (key, limit) in fields {
            let Some((_, value)) = Self::value(table, key) else {
                continue;
            };
            match self.whole(value).and_then(|n| usize::try_from(n).ok()) {
                Some(n) => *limit = n,
                None => self.wrong_type(key, value, ("a whole number", "整数")),
            }
        }
    }

    /// `[regional]`: packs by jurisdiction.
    fn regional(&mut self, root: &Table<'_>) -> Vec<Regional> {
        let Some((_, value)) = Self::value(root, "regional") else {
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(
                "regional",
                value,
                (
                    "lists of packs by jurisdiction, as in `EU = [\"regional/eu.toml\"]`",
                    "按法域列出的规则包，例如 `EU = [\"regional/eu.toml\"]`",
                ),
            );
            return Vec::new();
        };
        let mut regional = Vec::new();
        for (name, at, _) in keys::in_order(table) {
            if !is_jurisdiction(name) {
                self.jurisdiction(name, at);
            }
            regional.push(Regional {
                list: Arc::from(name),
                packs: self.written_strings(table, name),
            });
        }
        regional
    }
}

fn plain<T>(written: Vec<Written<T>>) -> Vec<T> {
    written.into_iter().map(|written| written.value).collect()
}
