//! Webhooks: CloudEvents 1.0 under the signatures of Standard Webhooks 1.0.

use std::time::Duration;

use ureq::Agent;
use ureq::http::HeaderMap;

use super::guard::{Guard, reason};
use super::signature::SigningKey;
use super::{Progress, Sink, Stop};
use crate::alert::format::{Format, Notice, Told};
use crate::alert::outbox::now;

/// Bytes of a body, below the standard's 20 kB.
const BODY: usize = 19_000;

/// An endpoint that takes one notice a request.
#[derive(Debug)]
pub struct Webhook {
    url: String,
    keys: Vec<SigningKey>,
    format: Format,
    guard: Guard,
    agent: Agent,
}

impl Webhook {
    /// The endpoint at `url`, signed with each of the keys, so that a key can be changed while both are known.
    ///
    /// # Errors
    ///
    /// If the URL may not be gone to, or there is no key.
    pub fn new(url: &str, keys: Vec<SigningKey>, guard: Guard) -> Result<Self, String> {
        guard.check(url)?;
        if keys.is_empty() {
            return Err("a webhook needs a secret: `whsec_` or `whsk_` and base64".to_owned());
        }
        Ok(Self {
            url: url.to_owned(),
            keys,
            format: Format::default(),
            guard,
            agent: guard.agent(Duration::from_secs(20)),
        })
    }

    /// How bodies are laid out.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// How long one attempt may take in all. The standard says 15 to 30 seconds; 20 is the default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.agent = self.guard.agent(timeout);
        self
    }

    fn body(&self, notice: &Notice) -> String {
        let mut body = self.format.json(notice);
        let mut shorter = notice.clone();
        // The record has them all; the receiver needs a few to look at.
        while body.len() > BODY
            && let Told::Alert(alert) = &mut shorter.told
            && (alert.particulars.spans.len() > 1 || !shorter.grouped.is_empty())
        {
            let spans = &mut alert.particulars.spans;
            spans.truncate((spans.len() / 2).max(1));
            shorter.grouped.truncate(shorter.grouped.len() / 2);
            body = self.format.json(&shorter);
        }
        body
    }

    fn send(&self, notice: &Notice) -> Result<(), Stop> {
        let (id, body, seconds) = (notice.id(), self.body(notice), now().0);
        let signatures: Vec<String> = self
            .keys
            .iter()
            .map(|key| key.sign(&id, seconds, body.as_bytes()))
            .collect();
        let kind = match self.format {
            Format::CloudEvents => "application/cloudevents+json",
            Format::Ocsf => "application/json",
        };
        let answer = self
            .agent
            .post(&self.url)
            .header("content-type", kind)
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signatures.join(" "))
            .send(body.as_bytes())
            .map_err(|error| Stop::Retry {
                reason: reason(&error),
                after: None,
            })?;
        judged(answer.status().as_u16(), answer.headers())
    }
}

/// What a status means.
fn judged(status: u16, headers: &HeaderMap) -> Result<(), Stop> {
    let reason = format!("answered {status}");
    match status {
        200..=299 => Ok(()),
        410 => Err(Stop::Disable { reason }),
        // It will not take this one; what is wrong with the address or the key, or just now, may be mended.
        400 | 405..=407 | 409 | 411..=424 | 426..=428 | 431 | 451 => Err(Stop::Reject { reason }),
        _ => Err(Stop::Retry {
            reason,
            after: retry_after(headers),
        }),
    }
}

/// How long to wait: seconds, or until an HTTP date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("retry-after")?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let at = httpdate::parse_http_date(value).ok()?;
            at.duration_since(std::time::SystemTime::now()).ok()
        }
    }
}

impl Sink for Webhook {
    fn deliver(&mut self, notices: &[Notice]) -> Progress {
        for (done, notice) in notices.iter().enumerate() {
            if let Err(stop) = self.send(notice) {
                return Progress {
                    done,
                    stop: Some(stop),
                };
            }
        }
        Progress::all(notices)
    }
}
