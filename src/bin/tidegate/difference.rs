//! Two texts, and what differs between them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::term;

/// Writes the lines that differ, each stretch with its place and three lines around it.
pub(crate) fn write(
    out: &mut impl Write,
    before: &str,
    after: &str,
    color: bool,
) -> io::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        writeln!(
            out,
            "{}",
            painted(
                AnsiColor::Cyan.on_default(),
                &hunk.header().to_string(),
                color
            )
        )?;
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", AnsiColor::Red.on_default()),
                ChangeTag::Insert => ("+", AnsiColor::Green.on_default()),
                ChangeTag::Equal => (" ", Style::new()),
            };
            let line = format!(
                "{sign}{}",
                term::shown(change.value().trim_end_matches(['\n', '\r']))
            );
            writeln!(out, "{}", painted(style, &line, color))?;
        }
    }
    Ok(())
}

fn painted(style: Style, text: &str, color: bool) -> String {
    if color {
        term::styled(style, text)
    } else {
        text.to_owned()
    }
}
