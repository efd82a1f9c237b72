//! The ports of a document. Documents name fixed ports, such as that of `localhost:8080`. Tests run at the same time on a
//! machine where these may be taken, so each port of a document becomes a free one in the commands, and is named as in the
//! document again in the output.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use regex::{Captures, Regex};

/// The texts before a port in a command.
const PORT: &str = r"((?:localhost|127\.0\.0\.1|ringwarden\.example|\*):|--port | -p )(\d{4,5})\b";
/// The free ports are looked for from here on: below the ports that systems give to connections, which come and go.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;

/// The ports of one document.
#[derive(Default)]
pub(super) struct Ports {
    /// The port in the document, and the one that is used.
    pairs: Vec<(u16, u16)>,
}

impl Ports {
    /// The port that is used for a port of the document.
    pub(super) fn used(&mut self, named: u16) -> u16 {
        if let Some((_, used)) = self.pairs.iter().find(|(port, _)| *port == named) {
            return *used;
        }
        let used = free();
        self.pairs.push((named, used));
        used
    }

    /// A command with the ports that are used.
    pub(super) fn in_command(&mut self, command: &str) -> String {
        let pattern = Regex::new(PORT).unwrap();
        let replaced = pattern.replace_all(command, |found: &Captures<'_>| {
            let named = found[2].parse().unwrap();
            format!("{}{}", &found[1], self.used(named))
        });
        replaced.into_owned()
    }

    /// An output with the ports of the document.
    pub(super) fn in_output(&self, output: &str) -> String {
        self.pairs.iter().fold(output.to_owned(), |output, (named, used)| {
            let pattern = Regex::new(&format!(r"\b{used}\b")).unwrap();
            pattern.replace_all(&output, named.to_string()).into_owned()
        })
    }
}

/// A port that nobody listens on. No other document of this process gets it; another process may, so each begins elsewhere.
fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = LAST - FIRST;
    let begin = u16::try_from(std::process::id() * 97 % u32::from(span)).unwrap();
    loop {
        let port = FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % span;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
