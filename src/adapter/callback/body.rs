//! A body as JSON, and where in it texts stand, so that they can be replaced.

use serde_json::Value;

use crate::primitives::Timestamp;

/// A JSON value with places of texts in it.
#[derive(Debug)]
pub(super) struct Body {
    value: Value,
    slots: Vec<Slot>,
}

/// One text: by JSON pointer, and where the string there holds JSON itself, by a key of that.
#[derive(Debug)]
struct Slot {
    pointer: String,
    within: Option<Within>,
    text: String,
    /// Whether another text may stand there: a text that is looked at twice is replaced once.
    replaced: bool,
}

#[derive(Debug)]
struct Within {
    object: Value,
    key: &'static str,
}

impl Body {
    /// # Errors
    ///
    /// What is no JSON, or is nested deeper than 128 levels.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bytes).ok()?;
        value.is_object().then_some(Self {
            value,
            slots: Vec::new(),
        })
    }

    /// An object of strings.
    pub(super) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs.into_iter();
        Self {
            value: pairs
                .map(|(key, value)| (key, Value::from(value)))
                .collect(),
            slots: Vec::new(),
        }
    }

    /// All of it, as it came.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// Each text, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| &*slot.text)
    }

    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// A string; a number is one, too, for servers are not of one mind about ids.
    pub(super) fn text_at(&self, pointer: &str) -> Option<String> {
        match self.at(pointer)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn number_at(&self, pointer: &str) -> Option<i64> {
        match self.at(pointer)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        }
    }

    /// A time in seconds, or in milliseconds: what would lie after the year 5000 in seconds.
    pub(super) fn time_at(&self, pointer: &str) -> Option<Timestamp> {
        let number = self.number_at(pointer)?;
        let seconds = if number > 100_000_000_000 {
            number / 1_000
        } else {
            number
        };
        (seconds > 0).then_some(Timestamp(seconds))
    }

    /// Takes the string at the pointer for a text of the message; whether there is one.
    pub(super) fn take(&mut self, pointer: &str) -> bool {
        let Some(Value::String(text)) = self.value.pointer(pointer) else {
            return false;
        };
        self.slots.push(Slot {
            pointer: pointer.to_owned(),
            within: None,
            text: text.clone(),
            replaced: true,
        });
        true
    }

    /// The same, if the string is not empty.
    pub(super) fn take_filled(&mut self, pointer: &str) {
        if self
            .at(pointer)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
        {
            self.take(pointer);
        }
    }

    /// Takes texts from a string that may hold a JSON object with one of `keys`; if it holds none, the string itself is the text. Where `all`, what
    /// else stands in the object is looked at as well, in one piece. Whether there is a string at all.
    pub(super) fn take_content(&mut self, pointer: &str, keys: &[&'static str], all: bool) -> bool {
        let Some(Value::String(content)) = self.value.pointer(pointer) else {
            return false;
        };
        let object = serde_json::from_str::<Value>(content)
            .ok()
            .filter(Value::is_object);
        let Some(object) = object else {
            return self.take(pointer);
        };
        let found: Vec<&'static str> = keys
            .iter()
            .copied()
            .filter(|key| object.get(key).is_some_and(Value::is_string))
            .collect();
        if found.is_empty() {
            return self.take(pointer);
        }
        let more = object.as_object().map_or(0, serde_json::Map::len) > found.len();
        let content = content.clone();
        for key in found {
            let text = object.get(key).and_then(Value::as_str).unwrap_or_default();
            self.slots.push(Slot {
                pointer: pointer.to_owned(),
                text: text.to_owned(),
                within: Some(Within {
                    object: object.clone(),
                    key,
                }),
                replaced: true,
            });
        }
        if all && more {
            self.slots.push(Slot {
                pointer: pointer.to_owned(),
                within: None,
                text: content,
                replaced: false,
            });
        }
        true
    }

    /// The value with these texts in place of its own; `None` if one of them cannot be put in its place.
    pub(super) fn replaced(&self, texts: &[String]) -> Option<Value> {
        if texts.len() != self.slots.len() {
            return None;
        }
        let mut value = self.value.clone();
        for (slot, text) in self.slots.iter().zip(texts) {
            if *text == slot.text {
                continue;
            }
            if !slot.replaced {
                return None;
            }
            let place = value.pointer_mut(&slot.pointer)?;
            let Some(within) = &slot.within else {
                *place = Value::String(text.clone());
                continue;
            };
            // An earlier text of the same string may have been replaced already.
            let now = serde_json::from_str::<Value>(place.as_str()?);
            let mut object = now.unwrap_or_else(|_| within.object.clone());
            object[within.key] = Value::String(text.clone());
            *place = Value::String(object.to_string());
        }
        Some(value)
    }
}
