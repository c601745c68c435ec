//! What is kept of senders while messages are screened, for rules with a window.
//!
//! It lies in shards, whose number is fixed: so what is forgotten when does not depend on the number of threads, and neither do answers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::{Conversations, Message};

/// Senders of which something is kept in a shard: 65,536 in all, of at most some two kilobytes each.
const SENDERS: usize = 1_024;

/// What is kept of senders, in shards, for threads.
#[derive(Debug)]
pub struct Senders(Vec<Mutex<Conversations>>);

impl Senders {
    /// How many shards there are.
    pub const SHARDS: usize = 64;

    /// Room for 65,536 senders, each forgotten so many seconds after the last message: the longest window of the rules
    /// ([`Ruleset::longest_window`](crate::Ruleset::longest_window)).
    pub fn new(seconds: u32) -> Self {
        let shard = || Mutex::new(Conversations::new(SENDERS, seconds));
        Self((0..Self::SHARDS).map(|_| shard()).collect())
    }

    /// The shard of a message: that of its sender, or, of one without a sender, that of a number.
    pub fn shard(message: &Message<'_>, number: u64) -> usize {
        let Some(sender) = message.sender else {
            return number as usize % Self::SHARDS;
        };
        let mut hasher = DefaultHasher::new();
        (message.tenant, message.conversation, sender).hash(&mut hasher);
        hasher.finish() as usize % Self::SHARDS
    }

    /// The state in a shard. Waits for who has it.
    pub fn lock(&self, shard: usize) -> MutexGuard<'_, Conversations> {
        // A scan that panicked took up nothing.
        self.0[shard % Self::SHARDS]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
