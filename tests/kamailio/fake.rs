//! A stand-in for the service. It keeps the requests and gives chosen answers, so that a test can read a request word
//! for word, or give an answer that the service never gives.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// Serves until the test ends.
pub struct Fake {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    /// The next answer, as it goes over the wire.
    answer: String,
    questions: Vec<Value>,
}

impl Fake {
    /// One that lets every call through.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            answer: ok(r#"{"sip":{"code":404,"reasonPhrase":"Not Found"}}"#),
            questions: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.unwrap(), &shared);
            }
        });
        Self { address, state }
    }

    /// Sets the answer from now on.
    pub fn answer(&self, answer: String) {
        self.state.lock().unwrap().answer = answer;
    }

    /// The questions since the last time.
    pub fn questions(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().questions)
    }
}

/// An answer with this body.
pub fn ok(body: &str) -> String {
    with_status("200 OK", body)
}

/// An answer with this status and body.
pub fn with_status(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 2 {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut state = state.lock().unwrap();
    state.questions.push(serde_json::from_slice(&body).unwrap());
    let mut writer = stream;
    writer.write_all(state.answer.as_bytes()).unwrap();
}
