//! A tenant's file: its packs, its jurisdictions, and what it makes of findings.

use std::ops::Range;
use std::sync::Arc;

use super::keys::{self, Kind, in_order, nearest};
use super::model::Term;
use super::reading::{self, Reading, TABLE, is_dotted, quoted};
use super::report::shown;
use super::syntax::{Table, Value};
use super::terms::Inherited;
use crate::diag::{Code, Diagnostic, Diagnostics, Said, codes, said};
use crate::limits::PackLimits;
use crate::primitives::Scene;
use crate::text::tables::{self, Class};
use crate::variant::Variants;
use crate::verdict::Action;

/// A value, and where it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The value.
    pub value: T,
    /// Bytes of the file's source.
    pub place: Range<usize>,
}

/// The name and the text of a file, so that a later problem can be told with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileText {
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<str>,
}

impl FileText {
    pub(crate) fn problem(&self, code: &'static Code, at: Range<usize>, what: Said) -> Diagnostic {
        Diagnostic::new(code, Arc::clone(&self.name), at, what)
    }

    /// No problems yet, and the text to show them in.
    pub(crate) fn problems(&self) -> Diagnostics {
        let mut problems = Diagnostics::default();
        problems.add_source(Arc::clone(&self.name), Arc::clone(&self.source));
        problems
    }
}

/// What happens to a message that could not be judged: the server was too busy, or tidegate was not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fail {
    /// It is delivered.
    Open,
    /// It is not.
    #[default]
    Closed,
}

impl Fail {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Open, Self::Closed];

    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// What a tenant asks for. It may go further than the rules do, never below them: what would weaken a locked rule is refused
/// when a policy is made of it ([`crate::Policy::of_tenant`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// The tenant's id, as messages name it.
    pub id: Arc<str>,
    /// Paths of its packs, relative to the file.
    pub packs: Vec<Written<Arc<str>>>,
    /// Terms that take hits away that lie wholly inside them: from its own rules, and from those of the base where the operator lets them.
    pub allow: Vec<Term>,
    /// Whose lists count, beside `UN`; where the file says nothing, those of the operator's floor.
    pub jurisdictions: Option<Written<Vec<Arc<str>>>>,
    /// What an incomplete look means, at least.
    pub on_partial: Option<Written<Action>>,
    /// What a lost conversation window means, at least.
    pub on_lost_state: Option<Written<Action>>,
    /// In this scene, what the rules call the first action, or a stronger one, becomes the second at least.
    pub scenes: Vec<Written<(Scene, Action, Action)>>,
    /// What becomes of a rule, by full id, or of a category and what lies below it.
    pub overrides: Vec<Written<Override>>,
    /// The character that stands in place of each one that is hidden.
    pub mask: Option<char>,
    /// What stands in for an action that the server cannot do: for the first the second, a stronger one.
    pub unsupported: Vec<(Action, Action)>,
    /// What happens, in a scene, to a message that could not be judged.
    pub fail: Vec<Written<(Scene, Fail)>>,
    /// Where its alerts go, beside where the operator's go.
    pub sinks: Vec<Written<Arc<str>>>,
    /// What the sender of a refused message is told.
    pub refusal: Option<Arc<str>>,
    pub(crate) file: FileText,
}

/// Another action for a rule or a category.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Override {
    /// A rule's full id, or a category.
    pub of: Arc<str>,
    /// The action; `None` turns the rule off.
    pub action: Option<Action>,
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
        let (tenant, warnings) = read_file(file_name, source, |reading, root, file| {
            reading.tenant(root, file)
        })?;
        Ok(TenantParsed { tenant, warnings })
    }
}

/// Reads a file of few keys, with the limits of a tenant and without word files.
pub(super) fn read_file<T>(
    file_name: &str,
    source: &str,
    read: impl FnOnce(&mut Reading<'_, '_>, &Table<'_>, FileText) -> Option<T>,
) -> Result<(T, Diagnostics), Diagnostics> {
    let limits = PackLimits::default();
    let mut none = |_: &str| Err("a tenant's terms stand in the file itself".to_owned());
    let file = FileText {
        name: file_name.into(),
        source: source.into(),
    };
    let (made, mut diags) =
        reading::read(file_name, source, &limits, &mut none, |reading, root| {
            read(reading, root, file)
        });
    diags.sort();
    match made {
        Some(made) if !diags.has_errors() => Ok((made, diags)),
        _ => Err(diags),
    }
}

impl Reading<'_, '_> {
    fn tenant(&mut self, root: &Table<'_>, file: FileText) -> Option<Tenant> {
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
        let id = self.tenant_id(table, at);
        let on_partial = self.on_partial(table);
        let on_lost_state = self.action_of(table, "on_lost_state");
        let packs = self.written_strings(table, "packs");
        let jurisdictions = Self::value(table, "jurisdictions").map(|(_, value)| Written {
            value: self.jurisdictions(table),
            place: value.span(),
        });
        let allow = self.terms(table, "allow");
        let inherited = Inherited::from_variants(Variants::STANDARD);
        Some(Tenant {
            id: id?,
            packs,
            allow: self.settle_terms(&allow, inherited),
            jurisdictions,
            on_partial,
            on_lost_state,
            scenes,
            overrides,
            mask: self.mask(table),
            unsupported: self.unsupported(table),
            fail: self.fail(table),
            sinks: self.sinks(table),
            refusal: self.refusal(table),
            file,
        })
    }

    fn tenant_id(&mut self, table: &Table<'_>, at: Range<usize>) -> Option<Arc<str>> {
        if Self::value(table, "id").is_none() {
            let help = said!("add `id = \"acme\"`", "请添加 `id = \"acme\"`");
            self.missing("id", at, "[tenant]", help);
        }
        let id = self.string(table, "id")?;
        let unfit = |c: char| c.is_whitespace() || c.is_control() || tables::is_invisible(c);
        if id.text.is_empty() || id.text.chars().count() > 128 || id.text.contains(unfit) {
            let what = shown(id.text);
            self.report.say(
                &codes::BAD_TENANT_ID,
                id.span(),
                said!("{what} is no id of a tenant", "{what} 不能用作租户标识"),
                said!(
                    "write the name by which messages name the tenant, without spaces, as in \"acme\"",
                    "请写消息中指明租户的名字，不含空格，例如 \"acme\""
                ),
            );
        }
        Some(id.text.into())
    }

    pub(super) fn action_of(&mut self, table: &Table<'_>, key: &str) -> Option<Written<Action>> {
        let value = self.choice(table, key, &Action::ALL, Action::name)?;
        let (_, at) = Self::value(table, key)?;
        Some(Written {
            value,
            place: at.span(),
        })
    }

    /// `review` is the floor: who was not looked at completely is not let through unseen.
    pub(super) fn on_partial(&mut self, table: &Table<'_>) -> Option<Written<Action>> {
        let action = self.action_of(table, "on_partial")?;
        if action.value < Action::Review {
            self.report.say(
                &codes::WEAKENED,
                action.place.clone(),
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

    pub(super) fn written_strings(
        &mut self,
        table: &Table<'_>,
        key: &str,
    ) -> Vec<Written<Arc<str>>> {
        self.strings(table, key)
            .into_iter()
            .map(|found| Written {
                value: found.text.into(),
                place: found.span(),
            })
            .collect()
    }

    /// `mask = "＊"`: one character that shows and spells nothing.
    fn mask(&mut self, table: &Table<'_>) -> Option<char> {
        let found = self.string(table, "mask")?;
        let mut chars = found.text.chars();
        let one = chars.next().filter(|_| chars.next().is_none());
        let fit = one.filter(|c| {
            let spells = matches!(tables::class(*c), Class::Letter | Class::Digit)
                || tables::width(*c).is_some_and(|form| form.chars().any(char::is_alphanumeric));
            !(c.is_whitespace()
                || c.is_control()
                || c.is_alphanumeric()
                || tables::is_invisible(*c)
                || tables::is_mark(*c)
                || spells)
        });
        if fit.is_none() {
            let what = shown(found.text);
            self.report.say(
                &codes::BAD_MASK,
                found.span(),
                said!("{what} cannot hide a character", "{what} 不能用来遮盖字符"),
                said!(
                    "write one sign that shows and is no letter or digit, as in \"*\", \"█\" or \"□\"",
                    "请写一个可见的符号，不能是字母或数字，例如 \"*\"、\"█\" 或 \"□\""
                ),
            );
        }
        fit
    }

    /// `unsupported = { mask = "block" }`: what stands in is as strong at least.
    fn unsupported(&mut self, table: &Table<'_>) -> Vec<(Action, Action)> {
        let Some((table, _)) = self.table(table, "unsupported", Kind::Unsupported) else {
            return Vec::new();
        };
        let mut stands_in = Vec::new();
        for from in [Action::Mask, Action::Review, Action::Block] {
            let Some(to) = self.action_of(table, from.name()) else {
                continue;
            };
            if to.value < from {
                let stronger: Vec<&str> = Action::ALL
                    .into_iter()
                    .filter(|action| *action > from)
                    .map(Action::name)
                    .collect();
                let help = if stronger.is_empty() {
                    said!(
                        "remove it: nothing is stronger than `block`, and a server that cannot refuse a message cannot be protected",
                        "请删除：没有比 `block` 更强的动作，无法拒收消息的服务器无从保护"
                    )
                } else {
                    said!("write {all}", "请写 {all}", all = quoted(&stronger))
                };
                self.report.say(
                    &codes::WEAKENED,
                    to.place.clone(),
                    said!(
                        "`{to}` is weaker than `{from}`, which it should stand in for",
                        "`{to}` 弱于它要替代的 `{from}`",
                        to = to.value
                    ),
                    help,
                );
            }
            stands_in.push((from, to.value));
        }
        stands_in
    }

    /// `fail = "closed"`, or by scene.
    fn fail(&mut self, table: &Table<'_>) -> Vec<Written<(Scene, Fail)>> {
        let Some((_, value)) = Self::value(table, "fail") else {
            return Vec::new();
        };
        if value.get_ref().as_table().is_none() {
            let fail = self.choice(table, "fail", &Fail::ALL, Fail::name);
            let of = |fail| {
                Scene::ALL.map(|scene| Written {
                    value: (scene, fail),
                    place: value.span(),
                })
            };
            return fail.map_or_else(Vec::new, |fail| of(fail).to_vec());
        }
        let Some((table, _)) = self.as_table("fail", value, Kind::Fail) else {
            return Vec::new();
        };
        let mut by_scene = Vec::new();
        for scene in Scene::ALL {
            let fail = self.choice(table, scene.name(), &Fail::ALL, Fail::name);
            if let Some((fail, (_, value))) = fail.zip(Self::value(table, scene.name())) {
                by_scene.push(Written {
                    value: (scene, fail),
                    place: value.span(),
                });
            }
        }
        by_scene
    }

    /// Names of places that alerts go to.
    pub(super) fn sinks(&mut self, table: &Table<'_>) -> Vec<Written<Arc<str>>> {
        let sinks = self.written_strings(table, "sinks");
        for sink in &sinks {
            if !is_dotted(&sink.value) {
                let what = shown(&sink.value);
                self.report.say(
                    &codes::BAD_SINK,
                    sink.place.clone(),
                    said!("{what} is no name of a sink", "{what} 不是接收端名称"),
                    said!(
                        "write small letters, digits, `-`, `_` and dots, as in \"trust-desk\"",
                        "请用小写字母、数字、`-`、`_` 和点，例如 \"trust-desk\""
                    ),
                );
            }
        }
        sinks
    }

    fn refusal(&mut self, table: &Table<'_>) -> Option<Arc<str>> {
        let found = self.string(table, "refusal")?;
        let unfit = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if found.text.trim().is_empty()
            || found.text.chars().count() > 500
            || found.text.contains(unfit)
        {
            self.report.say(
                &codes::BAD_REFUSAL,
                found.span(),
                said!(
                    "this cannot be shown to a sender as one line",
                    "这段文字无法作为一行提示显示给发送者"
                ),
                said!(
                    "write one line of at most 500 characters",
                    "请写不超过 500 个字符的一行文字"
                ),
            );
        }
        Some(found.text.into())
    }

    /// `[scenes.channel]` and so on: from the rules' action to a stronger one.
    pub(super) fn by_scene(&mut self, root: &Table<'_>) -> Vec<Written<(Scene, Action, Action)>> {
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
                let Some(to) = self.action_of(table, from.name()) else {
                    continue;
                };
                if to.value < from {
                    self.report.say(
                        &codes::WEAKENED,
                        to.place.clone(),
                        said!(
                            "a scene may not turn `{from}` into `{to}`, which is weaker",
                            "场景不得把 `{from}` 减弱为 `{to}`",
                            to = to.value
                        ),
                        said!(
                            "write `{from}` or a stronger action; where a rule should not apply, give it `scenes`",
                            "请写 `{from}` 或更强的动作；若规则不应在此适用，请在规则里写 `scenes`"
                        ),
                    );
                }
                scenes.push(Written {
                    value: (scene, from, to.value),
                    place: to.place,
                });
            }
        }
        scenes
    }

    pub(super) fn tables_by_name<'t, 'i>(
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
    pub(super) fn overrides(&mut self, root: &Table<'_>) -> Vec<Written<Override>> {
        const TO: [Option<Action>; 5] = [
            Some(Action::Pass),
            Some(Action::Mask),
            Some(Action::Review),
            Some(Action::Block),
            None,
        ];
        let mut overrides = Vec::new();
        for (of, at, value) in self.tables_by_name(root, "override") {
            let Some((table, _)) = self.as_table(of, value, Kind::Override) else {
                continue;
            };
            match self.choice(table, "action", &TO, |to| to.map_or("off", Action::name)) {
                Some(action) => overrides.push(Written {
                    value: Override {
                        of: of.into(),
                        action,
                    },
                    place: at,
                }),
                None if Self::value(table, "action").is_none() => {
                    let help = said!(
                        "add `action = \"review\"`, or \"off\" for a rule that should do nothing",
                        "请添加 `action = \"review\"`；若要关闭规则，请写 \"off\""
                    );
                    self.missing("action", at, "[override]", help);
                }
                None => {}
            }
        }
        overrides
    }
}
