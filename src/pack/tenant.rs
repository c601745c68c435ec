//! A tenant's file: its packs, its jurisdictions, and what it makes of findings.

use std::ops::Range;
use std::sync::Arc;

use super::keys::{self, Kind, in_order, nearest};
use super::reading::{self, Reading, TABLE};
use super::report::shown;
use super::syntax::{Table, Value};
use crate::diag::{Diagnostics, codes, said};
use crate::limits::PackLimits;
use crate::primitives::Scene;
use crate::verdict::Action;

/// What a tenant asks for. It may go further than the rules do, never below them: what would weaken a locked rule is refused
/// when a policy is made of it ([`crate::Policy::of_tenant`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// The tenant's id.
    pub id: Arc<str>,
    /// Paths of its packs, relative to the file.
    pub packs: Vec<Arc<str>>,
    /// Whose lists count, beside `UN`.
    pub jurisdictions: Vec<Arc<str>>,
    /// What an incomplete look means, at least.
    pub on_partial: Option<Action>,
    /// In this scene, what the rules call the first action becomes the second, a stronger one.
    pub scenes: Vec<(Scene, Action, Action)>,
    /// Another action for a rule, by full id, or for a category and what lies below it; and where that stands in the file.
    pub overrides: Vec<(Arc<str>, Action, Range<usize>)>,
}

/// A tenant's file that was read, and what deserves a look in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TenantParsed {
    /// What the file says.
    pub tenant: Tenant,
    /// Warnings; no errors.
    pub warnings: Diagnostics,
}

impl Tenant {
    /// Reads a tenant's file. `file_name` is what diagnostics call it.
    ///
    /// # Errors
    ///
    /// All problems of the file at once.
    pub fn parse(file_name: &str, source: &str) -> Result<TenantParsed, Diagnostics> {
        let limits = PackLimits::default();
        let mut none = |_: &str| Err(String::new());
        let (tenant, mut diags) =
            reading::read(file_name, source, &limits, &mut none, |reading, root| {
                reading.tenant(root)
            });
        diags.sort();
        match tenant {
            Some(tenant) if !diags.has_errors() => Ok(TenantParsed {
                tenant,
                warnings: diags,
            }),
            _ => Err(diags),
        }
    }
}

impl Reading<'_, '_> {
    fn tenant(&mut self, root: &Table<'_>) -> Option<Tenant> {
        keys::check(root, Kind::TenantRoot, &mut self.report);
        if Self::value(root, "tenant").is_none() {
            let file = Arc::clone(&self.report.file);
            self.missing(
                "[tenant]",
                0..0,
                &file,
                said!(
                    "add `[tenant]` with `id = \"acme\"`",
                    "请添加 `[tenant]`，写 `id = \"acme\"`"
                ),
            );
        }
        let scenes = self.by_scene(root);
        let overrides = self.overrides(root);
        let (table, at) = self.table(root, "tenant", Kind::Tenant)?;
        let id = self.string(table, "id");
        if Self::value(table, "id").is_none() {
            let help = said!("add `id = \"acme\"`", "请添加 `id = \"acme\"`");
            self.missing("id", at, "[tenant]", help);
        }
        for key in [
            "allow",
            "unsupported",
            "mask",
            "fail",
            "sinks",
            "refusal",
            "on_lost_state",
        ] {
            if let Some((key_at, _)) = Self::value(table, key) {
                self.not_built(key, key_at);
            }
        }
        let on_partial = self.on_partial(table);
        let packs = self
            .strings(table, "packs")
            .into_iter()
            .map(|path| path.text.into())
            .collect();
        let jurisdictions = self.jurisdictions(table);
        Some(Tenant {
            id: id?.text.into(),
            packs,
            jurisdictions,
            on_partial,
            scenes,
            overrides,
        })
    }

    /// `review` is the floor: who was not looked at completely is not let through unseen.
    fn on_partial(&mut self, table: &Table<'_>) -> Option<Action> {
        let action = self.choice(table, "on_partial", &Action::ALL, Action::name)?;
        if action < Action::Review
            && let Some((_, value)) = Self::value(table, "on_partial")
        {
            self.report.say(
                &codes::WEAKENED,
                value.span(),
                said!(
                    "`on_partial` may not be weaker than `review`",
                    "`on_partial` 不得弱于 `review`"
                ),
                said!(
                    "write \"review\" or \"block\": a message that was not looked at completely may hold anything",
                    "请写 \"review\" 或 \"block\"：未完整检查的消息可能含有任何内容"
                ),
            );
        }
        Some(action)
    }

    /// `[scenes.channel]` and so on: from the rules' action to a stronger one.
    fn by_scene(&mut self, root: &Table<'_>) -> Vec<(Scene, Action, Action)> {
        let mut scenes = Vec::new();
        for (name, at, value) in self.tables_by_name(root, "scenes") {
            let Some(scene) = Scene::from_name(name) else {
                let known = Scene::ALL.map(Scene::name);
                let help = match nearest(name, known) {
                    Some(word) => said!("did you mean `{word}`?", "是否想写 `{word}`？"),
                    None => said!(
                        "write one of {all}",
                        "请写以下之一：{all}",
                        all = known.join(", ")
                    ),
                };
                let what = shown(name);
                self.report.say(
                    &codes::UNKNOWN_VALUE,
                    at,
                    said!("{what} is no scene", "没有场景 {what}"),
                    help,
                );
                continue;
            };
            let Some((table, _)) = self.as_table(name, value, Kind::Scene) else {
                continue;
            };
            for from in Action::ALL {
                let to = self.choice(table, from.name(), &Action::ALL, Action::name);
                let Some((to, (_, value))) = to.zip(Self::value(table, from.name())) else {
                    continue;
                };
                if to < from {
                    self.report.say(
                        &codes::WEAKENED,
                        value.span(),
                        said!(
                            "a scene may not turn `{from}` into `{to}`, which is weaker",
                            "场景不得把 `{from}` 减弱为 `{to}`"
                        ),
                        said!(
                            "write `{from}` or a stronger action; where a rule should not apply, give it `scenes`",
                            "请写 `{from}` 或更强的动作；若规则不应在此适用，请在规则里写 `scenes`"
                        ),
                    );
                }
                scenes.push((scene, from, to));
            }
        }
        scenes
    }

    fn tables_by_name<'t, 'i>(
        &mut self,
        root: &'t Table<'i>,
        key: &str,
    ) -> Vec<(&'t str, Range<usize>, &'t Value<'i>)> {
        let Some((_, value)) = Self::value(root, key) else {
            return Vec::new();
        };
        match value.get_ref().as_table() {
            Some(table) => in_order(table),
            None => {
                self.wrong_type(key, value, TABLE);
                Vec::new()
            }
        }
    }

    /// `[override."base.organisations/isil"]` and so on.
    fn overrides(&mut self, root: &Table<'_>) -> Vec<(Arc<str>, Action, Range<usize>)> {
        let mut overrides = Vec::new();
        for (of, at, value) in self.tables_by_name(root, "override") {
            let Some((table, _)) = self.as_table(of, value, Kind::Override) else {
                continue;
            };
            match self.choice(table, "action", &Action::ALL, Action::name) {
                Some(action) => overrides.push((of.into(), action, at)),
                None if Self::value(table, "action").is_none() => {
                    let help = said!("add `action = \"review\"`", "请添加 `action = \"review\"`");
                    self.missing("action", at, "[override]", help);
                }
                None => {}
            }
        }
        overrides
    }
}
