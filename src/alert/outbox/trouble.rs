//! What can go wrong with a store.

use std::fmt;
use std::io;

use crate::diag::{Lang, Said, said};

/// Why the outbox could not do what was asked. Holds no message text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// Stable, kebab-case: `outbox-full`, `disk-full`, `read-only`, `outbox-io`, `outbox-busy`, `outbox-damaged`, `outbox-missing`, `wrong-key`, `unknown-alert`,
    /// `erased-alert`, `no-random`.
    pub code: &'static str,
    /// What is wrong, and what to do.
    pub message: Said,
}

impl Trouble {
    pub(crate) fn new(code: &'static str, message: Said) -> Self {
        Self { code, message }
    }

    /// The text in that language.
    pub fn in_lang(&self, lang: Lang) -> &str {
        self.message.in_lang(lang)
    }

    pub(super) fn full(what: &str, zh: &str) -> Self {
        Self::new(
            "outbox-full",
            said!(
                "the outbox is full ({what}): mend the sink that does not take its alerts, or raise the limit",
                "告警发件箱已满（{zh}）：请修复不接收告警的接收端，或提高上限"
            ),
        )
    }

    pub(super) fn damaged(what: &str) -> Self {
        Self::new(
            "outbox-damaged",
            said!(
                "the outbox is damaged ({what}): run `tidegate alerts verify` and restore it from a copy",
                "告警发件箱已损坏（{what}）：请运行 `tidegate alerts verify`，并从备份恢复"
            ),
        )
    }

    pub(super) fn wrong_key() -> Self {
        Self::new(
            "wrong-key",
            said!(
                "the master key is not the one that this outbox was made with",
                "主密钥与创建该发件箱时所用的不一致"
            ),
        )
    }

    pub(super) fn unknown() -> Self {
        Self::new(
            "unknown-alert",
            said!(
                "the outbox holds no alert of that id: `tidegate alerts list` shows those that it holds",
                "发件箱中没有此编号的告警：`tidegate alerts list` 可列出已有告警"
            ),
        )
    }

    pub(super) fn erased() -> Self {
        Self::new(
            "erased-alert",
            said!(
                "what this alert held was erased; its facts and its place in the chain remain",
                "该告警的内容已被删除，仅保留基本事实及其在审计链中的位置"
            ),
        )
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message.en, self.code)
    }
}

impl std::error::Error for Trouble {}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::new(
                    "disk-full",
                    said!(
                        "there is no room left for the outbox: free space on its disk",
                        "存放发件箱的磁盘空间不足：请清理磁盘"
                    ),
                )
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::new(
                "read-only",
                said!(
                    "the outbox cannot be written to: give tidegate the right to write its folder",
                    "无法写入发件箱：请授予 tidegate 对其目录的写权限"
                ),
            ),
            ErrorKind::NotFound => Self::new(
                "outbox-missing",
                said!(
                    "the outbox or its folder is not there: `tidegate screen --alerts DIR` makes it",
                    "发件箱或其目录不存在：`tidegate screen --alerts DIR` 会创建"
                ),
            ),
            _ => Self::new(
                "outbox-io",
                said!(
                    "the outbox cannot be read or written: {error}",
                    "无法读写发件箱：{error}"
                ),
            ),
        }
    }
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => error.into(),
            redb::Error::DatabaseAlreadyOpen => Self::new(
                "outbox-busy",
                said!(
                    "another process has the outbox open: stop it, or ask it",
                    "另一个进程正在使用该发件箱：请先停止该进程"
                ),
            ),
            redb::Error::Corrupted(_) => Self::damaged("its pages"),
            error => Self::new(
                "outbox-io",
                said!(
                    "the outbox cannot be read or written: {error}",
                    "无法读写发件箱：{error}"
                ),
            ),
        }
    }
}

macro_rules! from_parts {
    ($($part:ident),*) => {
        $(impl From<redb::$part> for Trouble {
            fn from(error: redb::$part) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_parts!(
    CommitError,
    CompactionError,
    DatabaseError,
    StorageError,
    TableError,
    TransactionError
);

/// Random bytes of the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Trouble> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Trouble::new(
            "no-random",
            said!(
                "the system gives no random bytes: {error}",
                "系统无法提供随机数：{error}"
            ),
        )
    })?;
    Ok(bytes)
}
