//! The registry: who changes what is live, and how it goes back.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::compile;
use crate::diag::Diagnostics;
use crate::pack::{Operator, Pack, Tenant};
use crate::primitives::Timestamp;
use crate::ruleset::{PackRow, Ruleset};

use super::granted::{Asked, fitting, newer, over_limits, own_rules};
use super::known::KnownPack;
use super::live::{Cached, Live};
use super::snapshot::{Difference, House, Snapshot, UnknownTenant};

/// All tenants, replaced while messages are judged. A handle: clones share one registry.
///
/// Changes are compiled outside any lock and then exchanged at once; a reader never waits for a compiler. One tenant's change compiles
/// that tenant alone.
///
/// # Examples
///
/// ```
/// use tidegate::registry::{By, Registry};
/// use tidegate::{Action, Compiler, Message, Operator, Scanner, Tenant, Timestamp};
///
/// let now = Timestamp(1_795_428_000);
/// let by = By::new("trust desk", "a new customer", now);
/// let registry = Registry::new(Vec::new(), Vec::new(), Operator::default(), &by)?;
/// let tenant = Tenant::parse("acme.toml", "[tenant]\nid = \"acme\"\n")?.tenant;
/// registry.set(tenant, Vec::new(), &by)?;
///
/// let mut reader = registry.reader();
/// let mut scanner = Scanner::new();
/// let message = Message::text("hello").tenant("acme");
/// let verdict = scanner.scan_live(reader.snapshot(), &message, now).expect("the tenant is known");
/// assert_eq!(verdict.action, Action::Pass);
/// let stranger = scanner.scan_live(reader.snapshot(), &message.tenant("other"), now);
/// assert_eq!(stranger.expect_err("nobody knows it").answer, Action::Review);
/// # Ok::<(), tidegate::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    live: Arc<Live<Snapshot>>,
    writer: Arc<Mutex<Writer>>,
}

/// Who changes something, why, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct By {
    /// A person or a source, as the operator names it.
    pub who: Arc<str>,
    /// The reason.
    pub why: Arc<str>,
    /// The time.
    pub at: Timestamp,
}

impl By {
    /// A change by `who`, for the reason `why`, at the time `at`.
    pub fn new(who: &str, why: &str, at: Timestamp) -> Self {
        Self {
            who: who.into(),
            why: why.into(),
            at,
        }
    }
}

/// What a change was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// What all tenants share, with the base rules that it puts in shadow.
    Shared {
        /// Rules in shadow and why.
        shadows: Vec<(Arc<str>, Arc<str>, Timestamp)>,
    },
    /// Tenants were added or replaced.
    Set(Vec<Arc<str>>),
    /// A tenant was removed.
    Removed(Arc<str>),
    /// An earlier version was made live again.
    RolledBack {
        /// The version.
        to: u64,
    },
}

/// One entry of the history.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// What was live after the change.
    pub snapshot: Arc<Snapshot>,
    /// What was changed.
    pub change: Change,
    /// By whom.
    pub by: By,
}

/// Numbers for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Changes that went live.
    pub applied: u64,
    /// Changes that were refused; what was live stayed so.
    pub refused: u64,
    /// Rollbacks.
    pub rollbacks: u64,
}

/// A change that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The version that is live now.
    pub version: u64,
    /// Its fingerprint.
    pub fingerprint: String,
}

/// A tenant, and what of its file was refused.
pub type Refused = (Arc<str>, Diagnostics);

/// No version of that fingerprint is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFingerprint;

impl fmt::Display for UnknownFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no version of that fingerprint is kept; the history names those that are")
    }
}

impl std::error::Error for UnknownFingerprint {}

/// A version that is kept unless the registry is told otherwise.
const KEPT: usize = 32;

#[derive(Debug)]
struct Writer {
    history: VecDeque<Record>,
    keep: usize,
    counts: Counts,
    /// Packs of tenants that were removed: they do not come back older.
    gone: BTreeMap<Arc<str>, Arc<[PackRow]>>,
}

/// Looks at what is live. Keep one a thread.
#[derive(Debug)]
pub struct Reader(Cached<Snapshot>);

impl Reader {
    /// What is live now. One load of an atomic number unless something changed.
    pub fn snapshot(&mut self) -> &Arc<Snapshot> {
        self.0.get()
    }
}

impl Registry {
    /// A registry without tenants. `base` holds the locked rulesets that all messages are screened with, `regional` those of
    /// jurisdictions.
    ///
    /// # Errors
    ///
    /// What the operator's file names and is not there.
    pub fn new(
        base: Vec<Arc<Ruleset>>,
        regional: Vec<(Arc<str>, Arc<Ruleset>)>,
        operator: Operator,
        by: &By,
    ) -> Result<Self, Diagnostics> {
        let operator = Arc::new(operator);
        let house = House::new(base, regional, Arc::clone(&operator))?;
        let snapshot = Arc::new(Snapshot::new(Arc::new(house)));
        let writer = Writer {
            history: VecDeque::from([Record {
                snapshot: Arc::clone(&snapshot),
                change: shared_change(&operator),
                by: by.clone(),
            }]),
            keep: KEPT,
            counts: Counts::default(),
            gone: BTreeMap::new(),
        };
        Ok(Self {
            live: Arc::new(Live::new(snapshot)),
            writer: Arc::new(Mutex::new(writer)),
        })
    }

    /// Keeps that many versions to go back to, the live one among them; 32 by default. A version costs what changed in it.
    #[must_use]
    pub fn keep(self, versions: usize) -> Self {
        self.writer().keep = versions.max(1);
        self
    }

    /// A reader.
    pub fn reader(&self) -> Reader {
        Reader(Cached::new(Arc::clone(&self.live)))
    }

    /// What is live now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.live.get()
    }

    /// Adds a tenant or replaces it. `packs` are those that its file names.
    ///
    /// # Errors
    ///
    /// All problems at once; what was live stays so.
    pub fn set(&self, tenant: Tenant, packs: Vec<Pack>, by: &By) -> Result<Applied, Diagnostics> {
        let made = self.compile(tenant, packs);
        let (applied, mut refused) = self.publish(vec![made], by);
        match (applied, refused.pop()) {
            (_, Some((_, problems))) => Err(problems),
            (Some(applied), None) => Ok(applied),
            (None, None) => Ok(self.applied()),
        }
    }

    /// Adds or replaces many tenants in one version; on all cores with the feature `rayon`. Those that are refused stay as they are.
    pub fn set_all(
        &self,
        tenants: Vec<(Tenant, Vec<Pack>)>,
        by: &By,
    ) -> (Option<Applied>, Vec<Refused>) {
        let compile = |(tenant, packs)| self.compile(tenant, packs);
        #[cfg(feature = "rayon")]
        let made = {
            use rayon::prelude::*;
            tenants.into_par_iter().map(compile).collect()
        };
        #[cfg(not(feature = "rayon"))]
        let made = tenants.into_iter().map(compile).collect();
        self.publish(made, by)
    }

    /// The same with what was compiled before, from the tenant's packs and its allow terms; `None` for a tenant that has neither.
    ///
    /// Limits, versions and ids of packs are held to as for packs; what cannot be seen any more is what the packs say, so rulesets must come
    /// from where packs would.
    pub fn set_compiled(
        &self,
        tenants: Vec<(Tenant, Option<Ruleset>)>,
        by: &By,
    ) -> (Option<Applied>, Vec<Refused>) {
        let house = Arc::clone(&self.live.get().house);
        let made = tenants
            .into_iter()
            .map(|(tenant, own)| {
                let packs = own.as_ref().map(|own| Arc::clone(&own.rules.packs));
                let own = fitting(&tenant, own, &house);
                Compiled {
                    tenant: Arc::new(tenant),
                    packs: packs.unwrap_or_default(),
                    own: own.map(|own| own.map(Arc::new)),
                }
            })
            .collect();
        self.publish(made, by)
    }

    /// Removes a tenant: its messages are those of an unknown one from now on.
    ///
    /// # Errors
    ///
    /// If the tenant is not known.
    pub fn remove(&self, tenant: &str, by: &By) -> Result<Applied, UnknownTenant> {
        let mut writer = self.writer();
        let now = self.live.get();
        let packs = Arc::clone(&now.tenant(tenant)?.packs);
        let id: Arc<str> = tenant.into();
        writer.gone.insert(Arc::clone(&id), packs);
        let next = now.with(now.version() + 1, vec![(Arc::clone(&id), None)]);
        Ok(self.go_live(&mut writer, next, Change::Removed(id), by))
    }

    /// Replaces what all tenants share. Tenants are not compiled again; what of their files cannot stand over the new rules is left out, which
    /// leaves the rule in force, and is handed back by tenant.
    ///
    /// # Errors
    ///
    /// What the operator's file names and is not there; what was live stays so.
    pub fn set_shared(
        &self,
        base: Vec<Arc<Ruleset>>,
        regional: Vec<(Arc<str>, Arc<Ruleset>)>,
        operator: Operator,
        by: &By,
    ) -> Result<(Applied, Vec<Refused>), Diagnostics> {
        let operator = Arc::new(operator);
        let house = House::new(base, regional, Arc::clone(&operator)).inspect_err(|_| {
            self.writer().counts.refused += 1;
        })?;
        let mut writer = self.writer();
        let now = self.live.get();
        let (next, left_out) = now.over(now.version() + 1, Arc::new(house));
        let change = shared_change(&operator);
        Ok((self.go_live(&mut writer, next, change, by), left_out))
    }

    /// Makes the version of that fingerprint live again, as a new version, whatever sources say: the one way back to older packs.
    ///
    /// # Errors
    ///
    /// If no such version is kept.
    pub fn roll_back(&self, fingerprint: &str, by: &By) -> Result<Applied, UnknownFingerprint> {
        let mut writer = self.writer();
        let then = kept(&writer, fingerprint)?;
        let next = then.again(self.live.get().version() + 1);
        writer.counts.rollbacks += 1;
        let change = Change::RolledBack { to: then.version() };
        Ok(self.go_live(&mut writer, next, change, by))
    }

    /// The versions that are kept, the live one last.
    pub fn history(&self) -> Vec<Record> {
        self.writer().history.iter().cloned().collect()
    }

    /// What differs between two versions that are kept, by fingerprint.
    ///
    /// # Errors
    ///
    /// If one of them is not kept.
    pub fn diff(&self, before: &str, after: &str) -> Result<Vec<Difference>, UnknownFingerprint> {
        let writer = self.writer();
        Ok(kept(&writer, before)?.diff(&*kept(&writer, after)?))
    }

    /// How many changes went live and how many were refused.
    pub fn counts(&self) -> Counts {
        self.writer().counts
    }

    /// The packs that sources may not go below: of tenants that are live, and of those that were removed. To be kept over a restart.
    pub fn known(&self) -> Vec<KnownPack> {
        let writer = self.writer();
        let now = self.live.get();
        let live = now.tenants().map(|rules| (&rules.tenant.id, &rules.packs));
        live.chain(&writer.gone)
            .flat_map(|(tenant, packs)| {
                packs.iter().map(|pack| KnownPack {
                    tenant: Arc::clone(tenant),
                    pack: pack.clone(),
                })
            })
            .collect()
    }

    /// Takes over what an earlier registry [knew](Self::known), before tenants are set: their packs do not come back older.
    pub fn know(&self, known: impl IntoIterator<Item = KnownPack>) {
        let mut packs: BTreeMap<Arc<str>, Vec<PackRow>> = BTreeMap::new();
        for KnownPack { tenant, pack } in known {
            packs.entry(tenant).or_default().push(pack);
        }
        let mut writer = self.writer();
        for (tenant, packs) in packs {
            writer.gone.insert(tenant, packs.into());
        }
    }

    /// Counts a change that a source could not even hand over.
    pub fn refuse(&self) {
        self.writer().counts.refused += 1;
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // What a panic leaves behind is whole: the history grows by one push.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn applied(&self) -> Applied {
        let now = self.live.get();
        Applied {
            version: now.version(),
            fingerprint: now.fingerprint(),
        }
    }

    /// The tenant's own rules. No lock is held.
    fn compile(&self, tenant: Tenant, packs: Vec<Pack>) -> Compiled {
        let house = Arc::clone(&self.live.get().house);
        let problems = over_limits(&tenant, &Asked::of(&tenant, &packs), &house);
        let live = packs.iter().map(compile::row_of).collect();
        let own = if problems.has_errors() {
            Err(problems)
        } else {
            own_rules(&tenant, packs, &house)
        };
        Compiled {
            tenant: Arc::new(tenant),
            packs: live,
            own,
        }
    }

    /// Puts what was compiled over the house that is live, and publishes it.
    fn publish(&self, made: Vec<Compiled>, by: &By) -> (Option<Applied>, Vec<Refused>) {
        let mut writer = self.writer();
        let now = self.live.get();
        let mut changes = Vec::new();
        let mut refused = Vec::new();
        for Compiled { tenant, packs, own } in made {
            let id = Arc::clone(&tenant.id);
            let settled = own.and_then(|own| {
                let before = now.tenant(&id).map(|rules| &rules.packs).ok();
                if let Some(before) = before.or_else(|| writer.gone.get(&id)) {
                    newer(&tenant, before, &packs, &now.house.operator)?;
                }
                let (rules, problems) = now.house.settle(tenant, packs, own);
                if problems.has_errors() {
                    return Err(problems);
                }
                Ok(rules)
            });
            match settled {
                Ok(rules) => changes.push((id, Some(Arc::new(rules)))),
                Err(problems) => {
                    writer.counts.refused += 1;
                    refused.push((id, problems));
                }
            }
        }
        if changes.is_empty() {
            return (None, refused);
        }
        let ids: Vec<Arc<str>> = changes.iter().map(|(id, _)| Arc::clone(id)).collect();
        for id in &ids {
            writer.gone.remove(id);
        }
        let next = now.with(now.version() + 1, changes);
        let applied = self.go_live(&mut writer, next, Change::Set(ids), by);
        (Some(applied), refused)
    }

    fn go_live(&self, writer: &mut Writer, next: Snapshot, change: Change, by: &By) -> Applied {
        let next = Arc::new(next);
        let applied = Applied {
            version: next.version(),
            fingerprint: next.fingerprint(),
        };
        self.live.publish(Arc::clone(&next));
        writer.counts.applied += 1;
        writer.history.push_back(Record {
            snapshot: next,
            change,
            by: by.clone(),
        });
        while writer.history.len() > writer.keep {
            writer.history.pop_front();
        }
        applied
    }
}

/// A tenant between compiler and snapshot.
struct Compiled {
    tenant: Arc<Tenant>,
    packs: Arc<[PackRow]>,
    own: Result<Option<Arc<Ruleset>>, Diagnostics>,
}

fn kept(writer: &Writer, fingerprint: &str) -> Result<Arc<Snapshot>, UnknownFingerprint> {
    writer
        .history
        .iter()
        .rev()
        .find(|record| record.snapshot.fingerprint() == fingerprint)
        .map(|record| Arc::clone(&record.snapshot))
        .ok_or(UnknownFingerprint)
}

fn shared_change(operator: &Operator) -> Change {
    let shadows = operator.shadows.iter().map(|shadow| {
        let shadow = &shadow.value;
        (
            Arc::clone(&shadow.rule),
            Arc::clone(&shadow.reason),
            shadow.until,
        )
    });
    Change::Shared {
        shadows: shadows.collect(),
    }
}
