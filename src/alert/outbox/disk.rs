//! Where the files of a store lie.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database};

use super::trouble::Trouble;

/// Bytes of redb's cache for one file.
const CACHE: usize = 8 << 20;

/// Files by name. A trait, so that tests can hand in one that fails.
pub(super) trait Disk: Debug + Send + Sync {
    /// Opens a database, which is made if there is none.
    fn open(&self, name: &str) -> Result<Database, Trouble>;
    /// Puts the file `from` in the place of `to`, at once and durably. What was in `to` is overwritten first, as far as a file system
    /// lets one.
    fn replace(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file, if it is there.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn sync(&self) -> io::Result<()> {
        // A rename is durable once its folder is.
        #[cfg(unix)]
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

impl Disk for Folder {
    fn open(&self, name: &str) -> Result<Database, Trouble> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let path = self.0.join(name);
        let fresh = !path.exists();
        let database = builder().create_with_backend(FileBackend::new(options.open(path)?)?)?;
        if fresh {
            self.sync()?;
        }
        Ok(database)
    }

    fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        let old = OpenOptions::new().write(true).open(self.0.join(to)).ok();
        std::fs::rename(self.0.join(from), self.0.join(to))?;
        self.sync()?;
        if let Some(mut old) = old {
            let mut left = old.metadata()?.len();
            let zeros = [0; 1 << 16];
            while left > 0 {
                let now = left.min(zeros.len() as u64);
                old.write_all(&zeros[..usize::try_from(now).unwrap_or(zeros.len())])?;
                left -= now;
            }
            old.sync_all()?;
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.0.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
