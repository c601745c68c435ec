//! Regex terms, which look at the original text.

use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::borders;
use crate::limits::Limits;
use crate::pack::Term;
use crate::primitives::Span;
use crate::text::tables::{self, Class, Script};
use crate::variant::{Variant, Variants};

/// The hits of a regex term. None if the source is no regex, which no parsed pack holds.
pub(super) fn hits(term: &Term, text: &str, limits: &Limits) -> Vec<(Span, Variants)> {
    let ignore_case = term.variants.contains(Variant::Case);
    let config = syntax::Config::new().case_insensitive(ignore_case);
    let Ok(regex) = PikeVM::builder().syntax(config).build(&term.text) else {
        return Vec::new();
    };
    let mut cache = regex.create_cache();
    let borders = borders(text);
    let mut hits = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let mut window = text.len().min(at + limits.regex_window);
        while !text.is_char_boundary(window) {
            window -= 1;
        }
        let input = Input::new(text).span(at..window).anchored(Anchored::Yes);
        match regex.find(&mut cache, input) {
            Some(found) if !found.is_empty() && stands_alone(term, text, found.range()) => {
                let start = borders.iter().rfind(|border| **border <= found.start());
                let end = borders.iter().find(|border| **border >= found.end());
                hits.extend(start.zip(end).map(|(start, end)| Span::new(*start, *end)));
                at = found.end();
            }
            _ => at += c.len_utf8(),
        }
    }
    hits.dedup();
    hits.into_iter()
        .map(|span| (span, Variants::EXACT))
        .collect()
}

/// Whether the match has the borders that the term asks for.
fn stands_alone(term: &Term, text: &str, found: std::ops::Range<usize>) -> bool {
    let parts_a_word = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at..].chars().next();
        let Some((before, after)) = before.zip(after) else {
            return false;
        };
        let both_digits = [before, after].map(tables::class) == [Class::Digit; 2];
        let one_script = tables::script(before) == tables::script(after)
            && tables::script(before) != Script::Common;
        both_digits || one_script
    };
    term.word != Some(true) || (!parts_a_word(found.start) && !parts_a_word(found.end))
}
