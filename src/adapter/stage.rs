//! From a message to a decision, whatever happens on the way. No runtime: whoever calls it says what time it is, and when it is too late.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::engine::{Message, Scanner};
use crate::pack::Fail;
use crate::policy::STACK;
use crate::policy::face::{Reader, Registry, Snapshot, TenantRules, UnknownTenant};
use crate::primitives::{Scene, Timestamp, Window};
use crate::verdict::{Action, Coverage, Verdict};

use super::answer::{Answer, Manners};
use super::senders::Senders;

/// Why a message got its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It was judged, all of it.
    Judged,
    /// It was judged, and not looked at completely.
    Partial,
    /// It holds no text.
    NotText,
    /// Nobody knows its tenant.
    UnknownTenant,
    /// What came could not be read.
    Unreadable,
    /// What came is not signed by whom it should be, or the secret in the URL is wrong.
    Unauthenticated,
    /// There was no room for it.
    Overload,
    /// There was no time for it.
    Deadline,
    /// Its alert could not be kept.
    AlertLost,
    /// Judging it broke off.
    Fault,
    /// It was no message at all, but another callback of the same server.
    NoMessage,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 11] = [
        Self::Judged,
        Self::Partial,
        Self::NotText,
        Self::UnknownTenant,
        Self::Unreadable,
        Self::Unauthenticated,
        Self::Overload,
        Self::Deadline,
        Self::AlertLost,
        Self::Fault,
        Self::NoMessage,
    ];

    /// The name used in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Judged => "judged",
            Self::Partial => "partial",
            Self::NotText => "not-text",
            Self::UnknownTenant => "unknown-tenant",
            Self::Unreadable => "unreadable",
            Self::Unauthenticated => "unauthenticated",
            Self::Overload => "overload",
            Self::Deadline => "deadline",
            Self::AlertLost => "alert-lost",
            Self::Fault => "fault",
            Self::NoMessage => "no-message",
        }
    }
}

/// An answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// What becomes of the message.
    pub answer: Answer,
    /// Why.
    pub cause: Cause,
}

/// A message that was judged.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Judged<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// The rules of its tenant.
    pub rules: &'a TenantRules,
}

/// Why a message was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotJudged {
    /// Nobody knows its tenant.
    UnknownTenant(UnknownTenant),
    /// Judging it broke off: a fault of ours.
    Fault,
}

impl fmt::Display for NotJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTenant(unknown) => unknown.fmt(f),
            Self::Fault => f.write_str("judging the message broke off"),
        }
    }
}

impl std::error::Error for NotJudged {}

/// Judges messages by what is live, from any thread, and says what becomes of them. Waits for nothing but a short lock.
///
/// # Examples
///
/// ```
/// use tidegate::adapter::{Answer, Stage};
/// use tidegate::registry::{By, Registry};
/// use tidegate::{Message, Operator, Tenant, Timestamp};
///
/// let now = Timestamp(1_795_428_000);
/// let by = By::new("trust desk", "a new customer", now);
/// let registry = Registry::new(Vec::new(), Vec::new(), Operator::default(), &by)?;
/// registry.set(Tenant::parse("acme.toml", "[tenant]\nid = \"acme\"\n")?.tenant, Vec::new(), &by)?;
///
/// let stage = Stage::new(&registry);
/// let message = Message::text("hello").tenant("acme");
/// assert_eq!(stage.decide(&message, None, now).answer, Answer::Allow);
/// // Nobody knows that one.
/// let stranger = stage.decide(&message.tenant("other"), None, now);
/// assert!(matches!(stranger.answer, Answer::Review(_)));
/// # Ok::<(), tidegate::Diagnostics>(())
/// ```
#[derive(Debug)]
pub struct Stage {
    registry: Registry,
    tools: Mutex<Vec<(Scanner, Reader)>>,
    senders: Senders,
    manners: RwLock<AllManners>,
    counts: [[AtomicU64; Answer::NAMES.len()]; Cause::ALL.len()],
}

/// Of tenants that are named, and of all others.
#[derive(Debug, Default)]
struct AllManners {
    all: Arc<Manners>,
    of_tenants: BTreeMap<String, Arc<Manners>>,
}

impl Stage {
    /// A stage over what is live in `registry`.
    pub fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            tools: Mutex::default(),
            senders: Senders::new(Window::MOST_SECONDS),
            manners: RwLock::default(),
            counts: Default::default(),
        }
    }

    /// The same, with these manners for the tenants named and those for all others.
    #[must_use]
    pub fn with_manners(self, all: Manners, of_tenants: BTreeMap<String, Manners>) -> Self {
        self.set_manners(all, of_tenants);
        self
    }

    /// Puts other manners in the place of those that are there, while messages are judged.
    pub fn set_manners(&self, all: Manners, of_tenants: BTreeMap<String, Manners>) {
        let of_tenants = of_tenants.into_iter();
        let manners = AllManners {
            all: Arc::new(all),
            of_tenants: of_tenants
                .map(|(tenant, manners)| (tenant, Arc::new(manners)))
                .collect(),
        };
        *self.manners.write().unwrap_or_else(PoisonError::into_inner) = manners;
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What is live now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    /// How the server of a tenant is told.
    pub fn manners(&self, tenant: Option<&str>) -> Arc<Manners> {
        let manners = self.manners.read().unwrap_or_else(PoisonError::into_inner);
        let own = tenant.and_then(|tenant| manners.of_tenants.get(tenant));
        Arc::clone(own.unwrap_or(&manners.all))
    }

    /// Judges a message, terms cut over earlier messages of its sender included, and hands the verdict to `then`.
    ///
    /// Cost: as [`Scanner::scan_tenant`]; where rules have windows, messages of senders in one shard wait for each other.
    ///
    /// # Errors
    ///
    /// If its tenant is not known, or if judging broke off.
    pub fn judge<T>(
        &self,
        message: &Message<'_>,
        at: Timestamp,
        then: impl FnOnce(Judged<'_>) -> T,
    ) -> Result<T, NotJudged> {
        let (mut scanner, mut reader) = self
            .tools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_else(|| (Scanner::new(), self.registry.reader()));
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let tenant = message.tenant.unwrap_or_default();
            let rules = reader.snapshot().tenant(tenant);
            let rules = rules.map_err(NotJudged::UnknownTenant)?;
            Ok(self.scan(&mut scanner, rules, message, at, then))
        }));
        match judged {
            Ok(judged) => {
                // A scanner that saw a panic is not put back.
                let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
                tools.push((scanner, reader));
                judged
            }
            Err(_) => Err(NotJudged::Fault),
        }
    }

    fn scan<T>(
        &self,
        scanner: &mut Scanner,
        rules: &TenantRules,
        message: &Message<'_>,
        at: Timestamp,
        then: impl FnOnce(Judged<'_>) -> T,
    ) -> T {
        let windows = message.sender.is_some()
            && rules.rulesets().any(|ruleset| ruleset.longest_window() > 0);
        if !windows {
            let verdict = scanner.scan_tenant(rules, message, at);
            return then(Judged { verdict, rules });
        }
        let mut rulesets = rules.rulesets();
        let Some(first) = rulesets.next() else {
            let verdict = scanner.scan_tenant(rules, message, at);
            return then(Judged { verdict, rules });
        };
        let mut stack = [first; STACK];
        let mut count = 1;
        for (place, ruleset) in stack[1..].iter_mut().zip(rulesets) {
            *place = ruleset;
            count += 1;
        }
        let mut state = self.senders.lock(Senders::shard(message, 0));
        let verdict = match state.of(message, at) {
            Some(sender) => scanner.scan_in(sender, &stack[..count], rules.policy(), message, at),
            None => scanner.scan_tenant(rules, message, at),
        };
        drop(state);
        then(Judged { verdict, rules })
    }

    /// Judges a message and says what becomes of it, in a language if one is asked for. The decision is counted.
    pub fn decide(&self, message: &Message<'_>, language: Option<&str>, at: Timestamp) -> Decision {
        let judged = self.judge(message, at, |judged| {
            self.answer(judged, message, true, language)
        });
        let decision = judged.unwrap_or_else(|not| self.unjudged(message, language, not));
        self.count(&decision);
        decision
    }

    /// What becomes of a message that was judged. `whole` says whether it was nothing but text. Not counted yet.
    pub fn answer(
        &self,
        judged: Judged<'_>,
        message: &Message<'_>,
        whole: bool,
        language: Option<&str>,
    ) -> Decision {
        let Judged { verdict, rules } = judged;
        let manners = self.manners(message.tenant);
        let policy = rules.policy();
        let cause = if verdict.coverage.names(Coverage::NOT_TEXT) {
            Cause::NotText
        } else if verdict.coverage.is_complete() && whole {
            Cause::Judged
        } else {
            Cause::Partial
        };
        let answer = manners.answer(
            verdict,
            verdict.masked(message),
            whole,
            policy.on_partial(),
            || manners.refusal(language, policy.refusal()),
        );
        Decision { answer, cause }
    }

    /// What becomes of a message that was not judged. Not counted yet.
    pub fn unjudged(
        &self,
        message: &Message<'_>,
        language: Option<&str>,
        not: NotJudged,
    ) -> Decision {
        let cause = match not {
            NotJudged::UnknownTenant(_) => Cause::UnknownTenant,
            NotJudged::Fault => Cause::Fault,
        };
        self.without(message.tenant, Some(message.scene), language, cause)
    }

    /// What becomes of a message that was not judged, for a reason: what the tenant's `fail` says in the scene, if the operator lets it. Where the
    /// scene is not known, the tenant must fail open in all of them. Who does not say who it is is refused. Not counted yet.
    pub fn without(
        &self,
        tenant: Option<&str>,
        scene: Option<Scene>,
        language: Option<&str>,
        cause: Cause,
    ) -> Decision {
        let manners = self.manners(tenant);
        let snapshot = self.snapshot();
        let rules = snapshot.tenant(tenant.unwrap_or_default());
        let own = rules
            .as_ref()
            .ok()
            .and_then(|rules| rules.policy().refusal());
        let refusal = manners.refusal(language, own);
        let answer = match (cause, rules) {
            (Cause::NoMessage, _) => Answer::Allow,
            (Cause::Unauthenticated, _) => Answer::Refuse(refusal),
            (_, Err(unknown)) if unknown.answer == Action::Block => manners.blocked(refusal),
            (_, Err(_)) => Answer::Review(refusal),
            (_, Ok(rules)) => {
                let policy = rules.policy();
                let open = match scene {
                    Some(scene) => policy.fail(scene) == Fail::Open,
                    None => Scene::ALL
                        .into_iter()
                        .all(|scene| policy.fail(scene) == Fail::Open),
                };
                if open {
                    Answer::Allow
                } else {
                    Answer::Refuse(refusal)
                }
            }
        };
        Decision { answer, cause }
    }

    /// Counts a decision.
    pub fn count(&self, decision: &Decision) {
        self.counts[decision.cause as usize][decision.answer.place()]
            .fetch_add(1, Ordering::Relaxed);
    }

    /// How many decisions there were, by cause and by the name of the answer; those that did not happen are left out.
    pub fn counts(&self) -> impl Iterator<Item = (Cause, &'static str, u64)> {
        let rows = Cause::ALL.into_iter().zip(&self.counts);
        rows.flat_map(|(cause, row)| {
            let cells = Answer::NAMES.into_iter().zip(row);
            cells.map(move |(name, count)| (cause, name, count.load(Ordering::Relaxed)))
        })
        .filter(|(.., count)| *count > 0)
    }
}
