//! Message servers that ask: `[[callback]]`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tidegate::Scene;
use tidegate::adapter::callback::{Account, Dialect, Signing};
use tidegate::alert::sink::Secret;

use super::report::Report;

/// What is shown to somebody who guesses is too short to be one.
const SHORTEST_SECRET: usize = 16;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackEntry {
    pub(super) name: String,
    pub(super) dialect: Dialect,
    tenant: String,
    secret: Option<Secret>,
    app: Option<String>,
    group_scene: Option<String>,
    code: Option<i64>,
    group_code: Option<i64>,
    language: Option<String>,
    deadline_ms: Option<u64>,
    /// The name that a Matrix policy server signs with.
    server: Option<String>,
    /// The version of its rooms, where it is not named for one.
    room_version: Option<String>,
    #[serde(default)]
    rooms: BTreeMap<String, String>,
    /// By scene.
    #[serde(default)]
    scene_deadline_ms: BTreeMap<String, u64>,
}

impl CallbackEntry {
    /// A key that only who signs has.
    fn signs_with(&self) -> Option<&'static str> {
        let given = [
            ("server", self.server.is_some()),
            ("room_version", self.room_version.is_some()),
            ("rooms", !self.rooms.is_empty()),
        ];
        given.into_iter().find_map(|(key, is)| is.then_some(key))
    }
}

/// A message server that asks.
#[derive(Debug)]
pub(in crate::serve) struct Callback {
    pub(in crate::serve) account: Account,
    /// By scene.
    deadlines: [Duration; 5],
}

impl Callback {
    /// How long an answer may take. Where the scene is not known yet, the shortest of all.
    pub(in crate::serve) fn deadline(&self, scene: Option<Scene>) -> Duration {
        match scene {
            Some(scene) => self.deadlines[scene as usize],
            None => self.deadlines.into_iter().min().unwrap_or_default(),
        }
    }
}

/// The entry, as it is used. Says what is wrong with it.
pub(super) fn callback(
    entry: &CallbackEntry,
    home: &Path,
    at: &dyn Fn(&str) -> Range<usize>,
    report: &mut Report,
) -> Option<Callback> {
    let dialect = entry.dialect;
    let needs = dialect.secret_in_url() || dialect.signs() || dialect == Dialect::MatrixSign;
    let secret = match (&entry.secret, needs) {
        (Some(secret), true) => {
            let secret = report.secret(secret, home, at("secret"))?;
            if dialect.secret_in_url() && secret.len() < SHORTEST_SECRET {
                report.value(
                    at("secret"),
                    "the secret in the URL is shorter than 16 characters",
                    "URL 中的密钥不足 16 个字符",
                    "one that `tidegate serve --new-token` prints",
                );
            }
            if dialect.secret_in_url() && secret.contains('/') {
                report.value(
                    at("secret"),
                    "the secret in the URL holds a slash",
                    "URL 中的密钥含有斜杠",
                    "letters and digits",
                );
            }
            secret
        }
        (None, true) => {
            report.value(
                at("name"),
                &format!("a callback of `{}` needs a `secret`", dialect.name()),
                &format!("`{}` 回调需要 `secret`", dialect.name()),
                "secret = { env = \"NAME\" } or { file = \"PATH\" }",
            );
            return None;
        }
        (Some(_), false) => {
            report.value(
                at("secret"),
                "callbacks of `matrix` have no secret: whom requests come from is for the proxy before this server to see to",
                "`matrix` 回调没有密钥：请由前置代理校验来源",
                "no `secret`",
            );
            return None;
        }
        (None, false) => String::new(),
    };
    let scene = |name: &str, key: &str, report: &mut Report| {
        let scene = Scene::from_name(name);
        if scene.is_none() {
            let known: Vec<&str> = Scene::ALL.into_iter().map(Scene::name).collect();
            report.value(
                at(key),
                &format!("`{name}` is no scene"),
                &format!("`{name}` 不是场景"),
                &format!("one of {}", known.join(", ")),
            );
        }
        scene
    };
    let mut account = Account::new(dialect, &entry.tenant, &secret);
    account.app.clone_from(&entry.app);
    account.code = entry.code;
    account.group_code = entry.group_code;
    account.language.clone_from(&entry.language);
    if dialect == Dialect::MatrixSign {
        sign_with(&mut account, entry, at, report);
    } else if let Some(key) = entry.signs_with() {
        report.value(
            at(key),
            &format!("callbacks of `{}` have no `{key}`", dialect.name()),
            &format!("`{}` 回调没有 `{key}`", dialect.name()),
            "dialect = \"matrix-sign\" beside it, or leave it out",
        );
    }
    if let Some(name) = &entry.group_scene {
        account.group_scene = scene(name, "group_scene", report)?;
    }
    let ranges = [
        ("code", entry.code, 120_001..=130_000),
        ("group_code", entry.group_code, 10_100..=10_200),
    ];
    for (key, code, range) in ranges {
        if dialect == Dialect::Tencent
            && code.is_some_and(|code| code != 1 && !range.contains(&code))
        {
            report.value(
                at(key),
                &format!("Tencent IM does not hand on this `{key}`"),
                &format!("腾讯云 IM 不会透传该 `{key}`"),
                &format!("{} to {}, or 1", range.start(), range.end()),
            );
        }
    }
    let usual = entry
        .deadline_ms
        .map_or(dialect.deadline(), Duration::from_millis);
    let mut deadlines = [usual; 5];
    for (name, milliseconds) in &entry.scene_deadline_ms {
        let scene = scene(name, "scene_deadline_ms", report)?;
        deadlines[scene as usize] = Duration::from_millis(*milliseconds);
    }
    Some(Callback { account, deadlines })
}

/// Sets up what is signed with, and says what is wrong with it.
fn sign_with(
    account: &mut Account,
    entry: &CallbackEntry,
    at: &dyn Fn(&str) -> Range<usize>,
    report: &mut Report,
) {
    let Some(server) = entry.server.as_deref().filter(|server| !server.is_empty()) else {
        report.value(
            at("server"),
            "nobody knows whose signatures these are",
            "未写明由哪个服务器签名",
            "the name of the policy server: server = \"policy.example.org\"",
        );
        return;
    };
    let Ok(mut signing) = Signing::new(server, &account.secret) else {
        report.value(
            at("secret"),
            "the key is not the base64 of 32 bytes",
            "密钥不是 32 字节的 base64",
            "one that `tidegate serve --new-signing-key` prints",
        );
        return;
    };
    let usual = entry.room_version.iter().map(|version| (None, version));
    let rooms = entry.rooms.iter();
    let versions = usual.chain(rooms.map(|(room, version)| (Some(&**room), version)));
    for (room, version) in versions {
        let key = room.map_or("room_version", |_| "rooms");
        match signing.with_version(room, version) {
            Ok(signs) => signing = signs,
            Err(_) => {
                report.value(
                    at(key),
                    &format!("rooms of version `{version}` cannot be signed for"),
                    &format!("不支持为版本 `{version}` 的房间签名"),
                    "one of \"6\" to \"12\"",
                );
                return;
            }
        }
    }
    if entry.room_version.is_none() && entry.rooms.is_empty() {
        report.value(
            at("room_version"),
            "no room is named, and no version for all",
            "既未列出房间，也未写明通用的房间版本",
            "room_version = \"11\", or rooms = { \"!room:example.org\" = \"11\" }",
        );
    }
    account.signing = Some(Arc::new(signing));
}
