//! A server on axum whose handler sees no message that was not screened: `POST /say` with `{"room":"tea","from":"ann","text":"..."}`.
//!
//! `cargo run --example axum`

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tidegate::adapter::layer::{Adapt, Post, ScreenLayer};
use tidegate::adapter::{Answer, Stage};
use tidegate::registry::{By, Registry};
use tidegate::{Diagnostics, Operator, Pack, Scene, Tenant, Timestamp};

const TENANT: &str = "[tenant]\nid = \"lounge\"\nrefusal = \"not here, please\"\n";
const PACK: &str = include_str!("house.toml");
/// Bytes of the longest body.
const LONGEST: usize = 16 << 10;

/// Rules of one tenant; a server with many reads them from a folder (`tidegate::adapter::source`).
pub(crate) fn stage() -> Result<Stage, Diagnostics> {
    let by = By::new("axum", "begin", now());
    let registry = Registry::new(Vec::new(), Vec::new(), Operator::default(), &by)?;
    let pack = Pack::parse("house.toml", PACK)?.pack;
    registry.set(
        Tenant::parse("lounge.toml", TENANT)?.tenant,
        vec![pack],
        &by,
    )?;
    Ok(Stage::new(&registry))
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// What this server's requests look like.
struct Say;

impl Adapt<Request> for Say {
    type Response = Response;

    async fn receive(&self, request: Request) -> Result<(Request, Option<Post>), Response> {
        let language = request
            .headers()
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let (head, body) = request.into_parts();
        let bytes = to_bytes(body, LONGEST)
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|_| StatusCode::BAD_REQUEST.into_response())?;
        let of = |key: &str| value[key].as_str().map(str::to_owned);
        let message = Post {
            texts: of("text").into_iter().collect(),
            scene: Scene::OpenGroup,
            tenant: Some("lounge".to_owned()),
            conversation: of("room"),
            sender: of("from"),
            language,
            ..Post::default()
        };
        Ok((Request::from_parts(head, Body::from(bytes)), Some(message)))
    }

    fn replace(&self, request: Request, texts: Vec<String>) -> Request {
        let (head, _) = request.into_parts();
        let body = json!({ "text": texts.concat() }).to_string();
        Request::from_parts(head, Body::from(body))
    }

    fn instead(&self, _: Request, answer: Answer) -> Response {
        match answer {
            Answer::Drop => StatusCode::ACCEPTED.into_response(),
            Answer::Review(_) => (StatusCode::ACCEPTED, "it is being looked at").into_response(),
            Answer::Refuse(refusal) => (StatusCode::FORBIDDEN, refusal.text).into_response(),
            // These go on to the handler.
            Answer::Allow | Answer::Replace(_) => StatusCode::OK.into_response(),
        }
    }
}

/// The server's routes.
pub(crate) fn router(stage: Stage) -> Router {
    let screen = ScreenLayer::new(Arc::new(stage), Say, now);
    Router::new().route("/say", post(say).layer(screen))
}

/// The server's own work; here it only says what it would tell the others.
async fn say(body: String) -> String {
    let value: Value = serde_json::from_str(&body).unwrap_or_default();
    format!("said: {}", value["text"].as_str().unwrap_or_default())
}

#[cfg_attr(
    test,
    expect(dead_code, reason = "the tests serve on a port of their own")
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage().map_err(|problems| problems.to_text(tidegate::diag::Lang::En))?;
    let router = router(stage);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:7001").await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let stream = hyper_util::rt::TokioIo::new(stream);
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(stream, service)
                    .await
            });
        }
    })
}
