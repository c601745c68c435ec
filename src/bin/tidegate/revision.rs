//! Packs as they were at a revision of git: `REV:PATH`. The files are read by `git` itself; nothing is checked out.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidegate::PackLimits;

use crate::Broke;
use crate::packs::{self, Loaded};

/// A path at a revision.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    rev: String,
    path: String,
}

/// A file at a revision.
struct Blob {
    path: PathBuf,
    object: String,
    bytes: usize,
}

impl Blob {
    /// Whether it is what stands at that path, and not below it. Git shows paths from the current folder on.
    fn is(&self, path: impl AsRef<Path>) -> bool {
        path.as_ref().ends_with(&self.path)
    }
}

impl Revision {
    /// What `REV:PATH` names. The path is seen from the current folder, as every path on the command line.
    pub(crate) fn parse(said: &str) -> Option<Self> {
        let (rev, path) = said.split_once(':')?;
        (!rev.is_empty() && !path.is_empty()).then(|| Self {
            rev: rev.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The source, if the path is that of one file.
    pub(crate) fn source(&self) -> Result<Option<String>, Broke> {
        self.must_be_known()?;
        let found = self.list(&self.path)?;
        match &found[..] {
            [blob] if blob.is(&self.path) => self.text(blob).map(Some),
            _ => Ok(None),
        }
    }

    /// The packs: a file as it is, of a folder all `*.toml` in it and below, in order of name.
    pub(crate) fn load(&self) -> Result<Vec<Loaded>, Broke> {
        self.must_be_known()?;
        let mut found = self.list(&self.path)?;
        let is_file = found.len() == 1 && found[0].is(&self.path);
        if !is_file {
            found.retain(|blob| blob.path.extension().is_some_and(|ending| ending == "toml"));
        }
        if found.is_empty() {
            let Self { rev, path } = self;
            return Err(Broke::Usage(format!(
                "{rev}:{path}: there is no such pack at that revision; the path is seen from the current folder"
            )));
        }
        found.iter().map(|blob| self.pack(blob)).collect()
    }

    /// The pack at `path`, which another file at the revision's path names.
    pub(crate) fn beside(&self, path: &str) -> Result<Loaded, Broke> {
        let path = self.home().join(path);
        match &self.list(&path)?[..] {
            [blob] if blob.is(&path) => self.pack(blob),
            _ => Err(Broke::Usage(format!(
                "{}:{}: there is no such pack at that revision",
                self.rev,
                path.display()
            ))),
        }
    }

    fn home(&self) -> &Path {
        Path::new(&self.path).parent().unwrap_or(Path::new(""))
    }

    fn pack(&self, blob: &Blob) -> Result<Loaded, Broke> {
        let name = format!("{}:{}", self.rev, blob.path.display());
        let home = blob.path.parent().unwrap_or(Path::new(""));
        let source = self.text(blob)?;
        Ok(packs::parse(name, source, &mut |file, limits| {
            let path = home.join(file);
            match &self.list(&path).map_err(said)?[..] {
                [blob] if blob.is(&path) => self.read(blob, limits.file_bytes).map_err(said),
                _ => Err("there is no such file at that revision".to_owned()),
            }
        }))
    }

    fn text(&self, blob: &Blob) -> Result<String, Broke> {
        let bytes = self.read(blob, PackLimits::operator().pack_bytes)?;
        packs::text(&blob.path, bytes)
    }

    /// The file; of one that is too big no more than shows it.
    fn read(&self, blob: &Blob, most: usize) -> Result<Vec<u8>, Broke> {
        if blob.bytes > most {
            return Ok(vec![b' '; most + 1]);
        }
        git(["cat-file", "blob", &blob.object])
    }

    fn must_be_known(&self) -> Result<(), Broke> {
        let commit = format!("{}^{{commit}}", self.rev);
        git([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ])
        .map(drop)
        .map_err(|broke| match broke {
            // Git says nothing of a revision that it does not know.
            Broke::Usage(said) if said.is_empty() => Broke::Usage(format!(
                "`{}` is no file, and `{}` is no revision of this repository",
                self.name(),
                self.rev
            )),
            broke => broke,
        })
    }

    fn name(&self) -> String {
        format!("{}:{}", self.rev, self.path)
    }

    /// The files at a path, or below it.
    fn list(&self, path: impl AsRef<OsStr>) -> Result<Vec<Blob>, Broke> {
        let tree = format!("{}^{{tree}}", self.rev);
        let listed = git([
            OsStr::new("ls-tree"),
            OsStr::new("-rlz"),
            OsStr::new(&tree),
            OsStr::new("--"),
            path.as_ref(),
        ])?;
        let mut blobs = Vec::new();
        for entry in listed.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            let Some((facts, path)) = entry.split_once('\t') else {
                continue;
            };
            // Links and other repositories hold no pack.
            if let [mode, "blob", object, bytes] = facts.split_whitespace().collect::<Vec<_>>()[..]
                && mode != "120000"
            {
                blobs.push(Blob {
                    path: PathBuf::from(path),
                    object: object.to_owned(),
                    bytes: bytes.parse().unwrap_or(usize::MAX - 1),
                });
            }
        }
        Ok(blobs)
    }
}

fn said(broke: Broke) -> String {
    match broke {
        Broke::Usage(said) => said,
        Broke::Io(error) => error.to_string(),
    }
}

/// What git prints.
fn git<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Result<Vec<u8>, Broke> {
    let output = Command::new("git")
        .arg("--literal-pathspecs")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Broke::Usage(format!(
                "a revision is read by `git`, which does not run: {error}"
            ))
        })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Broke::Usage(
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}
