//! The example on axum: a handler behind the layer sees no message that was not screened.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use tidegate::Timestamp;
use tidegate::adapter::Answer;
use tidegate::adapter::layer::{Adapt, Post, ScreenLayer};
use tower_layer::Layer as _;
use tower_service::Service;

#[path = "../examples/axum.rs"]
mod example;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

#[test]
fn a_handler_behind_the_layer_sees_what_was_screened() {
    let mut router = example::router(example::stage().expect("its pack is good"));
    let mut say = |body: &str| {
        let request = Request::post("/say")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        run(async {
            let response = router.call(request).await.expect("an answer");
            let status = response.status();
            let body = to_bytes(response.into_body(), 1 << 16)
                .await
                .expect("a body");
            (status, String::from_utf8_lossy(&body).into_owned())
        })
    };
    assert_eq!(
        say(r#"{"text":"good day"}"#),
        (StatusCode::OK, "said: good day".to_owned())
    );
    let lure = say(r#"{"text":"easy money, DM me"}"#);
    assert_eq!(lure, (StatusCode::FORBIDDEN, "not here, please".to_owned()));
    let masked = say(r#"{"text":"write to shop@example.com"}"#);
    assert_eq!(
        masked,
        (StatusCode::OK, "said: write to ****************".to_owned())
    );
    assert_eq!(say("nonsense").0, StatusCode::BAD_REQUEST);
    assert_eq!(say(&" ".repeat(20_000)).0, StatusCode::PAYLOAD_TOO_LARGE);
    // No text at all: not looked at, so held.
    assert_eq!(say("{}").0, StatusCode::ACCEPTED);
}

/// A service that remembers what came through.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Service<String> for Heard {
    type Response = String;
    type Error = Infallible;
    type Future = std::future::Ready<Result<String, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, text: String) -> Self::Future {
        self.0.lock().expect("nobody panicked").push(text);
        std::future::ready(Ok("delivered".to_owned()))
    }
}

struct Plain;

impl Adapt<String> for Plain {
    type Response = String;

    async fn receive(&self, text: String) -> Result<(String, Option<Post>), String> {
        let post = Post {
            texts: vec![text.clone()],
            tenant: Some("lounge".to_owned()),
            ..Post::default()
        };
        Ok((text.clone(), (text != "ping").then_some(post)))
    }

    fn replace(&self, _: String, texts: Vec<String>) -> String {
        texts.concat()
    }

    fn instead(&self, _: String, answer: Answer) -> String {
        answer.name().to_owned()
    }
}

#[test]
fn the_layer_knows_no_http() {
    let heard = Heard::default();
    let stage = Arc::new(example::stage().expect("its pack is good"));
    let mut service = ScreenLayer::new(Arc::clone(&stage), Plain, || Timestamp(1_795_428_000))
        .layer(heard.clone());
    let mut say = |text: &str| run(service.call(text.to_owned())).expect("an answer");
    assert_eq!(say("good"), "delivered");
    assert_eq!(say("日结，加微信"), "refuse");
    assert_eq!(say("ping"), "delivered");
    assert_eq!(*heard.0.lock().expect("nobody panicked"), ["good", "ping"]);
    assert_eq!(stage.counts().map(|(.., count)| count).sum::<u64>(), 2);
}
