//! A file of the versions that were live, so that a restart forgets none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::diag::{Diagnostic, codes, said};
use crate::policy::face::{KnownPack, Registry};

use super::files::problem;

/// The first line: what the file is.
const HEAD: &str = "tidegate versions 1";

#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    /// The version that was live when the file was written last.
    written: Mutex<Option<u64>>,
}

impl Memory {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            written: Mutex::new(None),
        }
    }

    /// What was live when the file was written; nothing if there is none yet.
    pub(super) fn read(&self) -> Result<Vec<KnownPack>, Box<Diagnostic>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error)),
        };
        let mut lines = text.lines();
        let head = lines.next();
        let (sum, known) = match lines.next_back() {
            Some(sum) => (sum.to_owned(), lines),
            None => (String::new(), "".lines()),
        };
        let mut packs = Vec::new();
        let mut body = format!("{HEAD}\n");
        let mut whole = head == Some(HEAD);
        for line in known {
            body.push_str(line);
            body.push('\n');
            match KnownPack::parse(line) {
                Some(pack) => packs.push(pack),
                None => whole = false,
            }
        }
        whole &= sum == blake3::hash(body.as_bytes()).to_string();
        if whole {
            return Ok(packs);
        }
        Err(problem(
            &self.path.display().to_string(),
            &codes::UNREADABLE,
            said!(
                "the file of versions that were live is damaged",
                "记录曾生效版本的文件已损坏"
            ),
            said!(
                "restore it from a backup; remove it only if every pack in the folder is known to be the newest",
                "请从备份恢复；只有确知目录中的规则包都是最新版时才可删除它"
            ),
        ))
    }

    /// Puts down what is known now: a new file beside it, synced, renamed into its place.
    pub(super) fn write(&self, registry: &Registry) -> Result<(), Box<Diagnostic>> {
        let version = registry.snapshot().version();
        let mut written = self
            .written
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if *written == Some(version) {
            return Ok(());
        }
        let mut text = format!("{HEAD}\n");
        for pack in registry.known() {
            text.push_str(&format!("{pack}\n"));
        }
        let sum = blake3::hash(text.as_bytes());
        text.push_str(&format!("{sum}\n"));
        let beside = self.path.with_extension("new");
        let put = File::create(&beside)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, &self.path));
        put.map_err(|error| self.failed(&error))?;
        *written = Some(version);
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> Box<Diagnostic> {
        problem(
            &self.path.display().to_string(),
            &codes::UNREADABLE,
            said!(
                "the file of versions that were live cannot be kept: {error}",
                "无法读写记录曾生效版本的文件：{error}"
            ),
            said!(
                "check that the place is there and may be written",
                "请确认该位置存在且可写"
            ),
        )
    }
}
