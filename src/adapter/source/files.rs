//! Files of the folder: read whole and bounded, held against their sums and signatures.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minisign_verify::{PublicKey, Signature};

use crate::diag::{Code, Diagnostic, Said, codes, said};

/// A file, read.
#[derive(Debug)]
pub(super) struct Contents {
    /// As problems call it: from the folder on, with `/`.
    pub(super) name: Arc<str>,
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: Stamp,
}

/// How a file looked when it was read, so that one that looks the same need not be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
    /// Device, inode and time of the last change of either, where the system has such.
    identity: (u64, u64, i64, i64),
    /// Whether the file was written so shortly before that a later write could look the same.
    fresh: bool,
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = fs::metadata(path)?;
        let modified = meta.modified().ok();
        let fresh = modified.is_none_or(|modified| {
            SystemTime::now()
                .duration_since(modified)
                .is_ok_and(|age| age < Duration::from_millis(100))
        });
        Ok(Self {
            path: path.to_owned(),
            len: meta.len(),
            modified,
            identity: identity(&meta),
            fresh,
        })
    }

    /// Whether it is of the file at that path, as the system may name it: through links, too.
    pub(super) fn is_of(&self, path: &Path) -> bool {
        self.path == path || self.path.file_name() == path.file_name()
    }

    /// Whether the file surely is as it was.
    pub(super) fn holds(&self) -> bool {
        !self.fresh && Self::of(&self.path).is_ok_and(|now| now == *self)
    }
}

#[cfg(unix)]
fn identity(meta: &fs::Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// Which folder a path leads to: device and inode, where the system has such.
pub(super) type Identity = (u64, u64);

pub(super) fn identity_of(path: &Path) -> Option<Identity> {
    let (device, inode, ..) = identity(&fs::metadata(path).ok()?);
    Some((device, inode))
}

/// The folder at one moment.
#[derive(Debug)]
pub(super) struct Root {
    /// With all links followed, so that a link that is set anew does not mix two states.
    pub(super) real: PathBuf,
    sums: Option<BTreeMap<String, blake3::Hash>>,
    keys: Vec<PublicKey>,
}

/// Whose signature is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) tenant: &'a str,
    pub(super) pack: &'a str,
    pub(super) version: &'a str,
}

/// A problem of a file as a whole.
pub(super) fn problem(name: &str, code: &'static Code, what: Said, help: Said) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(code, name.into(), 0..0, what).with_help(help))
}

impl Root {
    /// `summed`: there was a file of sums before, so that there must be one now.
    pub(super) fn open(folder: &Path, summed: bool) -> Result<Self, Box<Diagnostic>> {
        let unreadable = |path: &Path, error: &io::Error| {
            let name = path.display().to_string();
            problem(
                &name,
                &codes::UNREADABLE,
                said!(
                    "the folder cannot be read: {error}",
                    "无法读取目录：{error}"
                ),
                said!("check that it is there", "请确认该目录存在"),
            )
        };
        let real = real(folder).map_err(|error| unreadable(folder, &error))?;
        let mut root = Self {
            real,
            sums: None,
            keys: Vec::new(),
        };
        let sums = root.real.join(SUMS);
        match fs::read_to_string(&sums) {
            Ok(text) => root.sums = Some(read_sums(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !summed => {}
            Err(error) => return Err(unreadable(&sums, &error)),
        }
        Ok(root)
    }

    pub(super) fn is_summed(&self) -> bool {
        self.sums.is_some()
    }

    /// Wants signatures by one of these keys from now on.
    pub(super) fn trust(&mut self, keys: &[Arc<str>]) -> Result<(), Box<Diagnostic>> {
        self.keys = keys
            .iter()
            .map(|key| {
                PublicKey::from_base64(key).map_err(|_| {
                    problem(
                        "operator.toml",
                        &codes::BAD_SIGNATURE,
                        said!(
                            "a key of `keys` is no minisign key",
                            "`keys` 中有一项不是 minisign 公钥"
                        ),
                        said!(
                            "write the second line of the `.pub` file",
                            "请写 `.pub` 文件的第二行"
                        ),
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Reads a file that another, in the folder `home`, names. `most` bytes are enough to tell that it is too big.
    pub(super) fn read(
        &self,
        home: &Path,
        path: &str,
        most: usize,
    ) -> Result<Contents, Box<Diagnostic>> {
        let joined = home.join(path);
        let name = self.name(&joined);
        let unreadable = |why: Said| {
            problem(
                &name,
                &codes::UNREADABLE,
                why,
                said!(
                    "check the name, and that the file is delivered with the others",
                    "请检查文件名，并确认它随其他文件一起提供"
                ),
            )
        };
        let failed = |error: io::Error| {
            unreadable(said!(
                "the file cannot be read: {error}",
                "无法读取文件：{error}"
            ))
        };
        let real_home = home.canonicalize().map_err(failed)?;
        let real = joined.canonicalize().map_err(failed)?;
        if !real.starts_with(&real_home) && !real.starts_with(&self.real) {
            return Err(unreadable(said!(
                "the file lies outside the folder",
                "文件位于目录之外"
            )));
        }
        let stamp = Stamp::of(&real).map_err(failed)?;
        let file = File::open(&real).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(unreadable(said!("it is no file", "它不是文件")));
        }
        let mut bytes = Vec::new();
        file.take(most as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        self.check_sum(&name, &bytes)?;
        Ok(Contents { name, bytes, stamp })
    }

    /// The file's bytes as text.
    pub(super) fn text(contents: &Contents) -> Result<String, Box<Diagnostic>> {
        String::from_utf8(contents.bytes.clone()).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let line = 1 + contents.bytes[..valid]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            problem(
                &contents.name,
                &codes::UNREADABLE,
                said!("line {line} is no UTF-8", "第 {line} 行不是 UTF-8"),
                said!("save the file as UTF-8", "请以 UTF-8 编码保存"),
            )
        })
    }

    fn check_sum(&self, name: &str, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
        let Some(sums) = &self.sums else {
            return Ok(());
        };
        let said = match sums.get(name) {
            Some(sum) if *sum == blake3::hash(bytes) => return Ok(()),
            Some(_) => said!("the file is not what `B3SUMS` says", "文件与 `B3SUMS` 不符"),
            None => said!("the file is not in `B3SUMS`", "`B3SUMS` 中没有该文件"),
        };
        let help = said!(
            "write the files first and then `B3SUMS`, from the folder: `b3sum FILES > B3SUMS`",
            "请先写文件，最后在目录内执行 `b3sum 文件 > B3SUMS`"
        );
        Err(problem(name, &codes::BAD_SUM, said, help))
    }

    /// Whether the file is signed as what it is; the signature's stamp, if signatures are wanted.
    pub(super) fn check_signature(
        &self,
        contents: &Contents,
        home: &Path,
        path: &str,
        signed: Signed<'_>,
    ) -> Result<Option<Stamp>, Box<Diagnostic>> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let beside = format!("{path}.minisig");
        let found = self.read(home, &beside, 4096);
        let Ok(found) = found else {
            return Err(problem(
                &contents.name,
                &codes::UNSIGNED_PACK,
                said!(
                    "there is no readable signature beside the file",
                    "文件旁没有可读的签名"
                ),
                said!(
                    "sign it: `minisign -S -t 'tenant:{tenant} pack:{pack} version:{version}' -m {name}`",
                    "请签名：`minisign -S -t 'tenant:{tenant} pack:{pack} version:{version}' -m {name}`",
                    tenant = signed.tenant,
                    pack = signed.pack,
                    version = signed.version,
                    name = contents.name
                ),
            ));
        };
        let bad = |what: Said| {
            problem(
                &contents.name,
                &codes::BAD_SIGNATURE,
                what,
                said!(
                    "sign the file as it is, with the trusted comment `tenant:{tenant} pack:{pack} version:{version}`",
                    "请对现有文件重新签名，可信注释写 `tenant:{tenant} pack:{pack} version:{version}`",
                    tenant = signed.tenant,
                    pack = signed.pack,
                    version = signed.version
                ),
            )
        };
        let text = String::from_utf8_lossy(&found.bytes);
        let signature = Signature::decode(&text)
            .map_err(|_| bad(said!("the signature cannot be read", "无法读取签名")))?;
        let holds = self
            .keys
            .iter()
            .any(|key| key.verify(&contents.bytes, &signature, false).is_ok());
        if !holds {
            return Err(bad(said!(
                "the signature is of another content or by a key that is not trusted",
                "签名对应其他内容，或来自不受信任的密钥"
            )));
        }
        let comment = signature.trusted_comment();
        let field = |name: &str| {
            comment
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name)?.strip_prefix(':'))
        };
        let tenant = field("tenant");
        let fits = (tenant == Some(signed.tenant) || tenant == Some("*"))
            && field("pack") == Some(signed.pack)
            && field("version") == Some(signed.version);
        if !fits {
            return Err(bad(said!(
                "the signature's trusted comment is of another tenant, pack or version",
                "签名的可信注释属于其他租户、规则包或版本"
            )));
        }
        Ok(Some(found.stamp))
    }

    /// As problems and `B3SUMS` call a file: from the folder on, with `/`.
    pub(super) fn name(&self, path: &Path) -> Arc<str> {
        let inside = path.strip_prefix(&self.real).unwrap_or(path);
        let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/").into()
    }
}

const SUMS: &str = "B3SUMS";

/// The folder with its links followed, that to `..data` among them.
pub(super) fn real(folder: &Path) -> io::Result<PathBuf> {
    let real = folder.canonicalize()?;
    match real.join("..data").canonicalize() {
        Ok(data) if data.starts_with(&real) => Ok(data),
        _ => Ok(real),
    }
}

fn read_sums(text: &str) -> Result<BTreeMap<String, blake3::Hash>, Box<Diagnostic>> {
    let mut sums = BTreeMap::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let read = line
            .split_once("  ")
            .and_then(|(sum, name)| Some((name, blake3::Hash::from_hex(sum).ok()?)));
        let Some((name, sum)) = read else {
            return Err(problem(
                SUMS,
                &codes::BAD_SUM,
                said!(
                    "line {n} is no sum and name",
                    "第 {n} 行不是校验和与文件名",
                    n = at + 1
                ),
                said!(
                    "write it by `b3sum FILES > B3SUMS` in the folder",
                    "请在目录内执行 `b3sum 文件 > B3SUMS` 生成"
                ),
            ));
        };
        let name = name.strip_prefix("./").unwrap_or(name);
        sums.insert(name.replace('\\', "/"), sum);
    }
    Ok(sums)
}
