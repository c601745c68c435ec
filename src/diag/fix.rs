//! What to write instead, as changes of a source.

use std::ops::Range;

/// One change of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// The bytes of the source to be replaced; empty to insert.
    pub span: (usize, usize),
    /// What takes their place.
    pub text: String,
}

impl Edit {
    /// Replaces the bytes at `span` by `text`.
    pub fn new(span: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            span: (span.start, span.end),
            text: text.into(),
        }
    }

    /// The bytes to be replaced.
    pub fn range(&self) -> Range<usize> {
        self.span.0..self.span.1
    }
}

/// The changes that make one problem go away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    /// The changes, in order of their places; they do not overlap.
    pub edits: Vec<Edit>,
    /// Whether nobody can have meant anything else, so that a program may make them unasked.
    pub safe: bool,
}

impl Fix {
    /// Changes that nobody can object to.
    pub fn safe(edits: Vec<Edit>) -> Self {
        Self::new(edits, true)
    }

    /// Changes that are likely what was meant.
    pub fn likely(edits: Vec<Edit>) -> Self {
        Self::new(edits, false)
    }

    fn new(mut edits: Vec<Edit>, safe: bool) -> Self {
        edits.sort();
        Self { edits, safe }
    }

    /// The source with `edits` made, which are sorted by place. One that overlaps an earlier one, or stands on no character border, is left out.
    ///
    /// Costs one pass over the source.
    pub fn apply<'e>(source: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
        let mut out = String::with_capacity(source.len());
        let mut at = 0;
        for edit in edits {
            let Range { start, end } = edit.range();
            if start < at || end < start {
                continue;
            }
            if let (Some(kept), Some(_)) = (source.get(at..start), source.get(start..end)) {
                out.push_str(kept);
                out.push_str(&edit.text);
                at = end;
            }
        }
        out.push_str(source.get(at..).unwrap_or(""));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_in_order() {
        let edits = [
            Edit::new(0..1, "b"),
            Edit::new(0..2, "overlaps"),
            Edit::new(1..2, "no border"),
            Edit::new(4..4, "!"),
            Edit::new(9..12, "beyond"),
        ];
        assert_eq!(Fix::apply("a一c", &edits), "b一!c");
    }
}
