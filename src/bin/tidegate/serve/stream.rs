//! `/v1/screen/stream`: lines in, a line out for each, in order, for as long as the client likes. What is in memory is one piece of lines and two of
//! answers; nothing is read while the client takes no answers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::response::Response;
use hyper::body::Frame;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::app::{App, Ready};
use super::config::Token;
use super::metrics::Route;
use super::routes::Handle;
use super::screen::{
    as_lines, denied, failed, is_ndjson, many, not_ready, overloaded, refusal, token, too_long,
};

/// Lines that are judged in one go, so that an answer does not wait for many others.
const AT_ONCE: usize = 256;
/// Pieces of answers that wait for the client.
const WAITING: usize = 2;
/// How long what the client still sends is thrown away once all was answered: a connection that is closed over unread bytes may take answers with it that are on
/// their way.
const LINGER: Duration = Duration::from_millis(500);

pub(super) async fn stream(State(handle): State<Handle>, request: Request) -> Response {
    let app = &handle.app;
    let Some(token) = token(app, request.headers()) else {
        return denied(app);
    };
    if app.ready.get().is_none() {
        return not_ready();
    }
    if handle.shed {
        return overloaded();
    }
    let (sender, receiver) = mpsc::channel(WAITING);
    let stream = Stream {
        app: Arc::clone(app),
        token,
        body: request.into_body(),
        answers: sender,
        buffer: Vec::new(),
        skipping: false,
        line: 1,
    };
    tokio::spawn(stream.run());
    let mut response = Response::new(Body::new(Answers(receiver)));
    is_ndjson(&mut response);
    response
}

/// Answers, as they come.
struct Answers(mpsc::Receiver<Bytes>);

impl HttpBody for Answers {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// One stream of lines.
struct Stream {
    app: Arc<App>,
    token: Arc<Token>,
    body: Body,
    answers: mpsc::Sender<Bytes>,
    /// What came and is not judged yet.
    buffer: Vec<u8>,
    /// A line that was too long is being passed over.
    skipping: bool,
    /// The number of the line that the buffer begins with.
    line: usize,
}

/// Why nothing more is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client has sent everything.
    Whole,
    /// The connection broke.
    Broken,
    /// A line did not come to its end in time.
    Idle,
    /// The server ends.
    Draining,
}

impl Stream {
    async fn run(mut self) {
        let mut draining = self.app.draining.subscribe();
        let end = loop {
            // Each line has its time, however it comes.
            let until = Instant::now() + self.patience();
            let (mut ended, mut whole) = (None, false);
            while ended.is_none() && !whole {
                let before = self.buffer.len();
                ended = self.read(until, &mut draining).await.err();
                if self.cut_long().await.is_none() {
                    return;
                }
                whole = self.buffer.iter().skip(before).any(|byte| *byte == b'\n');
            }
            if self.answer_lines().await.is_none() {
                return;
            }
            if let Some(end) = ended {
                break end;
            }
        };
        self.finish(end).await;
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.app.config().written.limits.stream_seconds)
    }

    fn longest(&self) -> usize {
        self.app.config().written.limits.body_bytes
    }

    async fn frame(&mut self) -> Option<Result<Frame<Bytes>, axum::Error>> {
        poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await
    }

    /// Reads a piece of what comes.
    async fn read(
        &mut self,
        until: Instant,
        draining: &mut watch::Receiver<bool>,
    ) -> Result<(), End> {
        let frame = tokio::select! {
            frame = timeout_at(until, self.frame()) => frame.map_err(|_| End::Idle)?,
            _ = draining.wait_for(|draining| *draining) => return Err(End::Draining),
        };
        match frame {
            Some(Ok(frame)) => {
                let bytes = frame.into_data().unwrap_or_default();
                self.buffer.extend_from_slice(&bytes);
                Ok(())
            }
            Some(Err(_)) => Err(End::Broken),
            None => Err(End::Whole),
        }
    }

    /// A line that is longer than a message may be is answered, and passed over.
    async fn cut_long(&mut self) -> Option<()> {
        if self.skipping {
            match self.buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.buffer.drain(..=end);
                    self.skipping = false;
                }
                None => self.buffer.clear(),
            }
        }
        if self.buffer.len() > self.longest() && !self.buffer.contains(&b'\n') {
            self.buffer.clear();
            self.skipping = true;
            let bad = too_long(self.longest());
            return self.refuse(bad.code, &bad.message).await;
        }
        Some(())
    }

    /// Answers the line that is not judged.
    async fn refuse(&mut self, code: &str, message: &str) -> Option<()> {
        let answer = refusal(self.line, None, code, message);
        self.line += 1;
        self.send(as_lines(&[answer])).await
    }

    /// Judges all lines that are whole.
    async fn answer_lines(&mut self) -> Option<()> {
        let Some(last) = self.buffer.iter().rposition(|byte| *byte == b'\n') else {
            return Some(());
        };
        let rest = self.buffer.split_off(last + 1);
        let mut whole = std::mem::replace(&mut self.buffer, rest);
        whole.truncate(last);
        self.answer(Bytes::from(whole)).await
    }

    /// Judges lines, and sends what comes of it.
    async fn answer(&mut self, mut lines: Bytes) -> Option<()> {
        loop {
            let mut ends = memchr::memchr_iter(b'\n', &lines);
            let end = ends.nth(AT_ONCE - 1);
            let piece = lines.split_to(end.unwrap_or(lines.len()));
            let began = Instant::now();
            let answers = self.judge(piece).await?;
            self.line += answers.len();
            self.send(as_lines(&answers)).await?;
            self.app.metrics.took(Route::Stream, began.elapsed());
            if end.is_none() {
                return Some(());
            }
            let _ = lines.split_to(1);
        }
    }

    /// The answers to some lines. Nothing, if the token was taken back.
    async fn judge(&mut self, piece: Bytes) -> Option<Vec<Vec<u8>>> {
        let config = self.app.config();
        let mut tokens = config.tokens.iter();
        let token = Arc::clone(tokens.find(|token| token.hash == self.token.hash)?);
        let until = Instant::now() + Duration::from_millis(config.written.limits.batch_deadline_ms);
        let first = self.line;
        let work = {
            let (app, piece) = (Arc::clone(&self.app), piece.clone());
            move |ready: &Ready| {
                let lines: Vec<&[u8]> = piece.split(|byte| *byte == b'\n').collect();
                many(ready, &app, &token, &lines, (Route::Stream, first), until)
            }
        };
        let judged = self.app.work_later(until, work).await;
        Some(judged.unwrap_or_else(|cause| {
            let lines = piece.split(|byte| *byte == b'\n').zip(first..);
            lines
                .map(|(item, line)| failed(item, line, cause))
                .collect()
        }))
    }

    /// Hands answers on, as soon as the client takes them. Nothing, if the connection is gone.
    async fn send(&mut self, piece: Vec<u8>) -> Option<()> {
        self.answers.send(piece.into()).await.ok()
    }

    /// Answers what is left of a line, and ends.
    async fn finish(mut self, end: End) {
        let begun = !self.skipping && !self.buffer.is_empty();
        let answered = match end {
            End::Whole if begun => {
                let last = std::mem::take(&mut self.buffer);
                self.answer(last.into()).await
            }
            End::Idle if begun => {
                let said = "the line did not come to its end in time";
                self.refuse("deadline", said).await
            }
            End::Draining if begun => {
                let said = "the server ends; send the message again";
                self.refuse("draining", said).await
            }
            _ => Some(()),
        };
        if answered.is_none() || !matches!(end, End::Idle | End::Draining) {
            return;
        }
        let until = Instant::now() + LINGER;
        while let Ok(Some(Ok(_))) = timeout_at(until, self.frame()).await {}
    }
}
