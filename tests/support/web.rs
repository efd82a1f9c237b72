//! A web server that answers as told.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An answer with status 200.
pub fn ok(body: impl AsRef<[u8]>, headers: &str) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An answer without a body.
pub fn bare(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n").into_bytes()
}

/// A web server. The answers of a path are used one after the other, and the last one again and again.
pub struct Web {
    address: SocketAddr,
    pages: Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>,
    /// The heads of all requests.
    pub requests: Arc<Mutex<Vec<String>>>,
    /// Tells of each request whose body never comes.
    hanging: Mutex<Receiver<()>>,
}

impl Web {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (hangs, hanging) = sync_channel(64);
        let web = Self {
            address: listener.local_addr().unwrap(),
            pages: Arc::default(),
            requests: Arc::default(),
            hanging: Mutex::new(hanging),
        };
        let (pages, requests) = (Arc::clone(&web.pages), Arc::clone(&web.requests));
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (pages, requests, hangs) = (Arc::clone(&pages), Arc::clone(&requests), hangs.clone());
                std::thread::spawn(move || answer(stream.unwrap(), &pages, &requests, &hangs));
            }
        });
        web
    }

    pub fn serve(&self, path: &str, answers: &[Vec<u8>]) {
        self.pages.lock().unwrap().insert(path.to_owned(), answers.to_vec());
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until somebody waits for a body that never comes.
    pub fn wait_for_hanging(&self) {
        self.hanging.lock().unwrap().recv_timeout(LONG).unwrap();
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        let start = format!("get {path} ");
        self.requests
            .lock()
            .unwrap()
            .iter()
            .filter(|head| head.starts_with(&start))
            .count()
    }
}

/// An answer whose body never comes.
pub const NO_BODY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";

/// More than any wait should take.
const LONG: Duration = Duration::from_secs(60);

type Pages = Mutex<HashMap<String, Vec<Vec<u8>>>>;

fn answer(mut stream: TcpStream, pages: &Pages, requests: &Mutex<Vec<String>>, hangs: &SyncSender<()>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    requests.lock().unwrap().push(head);
    let answer = match pages.lock().unwrap().get_mut(&path) {
        None => bare("404 Not Found", ""),
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
    };
    // The client may be gone.
    stream.write_all(&answer).ok();
    if answer == NO_BODY {
        // Nobody may wait for it.
        hangs.try_send(()).ok();
        // Until the client gives up.
        stream.read_to_end(&mut Vec::new()).ok();
    }
}
