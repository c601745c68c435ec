//! What one message may still cost.

use std::ops::ControlFlow;

use crate::limits::Limits;

/// What one message may still cost.
#[derive(Debug, Default)]
pub(super) struct Budget {
    steps: u64,
    spent: u64,
    hits: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits, bytes: usize) -> Self {
        let by_length = limits.steps_per_byte.saturating_mul(bytes as u64);
        Self {
            steps: limits.steps_base.saturating_add(by_length),
            spent: 0,
            hits: limits.hits,
        }
    }

    /// Takes steps; breaks when there are no more.
    pub(super) fn spend(&mut self, steps: u64) -> ControlFlow<()> {
        self.spent = self.spent.saturating_add(steps);
        if self.spent > self.steps {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Takes steps for what is yet to be done; breaks, with none left, where they do not suffice for it.
    pub(super) fn reserve(&mut self, steps: u64) -> ControlFlow<()> {
        if steps > self.left() {
            self.spent = self.spent.max(self.steps);
            return ControlFlow::Break(());
        }
        self.spend(steps)
    }

    /// Takes room for a hit; breaks when there is no more.
    pub(super) fn hit(&mut self) -> ControlFlow<()> {
        match self.hits.checked_sub(1) {
            Some(0) | None => ControlFlow::Break(()),
            Some(hits) => {
                self.hits = hits;
                ControlFlow::Continue(())
            }
        }
    }

    /// One with half of the steps that are left.
    pub(super) fn half(&self) -> Self {
        Self {
            steps: self.left() / 2,
            spent: 0,
            hits: self.hits,
        }
    }

    pub(super) fn left(&self) -> u64 {
        self.steps.saturating_sub(self.spent)
    }

    /// Steps taken so far.
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }
}
