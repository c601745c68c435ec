//! The callbacks of other servers. Whatever comes, the answer is valid in the server's dialect, and in time.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tidegate::adapter::callback::{Call, Read, Reply};
use tidegate::adapter::{Answer, Cause, Decision, Manners, NotJudged};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::alerting::fresh_id;
use super::app::{Judgement, Ready};
use super::config::Callback;
use super::metrics::Route;
use super::routes::{Handle, body, json, problem};

pub(super) async fn call(
    State(handle): State<Handle>,
    Path((name, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(handle, &name, &path, request).await
}

/// A callback whose secret does not stand in the URL.
pub(super) async fn bare(
    State(handle): State<Handle>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    answer(handle, &name, "", request).await
}

/// A Matrix policy server's path is fixed.
pub(super) async fn matrix(
    State(handle): State<Handle>,
    Path(event): Path<String>,
    request: Request,
) -> Response {
    let name = handle.app.config().matrix.clone().unwrap_or_default();
    answer(handle, &name, &format!("{event}/check"), request).await
}

/// The same for `/sign`.
pub(super) async fn matrix_sign(State(handle): State<Handle>, request: Request) -> Response {
    let Some(name) = handle.app.config().matrix_sign.clone() else {
        let body = r#"{"errcode":"M_UNRECOGNIZED","error":"this is no policy server"}"#;
        return json(StatusCode::NOT_FOUND, body.into());
    };
    answer(handle, &name, "", request).await
}

/// The key that a Matrix policy server signs with, for those who set up a room (`/.well-known/matrix/policy_server`).
pub(super) async fn matrix_key(State(handle): State<Handle>) -> Response {
    let config = handle.app.config();
    let callback = config.matrix_sign.as_ref();
    let callback = callback.and_then(|name| config.callbacks.get(name));
    let Some(signing) = callback.and_then(|callback| callback.account.signing.as_ref()) else {
        return problem(
            StatusCode::NOT_FOUND,
            "unknown-path",
            "nothing is signed here",
        );
    };
    let body = serde_json::json!({ "public_keys": { "ed25519": signing.public_key() } });
    let mut response = json(StatusCode::OK, body.to_string().into_bytes());
    // Clients in browsers ask for it.
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}

async fn answer(handle: Handle, name: &str, path: &str, request: Request) -> Response {
    let began = Instant::now();
    let app = Arc::clone(&handle.app);
    let Some(callback) = app.config().callbacks.get(name).cloned() else {
        return problem(
            StatusCode::NOT_FOUND,
            "unknown-path",
            "there is no callback of this name",
        );
    };
    let route = Route::Callback(callback.account.dialect);
    let reply = reply(&handle, &callback, path, request, began)
        .instrument(app.span(route))
        .await;
    app.metrics.took(route, began.elapsed());
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

async fn reply(
    handle: &Handle,
    callback: &Callback,
    path: &str,
    request: Request,
    began: Instant,
) -> Reply {
    let app = &handle.app;
    let account = &callback.account;
    let (tenant, language) = (Some(&*account.tenant), account.language.as_deref());
    let until = began + callback.deadline(None);
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = body(request, app.config().written.limits.body_bytes, until).await;
    let Some(ready) = app.ready.get() else {
        // What the tenant says of such messages is not known yet.
        let refusal = Manners::default().refusal(language, None);
        return account.reply(None, &Answer::Refuse(refusal));
    };
    let told = |decision: Decision| {
        ready.count(&decision);
        decision.answer.told(&ready.stage.manners(tenant))
    };
    let unread = |cause| told(ready.without(tenant, None, language, cause));
    let body = match body {
        Ok(body) => body,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            return account.reply(None, &unread(Cause::Unreadable));
        }
        Err(_) => return account.reply(None, &unread(Cause::Deadline)),
    };
    let call = Call {
        path,
        query: &query,
        body: &body,
    };
    let mut incoming = match account.read(&call) {
        Read::Message(incoming) => incoming,
        Read::Nothing => return account.reply_unread(&call, &unread(Cause::NoMessage)),
        Read::Forged => {
            app.metrics
                .denied
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return account.reply(None, &unread(Cause::Unauthenticated));
        }
        _ => return account.reply_unread(&call, &unread(Cause::Unreadable)),
    };
    if ready.alerting.is_some() {
        incoming.id_or(fresh_id);
    }
    let scene = incoming.scene();
    let until = began + callback.deadline(Some(scene));
    let incoming = Arc::new(incoming);
    let without = |ready: &Ready, cause| ready.without(tenant, Some(scene), language, cause);
    let judged = if handle.shed {
        Err(Cause::Overload)
    } else {
        let work = {
            let (app, incoming) = (Arc::clone(app), Arc::clone(&incoming));
            let (tenant, language) = (account.tenant.clone(), account.language.clone());
            move |ready: &Ready| {
                incoming.with_message(&tenant, |message| {
                    ready.judge(
                        &app,
                        message,
                        (incoming.is_whole(), language.as_deref()),
                        None,
                    )
                })
            }
        };
        app.work(incoming.len(), until, work).await
    };
    let decision = match judged {
        Ok(Ok(Judgement {
            mut decision,
            pending,
            ..
        })) => {
            app.settle(&mut decision, pending, until, without).await;
            decision
        }
        Ok(Err(NotJudged::UnknownTenant(_))) => without(ready, Cause::UnknownTenant),
        Ok(Err(_)) => without(ready, Cause::Fault),
        Err(cause) => without(ready, cause),
    };
    account.reply(Some(&incoming), &told(decision))
}
