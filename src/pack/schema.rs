//! The keys of each kind of file for editors, as JSON Schema 2020-12.
//!
//! A schema says what may stand where, with what `check` says of it in short; what depends on other parts of a file (conditions that name lists, ids
//! that stand twice) only `check` can tell. The schemas are held equal to the parser's keys by a test, and every pack in the repository is valid.

/// The schema for packs, for tenants' files, or for the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// For packs.
    Pack,
    /// For tenants' files.
    Tenant,
    /// For the operator's file.
    Operator,
}

impl Schema {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Pack, Self::Tenant, Self::Operator];

    /// JSON Schema, draft 2020-12. Descriptions are in English and Chinese; dates are strings, as editors hand them to a schema.
    #[must_use]
    pub const fn json(self) -> &'static str {
        match self {
            Self::Pack => include_str!("schema/pack.json"),
            Self::Tenant => include_str!("schema/tenant.json"),
            Self::Operator => include_str!("schema/operator.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::keys::Kind;
    use super::*;
    use crate::primitives::Scene;
    use crate::variant::Variant;
    use crate::verdict::{Action, Severity};

    fn schema(of: Schema) -> Value {
        serde_json::from_str(of.json()).expect("JSON")
    }

    /// The part of a schema that describes each of the parser's tables.
    const TABLES: [(Schema, &str, Kind); 27] = [
        (Schema::Pack, "", Kind::Root),
        (Schema::Pack, "pack", Kind::Pack),
        (Schema::Pack, "defaults", Kind::Defaults),
        (Schema::Pack, "window", Kind::Window),
        (Schema::Pack, "list", Kind::List),
        (Schema::Pack, "term", Kind::Term),
        (Schema::Pack, "rule", Kind::Rule),
        (Schema::Pack, "lower", Kind::Lower),
        (Schema::Pack, "period", Kind::Period),
        (Schema::Pack, "samples", Kind::Samples),
        (Schema::Pack, "sample", Kind::Sample),
        (Schema::Pack, "message", Kind::Message),
        (Schema::Pack, "listing", Kind::Listing),
        (Schema::Pack, "lint", Kind::Lint),
        (Schema::Tenant, "", Kind::TenantRoot),
        (Schema::Tenant, "tenant", Kind::Tenant),
        (Schema::Tenant, "scene", Kind::Scene),
        (Schema::Tenant, "override", Kind::Override),
        (Schema::Tenant, "unsupported", Kind::Unsupported),
        (Schema::Tenant, "fail", Kind::Fail),
        (Schema::Tenant, "term", Kind::Term),
        (Schema::Operator, "", Kind::OperatorRoot),
        (Schema::Operator, "operator", Kind::Operator),
        (Schema::Operator, "floor", Kind::Floor),
        (Schema::Operator, "override", Kind::Override),
        (Schema::Operator, "shadow", Kind::Shadow),
        (Schema::Operator, "limits", Kind::TenantLimits),
    ];

    #[test]
    fn the_keys_are_those_of_the_parser() {
        let mut described: BTreeSet<(String, String)> = BTreeSet::new();
        for (of, name, kind) in TABLES {
            let whole = schema(of);
            let table = match name {
                "" => &whole,
                name => &whole["$defs"][name],
            };
            let properties = table["properties"].as_object().expect(name);
            let keys: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            let known: BTreeSet<&str> = kind.keys().iter().copied().collect();
            assert_eq!(keys, known, "{of:?} {name}");
            assert_eq!(table["additionalProperties"], false, "{of:?} {name}");
            described.insert((format!("{of:?}"), name.to_owned()));
        }
        // Nothing else has keys of its own but tables by scene, which hold one for each.
        for of in Schema::ALL {
            for (name, part) in schema(of)["$defs"].as_object().expect("parts") {
                let Some(properties) = part.get("properties").and_then(Value::as_object) else {
                    continue;
                };
                let at = (format!("{of:?}"), name.clone());
                if described.contains(&at) || (of, &**name) == (Schema::Operator, "scene") {
                    continue;
                }
                let scenes: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
                let known = BTreeSet::from(Scene::ALL.map(Scene::name));
                assert_eq!(scenes, known, "{of:?} {name}");
            }
        }
    }

    /// Whatever an author can write says what it is for, there or where it leads to.
    #[test]
    fn every_key_is_described() {
        for of in Schema::ALL {
            let whole = schema(of);
            let parts = whole["$defs"].as_object().expect("parts");
            for (name, part) in parts.iter().chain([(&String::new(), &whole)]) {
                let properties = part.get("properties").and_then(Value::as_object);
                for (key, property) in properties.into_iter().flatten() {
                    let leads_to = property["$ref"].as_str().unwrap_or("");
                    let leads_to = &parts.get(leads_to.trim_start_matches("#/$defs/"));
                    let said = [Some(property), *leads_to]
                        .into_iter()
                        .flatten()
                        .find_map(|part| part["description"].as_str())
                        .unwrap_or_else(|| panic!("{of:?} {name}.{key} is not described"));
                    let (_, zh) = said.split_once("\n\n").expect("two languages");
                    assert!(!zh.is_ascii(), "{of:?} {name}.{key}: {said}");
                }
            }
        }
    }

    #[test]
    fn the_words_are_those_of_the_parser() {
        let words = |value: &Value| -> Vec<String> {
            let words = value["enum"].as_array().expect("an enum");
            let word = |word: &Value| word.as_str().expect("a string").to_owned();
            words.iter().map(word).collect()
        };
        let parts = &schema(Schema::Pack)["$defs"];
        assert_eq!(words(&parts["action"]), Action::ALL.map(Action::name));
        assert_eq!(words(&parts["severity"]), Severity::ALL.map(Severity::name));
        assert_eq!(words(&parts["scene"]), Scene::ALL.map(Scene::name));
        let status = crate::pack::Status::ALL.map(crate::pack::Status::name);
        assert_eq!(words(&parts["rule"]["properties"]["status"]), status);
        let variants = Variant::ALL.map(Variant::name);
        assert_eq!(words(&parts["variants"]["anyOf"][1]["items"]), variants);
        for preset in words(&parts["variants"]["anyOf"][0]) {
            assert!(crate::variant::Variants::preset(&preset).is_some());
        }
        for shared in ["term", "terms", "variants", "word", "case_sensitive"] {
            assert_eq!(parts[shared], schema(Schema::Tenant)["$defs"][shared]);
        }
    }
}
