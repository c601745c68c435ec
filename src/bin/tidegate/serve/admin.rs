//! Admin calls: put a pack, roll back, see what was live. Each needs a token of an admin and a one-time code, and stands in the audit log before it is done.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Component, Path as FilePath};
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tidegate::Diagnostics;
use tidegate::adapter::source::Folder;
use tidegate::diag::Lang;
use tidegate::registry::{By, Change, Registry};
use tokio::time::{Duration, Instant};

use super::app::seconds;
use super::audit::{Audit, Said};
use super::config::Admin;
use super::routes::{Handle, body, problem};
use super::screen::{bearer, denied};
use super::tokens::{Checked, Hash};
use crate::time;

/// The header of the one-time code.
const CODE: &str = "tidegate-code";
/// Bytes of a pack.
const PACK: usize = 4 << 20;
/// How long an admin call may take to come in, and to be done.
const PATIENCE: Duration = Duration::from_secs(60);
/// Characters of a reason.
const REASON: usize = 500;

/// An admin who may do what is asked.
struct Allowed {
    who: String,
    step: u64,
}

fn answer(status: StatusCode, value: &Value) -> Response {
    super::routes::json(status, value.to_string().into_bytes())
}

/// Who asks, if it is an admin with a code that was not used yet.
fn admin(
    handle: &Handle,
    audit: &Audit,
    request: &Request,
    what: &str,
    target: &str,
) -> Result<Allowed, Box<Response>> {
    let app = &handle.app;
    let given = bearer(request.headers()).map(Hash::of);
    let config = app.config();
    let known = config.admins.iter().fold(None::<&Admin>, |found, admin| {
        if given == Some(admin.hash) {
            Some(admin)
        } else {
            found
        }
    });
    let Some(admin) = known else {
        return Err(Box::new(denied(app)));
    };
    let code = request
        .headers()
        .get(CODE)
        .and_then(|code| code.to_str().ok())
        .unwrap_or_default();
    let refused = |status, name, message| {
        let said = Said {
            who: &admin.name,
            what,
            target,
            reason: "",
            digest: None,
            step: None,
        };
        if let Err(error) = audit.write(said, "denied") {
            tracing::error!(%error, "the audit log cannot be written");
        }
        Err(Box::new(problem(status, name, message)))
    };
    match admin.totp.check(code, seconds()) {
        Checked::Good(step) => Ok(Allowed {
            who: admin.name.clone(),
            step,
        }),
        Checked::Wrong => refused(
            StatusCode::UNAUTHORIZED,
            "wrong-code",
            "send a one-time code in `tidegate-code`; each is good once",
        ),
        Checked::TooMany => refused(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-codes",
            "there were too many wrong codes; wait five minutes",
        ),
    }
}

/// The reason in the query. Every change has one.
fn reason(request: &Request) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "reason")
        .map(|(_, value)| value.trim().to_owned())
        .filter(|reason| {
            !reason.is_empty()
                && reason.chars().count() <= REASON
                && !reason.contains(char::is_control)
        })
}

fn no_reason() -> Response {
    problem(
        StatusCode::BAD_REQUEST,
        "no-reason",
        "say why in the query, `?reason=...`, in up to 500 characters",
    )
}

fn unwritten(error: &std::io::Error) -> Response {
    tracing::error!(%error, "the audit log cannot be written");
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "no-audit",
        "the audit log cannot be written, so nothing was done",
    )
}

pub(super) async fn history(State(handle): State<Handle>, request: Request) -> Response {
    let Some((ready, audit)) = handle.app.ready.get().zip(handle.audit.as_ref()) else {
        return not_ready();
    };
    let allowed = match admin(&handle, audit, &request, "history", "") {
        Ok(allowed) => allowed,
        Err(response) => return *response,
    };
    let said = Said {
        who: &allowed.who,
        what: "history",
        target: "",
        reason: "",
        digest: None,
        step: Some(allowed.step),
    };
    if let Err(error) = audit.write(said, "done") {
        return unwritten(&error);
    }
    let records = ready.stage.registry().history();
    let records: Vec<Value> = records
        .iter()
        .map(|record| {
            let change = match &record.change {
                Change::Shared { .. } => json!("shared"),
                Change::Set(tenants) => {
                    json!({ "set": tenants.iter().map(|id| &**id).collect::<Vec<_>>() })
                }
                Change::Removed(tenant) => json!({ "removed": &**tenant }),
                Change::RolledBack { to } => json!({ "rolled_back": to }),
                _ => json!("other"),
            };
            json!({
                "version": record.snapshot.version(),
                "fingerprint": record.snapshot.fingerprint(),
                "change": change,
                "who": &*record.by.who,
                "why": &*record.by.why,
                "at": time::show(record.by.at),
            })
        })
        .collect();
    answer(StatusCode::OK, &json!({ "history": records }))
}

pub(super) async fn roll_back(State(handle): State<Handle>, request: Request) -> Response {
    let Some((ready, audit)) = handle.app.ready.get().zip(handle.audit.clone()) else {
        return not_ready();
    };
    let query = request.uri().query().unwrap_or_default();
    let fingerprint = form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "to")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let allowed = match admin(&handle, &audit, &request, "rollback", &fingerprint) {
        Ok(allowed) => allowed,
        Err(response) => return *response,
    };
    let Some(reason) = reason(&request) else {
        return no_reason();
    };
    let mut said = Said {
        who: &allowed.who,
        what: "rollback",
        target: &fingerprint,
        reason: &reason,
        digest: None,
        step: Some(allowed.step),
    };
    if let Err(error) = audit.write(said.clone(), "asked") {
        return unwritten(&error);
    }
    let by = By::new(&allowed.who, &reason, time::now());
    let rolled = ready.stage.registry().roll_back(&fingerprint, &by);
    said.step = None;
    let outcome = if rolled.is_ok() { "done" } else { "refused" };
    if let Err(error) = audit.write(said, outcome) {
        tracing::error!(%error, "the audit log cannot be written");
    }
    match rolled {
        Ok(applied) => answer(
            StatusCode::OK,
            &json!({ "version": applied.version, "fingerprint": applied.fingerprint }),
        ),
        Err(_) => problem(
            StatusCode::NOT_FOUND,
            "unknown-fingerprint",
            "no version of this fingerprint is kept; `/v1/admin/history` lists them. Write `?to=b3:...`",
        ),
    }
}

pub(super) async fn put_pack(
    State(handle): State<Handle>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let until = Instant::now() + PATIENCE;
    let app = Arc::clone(&handle.app);
    let Some((ready, audit)) = app.ready.get().zip(handle.audit.clone()) else {
        return not_ready();
    };
    let allowed = match admin(&handle, &audit, &request, "put", &path) {
        Ok(allowed) => allowed,
        Err(response) => return *response,
    };
    let Some(reason) = reason(&request) else {
        return no_reason();
    };
    if let Err(why) = allowed_path(&path) {
        return problem(StatusCode::BAD_REQUEST, "bad-path", why);
    }
    let bytes = match body(request, PACK, until).await {
        Ok(bytes) => bytes.to_vec(),
        Err(status) => {
            return problem(
                status,
                "too-long",
                "a pack has at most 4 MiB, and comes within a minute",
            );
        }
    };
    let mut said = Said {
        who: &allowed.who,
        what: "put",
        target: &path,
        reason: &reason,
        digest: Some(format!("b3:{}", blake3::hash(&bytes))),
        step: Some(allowed.step),
    };
    if let Err(error) = audit.write(said.clone(), "asked") {
        return unwritten(&error);
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    let target = path.clone();
    ready
        .watch
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .ask(move |folder, registry| {
            // Who asked may have gone.
            let _ = tell.send(put(folder, registry, &target, &bytes));
        });
    let put = match tokio::time::timeout_at(until, told).await {
        Ok(Ok(put)) => put,
        _ => Put::Failed("the folder could not be looked at in time".to_owned()),
    };
    said.step = None;
    let outcome = if matches!(put, Put::Live(_) | Put::Same) {
        "done"
    } else {
        "refused"
    };
    if let Err(error) = audit.write(said, outcome) {
        tracing::error!(%error, "the audit log cannot be written");
    }
    let registry = ready.stage.registry();
    match put {
        Put::Live(tenants) => {
            let snapshot = registry.snapshot();
            answer(
                StatusCode::OK,
                &json!({ "version": snapshot.version(), "fingerprint": snapshot.fingerprint(), "tenants": tenants }),
            )
        }
        Put::Same => answer(
            StatusCode::OK,
            &json!({ "version": registry.snapshot().version(), "tenants": [] }),
        ),
        Put::Unused => problem(
            StatusCode::CONFLICT,
            "unused",
            "no tenant's file names this pack, so that it would do nothing; the folder is as it was",
        ),
        Put::Refused(problems) => answer(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "error": { "code": "refused", "message": "the pack is refused; the folder is as it was", "problems": listed(&problems) } }),
        ),
        Put::Failed(why) => problem(StatusCode::CONFLICT, "not-written", &why),
    }
}

fn not_ready() -> Response {
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-ready",
        "packs are being loaded",
    )
}

fn listed(problems: &Diagnostics) -> Vec<Value> {
    problems
        .placed()
        .map(|placed| {
            let problem = placed.diagnostic;
            json!({
                "code": problem.code,
                "level": problem.level.name(),
                "file": &*problem.file,
                "message": { "en": problem.message.in_lang(Lang::En), "zh": problem.message.in_lang(Lang::Zh) },
                "help": problem.help.as_ref().map(|help| json!({ "en": help.in_lang(Lang::En), "zh": help.in_lang(Lang::Zh) })),
            })
        })
        .collect()
}

/// Packs and word lists alone, and nothing out of the folder.
fn allowed_path(path: &str) -> Result<(), &'static str> {
    let plain = FilePath::new(path).components().all(|part| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => false,
    });
    let name = path.rsplit('/').next().unwrap_or_default();
    if !plain || path.contains('\\') {
        return Err("write the path of a pack in the folder of tenants, such as `acme/words.toml`");
    }
    if !name.ends_with(".toml")
        || name == "tenant.toml"
        || name.ends_with(".tenant.toml")
        || name == "operator.toml"
    {
        return Err("packs alone are put, not files of tenants or of the operator");
    }
    Ok(())
}

/// What became of a pack.
enum Put {
    /// It is live, for these tenants.
    Live(Vec<String>),
    /// It was there already.
    Same,
    /// Nobody names it.
    Unused,
    Refused(Diagnostics),
    Failed(String),
}

/// Puts a file into the folder and looks at it; if that finds something wrong, the folder gets what it had before.
fn put(folder: &mut Folder, registry: &Registry, path: &str, bytes: &[u8]) -> Put {
    let root = folder.path().to_owned();
    if root.join("..data").exists() {
        return Put::Failed(
            "the folder is replaced as a whole (`..data`): change its source".to_owned(),
        );
    }
    let target = root.join(path);
    let above = target.parent().unwrap_or(&root);
    let inside = above.canonicalize().ok().zip(root.canonicalize().ok());
    if !inside.is_some_and(|(above, root)| above.starts_with(root)) {
        return Put::Failed(
            "the folder of the pack is not there, or leads out of the folder of tenants".to_owned(),
        );
    }
    if target.is_symlink() {
        return Put::Failed("the pack is a link: change what it leads to".to_owned());
    }
    let before = fs::read(&target).ok();
    if before.as_deref() == Some(bytes) {
        return Put::Same;
    }
    // What else has changed is not this call's doing.
    folder.sync(registry, None, time::now());
    if let Err(error) = replace(&target, bytes) {
        return Put::Failed(format!("the pack cannot be written: {}", error.kind()));
    }
    let synced = folder.sync(registry, Some(std::slice::from_ref(&target)), time::now());
    if synced.refused.is_empty() && (!synced.set.is_empty() || synced.shared) {
        return Put::Live(synced.set.iter().map(ToString::to_string).collect());
    }
    let restored = match &before {
        Some(before) => replace(&target, before),
        None => fs::remove_file(&target),
    };
    if let Err(error) = restored {
        return Put::Failed(format!(
            "the pack is refused, and the one before cannot be written again: {}; what was live stays so",
            error.kind()
        ));
    }
    folder.sync(registry, Some(&[target]), time::now());
    let mut problems = Diagnostics::default();
    for (_, found) in synced.refused {
        problems.append(found);
    }
    if problems.is_empty() {
        Put::Unused
    } else {
        Put::Refused(problems)
    }
}

/// Writes a file so that whoever reads it sees one of both, and not half of one.
fn replace(target: &FilePath, bytes: &[u8]) -> std::io::Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let fresh = target.with_file_name(format!(".{name}.new"));
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_alone_are_put_and_none_outside() {
        for (path, good) in [
            ("words.toml", true),
            ("acme/words.toml", true),
            ("../words.toml", false),
            ("acme/../../words.toml", false),
            ("/etc/words.toml", false),
            ("acme/.words.toml", false),
            ("acme\\words.toml", false),
            ("acme.tenant.toml", false),
            ("acme/tenant.toml", false),
            ("operator.toml", false),
            ("acme/words.txt", false),
            ("", false),
        ] {
            assert_eq!(allowed_path(path).is_ok(), good, "{path}");
        }
    }
}
