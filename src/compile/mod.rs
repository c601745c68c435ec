//! Packs to a [`Ruleset`]. May be slow, allocates, and reports every problem at once.

mod conditions;
mod file;
mod terms;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Diagnostics, Said, codes, said};
use crate::limits::PackLimits;
use crate::matcher::Matcher;
use crate::pack::{Pack, Rule, Status, Term};
use crate::ruleset::prefixes::Prefixes;
use crate::ruleset::{
    self, Digest, Groups, LowerRow, Names, NewRule, PackRow, RuleTraits, Rules, Ruleset, Sparse,
    WindowTerms,
};
use crate::text::tables;
use crate::text::window::WindowTerm;
use crate::variant::Variant;

use conditions::{Conditions, Scope};
#[cfg(feature = "fuzzing")]
pub(crate) use file::{framed, rows_of};
use terms::Terms;
use watch::Watch;

/// Compiles packs into a [`Ruleset`].
///
/// The time and memory that it takes are linear in the packs. `PackLimits` bound both.
///
/// # Examples
///
/// ```
/// use tidegate::{Compiler, Pack};
///
/// let source = r#"
/// format = 1
/// [pack]
/// id = "acme.words"
/// version = "1.0.0"
/// title = "Acme's words"
/// [[rule]]
/// id = "words"
/// category = "house.words"
/// action = "mask"
/// terms = ["blast"]
/// [rule.samples]
/// match = ["Blast it!"]
/// pass = ["A blasting cap."]
/// "#;
/// let pack = Pack::parse("words.toml", source)?.pack;
/// let ruleset = Compiler::new().pack(pack).build()?;
/// assert_eq!(ruleset.rules(), 1);
/// # Ok::<(), tidegate::Diagnostics>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Compiler {
    packs: Vec<Pack>,
    allow: Vec<Term>,
    limits: PackLimits,
    locked: bool,
}

impl Compiler {
    /// A compiler without packs, with the limits of a tenant.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pack. Rules see the hits of all packs of one ruleset.
    #[must_use]
    pub fn pack(mut self, pack: Pack) -> Self {
        self.packs.push(pack);
        self
    }

    /// Adds a tenant's allow terms: hits that lie wholly inside one are taken from the rules of rulesets that are not locked, and from
    /// those of locked ones where the policy's operator lets them.
    #[must_use]
    pub fn allow(mut self, terms: impl IntoIterator<Item = Term>) -> Self {
        self.allow.extend(terms);
        self
    }

    /// Sets the bounds on what the packs may ask for together.
    #[must_use]
    pub fn limits(mut self, limits: PackLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether tenants are kept from weakening these rules. The operator's choice, never a pack's.
    #[must_use]
    pub fn locked(mut self, locked: bool) -> Self {
        self.locked = locked;
        self
    }

    /// Compiles.
    ///
    /// # Errors
    ///
    /// All problems at once: two packs of one id, more terms than the limits allow, a term that can match nothing.
    pub fn build(self) -> Result<Ruleset, Diagnostics> {
        let mut problems = Vec::new();
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, pack) in self.packs.iter().enumerate() {
            if first.insert(&pack.id, at).is_some() {
                problems.push(problem(
                    &codes::PACK_TWICE,
                    &pack.id,
                    said!(
                        "two packs have the id `{id}`; ids are unique among a tenant's packs",
                        "有两个规则包的 id 都是 `{id}`；同一租户的规则包 id 不得重复",
                        id = pack.id
                    ),
                ));
            }
        }
        let mut made = Build::new(&self.limits);
        for (at, pack) in (0..).zip(&self.packs) {
            made.pack(at, pack);
        }
        made.allow = made.set("allow", &self.allow);
        let digest = self.digest();
        problems.append(&mut made.terms.problems);
        let packs = self.packs.iter().map(row_of).collect();
        match made.finish(digest, self.locked, packs) {
            Ok(ruleset) if problems.is_empty() => Ok(Ruleset {
                allow_digest: allow_digest(&self.allow),
                ..ruleset
            }),
            Ok(_) => Err(collect(problems)),
            Err(problem) => {
                problems.push(*problem);
                Err(collect(problems))
            }
        }
    }

    fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for part in [
            "tidegate ruleset 1",
            env!("CARGO_PKG_VERSION"),
            tables::UNICODE_VERSION,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&[u8::from(self.locked)]);
        for pack in &self.packs {
            hasher.update(&pack.digest);
        }
        if let Some(allow) = allow_digest(&self.allow) {
            hasher.update(&allow.0);
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

/// What a tenant's allow terms are; `None` if it has none.
fn allow_digest(allow: &[Term]) -> Option<Digest> {
    let said = || format!("{allow:?}");
    (!allow.is_empty()).then(|| Digest(*blake3::hash(said().as_bytes()).as_bytes()))
}

/// What is kept of a pack.
pub(crate) fn row_of(pack: &Pack) -> PackRow {
    PackRow {
        id: Arc::clone(&pack.id),
        version: Arc::clone(&pack.version),
        digest: pack.digest,
    }
}

/// A ruleset of one term and no rule; none of a term that is refused.
#[cfg(feature = "fuzzing")]
pub(crate) fn one_term(term: &Term) -> Option<Ruleset> {
    let limits = PackLimits::default();
    let mut build = Build::new(&limits);
    build.set_except.push(None);
    build.terms.add("", 0, std::slice::from_ref(term));
    if !build.terms.problems.is_empty() {
        return None;
    }
    build.finish(Digest([0; 32]), false, Arc::default()).ok()
}

/// A problem of a whole pack, or of several: it stands at the beginning, under the pack's id.
fn problem(code: &'static Code, pack: &str, message: Said) -> Diagnostic {
    Diagnostic::new(code, Arc::from(pack), 0..0, message)
}

fn collect(problems: Vec<Diagnostic>) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    for problem in problems {
        diagnostics.push(problem);
    }
    diagnostics
}

/// A ruleset in the making.
struct Build<'a> {
    terms: Terms<'a>,
    set_names: Vec<Arc<str>>,
    set_except: Vec<Option<u32>>,
    set_rules: Vec<(u32, u32)>,
    category_users: Vec<u32>,
    conditions: Conditions,
    rules: Vec<NewRule>,
    allow: Option<u32>,
    /// Sets that rules with a window name.
    window_sets: Vec<u32>,
    /// Seconds of the longest window.
    longest_window: u32,
}

impl<'a> Build<'a> {
    fn new(limits: &'a PackLimits) -> Self {
        Self {
            terms: Terms::new(limits),
            set_names: Vec::new(),
            set_except: Vec::new(),
            set_rules: Vec::new(),
            category_users: Vec::new(),
            conditions: Conditions::default(),
            rules: Vec::new(),
            allow: None,
            window_sets: Vec::new(),
            longest_window: 0,
        }
    }

    fn pack(&mut self, at: u32, pack: &'a Pack) {
        let except = self.set(&pack.id, &pack.except);
        let lists = self.lists(pack, &pack.lists);
        for rule in &pack.rules {
            if matches!(rule.status, Status::Enforce | Status::Shadow) {
                self.rule((at, pack), rule, (&lists, except));
            }
        }
    }

    /// The sets of lists: first the list's exceptions, then the list.
    fn lists(&mut self, pack: &'a Pack, lists: &'a [crate::pack::List]) -> Vec<u32> {
        lists
            .iter()
            .map(|list| {
                let except = self.set(&pack.id, &list.except);
                let set = self.set_except.len() as u32;
                self.set_except.push(except);
                self.set_names.push(Arc::clone(&list.name));
                self.terms.add(&pack.id, set, &list.terms);
                set
            })
            .collect()
    }

    /// A set of exceptions, if there are any.
    fn set(&mut self, pack: &str, terms: &'a [Term]) -> Option<u32> {
        if terms.is_empty() {
            return None;
        }
        let set = self.set_except.len() as u32;
        self.set_except.push(None);
        self.set_names.push(Arc::from("except"));
        self.terms.add(pack, set, terms);
        Some(set)
    }

    fn rule(
        &mut self,
        (at, pack): (u32, &'a Pack),
        rule: &'a Rule,
        (lists, except): (&[u32], Option<u32>),
    ) {
        let row = self.rules.len() as u32;
        let own = self.lists(pack, &rule.lists);
        let own_except = self.set(&pack.id, &rule.except);
        let scope = Scope {
            pack: lists,
            rule: &own,
        };
        let named = self.conditions.named.len();
        let when = self.conditions.add(&rule.when, scope);
        let lower = rule.lower.as_ref().map(|lower| LowerRow {
            when: self.conditions.add(&lower.when, scope),
            unless: lower
                .unless
                .as_ref()
                .map(|unless| self.conditions.add(unless, scope)),
            to: lower.to,
        });
        if let Some(window) = rule.window {
            self.longest_window = self.longest_window.max(window.seconds);
            self.window_sets.extend(&self.conditions.named[named..]);
        }
        let (positive, looks_at_category) = conditions::positive(&rule.when, scope);
        self.set_rules
            .extend(positive.iter().map(|set| (*set, row)));
        if looks_at_category {
            self.category_users.push(row);
        }
        self.rules.push(NewRule {
            id: Arc::clone(&rule.id),
            traits: RuleTraits {
                category: Arc::clone(&rule.category),
                severity: rule.severity,
                action: rule.action,
                alert: rule.alert,
                shadow: rule.status == Status::Shadow,
                rollout: rule.rollout,
                min_confidence: rule.min_confidence,
                window: rule.window,
                scenes: rule.scenes,
                from: rule.from,
                until: rule.until,
                references: Arc::clone(&rule.references),
                listings: Arc::from(rule.listings.as_slice()),
                pack: at,
                pack_except: except,
            },
            when,
            lower,
            except: own_except,
            positive,
        });
    }

    fn finish(
        self,
        digest: Digest,
        locked: bool,
        packs: Arc<[PackRow]>,
    ) -> Result<Ruleset, Box<Diagnostic>> {
        let too_large = |_| {
            Box::new(problem(
                &codes::RULESET_TOO_LARGE,
                "",
                Said::new(
                    "the terms are too many or too long for one automaton; split the packs",
                    "词条过多或过长，无法放入一个自动机；请拆分规则包",
                ),
            ))
        };
        let built = self.terms.finish();
        let terms = ruleset::Terms::new(&built.rows);
        let windows = windows(
            &built,
            self.set_except.len(),
            &self.window_sets,
            self.longest_window,
        );
        let watch = Watch::new(
            &self.rules,
            &self.conditions,
            self.set_except.len(),
            &built.rows,
            &built.term_sets,
        );
        let term_sets = Groups::new(built.rows.len(), &built.term_sets);
        let wakes = |term: u32| {
            let sets = term_sets.get(term as usize);
            ruleset::wakes(sets, &watch.sets, &watch.set_categories, &watch.categories)
        };
        let patterns = built.words.patterns.len() + built.bare.patterns.len();
        let (wakers, others) = built.words.split(|pattern| wakes(pattern.term));
        let bare_wakes = built.bare.terms.iter().any(|(_, term)| wakes(*term));
        Ok(Ruleset {
            digest,
            allow_digest: None,
            prefixes: Prefixes::of(&terms),
            locked,
            patterns,
            wakers: wakers.build().map_err(too_large)?,
            others: others.build_if_any().map_err(too_large)?,
            bare: Matcher::new(&built.bare.patterns).map_err(too_large)?,
            bare_terms: Groups::new(built.bare.patterns.len(), &built.bare.terms),
            bare_wakes,
            regexes: built.regexes.into(),
            term_sets,
            encoded: terms.any(Variant::Encoded),
            terms,
            set_rules: Groups::new(self.set_except.len(), &self.set_rules),
            set_names: Names::new(&self.set_names),
            set_except: Sparse::new(self.set_except.into_iter()),
            rules: Rules::new(packs, self.rules),
            nodes: self.conditions.nodes.into(),
            node_members: self.conditions.members.into(),
            operands: self.conditions.operands.into(),
            categories: self.conditions.categories.into(),
            category_users: self.category_users.into(),
            set_watch: watch.sets,
            category_watch: watch.categories,
            set_categories: watch.set_categories,
            kinds: watch.kinds.into(),
            set_kinds: watch.set_kinds,
            allow: self.allow,
            windows,
        })
    }
}

/// The terms of the sets that rules with a window name.
fn windows(built: &terms::Built, sets: usize, named: &[u32], longest: u32) -> WindowTerms {
    let mut of_windows = vec![false; sets];
    for set in named {
        of_windows[*set as usize] = true;
    }
    let mut rows: Vec<u32> = built
        .term_sets
        .iter()
        .filter(|(_, set)| of_windows[*set as usize])
        .map(|(row, _)| *row)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let terms = rows
        .into_iter()
        .filter(|row| built.rows[*row as usize].reading.is_some())
        .filter_map(|row| Some((row, WindowTerm::new(&built.rows[row as usize].text)?)))
        .collect();
    WindowTerms::new(terms, of_windows, longest)
}
