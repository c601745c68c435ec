//! The callbacks of other servers. Whatever comes, the answer is valid in the server's dialect, and in time.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tidegate::adapter::callback::{Call, Incoming, Read, Reply};
use tidegate::adapter::{Answer, Cause, Decision, Manners, NotJudged};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::alerting::fresh_id;
use super::app::{Judgement, Ready};
use super::config::Callback;
use super::metrics::Route;
use super::routes::{Handle, body, problem};

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
    let told = |incoming: Option<&Incoming>, decision: Decision| {
        ready.count(&decision);
        account.reply(
            incoming,
            &decision.answer.told(&ready.stage.manners(tenant)),
        )
    };
    let unread = |cause| told(None, ready.without(tenant, None, language, cause));
    let read = match body {
        Ok(body) => account.read(&Call {
            path,
            query: &query,
            body: &body,
        }),
        Err(StatusCode::PAYLOAD_TOO_LARGE) => Read::Unreadable,
        Err(_) => return unread(Cause::Deadline),
    };
    let mut incoming = match read {
        Read::Message(incoming) => incoming,
        Read::Nothing => return unread(Cause::NoMessage),
        Read::Forged => {
            app.metrics
                .denied
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return unread(Cause::Unauthenticated);
        }
        _ => return unread(Cause::Unreadable),
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
    told(Some(&incoming), decision)
}
