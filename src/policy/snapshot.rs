//! What is live at one moment: the shared rules, and every tenant's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::diag::{Diagnostics, codes, said};
use crate::pack::{Operator, Tenant};
use crate::primitives::Timestamp;
use crate::ruleset::{Digest, PackRow, Ruleset};
use crate::text::tables;
use crate::verdict::Action;

use super::Policy;

/// Parts that the tenants are kept in, so that a change copies one part and hashes one part.
const SHARDS: usize = 256;

/// How many rulesets a message is screened with at most: the base, those of jurisdictions, and the tenant's.
pub(crate) const STACK: usize = 16;

/// One tenant's rules, compiled.
#[derive(Debug)]
pub struct TenantRules {
    pub(super) tenant: Arc<Tenant>,
    pub(super) packs: Arc<[PackRow]>,
    /// Its own rules, if it has any.
    pub(super) own: Option<Arc<Ruleset>>,
    rulesets: Box<[Arc<Ruleset>]>,
    /// That of the house, where the tenant's file adds nothing.
    policy: Arc<Policy>,
    digest: Digest,
}

impl TenantRules {
    /// The tenant's id.
    pub fn id(&self) -> &str {
        &self.tenant.id
    }

    /// What its file says.
    pub fn file(&self) -> &Tenant {
        &self.tenant
    }

    /// What it makes of findings.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its own rules, compiled; `None` if it has no packs and no allow terms.
    pub fn own(&self) -> Option<&Ruleset> {
        self.own.as_deref()
    }

    /// The rulesets that its messages are screened with, the base first.
    pub fn rulesets(&self) -> impl Iterator<Item = &Ruleset> {
        self.rulesets.iter().map(|ruleset| &**ruleset)
    }

    /// Ids and versions of its packs.
    pub fn packs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.packs.iter().map(|pack| (&*pack.id, &*pack.version))
    }

    /// Bytes of memory that it takes beside what all tenants share, about.
    pub fn bytes(&self) -> usize {
        let file = &self.tenant.file;
        let fixed = size_of::<Self>() + size_of::<Tenant>();
        let packs: usize = self
            .packs
            .iter()
            .map(|pack| size_of::<PackRow>() + pack.id.len() + pack.version.len() + 32)
            .sum();
        fixed + packs + file.source.len() + file.name.len() + self.own().map_or(0, Ruleset::bytes)
    }

    /// A digest of everything that decides on its messages.
    pub fn fingerprint(&self) -> String {
        self.digest.to_string()
    }
}

/// What all tenants share.
#[derive(Debug)]
pub(super) struct House {
    pub(super) base: Vec<Arc<Ruleset>>,
    /// By jurisdiction.
    pub(super) regional: Vec<(Arc<str>, Arc<Ruleset>)>,
    pub(super) operator: Arc<Operator>,
    floor: Arc<Policy>,
    digest: Digest,
}

impl House {
    /// # Errors
    ///
    /// What the operator's file names and is not there.
    pub(super) fn new(
        base: Vec<Arc<Ruleset>>,
        regional: Vec<(Arc<str>, Arc<Ruleset>)>,
        operator: Arc<Operator>,
    ) -> Result<Self, Diagnostics> {
        let all: Vec<&Ruleset> = base
            .iter()
            .chain(regional.iter().map(|(_, ruleset)| ruleset))
            .map(|ruleset| &**ruleset)
            .collect();
        operator.check(&all)?;
        if all.len() + 1 > STACK {
            let mut problems = operator.file.problems();
            problems.push(
                operator
                    .file
                    .problem(
                        &codes::RULESET_TOO_LARGE,
                        0..0,
                        said!(
                            "there are more than {most} shared rulesets",
                            "共享规则集超过 {most} 个",
                            most = STACK - 1
                        ),
                    )
                    .with_help(said!(
                        "put the packs of several jurisdictions together",
                        "请合并若干法域的规则包"
                    )),
            );
            return Err(problems);
        }
        let mut hasher = blake3::Hasher::new();
        for ruleset in &all {
            hasher.update(&ruleset.digest.0);
        }
        for (jurisdiction, _) in &regional {
            hasher.update(jurisdiction.as_bytes());
            hasher.update(&[0]);
        }
        let floor = Policy::of_operator(&operator);
        hasher.update(&floor.digest().0);
        hasher.update(operator.file.source.as_bytes());
        Ok(Self {
            digest: Digest(*hasher.finalize().as_bytes()),
            floor: Arc::new(floor),
            base,
            regional,
            operator,
        })
    }

    /// A tenant's rules over these, and what of its file cannot stand.
    pub(super) fn settle(
        &self,
        tenant: Arc<Tenant>,
        packs: Arc<[PackRow]>,
        own: Option<Arc<Ruleset>>,
    ) -> (TenantRules, Diagnostics) {
        let counts = |list: &Arc<str>| {
            let given = tenant.jurisdictions.as_ref();
            **list == *"UN"
                || self.operator.floor.jurisdictions.contains(list)
                || given.is_some_and(|given| given.value.contains(list))
        };
        let regional = self.regional.iter().filter(|(list, _)| counts(list));
        let rulesets: Box<[Arc<Ruleset>]> = self
            .base
            .iter()
            .chain(regional.map(|(_, ruleset)| ruleset))
            .chain(&own)
            .map(Arc::clone)
            .collect();
        let all: Vec<&Ruleset> = rulesets.iter().map(|ruleset| &**ruleset).collect();
        let (policy, problems) = Policy::settled(&tenant, &self.operator, &self.floor, &all);
        let policy = policy.map_or_else(|| Arc::clone(&self.floor), Arc::new);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&policy.digest().0);
        for ruleset in &all {
            hasher.update(&ruleset.digest.0);
        }
        let rules = TenantRules {
            digest: Digest(*hasher.finalize().as_bytes()),
            tenant,
            packs,
            own,
            rulesets,
            policy,
        };
        (rules, problems)
    }
}

type Tenants = BTreeMap<Arc<str>, Arc<TenantRules>>;

#[derive(Clone, Debug)]
struct Shard {
    tenants: Arc<Tenants>,
    digest: Digest,
}

impl Shard {
    fn new(tenants: Tenants) -> Self {
        let mut hasher = blake3::Hasher::new();
        for (id, rules) in &tenants {
            hasher.update(&(id.len() as u64).to_le_bytes());
            hasher.update(id.as_bytes());
            hasher.update(&rules.digest.0);
        }
        Self {
            tenants: Arc::new(tenants),
            digest: Digest(*hasher.finalize().as_bytes()),
        }
    }
}

/// Everything that is live at one moment. Immutable; a message is judged by one snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) house: Arc<House>,
    shards: Box<[Shard]>,
    tenants: usize,
    version: u64,
    pub(super) fingerprint: Digest,
}

/// A tenant that no rules are known of. Its messages get `answer`, which never lets them through unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownTenant {
    /// What the operator has set for such messages: `review` or `block`.
    pub answer: Action,
}

impl fmt::Display for UnknownTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tenant is not known; the answer is {}", self.answer)
    }
}

impl std::error::Error for UnknownTenant {}

/// How a tenant differs between two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// What all tenants share: the base, the packs of jurisdictions, or the operator's file.
    Shared,
    /// A tenant that is only in the second.
    Added(Arc<str>),
    /// A tenant that is only in the first.
    Removed(Arc<str>),
    /// A tenant whose file or packs are others.
    Changed {
        /// The tenant.
        tenant: Arc<str>,
        /// Its packs with their versions in the first.
        before: Vec<(Arc<str>, Arc<str>)>,
        /// And in the second.
        after: Vec<(Arc<str>, Arc<str>)>,
    },
}

impl Snapshot {
    pub(super) fn new(house: Arc<House>) -> Self {
        let empty = Shard::new(Tenants::new());
        Self {
            house,
            shards: vec![empty; SHARDS].into(),
            tenants: 0,
            version: 0,
            fingerprint: Digest([0; 32]),
        }
        .named(0)
    }

    /// The tenant's rules.
    ///
    /// Costs a look-up in a map; allocates nothing.
    ///
    /// # Errors
    ///
    /// If the tenant is not known: with the answer that its messages get.
    pub fn tenant(&self, id: &str) -> Result<&TenantRules, UnknownTenant> {
        let known = self.shards[shard_of(id)].tenants.get(id);
        known.map(|rules| &**rules).ok_or(UnknownTenant {
            answer: self.house.operator.unknown_tenant,
        })
    }

    /// All tenants, in no order that means anything.
    pub fn tenants(&self) -> impl Iterator<Item = &TenantRules> {
        self.shards
            .iter()
            .flat_map(|shard| shard.tenants.values())
            .map(|rules| &**rules)
    }

    /// How many tenants there are.
    pub fn len(&self) -> usize {
        self.tenants
    }

    /// Whether there are no tenants.
    pub fn is_empty(&self) -> bool {
        self.tenants == 0
    }

    /// Grows by one with each change, rollbacks among them.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A digest of everything that decides: packs, word files, files of tenants and of the operator, tables, engine version. Two snapshots
    /// that decide alike have the same.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.to_string()
    }

    /// The operator's file.
    pub fn operator(&self) -> &Operator {
        &self.house.operator
    }

    /// The rulesets of jurisdictions.
    pub fn regional(&self) -> impl Iterator<Item = (&str, &Ruleset)> {
        let regional = self.house.regional.iter();
        regional.map(|(list, ruleset)| (&**list, &**ruleset))
    }

    /// Base rules that the operator has in shadow at that time: rule, reason, and until when.
    pub fn shadows(&self, at: Timestamp) -> impl Iterator<Item = (&str, &str, Timestamp)> {
        let shadows = self.house.operator.shadows.iter();
        shadows
            .map(|shadow| &shadow.value)
            .filter(move |shadow| at < shadow.until)
            .map(|shadow| (&*shadow.rule, &*shadow.reason, shadow.until))
    }

    /// What differs between this snapshot and a later one.
    pub fn diff(&self, later: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        if self.house.digest != later.house.digest {
            differences.push(Difference::Shared);
        }
        let packs = |rules: &TenantRules| {
            rules
                .packs
                .iter()
                .map(|pack| (Arc::clone(&pack.id), Arc::clone(&pack.version)))
                .collect()
        };
        for (before, after) in self.shards.iter().zip(&later.shards) {
            if before.digest == after.digest {
                continue;
            }
            for (id, rules) in before.tenants.iter() {
                match after.tenants.get(id) {
                    None => differences.push(Difference::Removed(Arc::clone(id))),
                    Some(now) if now.digest != rules.digest => {
                        differences.push(Difference::Changed {
                            tenant: Arc::clone(id),
                            before: packs(rules),
                            after: packs(now),
                        });
                    }
                    Some(_) => {}
                }
            }
            let added = after
                .tenants
                .keys()
                .filter(|id| !before.tenants.contains_key(*id));
            differences.extend(added.map(|id| Difference::Added(Arc::clone(id))));
        }
        differences
    }

    /// This snapshot with some tenants replaced or, where there are no rules, removed.
    pub(super) fn with(
        &self,
        version: u64,
        changes: Vec<(Arc<str>, Option<Arc<TenantRules>>)>,
    ) -> Self {
        let mut parts: BTreeMap<usize, Tenants> = BTreeMap::new();
        let mut next = self.clone();
        for (id, rules) in changes {
            let shard = shard_of(&id);
            let part = parts
                .entry(shard)
                .or_insert_with(|| (*self.shards[shard].tenants).clone());
            match rules {
                Some(rules) => part.insert(id, rules),
                None => part.remove(&id),
            };
        }
        for (shard, part) in parts {
            next.tenants = next.tenants - next.shards[shard].tenants.len() + part.len();
            next.shards[shard] = Shard::new(part);
        }
        next.named(version)
    }

    /// The same tenants over another house, and what of their files cannot stand there and is left out.
    pub(super) fn over(
        &self,
        version: u64,
        house: Arc<House>,
    ) -> (Self, Vec<(Arc<str>, Diagnostics)>) {
        let mut left_out = Vec::new();
        let mut next = Self::new(Arc::clone(&house));
        next.tenants = self.tenants;
        for (shard, before) in next.shards.iter_mut().zip(&self.shards) {
            let tenants = before.tenants.iter().map(|(id, rules)| {
                let (rules, problems) = house.settle(
                    Arc::clone(&rules.tenant),
                    Arc::clone(&rules.packs),
                    rules.own.clone(),
                );
                if problems.has_errors() {
                    left_out.push((Arc::clone(id), problems));
                }
                (Arc::clone(id), Arc::new(rules))
            });
            *shard = Shard::new(tenants.collect());
        }
        (next.named(version), left_out)
    }

    /// The same content as a newer version.
    pub(super) fn again(&self, version: u64) -> Self {
        Self {
            version,
            ..self.clone()
        }
    }

    fn named(mut self, version: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in [
            "tidegate snapshot 1",
            env!("CARGO_PKG_VERSION"),
            tables::UNICODE_VERSION,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&self.house.digest.0);
        for shard in &self.shards {
            hasher.update(&shard.digest.0);
        }
        self.fingerprint = Digest(*hasher.finalize().as_bytes());
        self.version = version;
        self
    }
}

/// FNV-1a (Fowler, Noll, Vo): ids are the operator's, and a part that is longer than others is only slower.
fn shard_of(id: &str) -> usize {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32) as usize % SHARDS
}
