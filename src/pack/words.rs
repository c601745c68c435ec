//! Word files: one term a line, read through the loader that the caller hands in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::encoding;
use super::reading::{Reading, Text};
use super::report::shown;
use crate::diag::{Diagnostic, Edit, Fix, Said, codes, said};

/// Gives the bytes of a word file, by the path as the pack writes it.
pub(super) type Loader<'f> = &'f mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

/// How many times [`PackLimits::file_bytes`](crate::limits::PackLimits::file_bytes) all word files together may take.
const FILES: usize = 4;

/// How many word files a pack may name.
const MOST_FILES: usize = 1_000;

/// The word files of one pack.
pub(super) struct WordFiles<'f> {
    loader: Loader<'f>,
    /// Files by path; `None` for those that were refused, which is said once.
    known: BTreeMap<String, Option<Arc<WordFile>>>,
    bytes: usize,
    /// Over each file in the order of loading, with its length before it.
    digest: blake3::Hasher,
}

/// One word file.
pub(super) struct WordFile {
    pub(super) name: Arc<str>,
    pub(super) source: Arc<str>,
    /// The lines that hold terms.
    pub(super) lines: Vec<Range<usize>>,
}

impl<'f> WordFiles<'f> {
    pub(super) fn new(loader: Loader<'f>) -> Self {
        Self {
            loader,
            known: BTreeMap::new(),
            bytes: 0,
            digest: blake3::Hasher::new(),
        }
    }

    /// The digest of the pack's source and, if there are word files, of these.
    pub(super) fn digest(&self, source: &str) -> [u8; 32] {
        let mut digest = blake3::Hasher::new();
        digest.update(&(source.len() as u64).to_le_bytes());
        digest.update(source.as_bytes());
        digest.update(self.digest.finalize().as_bytes());
        *digest.finalize().as_bytes()
    }
}

impl Reading<'_, '_> {
    /// The word file at that path, loaded once.
    pub(super) fn word_file(&mut self, path: Text<'_, '_>) -> Option<Arc<WordFile>> {
        if let Some(reason) = refused_path(path.text) {
            let what = shown(path.text);
            // As it stands in the source: `\n` may be the beginning of a name.
            let written = self.source.get(path.span()).unwrap_or("");
            let right = written.trim_matches(['"', '\'']).replace('\\', "/");
            let help = if written.contains('\\') && refused_path(&right).is_none() {
                said!("write \"{right}\"", "请写 \"{right}\"")
            } else {
                said!(
                    "write a path within the pack's folder, as in \"words/brands.txt\"",
                    "请写规则包目录内的路径，例如 \"words/brands.txt\""
                )
            };
            self.report.say(
                &codes::BAD_PATH,
                path.span(),
                Said::new(
                    format!("{what} {}", reason.en),
                    format!("{what} {}", reason.zh),
                ),
                help,
            );
            return None;
        }
        if let Some(known) = self.files.known.get(path.text) {
            return known.clone();
        }
        if self.files.known.len() == MOST_FILES {
            self.report.say(
                &codes::WORD_FILE_TOO_BIG,
                path.span(),
                said!(
                    "the pack names more than {MOST_FILES} word files",
                    "规则包引用的词表文件超过 {MOST_FILES} 个"
                ),
                said!("join some of them", "请合并其中一些"),
            );
            return None;
        }
        let file = self.load(path);
        self.files.known.insert(path.text.to_owned(), file.clone());
        file
    }

    fn load(&mut self, path: Text<'_, '_>) -> Option<Arc<WordFile>> {
        let bytes = match (self.files.loader)(path.text) {
            Ok(bytes) => bytes,
            Err(reason) => {
                let what = shown(path.text);
                self.report.say(
                    &codes::WORD_FILE,
                    path.span(),
                    said!(
                        "the word file {what} cannot be read: {reason}",
                        "词表文件 {what} 无法读取：{reason}"
                    ),
                    said!(
                        "check the name; the path is relative to the pack's folder",
                        "请检查文件名；路径相对于规则包所在目录"
                    ),
                );
                return None;
            }
        };
        self.files.bytes = self.files.bytes.saturating_add(bytes.len());
        let all = self.limits.file_bytes.saturating_mul(FILES);
        if bytes.len() > self.limits.file_bytes || self.files.bytes > all {
            let most = self.limits.file_bytes;
            self.report.say(
                &codes::WORD_FILE_TOO_BIG,
                path.span(),
                said!(
                    "the word file has {n} bytes; at most {most} are allowed, and {all} for all files of a pack",
                    "词表文件有 {n} 字节；单个上限 {most}，全部合计上限 {all}",
                    n = bytes.len()
                ),
                said!("split the pack", "请拆分规则包"),
            );
            return None;
        }
        self.files
            .digest
            .update(&(bytes.len() as u64).to_le_bytes());
        self.files.digest.update(&bytes);
        let name: Arc<str> = path.text.into();
        let source = match String::from_utf8(bytes) {
            Ok(source) => source,
            Err(error) => {
                let code = &codes::WORD_FILE_ENCODING;
                encoding::refuse(code, name, &error, &mut self.report.diags);
                return None;
            }
        };
        let source: Arc<str> = source.into();
        self.report
            .diags
            .add_source(Arc::clone(&name), Arc::clone(&source));
        let lines = self.term_lines(&name, &source);
        Some(Arc::new(WordFile {
            name,
            source,
            lines,
        }))
    }

    /// The lines of a word file that are neither empty nor comments, without their line breaks.
    fn term_lines(&mut self, name: &Arc<str>, source: &str) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let mut start = if source.starts_with('\u{feff}') { 3 } else { 0 };
        while start < source.len() {
            let rest = &source[start..];
            let end = start + rest.find('\n').unwrap_or(rest.len());
            let line = &source[start..end];
            let line = line.strip_suffix('\r').unwrap_or(line);
            let span = start..start + line.len();
            start = end + 1;
            if line.starts_with('\u{ff03}') {
                self.report.diags.push(
                    Diagnostic::new(
                        &codes::WIDE_COMMENT,
                        Arc::clone(name),
                        span.start..span.start + 3,
                        said!(
                            "this line begins with a full-width `＃` and would be a term",
                            "此行以全角 `＃` 开头，会被当成词"
                        ),
                    )
                    .with_fix(Fix::likely(vec![Edit::new(
                        span.start..span.start + 3,
                        "#",
                    )]))
                    .with_help(said!(
                        "begin a comment with the ASCII `#`; for a term write `\\＃`",
                        "注释请用半角 `#` 开头；若确为词，请写 `\\＃`"
                    )),
                );
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                lines.push(span);
            }
        }
        lines
    }
}

impl WordFile {
    /// The term of a line: `\#` and `\＃` begin a term with that sign.
    pub(super) fn term(&self, line: &Range<usize>) -> &str {
        let text = self.source.get(line.clone()).unwrap_or("");
        match text.strip_prefix('\\') {
            Some(rest) if rest.starts_with(['#', '\u{ff03}']) => rest,
            _ => text,
        }
    }
}

fn refused_path(path: &str) -> Option<Said> {
    if path.is_empty() || path.len() > 512 {
        return Some(said!("is no path", "不是路径"));
    }
    if path.chars().any(char::is_control) {
        return Some(said!("holds a control character", "含有控制字符"));
    }
    if path.contains('\\') || path.contains(':') {
        return Some(said!(
            "holds a `\\` or `:`; parts are separated by `/`",
            "含有 `\\` 或 `:`；请用 `/` 分隔"
        ));
    }
    if path.starts_with('/') || path.starts_with('~') {
        return Some(said!("is not relative", "不是相对路径"));
    }
    if path.split('/').any(|part| part == "..") {
        return Some(said!("leads out of the folder", "指向目录之外"));
    }
    if path.split('/').any(|part| part.is_empty() || part == ".") {
        return Some(said!("holds an empty part", "含有空的路径段"));
    }
    None
}
