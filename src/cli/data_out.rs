//! Standard output for data: the bytes as they are, but for a terminal, where each character that could control it is shown
//! as its code.

use std::io::{self, IsTerminal as _, Write};

use super::text::harmless;

/// Standard output for data.
#[derive(Debug)]
pub(super) struct DataOut<W: Write = io::Stdout> {
    out: W,
    is_terminal: bool,
    /// The first bytes of a character whose others have not come yet.
    rest: Vec<u8>,
}

impl DataOut {
    /// The standard output of this process.
    pub(super) fn stdout() -> Self {
        let out = io::stdout();
        Self {
            is_terminal: out.is_terminal(),
            out,
            rest: Vec::new(),
        }
    }
}

impl<W: Write> Write for DataOut<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.out.write(bytes);
        }
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            // An error without a length is a character that has not ended.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.rest.len(),
        };
        let text: Vec<u8> = self.rest.drain(..whole).collect();
        self.out
            .write_all(harmless(&String::from_utf8_lossy(&text)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(is_terminal: bool, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = DataOut {
            out: Vec::new(),
            is_terminal,
            rest: Vec::new(),
        };
        for part in parts {
            out.write_all(part).unwrap();
        }
        out.out
    }

    #[test]
    fn a_terminal_gets_no_controls_and_a_file_gets_the_bytes() {
        let parts: [&[u8]; 3] = [b"a,\x1b]0;x\x07\xe2\x80", b"\xae,\xc3", b"\xa9\n"];
        assert_eq!(written(false, &parts), parts.concat());
        let shown = String::from_utf8(written(true, &parts)).unwrap();
        assert_eq!(shown, "a,\\u{1b}]0;x\\u{7}\\u{202e},é\n");
    }
}
