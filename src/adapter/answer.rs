//! What becomes of a message, and how a server that knows fewer words is told.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::verdict::{Action, Coverage, Verdict};

/// What becomes of a message, in the words that message servers have some of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Deliver it.
    Allow,
    /// Deliver these texts in place of its own, part by part.
    Replace(Vec<String>),
    /// Hold it until a person has looked. A server that cannot is told what [`Manners::review`] says, with this refusal if it comes to that.
    Review(Refusal),
    /// Take it, tell the sender that all is well, and deliver it to nobody.
    Drop,
    /// Do not deliver it, and tell the sender.
    Refuse(Refusal),
}

impl Answer {
    /// Names of the answers, weakest first.
    pub const NAMES: [&'static str; 5] = ["allow", "replace", "review", "drop", "refuse"];

    /// The name used in metrics.
    pub const fn name(&self) -> &'static str {
        Self::NAMES[self.place()]
    }

    pub(super) const fn place(&self) -> usize {
        match self {
            Self::Allow => 0,
            Self::Replace(_) => 1,
            Self::Review(_) => 2,
            Self::Drop => 3,
            Self::Refuse(_) => 4,
        }
    }

    /// The same for a server that cannot hold messages: a review becomes what `manners` say.
    #[must_use]
    pub fn told(self, manners: &Manners) -> Self {
        match self {
            Self::Review(refusal) => manners.review.with(refusal),
            other => other,
        }
    }
}

/// What the sender of a refused message is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refusal {
    /// The code that a client sees, where the server hands one on; each dialect has a default.
    pub code: Option<i64>,
    /// The text.
    pub text: String,
}

/// What a server is told in place of an action of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// Deliver it: somebody looks afterwards.
    Allow,
    /// Drop it silently.
    Drop,
    /// Refuse it.
    Refuse,
}

impl Told {
    fn with(self, refusal: Refusal) -> Answer {
        match self {
            Self::Allow => Answer::Allow,
            Self::Drop => Answer::Drop,
            Self::Refuse => Answer::Refuse(refusal),
        }
    }
}

/// What becomes of a message, or of a part of one, that is no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotText {
    /// What the tenant's `on_partial` says: it was not looked at.
    #[default]
    Partial,
    /// Deliver it: something else looks at pictures and sounds.
    Allow,
    /// Hold it.
    Review,
    /// Drop it silently.
    Drop,
    /// Refuse it.
    Refuse,
}

/// How a tenant's server is told. The operator writes it, for the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manners {
    /// What `block` becomes: `refuse` (the default) or `drop`. `allow` is read as `refuse`.
    pub block: Told,
    /// What a server that cannot hold messages is told of `review`: `refuse` (the default), `drop`, or `allow` where people look after
    /// delivery.
    pub review: Told,
    /// What becomes of what is no text.
    pub not_text: NotText,
    /// What senders are told, by language (`en`, `zh`, `zh-Hant`).
    pub refusal: BTreeMap<String, Refusal>,
    /// The language of senders where the server does not say.
    pub language: String,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            block: Told::Refuse,
            review: Told::Refuse,
            not_text: NotText::Partial,
            refusal: BTreeMap::new(),
            language: "en".to_owned(),
        }
    }
}

impl Manners {
    /// What a sender is told in `language`, a tag or an `Accept-Language` header: the tenant's text for it, or for the language without its
    /// region; then the text of the tenant's own file (`own`); then ours, in English or Chinese.
    pub fn refusal(&self, language: Option<&str>, own: Option<&str>) -> Refusal {
        let asked = language.unwrap_or(&self.language);
        let tags = asked
            .split(',')
            .map(|tag| tag.split(';').next().unwrap_or_default().trim())
            .chain([&*self.language]);
        for tag in tags.clone() {
            let short = tag.split('-').next().unwrap_or_default();
            let named = |name: &str| {
                let mut known = self.refusal.iter();
                known.find(|(key, _)| !name.is_empty() && key.eq_ignore_ascii_case(name))
            };
            if let Some((_, refusal)) = named(tag).or_else(|| named(short)) {
                return refusal.clone();
            }
        }
        let first = tags.clone().next().unwrap_or_default();
        let chinese = first
            .get(..2)
            .is_some_and(|two| two.eq_ignore_ascii_case("zh"));
        Refusal {
            code: None,
            text: own.map_or_else(
                || {
                    if chinese {
                        "消息未发送。"
                    } else {
                        "This message was not sent."
                    }
                    .to_owned()
                },
                ToOwned::to_owned,
            ),
        }
    }

    /// What a verdict becomes. `texts` are what stands in place of the message's own if it is masked; `whole` says whether the message
    /// was nothing but text.
    pub(super) fn answer(
        &self,
        verdict: &Verdict,
        texts: Option<Vec<String>>,
        whole: bool,
        on_partial: Action,
        refusal: impl Fn() -> Refusal,
    ) -> Answer {
        let not_text = verdict.coverage.names(Coverage::NOT_TEXT);
        let of = |action: Action| match action {
            Action::Pass => Answer::Allow,
            Action::Mask => Answer::Replace(texts.clone().unwrap_or_default()),
            Action::Review => Answer::Review(refusal()),
            Action::Block => self.blocked(refusal()),
        };
        let of_rest = || match self.not_text {
            NotText::Partial => of(on_partial),
            NotText::Allow => Answer::Allow,
            NotText::Review => Answer::Review(refusal()),
            NotText::Drop => Answer::Drop,
            NotText::Refuse => Answer::Refuse(refusal()),
        };
        match (not_text, whole) {
            // A message without any text: nothing was found in it, and the tenant says what that means.
            (true, _) if self.not_text != NotText::Partial => of_rest(),
            (_, true) | (true, _) => of(verdict.action),
            (false, false) => stronger(of(verdict.action), of_rest()),
        }
    }

    pub(super) fn blocked(&self, refusal: Refusal) -> Answer {
        match self.block {
            Told::Drop => Answer::Drop,
            Told::Refuse | Told::Allow => Answer::Refuse(refusal),
        }
    }
}

fn stronger(one: Answer, other: Answer) -> Answer {
    if other.place() > one.place() {
        other
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_the_language_of_the_sender() {
        let of = |text: &str| Refusal {
            code: Some(10_100),
            text: text.to_owned(),
        };
        let manners = Manners {
            refusal: [
                ("zh".to_owned(), of("不行")),
                ("zh-Hant".to_owned(), of("不可")),
                ("en".to_owned(), of("no")),
            ]
            .into(),
            ..Manners::default()
        };
        for (asked, text) in [
            (None, "no"),
            (Some("zh"), "不行"),
            (Some("zh-CN"), "不行"),
            (Some("zh-hant"), "不可"),
            (Some("fr-FR, zh-CN;q=0.8, en;q=0.5"), "不行"),
            (Some("fr"), "no"),
            (Some(""), "no"),
        ] {
            assert_eq!(manners.refusal(asked, Some("own")).text, text, "{asked:?}");
        }
        let plain = Manners::default();
        assert_eq!(plain.refusal(Some("zh-CN"), None).text, "消息未发送。");
        assert_eq!(
            plain.refusal(Some("fr"), None).text,
            "This message was not sent."
        );
        assert_eq!(plain.refusal(Some("é"), Some("own")).text, "own");
    }

    #[test]
    fn a_review_becomes_what_the_server_can() {
        for (told, answer) in [
            (Told::Allow, Answer::Allow),
            (Told::Drop, Answer::Drop),
            (Told::Refuse, Answer::Refuse(Refusal::default())),
        ] {
            let manners = Manners {
                review: told,
                ..Manners::default()
            };
            assert_eq!(Answer::Review(Refusal::default()).told(&manners), answer);
            assert_eq!(Answer::Allow.told(&manners), Answer::Allow);
        }
        // Nobody makes a block a delivery.
        let manners = Manners {
            block: Told::Allow,
            ..Manners::default()
        };
        assert_eq!(
            manners.blocked(Refusal::default()),
            Answer::Refuse(Refusal::default())
        );
    }
}
