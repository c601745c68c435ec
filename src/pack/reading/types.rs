//! Values of the wrong type, and what they most likely should be.

use toml::de::DeValue;

use super::{Reading, quoted};
use crate::diag::{Edit, Fix, codes, said};
use crate::pack::keys;
use crate::pack::mend::{self, toml_string};
use crate::pack::report::shown;
use crate::pack::syntax::Value;

/// A type of value, in both languages.
pub(in crate::pack) type Wanted = (&'static str, &'static str);

pub(in crate::pack) const STRING: Wanted = ("a string in quotes", "加引号的字符串");
pub(in crate::pack) const STRINGS: Wanted = (
    "a list of strings, as in `[\"a\", \"b\"]`",
    "字符串列表，例如 `[\"a\", \"b\"]`",
);
pub(in crate::pack) const BOOLEAN: Wanted = (
    "`true` or `false`, without quotes",
    "不加引号的 `true` 或 `false`",
);
pub(in crate::pack) const TABLE: Wanted = (
    "a table, as in `{ key = \"value\" }`",
    "表，例如 `{ 键 = \"值\" }`",
);
pub(in crate::pack) const DATE: Wanted = (
    "a date without quotes, as in `2026-01-01`",
    "不加引号的日期，例如 `2026-01-01`",
);

impl Reading<'_, '_> {
    pub(in crate::pack) fn wrong_type(&mut self, key: &str, value: &Value<'_>, wanted: Wanted) {
        let (en, zh) = wanted;
        let (found, found_zh) = match value.get_ref().type_str() {
            "string" => ("a string", "字符串"),
            "integer" => ("a whole number", "整数"),
            "float" => ("a number", "小数"),
            "boolean" => ("`true` or `false`", "布尔值"),
            "datetime" => ("a date", "日期"),
            "array" => ("a list", "列表"),
            _ => ("a table", "表"),
        };
        let key_shown = shown(key);
        let what = said!(
            "{key_shown} cannot be {found}",
            "{key_shown} 不能是{found_zh}"
        );
        let mut diagnostic = self.report.at(&codes::WRONG_TYPE, value.span(), what);
        diagnostic = match self.retyped(key, value, wanted) {
            Some(right) if right.len() <= 120 => diagnostic
                .with_help(said!("write {en}: `{right}`", "请写{zh}：`{right}`"))
                .with_fix(Fix::likely(vec![Edit::new(value.span(), right)])),
            _ if wanted.0 == TABLE.0 => {
                let example = match key {
                    "lower" => "{ when = \"shop\", to = \"review\" }",
                    "window" => "{ messages = 16, seconds = 120 }",
                    "effective" => "{ from = 2026-01-01, until = 2027-01-01 }",
                    "allow_lints" => "{ code = \"short-latin-term\", reason = \"...\" }",
                    _ => "{ key = \"value\" }",
                };
                diagnostic.with_help(said!(
                    "write a table, as in `{example}`",
                    "请写表，例如 `{example}`"
                ))
            }
            _ => diagnostic.with_help(said!("write {en}", "请写{zh}")),
        };
        self.report.diags.push(diagnostic);
    }

    /// The value as one of the type that is wanted, if that can be told.
    fn retyped(&self, key: &str, value: &Value<'_>, wanted: Wanted) -> Option<String> {
        let written = self.source.get(value.span())?.trim();
        let text = value.get_ref().as_str();
        let (wanted, _) = wanted;
        if wanted == BOOLEAN.0 {
            return match written {
                "1" => Some("true".to_owned()),
                "0" => Some("false".to_owned()),
                _ => mend::boolean(text?).map(str::to_owned),
            };
        }
        if wanted == DATE.0 {
            return mend::date(text?);
        }
        if wanted == STRING.0 {
            return match value.get_ref() {
                // Three numbers make a version.
                DeValue::Float(_) if key == "version" => Some(format!("\"{written}.0\"")),
                DeValue::Integer(_) if key == "version" => Some(format!("\"{written}.0.0\"")),
                DeValue::Float(_) | DeValue::Integer(_) | DeValue::Boolean(_) => {
                    Some(format!("\"{written}\""))
                }
                DeValue::Array(array) if array.len() == 1 => {
                    array.first()?.get_ref().as_str().map(toml_string)
                }
                _ => None,
            };
        }
        if wanted.starts_with("a list") && !wanted.contains("table") {
            let text = text?;
            if wanted.contains("terms") && text.ends_with(".txt") {
                return Some(format!(
                    "{{ file = {} }}",
                    toml_string(&text.replace('\\', "/"))
                ));
            }
            let parts: Vec<String> =
                if key == "terms" || key == "except" || wanted.contains("terms") || key == "scenes"
                {
                    text.split([',', '，', '、', ';', '；', '\n'])
                        .map(str::trim)
                        .filter(|part| !part.is_empty())
                        .map(|part| toml_string(keys::meant_value(key, part).unwrap_or(part)))
                        .collect()
                } else {
                    vec![toml_string(text)]
                };
            return Some(format!("[{}]", parts.join(", ")));
        }
        match (key, value.get_ref()) {
            ("format", DeValue::String(text)) if matches!(text.trim(), "1" | "1.0" | "v1") => {
                Some("1".to_owned())
            }
            ("rollout", DeValue::String(text)) => {
                let number = text.trim().trim_end_matches(['%', '％']).trim();
                number.parse::<f64>().ok().map(|_| number.to_owned())
            }
            ("effective", DeValue::Datetime(_)) => Some(format!("{{ from = {written} }}")),
            ("effective", DeValue::String(text)) => mend::period(text)
                .or_else(|| mend::date(text).map(|date| format!("{{ from = {date} }}"))),
            ("effective", DeValue::Array(_)) => {
                let (from, until) = written
                    .strip_prefix('[')?
                    .strip_suffix(']')?
                    .split_once(',')?;
                let (from, until) = (mend::date(from)?, mend::date(until)?);
                Some(format!("{{ from = {from}, until = {until} }}"))
            }
            ("window", DeValue::Integer(_)) => {
                Some(format!("{{ messages = {written}, seconds = 120 }}"))
            }
            ("allow_lints", DeValue::String(code)) => Some(format!(
                "{{ code = {}, reason = \"...\" }}",
                toml_string(code)
            )),
            _ => None,
        }
    }

    /// A value that is no string where one of a few words stands.
    pub(super) fn no_choice<T: Copy>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        all: &[T],
        name: fn(T) -> &'static str,
    ) {
        let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
        let items = value.get_ref().as_array();
        let mut meant = items
            .into_iter()
            .flat_map(|items| items.iter())
            .filter_map(|item| item.get_ref().as_str())
            .filter(|text| names.contains(text));
        let key_shown = shown(key);
        let mut diagnostic = self.report.at(
            &codes::WRONG_TYPE,
            value.span(),
            said!(
                "{key_shown} is one word in quotes",
                "{key_shown} 是加引号的一个词"
            ),
        );
        diagnostic = match (meant.next(), meant.next()) {
            (Some(word), None) => diagnostic
                .with_help(said!("write \"{word}\"", "请写 \"{word}\""))
                .with_fix(Fix::likely(vec![Edit::new(
                    value.span(),
                    format!("\"{word}\""),
                )])),
            _ => diagnostic.with_help(said!(
                "write one of {all}",
                "请写以下之一：{all}",
                all = quoted(&names)
            )),
        };
        self.report.diags.push(diagnostic);
    }
}
