//! Diagnostics drawn with the place marked, as rustc draws them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Drawn, Origin, Renderer, Snippet};

use super::place::{ceil, floor};
use super::{Diagnostic, Diagnostics, Lang, Level, Placed, Said, said};

/// Lines longer than this many bytes are shown in part.
const LONG_LINE: usize = 1_000;
/// Lines that lie more bytes apart than this are not shown together.
const FAR_APART: usize = 1 << 16;
/// Bytes that are shown on either side of a place in a long line.
const AROUND: usize = 60;

/// Draws the problems in `lang`, each with its lines of source and the place marked; `color` adds terminal styles.
pub fn render(diags: &Diagnostics, lang: Lang, color: bool) -> String {
    let renderer = if color {
        Renderer::styled().hyperlink(false)
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for placed in diags.placed() {
        out.push_str(&draw(&renderer, diags, &placed, lang));
        out.push_str("\n\n");
    }
    if diags.dropped() > 0 {
        let rest = said!(
            "and {n} more problems",
            "另有 {n} 个问题未列出",
            n = diags.dropped()
        );
        out.push_str(rest.in_lang(lang));
        out.push('\n');
    }
    out
}

fn draw(renderer: &Renderer, diags: &Diagnostics, placed: &Placed<'_>, lang: Lang) -> String {
    let diagnostic = placed.diagnostic;
    let level = match (diagnostic.level, lang) {
        (Level::Error, Lang::En) => Drawn::ERROR,
        (Level::Error, Lang::Zh) => Drawn::ERROR.with_name("错误"),
        (Level::Warning, Lang::En) => Drawn::WARNING,
        (Level::Warning, Lang::Zh) => Drawn::WARNING.with_name("警告"),
    };
    let title = level
        .primary_title(diagnostic.message.in_lang(lang))
        .id(diagnostic.code);
    let mut group = Group::with_title(title);
    let file = &*diagnostic.file;
    let origin = Origin::path(file)
        .line(placed.start.line)
        .char_column(placed.start.column);
    match diags
        .source(file)
        .map(|source| Excerpt::of(source, diagnostic))
    {
        None => group = group.element(origin),
        Some(excerpt) => {
            let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.line);
            if excerpt.cut {
                // The drawn line is no whole line, so its columns are not the file's.
                group = group.element(origin);
            } else {
                snippet = snippet.path(file);
            }
            for (kind, span, label) in excerpt.marks {
                let mut mark = kind.span(span);
                if let Some(label) = label {
                    mark = mark.label(label.in_lang(lang));
                }
                snippet = snippet.annotation(mark);
            }
            group = group.element(snippet);
        }
    }
    if let Some(help) = &diagnostic.help {
        let level = match lang {
            Lang::En => Drawn::HELP,
            Lang::Zh => Drawn::HELP.with_name("建议"),
        };
        group = group.element(level.message(help.in_lang(lang)));
    }
    renderer.render(&[group])
}

/// The piece of source to show. Handing over a piece and not the whole keeps it cheap to draw a hundred problems of a
/// large pack.
struct Excerpt<'a> {
    text: &'a str,
    /// The number of its first line.
    line: usize,
    /// Whether it is part of a long line.
    cut: bool,
    marks: Vec<(AnnotationKind, Range<usize>, Option<&'a Said>)>,
}

impl<'a> Excerpt<'a> {
    /// The lines of the place and of its labels with what lies between; of long lines, or of lines far apart, only what
    /// is around the place.
    fn of(source: &'a str, diagnostic: &'a Diagnostic) -> Self {
        let first = line_of(source, floor(source, diagnostic.span.start));
        let mut shown = first.clone();
        let mut longest = first.len();
        for (span, _) in &diagnostic.labels {
            let line = line_of(source, floor(source, span.start));
            longest = longest.max(line.len());
            shown = shown.start.min(line.start)..shown.end.max(line.end);
        }
        let mut labels = diagnostic.labels.as_slice();
        let cut = longest > LONG_LINE;
        if cut || shown.len() > FAR_APART {
            labels = &[];
            shown = first;
        }
        if cut {
            let at = diagnostic.span.start.clamp(shown.start, shown.end);
            let start = ceil(source, at.saturating_sub(AROUND).max(shown.start));
            shown = start..floor(source, (at + AROUND).min(shown.end)).max(start);
        }
        let mark = |span: &Range<usize>| {
            // Of a place over several lines the first is marked.
            let line = line_of(source, floor(source, span.start));
            let start = floor(source, span.start).clamp(shown.start, shown.end);
            let end = ceil(source, span.end).min(line.end).clamp(start, shown.end);
            start - shown.start..end - shown.start
        };
        let mut marks = vec![(AnnotationKind::Primary, mark(&diagnostic.span), None)];
        for (span, said) in labels {
            marks.push((AnnotationKind::Context, mark(span), Some(said)));
        }
        let before = source.get(..shown.start).unwrap_or("");
        Self {
            text: source.get(shown).unwrap_or(""),
            line: 1 + before.matches('\n').count(),
            cut,
            marks,
        }
    }
}

/// The line that holds `at`, without its break and without a byte-order mark.
fn line_of(source: &str, at: usize) -> Range<usize> {
    let (before, after) = source.split_at(at);
    let mut start = before.rfind('\n').map_or(0, |line| line + 1);
    if start == 0 && source.starts_with('\u{feff}') {
        start = 3;
    }
    let end = at + after.find('\n').unwrap_or(after.len());
    let line = source.get(start..end).unwrap_or("");
    start..start + line.strip_suffix('\r').unwrap_or(line).len()
}
