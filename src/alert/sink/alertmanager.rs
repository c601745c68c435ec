//! Alertmanager.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::guard::{Guard, reason};
use super::{Progress, Sink, Stop};
use crate::alert::format::{Notice, alertmanager};

/// An Alertmanager. It notifies; a record it is not, for it joins alerts of one kind.
#[derive(Debug)]
pub struct Alertmanager {
    url: String,
    agent: Agent,
}

impl Alertmanager {
    /// The one whose address is `base`, such as `https://alerts.example/`; `/api/v2/alerts` is put behind it.
    ///
    /// # Errors
    ///
    /// If the URL may not be gone to.
    pub fn new(base: &str, guard: Guard) -> Result<Self, String> {
        guard.check(base)?;
        Ok(Self {
            url: format!("{}/api/v2/alerts", base.trim_end_matches('/')),
            agent: guard.agent(Duration::from_secs(20)),
        })
    }
}

impl Sink for Alertmanager {
    fn batch(&self) -> usize {
        50
    }

    fn deliver(&mut self, notices: &[Notice]) -> Progress {
        let alerts: Vec<Value> = notices.iter().filter_map(alertmanager).collect();
        if alerts.is_empty() {
            return Progress::all(notices);
        }
        let body = Value::Array(alerts).to_string();
        let sent = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .send(body.as_bytes());
        let reason = match sent {
            Ok(answer) if answer.status().is_success() => return Progress::all(notices),
            Ok(answer) => format!("answered {}", answer.status().as_u16()),
            Err(error) => reason(&error),
        };
        Progress::none(Stop::Retry {
            reason,
            after: None,
        })
    }
}
