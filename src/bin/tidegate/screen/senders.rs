//! What is kept of senders while messages are screened, for rules with a window.
//!
//! It lies in shards, whose number is fixed: so what is forgotten when does not depend on the number of threads, and neither do answers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard};

use tidegate::{Conversations, Message, Ruleset};

/// How many shards there are.
pub(super) const SHARDS: usize = 64;
/// Senders of which something is kept in a shard: 65,536 in all, of at most some two kilobytes each.
const SENDERS: usize = 1_024;

pub(super) struct Senders(Vec<Mutex<Conversations>>);

impl Senders {
    /// `None` if no rule has a window.
    pub(super) fn new(rulesets: &[&Ruleset]) -> Option<Self> {
        let longest = rulesets
            .iter()
            .map(|ruleset| ruleset.longest_window())
            .max()?;
        let shard = || Mutex::new(Conversations::new(SENDERS, longest));
        (longest > 0).then(|| Self((0..SHARDS).map(|_| shard()).collect()))
    }

    /// The shard of a message: that of its sender, or, of one without a sender, that of its number.
    pub(super) fn shard(message: &Message<'_>, number: u64) -> usize {
        let Some(sender) = message.sender else {
            return number as usize % SHARDS;
        };
        let mut hasher = DefaultHasher::new();
        (message.tenant, message.conversation, sender).hash(&mut hasher);
        hasher.finish() as usize % SHARDS
    }

    pub(super) fn lock(&self, shard: usize) -> MutexGuard<'_, Conversations> {
        match self.0[shard].lock() {
            Ok(state) => state,
            // A scan that panicked took up nothing.
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}
