//! Diagnostics drawn with the place marked, as rustc draws them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level as Drawn, Origin, Renderer, Snippet};

use super::place::{ceil, floor};
use super::{Diagnostic, Diagnostics, Lang, Level, Placed, said};

/// Lines longer than this many bytes are shown in part.
const LONG_LINE: usize = 1_000;
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
    let mut group = level
        .primary_title(diagnostic.message.in_lang(lang))
        .id(diagnostic.code)
        .element(
            Origin::path(&*diagnostic.file)
                .line(placed.start.line)
                .char_column(placed.start.column),
        );
    if let Some(source) = diags.source(&diagnostic.file) {
        for (start, text, marks) in excerpts(source, diagnostic) {
            let mut snippet = Snippet::source(text).line_start(start).fold(false);
            for (kind, span, label) in marks {
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

type Mark<'a> = (AnnotationKind, Range<usize>, Option<&'a super::Said>);

/// The pieces of source to show: the line of the place, cut if it is long, and the lines of the labels. Handing over a
/// piece and not the whole keeps drawing a hundred problems of a large pack cheap.
fn excerpts<'a>(
    source: &'a str,
    diagnostic: &'a Diagnostic,
) -> Vec<(usize, &'a str, Vec<Mark<'a>>)> {
    let mut out: Vec<(usize, Range<usize>, Vec<Mark<'a>>)> = Vec::new();
    let primary = (AnnotationKind::Primary, &diagnostic.span, None);
    let labels = diagnostic
        .labels
        .iter()
        .map(|(span, said)| (AnnotationKind::Context, span, Some(said)));
    for (kind, span, said) in std::iter::once(primary).chain(labels) {
        let start = floor(source, span.start);
        let shown = excerpt(source, start);
        // Only the first line of a place is marked.
        let end = ceil(source, span.end).clamp(start, shown.end.max(start));
        let line = 1 + source.get(..start).unwrap_or("").matches('\n').count();
        let mark = |shown: &Range<usize>| {
            (
                kind,
                start.saturating_sub(shown.start)..end.saturating_sub(shown.start),
                said,
            )
        };
        match out
            .iter_mut()
            .find(|(_, piece, _)| piece.start <= start && end <= piece.end)
        {
            Some((_, piece, marks)) => marks.push(mark(piece)),
            None => {
                let marks = vec![mark(&shown)];
                out.push((line, shown, marks));
            }
        }
    }
    out.into_iter()
        .map(|(line, shown, marks)| (line, source.get(shown).unwrap_or(""), marks))
        .collect()
}

/// The line that holds `at`, or the part of a long line around it.
fn excerpt(source: &str, at: usize) -> Range<usize> {
    let (before, after) = source.split_at(at);
    let mut start = before.rfind('\n').map_or(0, |line| line + 1);
    let mut end = at + after.find('\n').unwrap_or(after.len());
    if source
        .get(start..end)
        .is_some_and(|line| line.ends_with('\r'))
    {
        end = (end - 1).max(at);
    }
    if source
        .get(start..end)
        .is_some_and(|line| line.starts_with('\u{feff}'))
        && start + 3 <= at
    {
        start += 3;
    }
    if end - start > LONG_LINE {
        start = ceil(source, at.saturating_sub(AROUND).max(start));
        end = floor(source, (at + AROUND).min(end)).max(at);
    }
    start..end
}
