//! Lines, in chunks of bounded size.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a chunk; the line that reaches beyond is still whole.
pub(crate) const CHUNK: usize = 1 << 20;
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
    reader: BufReader<R>,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: BufReader<R>) -> Self {
        Self { reader, number: 0 }
    }

    /// Waits for a line, and takes the others that are there already; `false` at the end.
    pub(crate) fn fill(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        chunk.bytes.clear();
        chunk.lines.clear();
        while self.line(chunk)? {
            let more = self.reader.buffer().contains(&b'\n');
            if !more || chunk.bytes.len() >= CHUNK {
                break;
            }
        }
        Ok(!chunk.lines.is_empty())
    }

    /// One line; `false` at the end.
    fn line(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        let start = chunk.bytes.len();
        let mut cut = false;
        let mut any = false;
        loop {
            let there = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                there => there?,
            };
            let end = there.iter().position(|byte| *byte == b'\n');
            let piece = &there[..end.unwrap_or(there.len())];
            any |= !there.is_empty();
            if !cut {
                let room = LONGEST - (chunk.bytes.len() - start);
                cut = piece.len() > room;
                if cut {
                    let kept = KEPT.saturating_sub(chunk.bytes.len() - start);
                    chunk.bytes.extend(piece.iter().take(kept));
                    chunk.bytes.truncate(start + KEPT);
                } else {
                    chunk.bytes.extend_from_slice(piece);
                }
            }
            let over = there.is_empty() || end.is_some();
            let used = piece.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if over {
                break;
            }
        }
        if !any {
            return Ok(false);
        }
        self.number += 1;
        chunk.lines.push(Line {
            number: self.number,
            cut,
            start,
            end: chunk.bytes.len(),
        });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, bool, usize)> {
        // A small buffer, so that lines lie across its refills.
        let mut lines = Lines::new(BufReader::with_capacity(7, text));
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
        assert_eq!(read(b""), []);
        assert_eq!(read(b"\n"), [(1, false, 0)]);
        assert_eq!(
            read(b"a\n\nlonger than seven"),
            [(1, false, 1), (2, false, 0), (3, false, 17)]
        );
    }

    #[test]
    fn long_lines_are_cut() {
        let mut text = vec![b'a'; LONGEST];
        text.push(b'\n');
        text.extend(vec![b'b'; LONGEST + 1]);
        text.extend(b"\nc");
        assert_eq!(
            read(&text),
            [(1, false, LONGEST), (2, true, KEPT), (3, false, 1)]
        );
    }
}
