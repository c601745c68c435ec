//! What goes to a terminal: styles, hits marked in a text, counts.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use tidegate::{Action, Span};

/// Standard output, locked and buffered, without styles where they are not wanted.
pub(crate) struct Out {
    stream: io::BufWriter<AutoStream<io::StdoutLock<'static>>>,
    /// Whether styles are shown (`NO_COLOR`, `CLICOLOR_FORCE` and the terminal decide).
    pub(crate) color: bool,
}

impl Out {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout().lock();
        let choice = AutoStream::choice(&stdout);
        Self {
            stream: io::BufWriter::with_capacity(1 << 16, AutoStream::new(stdout, choice)),
            color: choice != ColorChoice::Never,
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Standard error, without styles where they are not wanted, and whether they are.
pub(crate) fn err() -> (AutoStream<io::StderrLock<'static>>, bool) {
    let stderr = io::stderr().lock();
    let choice = AutoStream::choice(&stderr);
    (
        AutoStream::new(stderr, choice),
        choice != ColorChoice::Never,
    )
}

/// Whether a person looks at standard output.
pub(crate) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// What stands out, and how.
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
const HIT: Style = AnsiColor::Red.on_default().underline().bold();

/// How an action is shown.
pub(crate) const fn of(action: Action) -> Style {
    match action {
        Action::Pass => GOOD,
        Action::Mask => AnsiColor::Cyan.on_default().bold(),
        Action::Review => AnsiColor::Yellow.on_default().bold(),
        Action::Block => BAD,
    }
}

/// `text` in that style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A text with the spans marked: underlined, or between `«` and `»` where there are no styles. Line breaks and control characters
/// are shown, never obeyed: the text was written by others.
pub(crate) fn marked(text: &str, spans: impl IntoIterator<Item = Span>, color: bool) -> String {
    let mut spans: Vec<Span> = spans.into_iter().collect();
    spans.sort_unstable();
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    let mut next = 0;
    while next < spans.len() {
        let Span { start, mut end } = spans[next];
        while let Some(more) = spans.get(next)
            && more.start <= end
        {
            end = end.max(more.end);
            next += 1;
        }
        let (before, hit) = (text.get(at..start), text.get(start..end));
        plain(before.unwrap_or_default(), &mut out);
        let (open, close) = if color {
            (HIT.render().to_string(), HIT.render_reset().to_string())
        } else {
            ("«".to_owned(), "»".to_owned())
        };
        out.push_str(&open);
        plain(hit.unwrap_or_default(), &mut out);
        out.push_str(&close);
        at = end;
    }
    plain(text.get(at..).unwrap_or_default(), &mut out);
    out
}

/// A text of others, fit for a terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    plain(text, &mut out);
    out
}

fn plain(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            // Bidi controls could turn the line around.
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push_str(&format!("<{:04X}>", u32::from(c)));
            }
            c => out.push(c),
        }
    }
}

/// The last border of characters at or before byte `at`.
pub(crate) fn border(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `1 message`, `2 messages`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {one}s")
    }
}
