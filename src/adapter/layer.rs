//! A tower layer: requests are screened before the service behind it sees them (feature `tower`).
//!
//! What a request's message is, how it gets another text, and what a refusal looks like, is the server's own: it implements [`Adapt`]. `tests/examples/axum.rs` does so for a
//! handler of axum. A service without tower calls [`Stage::decide`](super::Stage::decide).
//!
//! The layer has no clock and no runtime. It judges where it is polled, for microseconds; put `tower::timeout` around it, and `tower::limit` before it, as around anything else.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::answer::Answer;
use super::stage::Stage;
use crate::engine::Message;
use crate::primitives::{Scene, Timestamp};

/// A message taken out of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Post {
    /// Its texts; none, if it holds no text.
    pub texts: Vec<String>,
    /// Where it goes.
    pub scene: Scene,
    /// Whose customer's it is.
    pub tenant: Option<String>,
    /// The conversation it goes to.
    pub conversation: Option<String>,
    /// Who sent it.
    pub sender: Option<String>,
    /// Its id in the server.
    pub id: Option<String>,
    /// The language of its sender.
    pub language: Option<String>,
}

/// What a server's requests look like to the layer.
pub trait Adapt<R>: Send + Sync + 'static {
    /// What the service answers.
    type Response;

    /// Takes the message out of a request, and hands the request back with it; no message, if there is none to screen.
    ///
    /// # Errors
    ///
    /// The answer to a request that cannot be read.
    fn receive(
        &self,
        request: R,
    ) -> impl Future<Output = Result<(R, Option<Post>), Self::Response>> + Send;

    /// The request with other texts, part by part.
    fn replace(&self, request: R, texts: Vec<String>) -> R;

    /// The answer to a message that goes no further: [`Answer::Refuse`], [`Answer::Drop`] or [`Answer::Review`], which keeps the message if the server can.
    fn instead(&self, request: R, answer: Answer) -> Self::Response;
}

/// Puts screening before services.
pub struct ScreenLayer<A> {
    shared: Arc<Shared<A>>,
}

struct Shared<A> {
    stage: Arc<Stage>,
    adapt: A,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl<A> ScreenLayer<A> {
    /// Screens by what is live in `stage`, at the time that `now` tells.
    pub fn new(
        stage: Arc<Stage>,
        adapt: A,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                stage,
                adapt,
                now: Box::new(now),
            }),
        }
    }
}

impl<A> Clone for ScreenLayer<A> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<A> fmt::Debug for ScreenLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScreenLayer").finish_non_exhaustive()
    }
}

impl<S, A> Layer<S> for ScreenLayer<A> {
    type Service = Screened<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        Screened {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service that sees no message that was not screened.
pub struct Screened<S, A> {
    inner: S,
    layer: ScreenLayer<A>,
}

impl<S: Clone, A> Clone for Screened<S, A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, A> fmt::Debug for Screened<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screened")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<R, S, A> Service<R> for Screened<S, A>
where
    R: Send + 'static,
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send,
    A: Adapt<R, Response = S::Response>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // The one that was asked whether it is ready is the one that is called.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let shared = Arc::clone(&self.layer.shared);
        Box::pin(async move {
            let (request, post) = match shared.adapt.receive(request).await {
                Ok(received) => received,
                Err(answer) => return Ok(answer),
            };
            let answer = post.map_or(Answer::Allow, |post| shared.decide(&post));
            match answer {
                Answer::Allow => inner.call(request).await,
                Answer::Replace(texts) => inner.call(shared.adapt.replace(request, texts)).await,
                held => Ok(shared.adapt.instead(request, held)),
            }
        })
    }
}

impl<A> Shared<A> {
    fn decide(&self, post: &Post) -> Answer {
        let texts: Vec<&str> = post.texts.iter().map(String::as_str).collect();
        let mut message = match texts[..] {
            [text] => Message::text(text),
            _ => Message::of_parts(&texts),
        };
        message.scene = post.scene;
        message.tenant = post.tenant.as_deref();
        message.conversation = post.conversation.as_deref();
        message.sender = post.sender.as_deref();
        message.id = post.id.as_deref();
        let language = post.language.as_deref();
        self.stage.decide(&message, language, (self.now)()).answer
    }
}
