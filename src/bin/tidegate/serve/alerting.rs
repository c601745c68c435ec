//! Alerts of messages that came over HTTP: on disk before the answer says so.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidegate::adapter::Judged;
use tidegate::alert::fresh_message_id;
use tidegate::alert::outbox::{Outcome, Trouble};
use tidegate::alert::sink::Delivery;
use tidegate::{Message, Timestamp};

use crate::Broke;
use crate::alerts::{Owner, Store, Wanted};
use crate::packs::Versions;
use crate::prometheus::Text;

/// How long the sinks have at the end; what they have not taken by then they get the next time.
const GRACE: Duration = Duration::from_secs(3);

/// The outbox, and the sinks behind it.
pub(super) struct Alerting {
    store: Store,
    delivery: Delivery,
}

impl fmt::Debug for Alerting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerting").finish_non_exhaustive()
    }
}

impl Alerting {
    pub(super) fn open(folder: &Path, versions: Versions) -> Result<Self, Broke> {
        let store = Store::open(folder, versions)?;
        let delivery = Delivery::start(Arc::clone(&store.outbox), store.plans()?)?;
        Ok(Self { store, delivery })
    }

    /// The alerts that a verdict asks for. The message has an id.
    pub(super) fn alerts(
        &self,
        judged: Judged<'_>,
        message: &Message<'_>,
        now: Timestamp,
    ) -> Wanted {
        let owner = Owner {
            tenant: judged.rules.id(),
            sinks: judged.rules.policy().sinks(),
        };
        let own: Vec<_> = judged.rules.packs().collect();
        self.store.wanted(judged.verdict, message, owner, &own, now)
    }

    /// Keeps alerts, and waits for the disk; whether they are there, or were counted as spilled.
    ///
    /// # Errors
    ///
    /// If the outbox takes no more.
    pub(super) fn keep(&self, pending: Wanted) -> Result<bool, Trouble> {
        let outcome = self.store.outbox.store(pending.alerts, &pending.policy)?;
        Ok(outcome == Outcome::Stored)
    }

    /// The same for many, in one commit.
    pub(super) fn keep_all(&self, pending: Vec<Wanted>) -> Vec<Result<bool, Trouble>> {
        let tickets: Vec<_> = pending
            .into_iter()
            .map(|pending| self.store.outbox.submit(pending.alerts, &pending.policy))
            .collect();
        let outcomes = tickets.iter().map(|ticket| ticket.wait());
        outcomes
            .map(|outcome| outcome.map(|outcome| outcome == Outcome::Stored))
            .collect()
    }

    /// Erases what is older than it may be kept.
    pub(super) fn expire(&self, now: Timestamp) -> Result<(), Trouble> {
        self.store.outbox.expire(now).map(|_| ())
    }

    pub(super) fn rows(&self, out: &mut Text) {
        self.store.rows(out);
    }

    /// Gives the sinks a little time.
    pub(super) fn finish(&self) {
        if !self.delivery.drain(GRACE) {
            tracing::warn!("some sinks have not taken every alert; they get them the next time");
        }
        if let Err(trouble) = self.store.outbox.flush() {
            tracing::error!(code = trouble.code, "the outbox could not be flushed");
        }
    }
}

/// An id for a message that came without one, so that its alerts have a name.
pub(super) fn fresh_id() -> String {
    let mut random = [0; 16];
    // Without random bytes ids are still ids; that two are alike is then only unlikely by the clock.
    if getrandom::fill(&mut random).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        random = now.map_or(0, |now| now.as_nanos()).to_le_bytes();
    }
    fresh_message_id(random)
}
