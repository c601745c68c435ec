//! One value that is replaced while others read it.
//!
//! A version number beside a lock that holds the value: a reader that has seen the number takes the value it kept, at the cost of one
//! load. Only after a change does it take the lock, which writers hold for the moment of the exchange and never while they compile.
//! `tests` under `cfg(loom)` try every order of steps.

use std::sync::{Arc, PoisonError};

#[cfg(loom)]
use loom::sync::{
    RwLock,
    atomic::{AtomicU64, Ordering},
};
#[cfg(not(loom))]
use std::sync::{
    RwLock,
    atomic::{AtomicU64, Ordering},
};

/// A value that can be replaced.
#[derive(Debug)]
pub(super) struct Live<T> {
    version: AtomicU64,
    current: RwLock<(u64, Arc<T>)>,
}

impl<T> Live<T> {
    pub(super) fn new(value: Arc<T>) -> Self {
        Self {
            version: AtomicU64::new(0),
            current: RwLock::new((0, value)),
        }
    }

    /// Replaces the value. Every read that begins after this has returned gives the new one, or one that is newer still.
    pub(super) fn publish(&self, value: Arc<T>) {
        // The lock guards an exchange that cannot be broken off.
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.0 += 1;
        current.1 = value;
        self.version.store(current.0, Ordering::Release);
    }

    fn read(&self) -> (u64, Arc<T>) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.0, Arc::clone(&current.1))
    }

    /// The value now. Takes the lock; whoever reads often keeps a [`Cached`].
    pub(super) fn get(&self) -> Arc<T> {
        self.read().1
    }
}

/// A reader, with the value that it saw last.
#[derive(Debug)]
pub(super) struct Cached<T> {
    live: Arc<Live<T>>,
    seen: (u64, Arc<T>),
}

impl<T> Cached<T> {
    pub(super) fn new(live: Arc<Live<T>>) -> Self {
        let seen = live.read();
        Self { live, seen }
    }

    /// The value now.
    pub(super) fn get(&mut self) -> &Arc<T> {
        if self.live.version.load(Ordering::Acquire) != self.seen.0 {
            self.seen = self.live.read();
        }
        &self.seen.1
    }
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;

    /// Two writers, each saying when it is done, and a reader: it never goes back, never sees a value that was not published, and never
    /// misses one that was published before it looked.
    #[test]
    fn readers_see_what_was_published() {
        loom::model(|| {
            let live = Arc::new(Live::new(Arc::new(0_u64)));
            let done = Arc::new(AtomicU64::new(0));
            let writer = {
                let (live, done) = (Arc::clone(&live), Arc::clone(&done));
                loom::thread::spawn(move || {
                    for value in 1..=2 {
                        live.publish(Arc::new(value));
                        done.store(value, Ordering::Release);
                    }
                })
            };
            let mut reader = Cached::new(Arc::clone(&live));
            let mut last = 0;
            for _ in 0..3 {
                let least = done.load(Ordering::Acquire);
                let value = **reader.get();
                assert!(value >= least && value >= last && value <= 2);
                last = value;
            }
            writer.join().expect("the writer ends");
            assert_eq!(**reader.get(), 2);
        });
    }

    #[test]
    fn two_readers_and_two_writers() {
        loom::model(|| {
            let live = Arc::new(Live::new(Arc::new(0_u64)));
            let write = |value: u64| {
                let live = Arc::clone(&live);
                loom::thread::spawn(move || live.publish(Arc::new(value)))
            };
            let writers = [write(1), write(2)];
            let mut reader = Cached::new(Arc::clone(&live));
            let first = **reader.get();
            let second = **reader.get();
            assert!(
                first == 0 || second != 0,
                "a published value does not vanish"
            );
            for writer in writers {
                writer.join().expect("the writer ends");
            }
            let last = **reader.get();
            assert!(last == 1 || last == 2);
            assert_eq!(last, *live.get());
        });
    }
}
