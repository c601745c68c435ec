//! What is where.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post, put};
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::audit::Audit;
use super::metrics::Metrics;
use super::{admin, callbacks, screen, stream};
use crate::prometheus::CONTENT_TYPE;

/// What a request's handler gets: the server, and whether its connection is one too many.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) app: Arc<App>,
    pub(super) audit: Option<Arc<Audit>>,
    pub(super) shed: bool,
}

const OPENAPI: &str = include_str!("openapi.json");

pub(super) fn router(handle: Handle) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route(
            "/openapi.json",
            get(async || json(StatusCode::OK, OPENAPI.into())),
        )
        .route("/v1/screen", post(screen::one))
        .route("/v1/screen/batch", post(screen::batch))
        .route("/v1/screen/stream", post(stream::stream))
        .route("/v1/admin/history", get(admin::history))
        .route("/v1/admin/rollback", post(admin::roll_back))
        .route("/v1/admin/packs/{*path}", put(admin::put_pack))
        .route("/callback/{name}", post(callbacks::bare))
        .route("/callback/{name}/{*path}", post(callbacks::call))
        .route(
            "/_matrix/policy/unstable/org.matrix.msc4284/event/{event}/check",
            post(callbacks::matrix),
        )
        .route("/_matrix/policy/v1/sign", post(callbacks::matrix_sign))
        .route(
            "/.well-known/matrix/policy_server",
            get(callbacks::matrix_key),
        )
        .fallback(async || {
            problem(
                StatusCode::NOT_FOUND,
                "unknown-path",
                "/openapi.json says what there is",
            )
        })
        .method_not_allowed_fallback(async || {
            problem(
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong-method",
                "/openapi.json says which method goes where",
            )
        })
        // Each handler has a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(handle)
}

async fn readyz(State(handle): State<Handle>) -> Response {
    let app = &handle.app;
    if app.is_draining() {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "draining",
            "the server ends",
        );
    }
    match app.ready.get() {
        Some(_) => plain("ready\n".to_owned()),
        None => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "not-ready",
            "packs are being loaded",
        ),
    }
}

async fn metrics(State(handle): State<Handle>) -> Response {
    plain(Metrics::text(&handle.app))
}

fn plain(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    response
}

pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A problem of a request as a whole.
pub(super) fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    json(
        status,
        serde_json::json!({"error": {"code": code, "message": message}})
            .to_string()
            .into_bytes(),
    )
}

/// The body of a request, if it is no longer than `most` and comes in time.
pub(super) async fn body(
    request: Request,
    most: usize,
    until: Instant,
) -> Result<Bytes, StatusCode> {
    let body = request.into_body();
    if body.size_hint().lower() > most as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match timeout_at(until, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // Either it is too long, or the connection broke, and then nobody reads this.
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
