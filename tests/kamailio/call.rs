//! A call as a switch asks about it: one INVITE over UDP, its final answer, and the ACK.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

/// More than any answer should take.
const LONG: Duration = Duration::from_secs(10);
/// The biggest datagram.
const MAX_BYTES: usize = 65_535;

/// Tells calls apart, and transactions.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The content of an INVITE.
#[derive(Clone)]
pub struct Call {
    /// The header From, without its tag.
    pub from: String,
    /// The request URI.
    pub called: String,
    pub call_id: String,
    /// Further headers, each with its end of line; bytes, since callers send what they like.
    pub headers: Vec<u8>,
}

/// The switch's answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub phrase: String,
    /// From the INVITE to the answer.
    pub took: Duration,
    headers: Vec<(String, String)>,
}

/// An INVITE that has been sent.
pub struct Sent {
    socket: UdpSocket,
    invite: Vec<u8>,
    at: Instant,
}

impl Call {
    /// A call that the network says nothing about.
    pub fn new(caller: &str, called: &str) -> Self {
        Self {
            from: format!("<sip:{caller}@carrier.example;user=phone>"),
            called: format!("sip:{called}@switch.example;user=phone"),
            call_id: format!("call-{}@carrier.example", NEXT.fetch_add(1, Ordering::Relaxed)),
            headers: Vec::new(),
        }
    }

    /// With a header.
    pub fn with(mut self, name: &str, value: &[u8]) -> Self {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.headers.extend_from_slice(part);
        }
        self
    }

    /// Sends it as a transaction of its own.
    pub async fn send(&self, switch: SocketAddr) -> Sent {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket.connect(switch).await.unwrap();
        let invite = self.invite(socket.local_addr().unwrap());
        socket.send(&invite).await.unwrap();
        let at = Instant::now();
        Sent { socket, invite, at }
    }

    /// Sends it and waits for its answer.
    pub async fn ask(&self, switch: SocketAddr) -> Answer {
        self.send(switch).await.answer().await
    }

    fn invite(&self, ours: SocketAddr) -> Vec<u8> {
        let transaction = NEXT.fetch_add(1, Ordering::Relaxed);
        let Self {
            from, called, call_id, ..
        } = self;
        let head = format!(
            "INVITE {called} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bK{transaction}\r\nFrom: {from};tag=t\r\n\
             To: <{called}>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:{ours}>\r\n"
        );
        [head.as_bytes(), &self.headers, b"Content-Length: 0\r\n\r\n"].concat()
    }
}

impl Sent {
    /// Sends the same again, as a switch does after half a second without an answer.
    pub async fn again(&self) {
        self.socket.send(&self.invite).await.unwrap();
    }

    /// The final answer, acknowledged.
    pub async fn answer(self) -> Answer {
        loop {
            let message = self.receive(LONG).await.expect("an answer");
            let answer = Answer::parse(&message, self.at.elapsed());
            if answer.status >= 200 {
                self.acknowledge(&answer).await;
                return answer;
            }
        }
    }

    /// The status line of every message that comes within so long, none acknowledged.
    pub async fn all_within(&self, time: Duration) -> Vec<String> {
        let end = self.at + time;
        let mut lines = Vec::new();
        while let Some(message) = self.receive(end.saturating_duration_since(Instant::now())).await {
            lines.extend(message.lines().next().map(str::to_owned));
        }
        lines
    }

    async fn receive(&self, time: Duration) -> Option<String> {
        let mut bytes = vec![0; MAX_BYTES];
        let length = timeout(time, self.socket.recv(&mut bytes)).await.ok()?.unwrap();
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// The ACK of a refusal belongs to the transaction: all of it is of the INVITE, but the tag that the answer gave.
    async fn acknowledge(&self, answer: &Answer) {
        let invite = String::from_utf8_lossy(&self.invite).into_owned();
        let mut lines = vec![invite.lines().next().unwrap().replacen("INVITE", "ACK", 1)];
        let kept = ["Via", "From", "Call-ID", "Max-Forwards"];
        lines.extend(
            invite
                .lines()
                .filter(|line| kept.contains(&name_of(line)))
                .map(str::to_owned),
        );
        lines.push(format!("To: {}", answer.header("To").unwrap()));
        lines.push("CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n".to_owned());
        self.socket.send(lines.join("\r\n").as_bytes()).await.unwrap();
    }
}

impl Answer {
    /// The value of a header; there must not be two of it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "two of {name}: {self:?}");
        value
    }

    /// The status, and the values of the headers that matter.
    pub fn told(&self) -> (u16, &str, Option<&str>, Option<&str>) {
        (self.status, &self.phrase, self.header("Reason"), self.header("Contact"))
    }

    /// Why the call was let through without an answer of the service, if it was.
    pub fn fault(&self) -> Option<&str> {
        self.header("X-Ringwarden")?.strip_prefix("fail-open;cause=")
    }

    fn parse(message: &str, took: Duration) -> Self {
        let (first, rest) = message.split_once("\r\n").unwrap();
        let mut words = first.splitn(3, ' ').skip(1);
        let status = words.next().unwrap().parse().unwrap();
        let headers = rest.lines().take_while(|line| !line.is_empty());
        let split = |line: &str| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        Self {
            status,
            phrase: words.next().unwrap().to_owned(),
            took,
            headers: headers.filter_map(split).collect(),
        }
    }
}

fn name_of(line: &str) -> &str {
    line.split(':').next().unwrap_or_default()
}
