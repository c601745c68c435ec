//! Lines, in chunks of bounded size.

use std::io::{self, Read};

use memchr::memchr_iter;

/// Bytes that are read at once for several threads.
pub(crate) const CHUNK: usize = 1 << 20;
/// The same for one thread: what is read and what is answered stay in its cache (L2) together.
pub(crate) const CHUNK_OF_ONE: usize = 1 << 17;
/// Bytes of the longest line.
const LONGEST: usize = 1 << 20;
/// Bytes that are kept of a longer one: its id often stands there.
const KEPT: usize = 4 << 10;

/// A line of a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    /// Whether it is longer than allowed, and only its beginning is kept.
    pub(crate) cut: bool,
    start: usize,
    end: usize,
}

impl Line {
    /// A first line of so many bytes.
    pub(crate) fn of(len: usize) -> Self {
        Self {
            number: 1,
            cut: len > LONGEST,
            start: 0,
            end: len,
        }
    }
}

/// Lines that were read together.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// What was read, and room for more.
    bytes: Vec<u8>,
    lines: Vec<Line>,
}

impl Chunk {
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn bytes(&self, line: &Line) -> &[u8] {
        &self.bytes[line.start..line.end]
    }
}

/// Reads chunks.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    /// Bytes that are asked for at a time.
    at_once: usize,
    number: u64,
    /// The beginning of a line that goes on after the last chunk.
    rest: Vec<u8>,
    /// Whether that line is too long, and only its beginning is kept.
    cut: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R, at_once: usize) -> Self {
        Self {
            reader,
            at_once,
            number: 0,
            rest: Vec::new(),
            cut: false,
        }
    }

    /// Waits for a line, and takes the others that are there already; `false` at the end. Lines stay where they were read; only one that
    /// goes on after the chunk is copied.
    pub(crate) fn fill(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        chunk.lines.clear();
        let (mut start, mut len) = (0, self.rest.len());
        let room = len.max(LONGEST) + self.at_once;
        if chunk.bytes.len() < room {
            chunk.bytes.resize(room, 0);
        }
        chunk.bytes[..len].copy_from_slice(&self.rest);
        self.rest.clear();
        loop {
            let read = match self.reader.read(&mut chunk.bytes[len..len + self.at_once]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            for end in memchr_iter(b'\n', &chunk.bytes[len..len + read]) {
                self.line(&mut chunk.lines, start, len + end);
                start = len + end + 1;
            }
            len += read;
            if read == 0 {
                if start < len {
                    self.line(&mut chunk.lines, start, len);
                }
                return Ok(!chunk.lines.is_empty());
            }
            if self.cut || len - start > LONGEST {
                self.cut = true;
                len = len.min(start + KEPT);
            }
            if !chunk.lines.is_empty() {
                self.rest.extend_from_slice(&chunk.bytes[start..len]);
                return Ok(true);
            }
        }
    }

    fn line(&mut self, lines: &mut Vec<Line>, start: usize, end: usize) {
        let cut = std::mem::take(&mut self.cut) || end - start > LONGEST;
        self.number += 1;
        lines.push(Line {
            number: self.number,
            cut,
            start,
            end: if cut { end.min(start + KEPT) } else { end },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], at_once: usize) -> Vec<(u64, bool, usize)> {
        // Few bytes at once, so that lines lie across chunks.
        let mut lines = Lines::new(text, at_once);
        let mut chunk = Chunk::default();
        let mut all = Vec::new();
        while lines.fill(&mut chunk).expect("memory can be read") {
            for line in chunk.lines() {
                all.push((line.number, line.cut, chunk.bytes(line).len()));
            }
        }
        all
    }

    #[test]
    fn lines_end_with_a_break_or_the_end() {
        for at_once in [1, 2, 3, 7, 100] {
            assert_eq!(read(b"", at_once), []);
            assert_eq!(read(b"\n", at_once), [(1, false, 0)]);
            assert_eq!(
                read(b"a\n\nlonger than seven", at_once),
                [(1, false, 1), (2, false, 0), (3, false, 17)]
            );
        }
    }

    #[test]
    fn long_lines_are_cut() {
        let mut text = vec![b'a'; LONGEST];
        text.push(b'\n');
        text.extend(vec![b'b'; LONGEST + 1]);
        text.extend(b"\nc\n");
        text.extend(vec![b'd'; 3 * LONGEST]);
        for at_once in [4_001, 1 << 20, 1 << 23] {
            assert_eq!(
                read(&text, at_once),
                [
                    (1, false, LONGEST),
                    (2, true, KEPT),
                    (3, false, 1),
                    (4, true, KEPT)
                ]
            );
        }
    }
}
