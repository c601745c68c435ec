//! Diagnostics in the form of the machine-readable contract.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::place::Spot;
use super::{Diagnostics, Edit, Fix, Placed};

impl Serialize for Placed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let diagnostic = self.diagnostic;
        let mut out = serializer.serialize_struct("Diagnostic", 15)?;
        out.serialize_field("code", diagnostic.code)?;
        out.serialize_field("level", diagnostic.level.name())?;
        out.serialize_field("file", &*diagnostic.file)?;
        out.serialize_field("line", &self.start.line)?;
        out.serialize_field("column", &self.start.column)?;
        out.serialize_field("end_line", &self.end.line)?;
        out.serialize_field("end_column", &self.end.column)?;
        out.serialize_field("start", &diagnostic.span.start)?;
        out.serialize_field("end", &diagnostic.span.end)?;
        out.serialize_field("message", &diagnostic.message.en)?;
        out.serialize_field("message_zh", &diagnostic.message.zh)?;
        out.serialize_field("help", &diagnostic.help.as_ref().map(|said| &said.en))?;
        out.serialize_field("help_zh", &diagnostic.help.as_ref().map(|said| &said.zh))?;
        out.serialize_field("labels", &self.labels)?;
        out.serialize_field("fix", &diagnostic.fix)?;
        out.end()
    }
}

impl Serialize for Spot<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Label", 8)?;
        out.serialize_field("line", &self.start.line)?;
        out.serialize_field("column", &self.start.column)?;
        out.serialize_field("end_line", &self.end.line)?;
        out.serialize_field("end_column", &self.end.column)?;
        out.serialize_field("start", &self.span.start)?;
        out.serialize_field("end", &self.span.end)?;
        out.serialize_field("message", &self.said.en)?;
        out.serialize_field("message_zh", &self.said.zh)?;
        out.end()
    }
}

impl Serialize for Fix {
    /// Whether it is safe, and the changes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Fix", 2)?;
        out.serialize_field("safe", &self.safe)?;
        out.serialize_field("edits", &self.edits)?;
        out.end()
    }
}

impl Serialize for Edit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Edit", 3)?;
        out.serialize_field("start", &self.span.0)?;
        out.serialize_field("end", &self.span.1)?;
        out.serialize_field("text", &self.text)?;
        out.end()
    }
}

impl Serialize for Diagnostics {
    /// An array of the problems that are kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.placed())
    }
}
