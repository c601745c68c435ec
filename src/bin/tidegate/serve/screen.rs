//! `/v1/screen` and `/v1/screen/batch`: the contract of `tidegate screen`, over HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use tidegate::adapter::{Cause, Decision, NotJudged};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::alerting::fresh_id;
use super::app::{App, Judgement, Ready, write};
use super::config::Token;
use super::metrics::Route;
use super::routes::{Handle, body, json, problem};
use super::tokens::Hash;
use crate::alerts::Wanted;
use crate::messages::{Bad, Input, id_text};

pub(super) const NDJSON: &str = "application/x-ndjson";

/// A message that has no verdict, as its line.
#[derive(Serialize)]
struct Refused<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    id: Option<&'a RawValue>,
    error: Said<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    code: &'a str,
    message: &'a str,
}

/// The token that a request brings, if it is one of ours. All are compared, each in constant time.
pub(super) fn token(app: &App, headers: &HeaderMap) -> Option<Arc<Token>> {
    let given = bearer(headers).map(Hash::of)?;
    app.config().tokens.iter().fold(None, |found, token| {
        if token.hash == given {
            Some(Arc::clone(token))
        } else {
            found
        }
    })
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (kind, token) = value.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn denied(app: &App) -> Response {
    app.metrics.denied.fetch_add(1, Ordering::Relaxed);
    let mut response = problem(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "send `Authorization: Bearer TOKEN`, with a token of this server",
    );
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        header::HeaderValue::from_static("Bearer"),
    );
    response
}

/// Whose a message is, and whether the token may say so. A tenant that the token is not for and one that is not there look the same.
fn tenant_of<'a>(token: &'a Token, named: Option<&'a str>) -> Result<&'a str, Bad> {
    let tenant = named.or_else(|| token.only());
    match tenant {
        Some(tenant) if token.may(tenant) => Ok(tenant),
        Some(_) => Err(Bad {
            code: "unknown-tenant",
            message: "the token is not for this `tenant`".to_owned(),
        }),
        None => Err(Bad {
            code: "unknown-tenant",
            message: "the token is for several tenants: name one in `tenant`".to_owned(),
        }),
    }
}

pub(super) async fn one(State(handle): State<Handle>, request: Request) -> Response {
    let began = Instant::now();
    let app = &handle.app;
    let response = screen(&handle, request, began)
        .instrument(app.span(Route::Screen))
        .await;
    app.metrics.took(Route::Screen, began.elapsed());
    response
}

async fn screen(handle: &Handle, request: Request, began: Instant) -> Response {
    let app = &handle.app;
    let Some(token) = token(app, request.headers()) else {
        return denied(app);
    };
    if app.ready.get().is_none() {
        return not_ready();
    }
    let language = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned);
    let limits = app.config().written.limits;
    let until = began + Duration::from_millis(limits.deadline_ms);
    let bytes = match body(request, limits.body_bytes, until).await {
        Ok(bytes) => bytes,
        Err(status) => return unread(status),
    };
    let shed = if handle.shed {
        Err(Cause::Overload)
    } else {
        Ok(())
    };
    let read = match read(&bytes, &token) {
        Ok(read) => read,
        Err((id, bad)) => return refused(id.as_deref(), bad.code, &bad.message, None),
    };
    // Cheap next to the screening, and the message cannot be borrowed by another thread.
    let work = {
        let (app, bytes, tenant, language) = (
            Arc::clone(app),
            bytes.clone(),
            read.tenant.clone(),
            language.clone(),
        );
        move |ready: &Ready| judge(ready, &app, &bytes, &tenant, language.as_deref())
    };
    let judged = match shed {
        Ok(()) => app.work(bytes.len(), until, work).await,
        Err(cause) => Err(cause),
    };
    let without = |ready: &Ready, cause| {
        ready.without(
            Some(&read.tenant),
            Some(read.scene),
            language.as_deref(),
            cause,
        )
    };
    let unjudged = |cause| app.ready.get().map(|ready| without(ready, cause));
    let judged = match judged {
        Ok(Ok(judged)) => Ok(judged),
        Ok(Err(NotJudged::UnknownTenant(_))) => Err(unjudged(Cause::UnknownTenant)),
        Ok(Err(_)) => Err(unjudged(Cause::Fault)),
        Err(cause) => Err(unjudged(cause)),
    };
    let (decision, report) = match judged {
        Ok(Judgement {
            mut decision,
            report: [with, plain],
            pending,
        }) => {
            let kept = app.settle(&mut decision, pending, until, without).await;
            let failed = matches!(decision.cause, Cause::AlertLost | Cause::Deadline);
            (
                decision,
                (!failed).then_some(if kept { with } else { plain }),
            )
        }
        Err(Some(decision)) => (decision, None),
        Err(None) => return not_ready(),
    };
    if let Some(ready) = app.ready.get() {
        ready.count(&decision);
    }
    match report {
        Some(report) => marked(json(StatusCode::OK, report), &decision),
        None => {
            let (code, message) = said(decision.cause);
            refused(read.id.as_deref(), code, message, Some(&decision))
        }
    }
}

/// What a message says of itself, before it is judged.
struct ReadOne {
    id: Option<Box<RawValue>>,
    tenant: String,
    scene: tidegate::Scene,
}

type Unread = (Option<Box<RawValue>>, Bad);

fn text(bytes: &[u8]) -> Result<&str, Bad> {
    std::str::from_utf8(bytes).map_err(|error| Bad::utf8(error.valid_up_to()))
}

fn read(bytes: &[u8], token: &Token) -> Result<ReadOne, Unread> {
    let text = text(bytes).map_err(|bad| (None, bad))?;
    let mut input = Input::default();
    let read = input.read_alone(text);
    let tenant = read.and_then(|()| tenant_of(token, input.tenant()));
    let id = input.id().map(ToOwned::to_owned);
    match tenant {
        Ok(tenant) => Ok(ReadOne {
            id,
            tenant: tenant.to_owned(),
            scene: input.scene(),
        }),
        Err(bad) => Err((id, bad)),
    }
}

fn judge(
    ready: &Ready,
    app: &App,
    bytes: &[u8],
    tenant: &str,
    language: Option<&str>,
) -> Result<Judgement, NotJudged> {
    let mut input = Input::default();
    // It was read once already.
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if input.read_alone(text).is_err() {
        return Err(NotJudged::Fault);
    }
    with_id(ready, &input, tenant, |message, id| {
        ready.judge(app, message, (true, language), Some(id))
    })
}

/// Hands over the message of an input; where alerts are kept, one without an id gets one.
fn with_id<T>(
    ready: &Ready,
    input: &Input<'_>,
    tenant: &str,
    then: impl FnOnce(&tidegate::Message<'_>, Option<&RawValue>) -> T,
) -> T {
    let parts = input.parts();
    let mut message = input.message(&parts, Some(tenant));
    let own = input.id().filter(|raw| raw.get() != "null");
    let id = match (own, &ready.alerting) {
        (Some(raw), _) => Some(id_text(raw.get())),
        (None, Some(_)) => Some(fresh_id()),
        (None, None) => None,
    };
    let given = id.as_ref().filter(|_| own.is_none());
    let given = given.and_then(|id| serde_json::value::to_raw_value(id).ok());
    message.id = id.as_deref();
    then(&message, given.as_deref().or(input.id()))
}

/// The answer on a connection that is one too many.
pub(super) fn overloaded() -> Response {
    refused(None, "overload", said(Cause::Overload).1, None)
}

/// A message of many is longer than it may be.
pub(super) fn too_long(most: usize) -> Bad {
    Bad {
        code: "too-long",
        message: format!("a message has at most {most} bytes"),
    }
}

pub(super) fn not_ready() -> Response {
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-ready",
        "packs are being loaded",
    )
}

fn unread(status: StatusCode) -> Response {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => problem(
            status,
            "too-long",
            "the body is longer than this server takes",
        ),
        _ => problem(status, "deadline", "the body did not come in time"),
    }
}

/// Why there is no verdict.
fn said(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::UnknownTenant => ("unknown-tenant", "nobody knows this `tenant`"),
        Cause::Overload => (
            "overload",
            "there is more to do than can be done in time; `tidegate-answer` says what to do with the message",
        ),
        Cause::Deadline => (
            "deadline",
            "the message could not be judged in time; `tidegate-answer` says what to do with it",
        ),
        Cause::AlertLost => (
            "alert-lost",
            "the message's alert could not be kept; `tidegate-answer` says what to do with it",
        ),
        _ => (
            "fault",
            "judging the message broke off; `tidegate-answer` says what to do with it",
        ),
    }
}

fn refused(
    id: Option<&RawValue>,
    code: &str,
    message: &str,
    decision: Option<&Decision>,
) -> Response {
    let status = match code {
        "unknown-tenant" => StatusCode::FORBIDDEN,
        "too-long" => StatusCode::PAYLOAD_TOO_LARGE,
        "overload" | "deadline" | "alert-lost" => StatusCode::SERVICE_UNAVAILABLE,
        "fault" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut out = Vec::new();
    write(
        &mut out,
        &Refused {
            line: None,
            id,
            error: Said { code, message },
        },
    );
    let mut response = json(status, out);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    match decision {
        Some(decision) => marked(response, decision),
        None => response,
    }
}

/// What is to be done, for a server that does not read verdicts.
fn marked(mut response: Response, decision: &Decision) -> Response {
    for (name, value) in [
        ("tidegate-answer", decision.answer.name()),
        ("tidegate-cause", decision.cause.name()),
    ] {
        response.headers_mut().insert(
            header::HeaderName::from_static(name),
            header::HeaderValue::from_static(value),
        );
    }
    response
}

pub(super) async fn batch(State(handle): State<Handle>, request: Request) -> Response {
    let began = Instant::now();
    let response = screen_batch(&handle, request, began).await;
    handle.app.metrics.took(Route::Batch, began.elapsed());
    response
}

async fn screen_batch(handle: &Handle, request: Request, began: Instant) -> Response {
    let app = &handle.app;
    let Some(token) = token(app, request.headers()) else {
        return denied(app);
    };
    if app.ready.get().is_none() {
        return not_ready();
    }
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let lines = kind.is_some_and(|kind| kind.starts_with(NDJSON));
    let limits = app.config().written.limits;
    let until = began + Duration::from_millis(limits.batch_deadline_ms);
    let bytes = match body(request, limits.batch_bytes, until).await {
        Ok(bytes) => bytes,
        Err(status) => return unread(status),
    };
    if handle.shed {
        return overloaded();
    }
    let shared = Arc::clone(app);
    // A batch is never short.
    let work = move |ready: &Ready| batch_of(ready, &shared, &token, &bytes, lines, until);
    match app
        .work(usize::MAX, until + Duration::from_millis(500), work)
        .await
    {
        Ok(Ok(out)) if lines => {
            let mut response = json(StatusCode::OK, out);
            is_ndjson(&mut response);
            response
        }
        Ok(Ok(out)) => json(StatusCode::OK, out),
        Ok(Err(bad)) => refused(None, bad.code, &bad.message, None),
        Err(cause) => {
            let (code, message) = said(cause);
            refused(None, code, message, None)
        }
    }
}

pub(super) fn is_ndjson(response: &mut Response) {
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(NDJSON),
    );
}

/// The answers to a batch, as it came: lines for lines, an array for an array.
fn batch_of(
    ready: &Ready,
    app: &App,
    token: &Token,
    bytes: &[u8],
    lines: bool,
    until: Instant,
) -> Result<Vec<u8>, Bad> {
    let most = app.config().written.limits.batch;
    let items: Vec<&[u8]> = if lines {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if bytes.is_empty() {
            Vec::new()
        } else {
            bytes.split(|byte| *byte == b'\n').collect()
        }
    } else {
        let array: Result<Vec<&RawValue>, _> = serde_json::from_slice(bytes);
        let array = array.map_err(|_| Bad {
            code: "bad-json",
            message: format!(
                "the body is no JSON array of messages; for lines, send `Content-Type: {NDJSON}`"
            ),
        })?;
        array.into_iter().map(|raw| raw.get().as_bytes()).collect()
    };
    if items.len() > most {
        return Err(Bad {
            code: "too-long",
            message: format!("a batch has at most {most} messages"),
        });
    }
    let answers = many(ready, app, token, &items, (Route::Batch, 1), until);
    if lines {
        return Ok(as_lines(&answers));
    }
    let mut out = b"[".to_vec();
    out.extend_from_slice(&answers.join(&b','));
    out.push(b']');
    Ok(out)
}

pub(super) fn as_lines(answers: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(answers.iter().map(|answer| answer.len() + 1).sum());
    for answer in answers {
        out.extend_from_slice(answer);
        out.push(b'\n');
    }
    out
}

/// The answers to many messages, in order. The first of them has the number `first`.
pub(super) fn many(
    ready: &Ready,
    app: &App,
    token: &Token,
    items: &[&[u8]],
    (route, first): (Route, usize),
    until: Instant,
) -> Vec<Vec<u8>> {
    // Answers, and which of them wait for an alert.
    let mut answers: Vec<Vec<u8>> = Vec::with_capacity(items.len());
    let mut waiting: Vec<(usize, Vec<u8>, Decision, Span)> = Vec::new();
    let mut pending: Vec<Wanted> = Vec::new();
    let longest = app.config().written.limits.body_bytes;
    for (place, item) in items.iter().enumerate() {
        if item.len() > longest {
            let bad = too_long(longest);
            answers.push(refusal(first + place, None, bad.code, &bad.message));
            continue;
        }
        let span = app.span(route);
        let answered = span.in_scope(|| answer(ready, app, token, item, first + place, until));
        match answered {
            Ok(Judgement {
                decision,
                report: [with, plain],
                pending: Some(alerts),
            }) => {
                answers.push(with);
                waiting.push((place, plain, decision, span));
                pending.push(alerts);
            }
            Ok(Judgement {
                decision,
                report: [with, _],
                pending: None,
            }) => {
                span.in_scope(|| ready.count(&decision));
                answers.push(with);
            }
            Err(refused) => answers.push(refused),
        }
    }
    if let Some(alerting) = &ready.alerting {
        for ((place, plain, mut decision, span), kept) in
            waiting.into_iter().zip(alerting.keep_all(pending))
        {
            match kept {
                Ok(true) => {}
                Ok(false) => answers[place] = plain,
                Err(_) => {
                    decision.cause = Cause::AlertLost;
                    answers[place] = failed(items[place], first + place, Cause::AlertLost);
                }
            }
            span.in_scope(|| ready.count(&decision));
        }
    }
    answers
}

/// The line of a message that could be read, and has no verdict.
pub(super) fn failed(item: &[u8], line: usize, cause: Cause) -> Vec<u8> {
    let (code, message) = said(cause);
    refusal(line, id_of(item).as_deref(), code, message)
}

pub(super) fn refusal(line: usize, id: Option<&RawValue>, code: &str, message: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write(
        &mut out,
        &Refused {
            line: Some(line),
            id,
            error: Said { code, message },
        },
    );
    out
}

fn id_of(item: &[u8]) -> Option<Box<RawValue>> {
    let mut input = Input::default();
    let _ = input.read_alone(std::str::from_utf8(item).ok()?);
    input.id().map(ToOwned::to_owned)
}

/// One message of many.
fn answer(
    ready: &Ready,
    app: &App,
    token: &Token,
    item: &[u8],
    line: usize,
    until: Instant,
) -> Result<Judgement, Vec<u8>> {
    let mut input = Input::default();
    let text = text(item).map_err(|bad| refusal(line, None, bad.code, &bad.message))?;
    let read = input.read_alone(text);
    let id = input.id();
    let tenant = read
        .and_then(|()| tenant_of(token, input.tenant()))
        .map_err(|bad| refusal(line, id, bad.code, &bad.message))?;
    let failed = |cause| {
        ready.count(&ready.without(Some(tenant), Some(input.scene()), None, cause));
        let (code, message) = said(cause);
        refusal(line, id, code, message)
    };
    if Instant::now() >= until {
        return Err(failed(Cause::Deadline));
    }
    with_id(ready, &input, tenant, |message, id| {
        ready.judge(app, message, (true, None), Some(id))
    })
    .map_err(|not| {
        failed(match not {
            NotJudged::UnknownTenant(_) => Cause::UnknownTenant,
            _ => Cause::Fault,
        })
    })
}
