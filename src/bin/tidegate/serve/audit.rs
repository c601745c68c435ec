//! Who changed what: a file that is only ever appended to, each line with the hash of the one before.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::config::Admin;
use crate::{Broke, time};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    at: String,
    /// The admin's name.
    pub(super) who: String,
    /// What was asked for.
    pub(super) what: String,
    /// Of what: a path, or a fingerprint.
    pub(super) target: String,
    pub(super) reason: String,
    /// `asked`, `done`, `refused` or `denied`.
    pub(super) outcome: String,
    /// Of the pack.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) digest: Option<String>,
    /// Of the one-time code, which is used up with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    step: Option<u64>,
    /// The hash of the line before.
    before: String,
}

/// The file.
#[derive(Debug)]
pub(super) struct Audit(Mutex<Option<(File, String)>>);

/// What a line says, but for the time and the chain.
#[derive(Clone, Debug)]
pub(super) struct Said<'a> {
    pub(super) who: &'a str,
    pub(super) what: &'a str,
    pub(super) target: &'a str,
    pub(super) reason: &'a str,
    pub(super) digest: Option<String>,
    pub(super) step: Option<u64>,
}

impl Audit {
    /// Opens the file if there are admins, and takes the codes that it names for used.
    pub(super) fn open(path: &Path, admins: &[Admin]) -> Result<Self, Broke> {
        if admins.is_empty() {
            return Ok(Self(Mutex::new(None)));
        }
        let failed = |error: std::io::Error| {
            Broke::Usage(format!("the audit log {}: {error}", path.display()))
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)
            .map_err(failed)?;
        let mut before = blake3::hash(b"").to_string();
        let mut broken = false;
        for text in BufReader::new(&file).lines() {
            let text = text.map_err(failed)?;
            match serde_json::from_str::<Line>(&text) {
                Ok(line) => {
                    broken |= line.before != before;
                    let admin = admins.iter().find(|admin| admin.name == line.who);
                    if let (Some(admin), Some(step)) = (admin, line.step) {
                        admin.totp.used(step);
                    }
                }
                Err(_) => broken = true,
            }
            before = blake3::hash(text.as_bytes()).to_string();
        }
        if broken {
            tracing::error!(file = %path.display(), "the audit log was changed, cut off, or broken by a crash");
        }
        Ok(Self(Mutex::new(Some((file, before)))))
    }

    /// Writes a line, down to the disk.
    pub(super) fn write(&self, said: Said<'_>, outcome: &str) -> std::io::Result<()> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((file, before)) = &mut *guard else {
            return Err(std::io::Error::other("there are no admins"));
        };
        let line = Line {
            at: time::show(time::now()),
            who: said.who.to_owned(),
            what: said.what.to_owned(),
            target: said.target.to_owned(),
            reason: said.reason.to_owned(),
            outcome: outcome.to_owned(),
            digest: said.digest,
            step: said.step,
            before: before.clone(),
        };
        let mut text = serde_json::to_vec(&line)?;
        let hash = blake3::hash(&text).to_string();
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_data()?;
        *before = hash;
        Ok(())
    }
}
