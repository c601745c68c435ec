//! Files replaced as a whole, so that nothing is lost on the way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Broke;

/// Puts `after` in the place of `before`, which the file must still hold. A new file is written beside it, flushed to the disk and renamed, so that the
/// file is the old one or the new one whenever the power fails; links are followed, permissions kept.
pub(crate) fn file(path: &Path, before: &[u8], after: &[u8]) -> Result<(), Broke> {
    let failed = |error: io::Error| Broke::Usage(format!("{}: {error}", path.display()));
    let real = path.canonicalize().map_err(failed)?;
    if fs::read(&real).map_err(failed)? != before {
        return Err(Broke::Usage(format!(
            "{}: the file was changed meanwhile, and is left as it is",
            path.display()
        )));
    }
    let permissions = fs::metadata(&real).map_err(failed)?.permissions();
    let (beside, mut new) = beside(&real).map_err(failed)?;
    let written = new
        .write_all(after)
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::set_permissions(&beside, permissions))
        .and_then(|()| fs::rename(&beside, &real));
    if let Err(error) = written {
        // What is left of it is of no use to anyone.
        let _ = fs::remove_file(&beside);
        return Err(failed(error));
    }
    Ok(())
}

/// Writes a file that is not there yet.
pub(crate) fn new_file(path: &Path, content: &[u8]) -> Result<(), Broke> {
    let failed = |error: io::Error| {
        let said = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                "the file is there already, and is left as it is".to_owned()
            }
            _ => error.to_string(),
        };
        Broke::Usage(format!("{}: {said}", path.display()))
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(failed)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

/// Writes a file, in place of the one that may be there: the old one or the new one is there whenever the power fails.
pub(crate) fn any(path: &Path, content: &[u8]) -> Result<(), Broke> {
    let failed = |error: io::Error| Broke::Usage(format!("{}: {error}", path.display()));
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (beside, mut new) = beside(&real).map_err(failed)?;
    let written = new
        .write_all(content)
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::rename(&beside, &real));
    written.map_err(|error| {
        // What is left of it is of no use to anyone.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// A new file in the folder of another.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for n in 0..100 {
        let beside = path.with_file_name(format!(".{name}.{}-{n}.new", std::process::id()));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
