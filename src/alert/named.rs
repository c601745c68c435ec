//! Values that are written by their name or as a time of RFC 3339.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::primitives::{Scene, Timestamp};
use crate::verdict::{Action, Severity};

pub(super) trait Named: Sized + Copy {
    fn name(self) -> &'static str;
    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! named {
    ($($type:ident),*) => {
        $(impl Named for $type {
            fn name(self) -> &'static str {
                $type::name(self)
            }

            fn from_name(name: &str) -> Option<Self> {
                $type::from_name(name)
            }
        })*
    };
}

named!(Action, Scene, Severity);

pub(super) fn serialize<T: Named, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.name())
}

pub(super) fn deserialize<'de, T: Named, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let name = String::deserialize(deserializer)?;
    T::from_name(&name).ok_or_else(|| serde::de::Error::custom("a name that is not known"))
}

/// A time as RFC 3339, in UTC.
pub(super) mod time {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};

    pub(in crate::alert) fn serialize<S: Serializer>(
        time: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(in crate::alert) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| serde::de::Error::custom("not a time of RFC 3339"))
    }
}

/// The same, or nothing.
pub(super) mod time_or_none {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

    pub(in crate::alert) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.to_string()).serialize(serializer)
    }

    pub(in crate::alert) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| {
            Timestamp::parse(&text)
                .ok_or_else(|| serde::de::Error::custom("not a time of RFC 3339"))
        })
        .transpose()
    }
}
