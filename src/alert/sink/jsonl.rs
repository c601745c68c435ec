//! A file of JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Progress, Sink, Stop};
use crate::alert::format::{Format, Notice};

/// One notice a line, synced before it counts as taken. A full file is renamed to `NAME.1`, that to `NAME.2`, and so on.
#[derive(Debug)]
pub struct Jsonl {
    path: PathBuf,
    format: Format,
    /// Bytes after which a file is full.
    full: u64,
    /// How many full files are kept; none is removed if 0.
    kept: u32,
    file: Option<(File, u64)>,
}

impl Jsonl {
    /// A file that is full at 64 MiB, of which none is removed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            format: Format::default(),
            full: 64 << 20,
            kept: 0,
            file: None,
        }
    }

    /// How lines are laid out.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// When a file is full, in bytes, and how many full ones are kept beside it (0: all).
    #[must_use]
    pub fn rotation(mut self, full: u64, kept: u32) -> Self {
        self.full = full.max(1);
        self.kept = kept;
        self
    }

    fn open(&self) -> io::Result<(File, u64)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&self.path)?;
        let whole = whole(&mut file)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        sync_folder(&self.path)?;
        Ok((file, whole))
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        let mut free = 1;
        while self.numbered(free).exists() && (self.kept == 0 || free < self.kept) {
            free += 1;
        }
        for number in (1..free).rev() {
            std::fs::rename(self.numbered(number), self.numbered(number + 1))?;
        }
        std::fs::rename(&self.path, self.numbered(1))?;
        sync_folder(&self.path)
    }

    fn write(&mut self, lines: &str) -> io::Result<()> {
        if self.file.as_ref().is_some_and(|(_, len)| *len >= self.full) {
            self.rotate()?;
        }
        let (mut file, len) = match self.file.take() {
            Some(open) => open,
            None => self.open()?,
        };
        file.write_all(lines.as_bytes())?;
        file.sync_data()?;
        self.file = Some((file, len + lines.len() as u64));
        Ok(())
    }
}

/// Bytes up to the end of the last whole line: what a crash left behind it was not taken, and comes again.
fn whole(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let piece = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

impl Sink for Jsonl {
    fn batch(&self) -> usize {
        256
    }

    fn deliver(&mut self, notices: &[Notice]) -> Progress {
        let mut lines = String::new();
        for notice in notices {
            lines.push_str(&self.format.json(notice));
            lines.push('\n');
        }
        match self.write(&lines) {
            Ok(()) => Progress::all(notices),
            Err(error) => {
                // The file is closed; what was written of half a line is cut off when it is opened again.
                Progress::none(Stop::Retry {
                    reason: format!("the file cannot be written: {}", error.kind()),
                    after: None,
                })
            }
        }
    }
}
