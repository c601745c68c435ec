//! What is wrong with a configuration.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tidegate::Diagnostics;
use tidegate::alert::sink::Secret;
use tidegate::diag::{Code, Diagnostic, Said, codes};

use crate::serve::tokens::Hash;

/// Problems with their places.
pub(super) struct Report {
    file: Arc<str>,
    pub(super) problems: Diagnostics,
}

impl Report {
    pub(super) fn new(name: &str, source: &str) -> Self {
        let mut problems = Diagnostics::default();
        let file: Arc<str> = name.into();
        problems.add_source(Arc::clone(&file), source.into());
        Self { file, problems }
    }

    pub(super) fn say(
        &mut self,
        code: &'static Code,
        at: Range<usize>,
        (en, zh): (String, String),
        (help, hilfe): (String, String),
    ) {
        let problem = Diagnostic::new(code, Arc::clone(&self.file), at, Said::new(en, zh));
        self.problems
            .push(problem.with_help(Said::new(help, hilfe)));
    }

    pub(super) fn value(&mut self, at: Range<usize>, en: &str, zh: &str, instead: &str) {
        self.say(
            &codes::UNKNOWN_VALUE,
            at,
            (en.to_owned(), zh.to_owned()),
            (format!("write {instead}"), format!("请写 {instead}")),
        );
    }

    pub(super) fn named(&mut self, names: &mut Vec<String>, name: &str, at: Range<usize>) {
        if name.is_empty() || names.iter().any(|known| known == name) {
            self.value(
                at,
                &format!("the name `{name}` is empty or taken"),
                &format!("名称 `{name}` 为空或已被使用"),
                "another name",
            );
        }
        names.push(name.to_owned());
    }

    pub(super) fn hash(&mut self, text: &str, at: Range<usize>) -> Option<Hash> {
        let hash = Hash::parse(text);
        if hash.is_none() {
            self.value(
                at,
                "`hash` is no hash of a token: tokens themselves do not belong in a file",
                "`hash` 不是令牌的哈希：令牌本身不应写入文件",
                "the line with `b3:` that `tidegate serve --new-token` prints",
            );
        }
        hash
    }

    pub(super) fn secret(
        &mut self,
        secret: &Secret,
        home: &Path,
        at: Range<usize>,
    ) -> Option<String> {
        match secret.read(home) {
            Ok(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            read => {
                let why = read.err().unwrap_or_else(|| "it is empty".to_owned());
                self.value(
                    at,
                    &format!("the secret is not there: {why}"),
                    &format!("密钥不存在：{why}"),
                    "{ env = \"NAME\" } or { file = \"PATH\" }",
                );
                None
            }
        }
    }
}
