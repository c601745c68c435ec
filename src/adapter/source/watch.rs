//! Changes of the folder, as the system tells them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, thread};

use notify_debouncer_full::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use crate::policy::face::Registry;
use crate::primitives::Timestamp;

use super::files;
use super::folder::{Folder, Synced};

/// Changes that follow each other within this time are one.
const SETTLED: Duration = Duration::from_millis(100);
/// How soon a file that is missing is looked for again.
const AGAIN: Duration = Duration::from_millis(500);
/// How soon the folder is looked at where nobody said anything: what the system tells may be lost.
const ROUND: Duration = Duration::from_secs(30);

/// A folder that is watched, until this is dropped.
pub struct Watch {
    stop: Option<Sender<Told>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

type Asked = dyn FnOnce(&mut Folder, &Registry) + Send;

enum Told {
    Changed(Vec<PathBuf>),
    /// Something was lost.
    Everything,
    /// Somebody wants to do something between two looks.
    Ask(Box<Asked>),
    Stop,
}

impl Watch {
    /// Watches the folder in a thread of its own and makes what changes live. `now` tells the time that the history names, `each` hears
    /// of every look that found something.
    ///
    /// The folder itself is watched, and the one that holds it, rather than its files: files are replaced by renames, and a whole
    /// folder by another or by a link.
    ///
    /// # Errors
    ///
    /// If the system cannot watch it.
    pub fn start(
        mut folder: Folder,
        registry: Registry,
        now: impl Fn() -> Timestamp + Send + 'static,
        mut each: impl FnMut(&Synced) + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (tell, told) = mpsc::channel();
        let stop = tell.clone();
        let mut eyes = Eyes::new(folder.path(), tell).map_err(std::io::Error::other)?;
        let thread = thread::Builder::new()
            .name("tidegate-folder".to_owned())
            .spawn(move || {
                let mut wait = ROUND;
                loop {
                    let changed = match told.recv_timeout(wait) {
                        Ok(Told::Changed(paths)) => paths,
                        Ok(Told::Everything) | Err(RecvTimeoutError::Timeout) => Vec::new(),
                        Ok(Told::Ask(asked)) => {
                            asked(&mut folder, &registry);
                            continue;
                        }
                        Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                    };
                    eyes.follow(folder.path());
                    let synced = folder.sync(&registry, Some(&changed), now());
                    wait = if synced.waits { AGAIN } else { ROUND };
                    let quiet = synced.set.is_empty()
                        && synced.removed.is_empty()
                        && synced.refused.is_empty()
                        && !synced.shared;
                    if !quiet {
                        each(&synced);
                    }
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Looks at the whole folder soon, as if everything in it had changed.
    pub fn look(&self) {
        self.tell(Told::Everything);
    }

    /// Does something with the folder between two looks, in the thread that watches it.
    pub fn ask(&self, what: impl FnOnce(&mut Folder, &Registry) + Send + 'static) {
        self.tell(Told::Ask(Box::new(what)));
    }

    fn tell(&self, told: Told) {
        if let Some(tell) = &self.stop {
            // A thread that has ended hears nothing.
            let _ = tell.send(told);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A thread that has ended already hears nothing.
            let _ = stop.send(Told::Stop);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What watches.
struct Eyes {
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    /// The folder as it is watched: its real path, and which folder of that path it is.
    watched: Option<(PathBuf, Option<files::Identity>)>,
}

impl Eyes {
    fn new(folder: &Path, tell: Sender<Told>) -> Result<Self, notify::Error> {
        let debouncer = new_debouncer(SETTLED, None, move |events: DebounceEventResult| {
            let told = match events {
                Ok(events) if events.iter().any(|event| event.need_rescan()) => Told::Everything,
                Ok(events) => Told::Changed(
                    events
                        .iter()
                        // Reading a file is told as well, and is no change.
                        .filter(|event| !event.kind.is_access())
                        .flat_map(|event| event.paths.iter().cloned())
                        .collect(),
                ),
                Err(_) => Told::Everything,
            };
            if !matches!(&told, Told::Changed(paths) if paths.is_empty()) {
                // Who does not listen any more has stopped.
                let _ = tell.send(told);
            }
        })?;
        let mut eyes = Self {
            debouncer,
            watched: None,
        };
        let real = folder.canonicalize()?;
        if let Some(above) = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
        {
            eyes.debouncer.watch(above, RecursiveMode::NonRecursive)?;
        }
        eyes.debouncer.watch(&real, RecursiveMode::Recursive)?;
        eyes.watched = Some((real.clone(), files::identity_of(&real)));
        Ok(eyes)
    }

    /// Watches the folder that the path leads to now.
    fn follow(&mut self, folder: &Path) {
        let Ok(real) = folder.canonicalize() else {
            return;
        };
        let now = Some((real.clone(), files::identity_of(&real)));
        if self.watched == now {
            return;
        }
        if let Some((before, _)) = self.watched.take() {
            // One that is gone is no longer watched anyway.
            let _ = self.debouncer.unwatch(&before);
        }
        if self
            .debouncer
            .watch(&real, RecursiveMode::Recursive)
            .is_ok()
        {
            self.watched = now;
        }
    }
}
