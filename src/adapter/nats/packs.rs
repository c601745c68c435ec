//! Packs by a bucket of keys: each key is a file's path in a folder of tenants, its value the file.
//!
//! What the bucket holds is written to a folder of the worker's own, and that folder is a [`Folder`](crate::adapter::source::Folder): the same
//! checks, and the same laws about what is replaced by what.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream::kv::{Operation, Store};
use futures_util::StreamExt;
use tokio::runtime::Builder;

use super::streams::bucket;
use super::{Broken, Settings, broken};

/// Changes that follow each other within this time are one.
const SETTLED: Duration = Duration::from_millis(50);
/// How long it is waited before the bucket is watched anew.
const AGAIN: Duration = Duration::from_millis(200);

/// What was written to the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Everything that the bucket holds is there; what it does not hold is gone.
    Everything,
    /// These files are other than before, or gone.
    Files(Vec<PathBuf>),
    /// A key that is no path of a file, and is left out.
    BadKey(String),
    /// The bucket cannot be watched; it is tried again, and what is there stays.
    Interrupted,
}

/// Writes what the bucket `<prefix>_packs` holds into `folder`, and goes on with every change until `each` says that it is enough. Makes the bucket
/// if there is none.
///
/// # Errors
///
/// If the server cannot be reached at the beginning, or the folder cannot be written.
pub fn watch(
    settings: &Settings,
    folder: &Path,
    each: &mut dyn FnMut(Change) -> bool,
) -> Result<(), Broken> {
    on_bucket(settings, async |store| {
        loop {
            match follow(&store, folder, each).await? {
                true => return Ok(()),
                false => {
                    if !each(Change::Interrupted) {
                        return Ok(());
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    })
}

/// Does something with the bucket, which is made if there is none, on this thread.
fn on_bucket<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(Store) -> Result<T, Broken>,
) -> Result<T, Broken> {
    settings.check()?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| broken("the system gives no thread", &error))?;
    runtime.block_on(async {
        let context = settings.connect().await?;
        let name = format!("{}_packs", settings.prefix);
        work(bucket(&context, &name, Duration::ZERO).await?).await
    })
}

/// Whether it is enough; it is not when the watch was broken off.
async fn follow(
    store: &Store,
    folder: &Path,
    each: &mut dyn FnMut(Change) -> bool,
) -> Result<bool, Broken> {
    let Ok(mut files) = everything(store).await else {
        return Ok(false);
    };
    let mut from = 0;
    for (key, (revision, value)) in &files {
        from = from.max(*revision);
        match file_of(folder, key) {
            Some(path) => put(&path, value)?,
            None if !each(Change::BadKey(key.clone())) => return Ok(true),
            None => {}
        }
    }
    files.retain(|key, _| file_of(folder, key).is_some());
    let known: Vec<PathBuf> = files
        .keys()
        .filter_map(|key| file_of(folder, key))
        .collect();
    remove_others(folder, &known)?;
    if !each(Change::Everything) {
        return Ok(true);
    }
    let Ok(mut changes) = store.watch_all_from_revision(from + 1).await else {
        return Ok(false);
    };
    let mut changed: Vec<PathBuf> = Vec::new();
    loop {
        let next = match changed.is_empty() {
            true => changes.next().await,
            false => match tokio::time::timeout(SETTLED, changes.next()).await {
                Ok(next) => next,
                Err(_) => {
                    if !each(Change::Files(std::mem::take(&mut changed))) {
                        return Ok(true);
                    }
                    continue;
                }
            },
        };
        let entry = match next {
            Some(Ok(entry)) => entry,
            // A heartbeat that was missed is told and goes by; an end is an end.
            Some(Err(_)) => continue,
            None => return Ok(false),
        };
        let Some(path) = file_of(folder, &entry.key) else {
            if !each(Change::BadKey(entry.key)) {
                return Ok(true);
            }
            continue;
        };
        match entry.operation {
            Operation::Put => put(&path, &entry.value)?,
            Operation::Delete | Operation::Purge => remove(&path)?,
        }
        changed.push(path);
    }
}

/// All keys, with the revisions and values that they have.
async fn everything(store: &Store) -> Result<BTreeMap<String, (u64, Vec<u8>)>, Broken> {
    let failed = |error: &dyn std::fmt::Display| broken("the bucket of packs", error);
    let mut files = BTreeMap::new();
    let mut keys = store.keys().await.map_err(|error| failed(&error))?;
    while let Some(key) = keys.next().await {
        let key = key.map_err(|error| failed(&error))?;
        let entry = store.entry(&*key).await.map_err(|error| failed(&error))?;
        if let Some(entry) = entry.filter(|entry| entry.operation == Operation::Put) {
            files.insert(key, (entry.revision, entry.value.to_vec()));
        }
    }
    Ok(files)
}

/// The file of a key; `None` if it would lie elsewhere than in the folder.
fn file_of(folder: &Path, key: &str) -> Option<PathBuf> {
    let path = Path::new(key);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (plain && !key.is_empty()).then(|| folder.join(path))
}

fn put(path: &Path, value: &[u8]) -> Result<(), Broken> {
    let failed = |error: &dyn std::fmt::Display| broken(&path.display().to_string(), error);
    if std::fs::read(path).is_ok_and(|before| before == value) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| failed(&error))?;
    }
    // Whole, or not at all.
    let mut next = path.as_os_str().to_owned();
    next.push(".next");
    std::fs::write(&next, value).map_err(|error| failed(&error))?;
    std::fs::rename(&next, path).map_err(|error| failed(&error))
}

fn remove(path: &Path) -> Result<(), Broken> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(broken(&path.display().to_string(), &error))
        }
        _ => Ok(()),
    }
}

/// Removes files that the bucket does not hold. The folder is the worker's own.
fn remove_others(folder: &Path, known: &[PathBuf]) -> Result<(), Broken> {
    let failed = |error: &dyn std::fmt::Display| broken(&folder.display().to_string(), error);
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in std::fs::read_dir(&at).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            let kind = entry.file_type().map_err(|error| failed(&error))?;
            if kind.is_dir() {
                left.push(entry.path());
            } else if !known.contains(&entry.path()) {
                remove(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// Puts the files of a folder into the bucket, under their paths, and takes those out that the folder does not hold. Those that are as they were
/// are not touched. How many were put or taken.
///
/// # Errors
///
/// If the server cannot be reached, or a file cannot be read.
pub fn publish(settings: &Settings, files: &[(String, Vec<u8>)]) -> Result<usize, Broken> {
    on_bucket(settings, async |store| {
        let before = everything(&store).await?;
        let mut count = 0;
        for (key, value) in files {
            if before.get(key).is_some_and(|(_, there)| there == value) {
                continue;
            }
            let put = store.put(key, value.clone().into()).await;
            put.map_err(|error| broken(key, &error))?;
            count += 1;
        }
        for key in before.keys() {
            if !files.iter().any(|(kept, _)| kept == key) {
                let deleted = store.delete(key).await;
                deleted.map_err(|error| broken(key, &error))?;
                count += 1;
            }
        }
        Ok(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_the_folder() {
        let folder = Path::new("/cache");
        for key in ["acme/tenant.toml", "operator.toml"] {
            assert_eq!(file_of(folder, key), Some(folder.join(key)));
        }
        for key in ["", "..", "../x", "/etc/x", "a/../../x"] {
            assert_eq!(file_of(folder, key), None, "{key}");
        }
    }

    #[test]
    fn a_folder_holds_what_the_bucket_holds() {
        let folder = std::env::temp_dir().join(format!("tidegate-packs-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let (one, two) = (folder.join("a/one.toml"), folder.join("two.toml"));
        put(&one, b"1").expect("it is written");
        put(&two, b"2").expect("it is written");
        put(&one, b"3").expect("it is written");
        remove_others(&folder, std::slice::from_ref(&one)).expect("it can be read");
        assert_eq!(std::fs::read(&one).expect("it is there"), b"3");
        assert!(!two.exists());
        remove(&two).expect("it was gone");
        std::fs::remove_dir_all(&folder).expect("it is there");
    }
}
