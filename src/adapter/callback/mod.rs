//! What message servers send before they deliver, and what they understand (feature `callbacks`). Pure: bytes in, bytes out.
//!
//! | server | signed | replace | refuse | drop | an edit |
//! |---|---|---|---|---|---|
//! | Tencent IM | secret in the URL, `SdkAppid` | a new `MsgBody` | a code of its own, with text | yes | is not asked |
//! | OpenIM | secret in the URL | edits only; else refuses | `nextCode` 1 | refuses | `callbackBeforeMsgModifyCommand` |
//! | RongCloud | SHA-1 | refuses | `pass` 0 | as refused | is not asked |
//! | EaseMob | MD5 | a new `payload` | `valid` false | as refused | is not asked |
//! | WildFire | secret in the URL | a new payload | 403 | as refused | is not asked |
//! | Matrix policy server, `/check` | not here | `spam` | `spam` | `spam` | `m.new_content` |
//! | Matrix policy server, `/sign` | not here | 400 | 400 `M_FORBIDDEN` | 400 | `m.new_content` |
//!
//! What a server cannot be told becomes something stronger, never something weaker. Every call gets an answer that is valid in its dialect, whatever
//! its body is.

mod body;
mod easemob;
mod matrix;
mod openim;
mod rongcloud;
mod tencent;
mod wildfire;

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Refusal};
use crate::engine::Message;
use crate::primitives::{Scene, Timestamp};

use body::Body;
pub use matrix::{Signing, Unsigned};

/// A message server's way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Tencent IM: `C2C.CallbackBeforeSendMsg` and `Group.CallbackBeforeSendMsg`.
    Tencent,
    /// OpenIM: before-send of single and group messages, and before an edit.
    OpenIm,
    /// RongCloud's pre-delivery callback.
    RongCloud,
    /// EaseMob's pre-send callback.
    EaseMob,
    /// WildFire's message forwarding.
    WildFire,
    /// Matrix policy servers, MSC4284's `/check`.
    Matrix,
    /// Matrix policy servers, `/sign`: what may pass is signed with [`Account::signing`].
    #[serde(rename = "matrix-sign")]
    MatrixSign,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 7] = [
        Self::Tencent,
        Self::OpenIm,
        Self::RongCloud,
        Self::EaseMob,
        Self::WildFire,
        Self::Matrix,
        Self::MatrixSign,
    ];

    /// The name used in configurations and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tencent => "tencent",
            Self::OpenIm => "openim",
            Self::RongCloud => "rongcloud",
            Self::EaseMob => "easemob",
            Self::WildFire => "wildfire",
            Self::Matrix => "matrix",
            Self::MatrixSign => "matrix-sign",
        }
    }

    /// How long after a call an answer is still good, with something left for the way: EaseMob waits 200 ms, Tencent IM 2 s, RongCloud 3 s, OpenIM
    /// 5 s. For the others nothing is written; they get 2 s.
    pub const fn deadline(self) -> Duration {
        match self {
            Self::EaseMob => Duration::from_millis(120),
            Self::Tencent => Duration::from_millis(1_200),
            Self::RongCloud => Duration::from_millis(2_000),
            Self::OpenIm => Duration::from_millis(3_000),
            Self::WildFire | Self::Matrix | Self::MatrixSign => Duration::from_millis(2_000),
        }
    }

    /// Whether the secret stands in the URL, rather than signing the call.
    pub const fn secret_in_url(self) -> bool {
        matches!(self, Self::Tencent | Self::OpenIm | Self::WildFire)
    }

    /// Whether calls are signed with the secret.
    pub const fn signs(self) -> bool {
        matches!(self, Self::RongCloud | Self::EaseMob)
    }
}

/// One message server that asks, as the operator has set it up.
#[derive(Clone)]
pub struct Account {
    /// How it asks.
    pub dialect: Dialect,
    /// Whose messages it sends.
    pub tenant: String,
    /// The secret that stands in the URL, or that calls are signed with.
    pub secret: String,
    /// The `SdkAppid` of Tencent IM, the `appKey` of RongCloud; not checked if absent.
    pub app: Option<String>,
    /// The scene of its groups: servers do not say which of them are open.
    pub group_scene: Scene,
    /// The code of a refusal that has none.
    pub code: Option<i64>,
    /// The same for groups of Tencent IM, which have a range of their own (10100 to 10200; else 120001 to 130000).
    pub group_code: Option<i64>,
    /// The language of its users.
    pub language: Option<String>,
    /// What a Matrix policy server signs with; without it nothing is signed.
    pub signing: Option<Arc<Signing>>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("dialect", &self.dialect)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// A call, without what the HTTP server has dealt with.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The path behind the account's name, without a slash at either end: `SECRET` or `SECRET/COMMAND`.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// What a call was.
#[derive(Debug)]
#[non_exhaustive]
pub enum Read {
    /// A message.
    Message(Incoming),
    /// A call of the same server that asks about no message. It is answered with yes, by [`Account::reply_unread`].
    Nothing,
    /// Nothing that could be read as its dialect.
    Unreadable,
    /// A call by somebody else.
    Forged,
}

/// A message as a server sent it.
#[derive(Debug)]
pub struct Incoming {
    body: Body,
    kind: Kind,
    scene: Scene,
    conversation: Option<String>,
    sender: Option<String>,
    id: Option<String>,
    time: Option<Timestamp>,
    /// Whether it is nothing but text.
    whole: bool,
}

/// What an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Private,
    Group,
    Edit,
}

impl Incoming {
    /// Hands the message over, as one of `tenant`.
    pub fn with_message<T>(&self, tenant: &str, then: impl FnOnce(&Message<'_>) -> T) -> T {
        let texts: Vec<&str> = self.body.texts().collect();
        let mut message = match texts[..] {
            [text] => Message::text(text),
            _ => Message::of_parts(&texts),
        };
        message.scene = self.scene;
        message.tenant = Some(tenant);
        message.conversation = self.conversation.as_deref();
        message.sender = self.sender.as_deref();
        message.id = self.id.as_deref();
        message.time = self.time;
        then(&message)
    }

    /// Whether it is nothing but text.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Where it goes.
    pub fn scene(&self) -> Scene {
        self.scene
    }

    /// Bytes of its texts.
    pub fn len(&self) -> usize {
        self.body.texts().map(str::len).sum()
    }

    /// Whether its texts are empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives it an id if its server gave it none: alerts are named by it.
    pub fn id_or(&mut self, fresh: impl FnOnce() -> String) {
        self.id.get_or_insert_with(fresh);
    }
}

/// The answer to a call, to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or nothing.
    pub body: Vec<u8>,
}

impl Reply {
    fn json(value: &serde_json::Value) -> Self {
        Self {
            status: 200,
            body: value.to_string().into_bytes(),
        }
    }
}

impl Account {
    /// An account with a dialect's usual codes.
    pub fn new(dialect: Dialect, tenant: &str, secret: &str) -> Self {
        Self {
            dialect,
            tenant: tenant.to_owned(),
            secret: secret.to_owned(),
            app: None,
            group_scene: Scene::Group,
            code: None,
            group_code: None,
            language: None,
            signing: None,
        }
    }

    /// Reads a call. Says first whether it comes from whom it should.
    pub fn read(&self, call: &Call<'_>) -> Read {
        let (first, rest) = call.path.split_once('/').unwrap_or((call.path, ""));
        if self.dialect.secret_in_url() && !same(first, &self.secret) {
            return Read::Forged;
        }
        match self.dialect {
            Dialect::Tencent => tencent::read(self, call),
            Dialect::OpenIm => openim::read(self, rest, call),
            Dialect::RongCloud => rongcloud::read(self, call),
            Dialect::EaseMob => easemob::read(self, call),
            Dialect::WildFire => wildfire::read(self, call),
            Dialect::Matrix | Dialect::MatrixSign => matrix::read(self, call),
        }
    }

    /// The answer to a call, in its dialect. `incoming` is the message, if there was one that could be read. A review is told as a refusal: ask
    /// [`Answer::told`] first.
    pub fn reply(&self, incoming: Option<&Incoming>, answer: &Answer) -> Reply {
        match self.dialect {
            Dialect::Tencent => tencent::reply(self, incoming, answer),
            Dialect::OpenIm => openim::reply(self, incoming, answer),
            Dialect::RongCloud => rongcloud::reply(answer),
            Dialect::EaseMob => easemob::reply(self, incoming, answer),
            Dialect::WildFire => wildfire::reply(incoming, answer),
            Dialect::Matrix => matrix::reply(answer),
            Dialect::MatrixSign => {
                matrix::sign(self, incoming.map(|incoming| incoming.body.value()), answer)
            }
        }
    }

    /// The answer to a call in which no message was read, in its dialect. What sets a Matrix room up is signed, too, so that the call is asked for.
    pub fn reply_unread(&self, call: &Call<'_>, answer: &Answer) -> Reply {
        match self.dialect {
            Dialect::MatrixSign => matrix::sign_unread(self, call.body, answer),
            _ => self.reply(None, answer),
        }
    }
}

/// In a time that depends on the lengths alone: hashes are compared, and these in constant time.
fn same(one: &str, other: &str) -> bool {
    !other.is_empty() && blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two people's conversation has one name, whoever speaks.
fn between(one: Option<&str>, other: Option<&str>) -> Option<String> {
    let (one, other) = (one?, other?);
    let (first, second) = if one <= other {
        (one, other)
    } else {
        (other, one)
    };
    Some(format!("{first}|{second}"))
}

/// The tenant's code, else the account's, if `fits` says that the server takes it; else the usual one.
fn code_of(refusal: &Refusal, code: Option<i64>, usual: i64, fits: impl Fn(i64) -> bool) -> i64 {
    let mut asked = [refusal.code, code].into_iter().flatten();
    asked.find(|code| fits(*code)).unwrap_or(usual)
}
