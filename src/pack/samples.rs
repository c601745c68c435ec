//! The samples of a rule.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::keys::{Kind, in_order};
use super::model::{Sample, SampleKind, SampleMessage, Status};
use super::reading::{Reading, is_jurisdiction};
use super::report::shown;
use super::syntax::{Table, Value};
use crate::diag::{codes, said};
use crate::primitives::Scene;
use crate::verdict::Action;

impl Reading<'_, '_> {
    pub(super) fn samples(
        &mut self,
        rule: &Table<'_>,
        at: &Range<usize>,
        status: Status,
    ) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut found = Vec::new();
        // A key under another name, or of the wrong type, is told already, and is no sample that lacks.
        let mut told =
            Self::value(rule, "samples").is_some_and(|(_, value)| !value.get_ref().is_table());
        if let Some((table, _)) = self.table(rule, "samples", Kind::Samples) {
            told |= table.iter().any(|(key, value)| {
                !Kind::Samples.keys().contains(&&**key.get_ref()) || !value.get_ref().is_array()
            });
            for (key, _, value) in in_order(table) {
                let kind = match key {
                    "match" => SampleKind::Match,
                    "pass" => SampleKind::Pass,
                    "todo" => SampleKind::Todo,
                    _ => continue,
                };
                found.push((key.to_owned(), kind, value));
            }
        }
        for (key, kind, value) in found {
            self.samples_of(&key, kind, value, &mut samples);
        }
        let lacks = |kind| !samples.iter().any(|sample| sample.kind == kind);
        let lacking = match (lacks(SampleKind::Match), lacks(SampleKind::Pass)) {
            (true, true) => "match` / `pass",
            (true, false) => "match",
            (false, true) => "pass",
            (false, false) => return samples,
        };
        if status == Status::Enforce && !told {
            self.report.miss(
                &codes::NO_SAMPLES,
                at.clone(),
                said!(
                    "the rule is in force and has no `{lacking}` sample",
                    "规则已生效但没有 `{lacking}` 样例"
                ),
                said!(
                    "add `[rule.samples]` with `match = [\"...\"]` and `pass = [\"...\"]`, or write `status = \"draft\"`",
                    "请添加 `[rule.samples]`，写 `match = [\"...\"]` 和 `pass = [\"...\"]`，或写 `status = \"draft\"`"
                ),
            );
        }
        samples
    }

    fn samples_of(
        &mut self,
        key: &str,
        kind: SampleKind,
        value: &Value<'_>,
        samples: &mut Vec<Sample>,
    ) {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(
                key,
                value,
                (
                    "a list of samples, as in `[\"a text\"]`",
                    "样例列表，例如 `[\"一段文本\"]`",
                ),
            );
            return;
        };
        for item in array.iter() {
            if samples.len() == self.limits.samples {
                let most = self.limits.samples;
                self.report.say(
                    &codes::TOO_MANY_SAMPLES,
                    item.span(),
                    said!(
                        "the rule has more than {most} samples",
                        "规则的样例超过 {most} 个"
                    ),
                    said!("keep those that tell something", "请只保留有代表性的"),
                );
                return;
            }
            samples.extend(self.sample(key, kind, item));
        }
    }

    fn sample(&mut self, key: &str, kind: SampleKind, value: &Value<'_>) -> Option<Sample> {
        let mut sample = Sample {
            kind,
            messages: Vec::new(),
            scene: None,
            action: None,
            at: None,
            jurisdictions: None,
            place: value.span(),
        };
        let table = match value.get_ref() {
            DeValue::String(text) => {
                sample.messages.push(message(text));
                return Some(sample);
            }
            DeValue::Table(table) => table,
            _ => {
                self.wrong_type(
                    key,
                    value,
                    (
                        "a text in quotes or a table `{ text = \"...\" }`",
                        "加引号的文本或表 `{ text = \"...\" }`",
                    ),
                );
                return None;
            }
        };
        self.as_table(key, value, Kind::Sample);
        sample.scene = self.choice(table, "scene", &Scene::ALL, Scene::name);
        sample.action = self.choice(table, "action", &Action::ALL, Action::name);
        sample.at = self.moment(table, "at");
        if Self::value(table, "jurisdictions").is_some() {
            sample.jurisdictions = Some(self.jurisdictions(table));
        }
        let text = self.string(table, "text");
        let messages = self.sample_messages(table);
        match (text, messages) {
            (Some(text), None) => sample.messages.push(message(text.text)),
            (None, Some(messages)) if !messages.is_empty() => sample.messages = messages,
            _ => {
                self.report.say(
                    &codes::BAD_SAMPLE,
                    value.span(),
                    said!(
                        "a sample has either a `text` or `messages`",
                        "样例要么有 `text`，要么有 `messages`"
                    ),
                    said!(
                        "write `{{ text = \"...\" }}` or `{{ messages = [\"...\", \"...\"] }}`",
                        "请写 `{{ text = \"...\" }}` 或 `{{ messages = [\"...\", \"...\"] }}`"
                    ),
                );
                return None;
            }
        }
        Some(sample)
    }

    fn sample_messages(&mut self, table: &Table<'_>) -> Option<Vec<SampleMessage>> {
        let (_, value) = Self::value(table, "messages")?;
        let wanted = (
            "a list of texts or of `{ text, at }`",
            "文本或 `{ text, at }` 的列表",
        );
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type("messages", value, wanted);
            return Some(Vec::new());
        };
        let mut messages = Vec::new();
        for item in array.iter() {
            match item.get_ref() {
                DeValue::String(text) => messages.push(message(text)),
                DeValue::Table(table) => {
                    self.as_table("messages", item, Kind::Message);
                    let at = self.moment(table, "at");
                    if let Some(text) = self.string(table, "text") {
                        messages.push(SampleMessage {
                            at,
                            ..message(text.text)
                        });
                    } else if Self::value(table, "text").is_none() {
                        self.missing(
                            "text",
                            item.span(),
                            "messages = [{ ... }]",
                            said!(
                                "write `{{ text = \"...\" }}`",
                                "请写 `{{ text = \"...\" }}`"
                            ),
                        );
                    }
                }
                _ => self.wrong_type("messages", item, wanted),
            }
        }
        Some(messages)
    }

    pub(super) fn jurisdictions(&mut self, table: &Table<'_>) -> Vec<Arc<str>> {
        let mut codes = Vec::new();
        for found in self.strings(table, "jurisdictions") {
            self.jurisdiction(found.text, found.span());
            codes.push(found.text.into());
        }
        codes
    }

    /// Reports a list or jurisdiction of the wrong form.
    pub(super) fn jurisdiction(&mut self, text: &str, at: Range<usize>) {
        if is_jurisdiction(text) {
            return;
        }
        let upper = text.trim().to_ascii_uppercase();
        let help = if is_jurisdiction(&upper) {
            said!("write \"{upper}\"", "请写 \"{upper}\"")
        } else {
            said!(
                "write capital letters, as in \"UN\", \"EU\", \"UK\", \"AU\", \"US\"",
                "请写大写字母，例如 \"UN\"、\"EU\"、\"UK\"、\"AU\"、\"US\""
            )
        };
        let what = shown(text);
        self.report.say(
            &codes::BAD_JURISDICTION,
            at,
            said!(
                "{what} is no list or jurisdiction",
                "{what} 不是名单或法域代码"
            ),
            help,
        );
    }
}

fn message(text: &str) -> SampleMessage {
    SampleMessage {
        text: text.into(),
        at: None,
    }
}
