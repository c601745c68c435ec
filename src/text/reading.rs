//! One reading of a text: its grapheme clusters with their place in the original, and what the relations ask of them.
//!
//! Made only when there is a candidate to verify. Costs one pass over the text.

use unicode_segmentation::UnicodeSegmentation;

use crate::primitives::Span;
use crate::text::clusters::clusters;
use crate::text::escapes::Decoded;
use crate::text::fold::{BARE, Folder, Symbol};
use crate::text::skeleton;
use crate::text::tables::{self, Class, Script};

/// A grapheme cluster of a reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cluster {
    /// Where it stands in the text that is read (the decoded text, if it is a decoded reading).
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Where it came from in the original text.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// Whether it stands in a suspicious word, and is compared by looks.
    pub(crate) eligible: bool,
    /// Whether it holds a character that an escape stood for.
    pub(crate) decoded: bool,
}

/// A reading of a text.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    clusters: Vec<Cluster>,
    /// The first cell of each run of equal neighbours in the skeleton.
    runs: Vec<u32>,
    cells: Vec<u32>,
    folder: Folder,
    scratch: Vec<Symbol>,
    kinds: Vec<Option<Kind>>,
    words: Vec<Word>,
}

impl Reading {
    /// Reads `text` as it stands.
    pub(crate) fn fill_raw(&mut self, text: &str, look_alikes: bool) {
        self.clusters.clear();
        self.clusters
            .extend(clusters(text).map(|(at, cluster)| Cluster {
                start: at as u32,
                end: (at + cluster.len()) as u32,
                from: at as u32,
                to: (at + cluster.len()) as u32,
                eligible: false,
                decoded: false,
            }));
        if look_alikes {
            self.mark_eligible(text);
        }
    }

    /// Reads the text that `decoded` holds; spans are those of `original`.
    pub(crate) fn fill_decoded(&mut self, original: &str, decoded: &Decoded, look_alikes: bool) {
        self.clusters.clear();
        let text = decoded.text();
        let mut borders = clusters(original)
            .map(|(at, cluster)| at + cluster.len())
            .peekable();
        let mut segments = decoded.segments();
        let mut joins = false;
        for (at, cluster) in clusters(text) {
            let (from, to, escaped) = segments.original(at, at + cluster.len());
            while borders.next_if(|border| *border < to).is_some() {}
            let on_border = borders.peek() == Some(&to);
            if joins && let Some(last) = self.clusters.last_mut() {
                last.end = (at + cluster.len()) as u32;
                last.to = to as u32;
                last.decoded |= escaped;
            } else {
                self.clusters.push(Cluster {
                    start: at as u32,
                    end: (at + cluster.len()) as u32,
                    from: from as u32,
                    to: to as u32,
                    eligible: false,
                    decoded: escaped,
                });
            }
            joins = !on_border;
        }
        if look_alikes {
            self.mark_eligible(text);
        }
    }

    /// Reads `text` from its last cluster to its first; what is read is written to `turned`.
    pub(crate) fn fill_reversed(&mut self, text: &str, turned: &mut String) {
        self.clusters.clear();
        turned.clear();
        for (from, cluster) in text.grapheme_indices(true).rev() {
            let start = turned.len();
            turned.push_str(cluster);
            self.clusters.push(Cluster {
                start: start as u32,
                end: turned.len() as u32,
                from: from as u32,
                to: (from + cluster.len()) as u32,
                eligible: false,
                decoded: false,
            });
        }
        self.mark_eligible(turned);
    }

    /// The clusters, in order.
    pub(crate) fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The span in the original text from cluster `first` to the end of cluster `last`.
    pub(crate) fn span(&self, first: usize, last: usize) -> Span {
        let (first, last) = (&self.clusters[first], &self.clusters[last]);
        Span::new(
            first.from.min(last.from) as usize,
            first.to.max(last.to) as usize,
        )
    }

    /// Notes where each run of the skeleton stands. Called once for each reading that has a candidate.
    pub(crate) fn map_skeleton(&mut self, text: &str) {
        self.runs.clear();
        self.cells.clear();
        let (runs, cells) = (&mut self.runs, &mut self.cells);
        let mut last = 0;
        skeleton::symbols_at(text, |at, symbol| {
            if last != symbol {
                last = symbol;
                runs.push(cells.len() as u32);
            }
            cells.push(at as u32);
        });
    }

    /// The cells of run `at` of the skeleton: each is the place of its character in the text.
    pub(crate) fn run_at(&self, at: usize) -> &[u32] {
        let border = |at: usize| {
            self.runs
                .get(at)
                .map_or(self.cells.len(), |first| *first as usize)
        };
        &self.cells[border(at)..border(at + 1)]
    }

    /// The cluster that holds the character at byte `at` of the text that is read.
    pub(crate) fn cluster_at(&self, at: u32) -> usize {
        self.clusters.partition_point(|cluster| cluster.end <= at)
    }

    /// Marks the clusters of suspicious words (`src/ARCHITECTURE.md`, 1).
    fn mark_eligible(&mut self, text: &str) {
        self.kinds.clear();
        for cluster in &self.clusters {
            self.scratch.clear();
            self.folder.fold(
                &text[cluster.start as usize..cluster.end as usize],
                BARE,
                &mut self.scratch,
            );
            self.kinds
                .push(self.scratch.first().map(|first| Kind::of(first.plain)));
        }
        find_words(&self.kinds, &mut self.words);
        let mut honest: u32 = 0;
        let mut letters = [0_usize; 16];
        for kind in self.kinds.iter().flatten() {
            if kind.letter {
                letters[kind.script as usize] += 1 + usize::from(kind.script.is_unspaced());
            }
        }
        let all: usize = letters.iter().sum();
        for word in &self.words {
            if !word.mixed && !word.all_alike {
                honest |= 1 << word.script as u32;
            }
        }
        for word in &self.words {
            let suspicious = word.mixed
                || (word.script != Script::Latin
                    && word.all_alike
                    && letters[word.script as usize] <= all / 2
                    && honest & (1 << word.script as u32) == 0);
            if suspicious {
                for cluster in &mut self.clusters[word.clusters.clone()] {
                    cluster.eligible = true;
                }
            }
        }
    }
}

/// What the first symbol of a cluster says about the word it stands in.
#[derive(Clone, Copy, Debug)]
struct Kind {
    script: Script,
    letter: bool,
    alike: bool,
}

impl Kind {
    fn of(symbol: char) -> Self {
        let script = match tables::class(symbol) {
            Class::Letter => tables::script(symbol),
            _ => Script::Common,
        };
        Self {
            script,
            letter: script != Script::Common,
            alike: tables::confusable(symbol).is_some(),
        }
    }
}

#[derive(Debug)]
struct Word {
    clusters: std::ops::Range<usize>,
    script: Script,
    mixed: bool,
    all_alike: bool,
}

/// Maximal runs of letters of scripts that have look-alikes; clusters that are read to nothing do not end one.
fn find_words(kinds: &[Option<Kind>], words: &mut Vec<Word>) {
    words.clear();
    let mut open = false;
    for (at, kind) in kinds.iter().enumerate() {
        let Some(kind) = kind else { continue };
        if !kind.script.has_look_alikes() {
            open = false;
            continue;
        }
        if open && let Some(word) = words.last_mut() {
            word.clusters.end = at + 1;
            word.mixed |= word.script != kind.script;
            word.all_alike &= kind.alike;
        } else {
            open = true;
            words.push(Word {
                clusters: at..at + 1,
                script: kind.script,
                mixed: false,
                all_alike: kind.alike,
            });
        }
    }
}
