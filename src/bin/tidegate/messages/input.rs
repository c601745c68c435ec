//! One line to one message.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use tidegate::{Message, Scene, Timestamp};

use super::flat;
use super::lines::Line;

/// What is wrong with a line. Never holds text of the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Bad {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Bad {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// What is no UTF-8 from that byte on.
    #[cfg(any(feature = "serve", feature = "worker"))]
    pub(crate) fn utf8(valid_up_to: usize) -> Self {
        let at = valid_up_to + 1;
        Self::new("bad-utf8", format!("no UTF-8 from byte {at} on"))
    }

    /// A message of a tenant that nobody knows.
    #[cfg(feature = "worker")]
    pub(crate) fn unknown_tenant() -> Self {
        Self::new("unknown-tenant", "nobody knows the tenant of the subject")
    }
}

/// A message as it came in. After an error it holds what was read up to there.
#[derive(Debug, Default)]
pub(crate) struct Input<'a> {
    /// As it is written.
    id: Option<&'a str>,
    tenant: Option<Text<'a>>,
    conversation: Option<Text<'a>>,
    sender: Option<Text<'a>>,
    scene: Scene,
    time: Option<Timestamp>,
    text: Option<Text<'a>>,
    parts: Option<Vec<Text<'a>>>,
    raw_scene: Option<Text<'a>>,
    raw_time: Option<Text<'a>>,
    /// The key whose value is being read.
    key: Option<&'static str>,
    /// The key that was given twice.
    twice: Option<&'static str>,
}

impl<'a> Input<'a> {
    /// A message that is no line of a file.
    pub(crate) fn read_alone(&mut self, text: &'a str) -> Result<(), Bad> {
        self.read_json(&Line::of(text.len()), text.as_bytes())
    }

    /// The id as it is written, in JSON.
    pub(crate) fn raw_id(&self) -> Option<&'a str> {
        self.id
    }

    /// The id as a value to be written again.
    pub(crate) fn id(&self) -> Option<&'a RawValue> {
        self.id.and_then(|raw| serde_json::from_str(raw).ok())
    }

    /// The line is the text, if it is `plain`, or else a JSON object.
    pub(crate) fn read(&mut self, line: &Line, bytes: &'a [u8], plain: bool) -> Result<(), Bad> {
        if plain {
            self.read_plain(line, bytes)
        } else {
            self.read_json(line, bytes)
        }
    }

    /// Its texts, if it came in parts.
    pub(crate) fn parts(&self) -> Option<Vec<&str>> {
        let parts = self.parts.as_ref()?;
        Some(parts.iter().map(|text| &**text).collect())
    }

    /// The tenant that it names.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Where it goes.
    #[cfg(feature = "serve")]
    pub(crate) fn scene(&self) -> Scene {
        self.scene
    }

    /// The message of a line that was read. `parts` are its own; `tenant` is whose it is if it does not say.
    pub(crate) fn message<'m>(
        &'m self,
        parts: &'m Option<Vec<&'m str>>,
        tenant: Option<&'m str>,
    ) -> Message<'m> {
        let mut message = match parts {
            Some(parts) => Message::of_parts(parts),
            None => Message::text(self.text.as_deref().unwrap_or_default()),
        };
        message = message.scene(self.scene);
        message.tenant = self.tenant.as_deref().or(tenant);
        message.conversation = self.conversation.as_deref();
        message.sender = self.sender.as_deref();
        message.time = self.time;
        message
    }

    fn read_plain(&mut self, line: &Line, bytes: &'a [u8]) -> Result<(), Bad> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        self.text = Some(Text(Cow::Borrowed(utf8(line, bytes)?)));
        Ok(())
    }

    /// The line is a JSON object.
    fn read_json(&mut self, line: &Line, bytes: &'a [u8]) -> Result<(), Bad> {
        let text = match utf8(line, bytes) {
            Ok(text) => text,
            Err(bad) => {
                // The id may stand before what is wrong.
                let _ = self.fill(&mut serde_json::Deserializer::from_slice(bytes));
                return Err(bad);
            }
        };
        if let Some(input) = Self::flat(text) {
            *self = input;
            return Ok(());
        }
        self.read_parsed(text)
    }

    /// Any line, by the parser.
    fn read_parsed(&mut self, text: &'a str) -> Result<(), Bad> {
        let mut json = serde_json::Deserializer::from_str(text);
        let filled = self.fill(&mut json).and_then(|()| json.end());
        if let Err(error) = filled {
            return Err(self.bad_json(&error, text));
        }
        match (&self.text, &self.parts) {
            (None, None) => {
                return Err(Bad::new("no-text", "there is neither `text` nor `parts`"));
            }
            (Some(_), Some(_)) => {
                return Err(Bad::new("bad-json", "there are both `text` and `parts`"));
            }
            _ => {}
        }
        if let Some(scene) = &self.raw_scene {
            self.scene = Scene::from_name(scene).ok_or_else(|| {
                let known: Vec<&str> = Scene::ALL.into_iter().map(Scene::name).collect();
                Bad::new(
                    "unknown-scene",
                    format!("`scene` is none of {}", known.join(", ")),
                )
            })?;
        }
        if let Some(time) = &self.raw_time {
            self.time = Some(Timestamp::parse(time).ok_or_else(|| {
                Bad::new("bad-json", "`time` is no time such as 2026-11-23T10:00:00Z")
            })?);
        }
        Ok(())
    }

    /// A good line of the usual kind.
    fn flat(text: &'a str) -> Option<Self> {
        fn put<'a>(place: &mut Option<Text<'a>>, value: &'a str) -> bool {
            let inner = value.strip_prefix('"').and_then(|s| s.strip_suffix('"'));
            inner.is_some_and(|inner| place.replace(Text(Cow::Borrowed(inner))).is_none())
        }

        let mut input = Self::default();
        flat::fields(text, |key, value| match key {
            "id" => input.id.replace(value).is_none(),
            "tenant" => put(&mut input.tenant, value),
            "conversation" => put(&mut input.conversation, value),
            "sender" => put(&mut input.sender, value),
            "scene" => put(&mut input.raw_scene, value),
            "time" => put(&mut input.raw_time, value),
            "text" => put(&mut input.text, value),
            _ => key != "parts",
        })?;
        if let Some(scene) = &input.raw_scene {
            input.scene = Scene::from_name(scene)?;
        }
        if let Some(time) = &input.raw_time {
            input.time = Some(Timestamp::parse(time)?);
        }
        input.text.is_some().then_some(input)
    }

    /// Whether it is a message of that tenant, if one is known; a message may leave it out.
    pub(crate) fn belongs_to(&self, tenant: Option<&str>) -> Result<(), Bad> {
        match (tenant, &self.tenant) {
            (Some(known), Some(named)) if **named != *known => Err(Bad::new(
                "unknown-tenant",
                "`tenant` is not the one whose file was given",
            )),
            _ => Ok(()),
        }
    }

    fn fill<R: serde_json::de::Read<'a>>(
        &mut self,
        json: &mut serde_json::Deserializer<R>,
    ) -> Result<(), serde_json::Error> {
        Fields(self).deserialize(json)
    }

    /// What is wrong, in words of our own: the parser's would quote the message.
    fn bad_json(&self, error: &serde_json::Error, text: &str) -> Bad {
        if let Some(key) = self.twice {
            return Bad::new("bad-json", format!("`{key}` is given twice"));
        }
        let what = match (error.classify(), self.key) {
            _ if text.trim().is_empty() => "the line is empty".to_owned(),
            (Category::Data, None) => "the line is no JSON object".to_owned(),
            (Category::Data, Some("parts")) => "`parts` is no array of strings".to_owned(),
            (Category::Data, Some(key)) => format!("`{key}` is no string"),
            (Category::Eof, _) => "the JSON ends too early".to_owned(),
            _ => format!("no JSON from byte {} on", error.column().max(1)),
        };
        Bad::new("bad-json", what)
    }
}

/// An id as a text: a string without its quotes, another value as it is written.
pub(crate) fn id_text(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
}

/// The text of a line that is neither too long nor broken.
fn utf8<'a>(line: &Line, bytes: &'a [u8]) -> Result<&'a str, Bad> {
    if line.cut {
        return Err(Bad::new("too-long", "the line is longer than 1 MiB"));
    }
    let text = simdutf8::compat::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to() + 1;
        Bad::new("bad-utf8", format!("no UTF-8 from byte {at} on"))
    })?;
    Ok(match line.number {
        1 => text.strip_prefix('\u{feff}').unwrap_or(text),
        _ => text,
    })
}

/// A string, borrowed from the line if it holds no escapes.
#[derive(Debug)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;

        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Strings)
    }
}

/// Fills an input key by key, so that what was read stays when the rest is bad.
struct Fields<'i, 'a>(&'i mut Input<'a>);

impl<'a> DeserializeSeed<'a> for Fields<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Fields<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        const KEYS: [&str; 8] = [
            "id",
            "tenant",
            "conversation",
            "sender",
            "scene",
            "time",
            "text",
            "parts",
        ];
        let input = self.0;
        let mut seen = [false; KEYS.len()];
        while let Some(key) = map.next_key::<Text<'a>>()? {
            let Some(nth) = KEYS.iter().position(|known| **known == *key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // Two readers of one line could take different ones for the message.
            if std::mem::replace(&mut seen[nth], true) {
                input.twice = Some(KEYS[nth]);
                return Err(de::Error::custom("twice"));
            }
            input.key = Some(KEYS[nth]);
            match KEYS[nth] {
                "id" => input.id = map.next_value::<Option<&RawValue>>()?.map(RawValue::get),
                "tenant" => input.tenant = map.next_value()?,
                "conversation" => input.conversation = map.next_value()?,
                "sender" => input.sender = map.next_value()?,
                "scene" => input.raw_scene = map.next_value()?,
                "time" => input.raw_time = map.next_value()?,
                "text" => input.text = map.next_value()?,
                _ => input.parts = map.next_value()?,
            }
            input.key = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, Result<String, &'static str>) {
        let line = Line::of(text.len());
        let mut input = Input::default();
        let read = input.read_json(&line, text.as_bytes());
        let id = input.id.map(str::to_owned);
        let text = match (input.text, input.parts) {
            (Some(text), _) => text.to_owned(),
            (_, Some(parts)) => parts
                .iter()
                .map(|part| &**part)
                .collect::<Vec<_>>()
                .join("|"),
            _ => String::new(),
        };
        (id, read.map(|()| text).map_err(|bad| bad.code))
    }

    #[test]
    fn lines_are_read() {
        let cases: [(&str, Option<&str>, Result<&str, &str>); 18] = [
            (r#"{"text":"a"}"#, None, Ok("a")),
            (
                r#"{"id":1.50,"text":"a\u0041","x":[{}]}"#,
                Some("1.50"),
                Ok("aA"),
            ),
            (r#"{"id":null,"text":""}"#, None, Ok("")),
            (r#"{"parts":["a","b"]}"#, None, Ok("a|b")),
            (r#"{"parts":[]}"#, None, Ok("")),
            (r#"{"text":"a","scene":null}"#, None, Ok("a")),
            (
                r#"{"text":"a","scene":"channel","time":"2026-01-01T00:00:00Z"}"#,
                None,
                Ok("a"),
            ),
            ("", None, Err("bad-json")),
            ("[1]", None, Err("bad-json")),
            (r#""text""#, None, Err("bad-json")),
            (r#"{"id":"7","text":"a""#, Some("\"7\""), Err("bad-json")),
            (
                r#"{"id":{"a":[1]},"text":5}"#,
                Some("{\"a\":[1]}"),
                Err("bad-json"),
            ),
            (r#"{"id":2,"text":"a"} x"#, Some("2"), Err("bad-json")),
            (r#"{"text":"a","text":"b"}"#, None, Err("bad-json")),
            (r#"{"text":"a","parts":["b"]}"#, None, Err("bad-json")),
            (r#"{"text":"a","time":"yesterday"}"#, None, Err("bad-json")),
            (r#"{"id":3,"body":"a"}"#, Some("3"), Err("no-text")),
            (
                r#"{"id":4,"text":"a","scene":"pub"}"#,
                Some("4"),
                Err("unknown-scene"),
            ),
        ];
        for (line, id, text) in cases {
            let (read_id, read_text) = read(line);
            assert_eq!(read_id.as_deref(), id, "{line}");
            assert_eq!(read_text.as_deref().map_err(|code| *code), text, "{line}");
        }
    }

    /// What the pass over usual lines takes it reads as the parser does, and it takes no bad line.
    #[test]
    fn usual_lines_are_read_as_the_parser_reads_them() {
        let values = [
            "\"a\"",
            "\"\"",
            "\" 好 }{,: \"",
            "12",
            "0",
            "01",
            "-1",
            "1.5",
            "1e3",
            "null",
            "{}",
            "[\"a\"]",
            "\"a",
            "a\"",
            "\"a\\n\"",
            "\"a\tb\"",
            "\"\u{7f}\"",
            "\"group\"",
            "\"2026-01-01T00:00:00Z\"",
            "1 2",
            "",
            "\"a\"b",
        ];
        let mut taken = 0;
        for key in [
            "id",
            "tenant",
            "conversation",
            "sender",
            "scene",
            "time",
            "text",
            "parts",
            "other",
            "te\\u0078t",
        ] {
            for value in values {
                for line in [
                    format!("{{\"text\":\"x\",\"{key}\":{value}}}"),
                    format!(" {{ \"{key}\" : {value} , \"text\" : \"好\" }} "),
                    format!("{{\"{key}\":{value}}}"),
                    format!("{{\"text\":\"x\",\"{key}\":{value},}}"),
                    format!("{{\"text\":\"x\" \"{key}\":{value}}}"),
                    format!("{{\"text\":\"x\",\"{key}\":{value}}}}}"),
                    format!("{{\"text\":\"x\",\"{key}\":{value}"),
                ] {
                    let Some(flat) = Input::flat(&line) else {
                        continue;
                    };
                    taken += 1;
                    let mut parsed = Input::default();
                    let read = parsed.read_parsed(&line);
                    assert_eq!(read, Ok(()), "{line}");
                    let told = |input: &Input<'_>| {
                        format!("{:?}", (&input.message(&None, None), input.id, &input.text))
                    };
                    assert_eq!(told(&flat), told(&parsed), "{line}");
                }
            }
        }
        assert!(taken > 60, "{taken}");
    }

    #[test]
    fn errors_say_nothing_of_the_text() {
        for text in [
            r#"{"text":"secret" "#,
            r#"{"text":{"secret":1}}"#,
            r#"{"text":"a","scene":"secret"}"#,
            r#"{"text":"a","time":"secret"}"#,
            r#"{"secret":"secret"}"#,
            r#"{"text":"secret\q"}"#,
            "secret",
            "\"secret\"",
        ] {
            let mut input = Input::default();
            let bad = input
                .read_json(&Line::of(text.len()), text.as_bytes())
                .expect_err(text);
            assert!(!bad.message.contains("secret"), "{}", bad.message);
        }
    }
}
