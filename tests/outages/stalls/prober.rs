//! Asks for lookups and for `/readyz` at a steady rate, on a thread of its own, so that the load does not delay the questions.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tonic::transport::{Channel, Endpoint};

/// The time from one lookup to the next.
const LOOKUP_EVERY: Duration = Duration::from_millis(4);
/// The time from one probe to the next.
const PROBE_EVERY: Duration = Duration::from_millis(10);

/// Asks until it is stopped.
pub(crate) struct Prober {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// What it saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// The times of lookups. Sorted.
    times: Vec<Duration>,
    pub(crate) longest_gap: Duration,
}

impl Prober {
    pub(crate) fn start(grpc: SocketAddr, http: SocketAddr) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            LocalSet::new().block_on(&runtime, probe(grpc, http, ending))
        });
        Self { end, thread }
    }

    pub(crate) fn stop(self) -> Seen {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

impl Seen {
    pub(crate) fn p50(&self) -> Duration {
        self.times[self.times.len() / 2]
    }

    pub(crate) fn p99(&self) -> Duration {
        self.times[self.times.len() * 99 / 100]
    }

    pub(crate) fn longest(&self) -> Duration {
        *self.times.last().unwrap()
    }
}

async fn probe(grpc: SocketAddr, http: SocketAddr, end: Arc<AtomicBool>) -> Seen {
    let endpoint = Endpoint::from_shared(format!("http://{grpc}")).unwrap();
    let client = LookupServiceClient::new(endpoint.connect().await.unwrap());
    let (mut times, longest_gap) = tokio::join!(lookups(client, &end), gaps(http, &end));
    times.sort_unstable();
    Seen { times, longest_gap }
}

/// Lookups that are sent when they are due, whether or not the earlier ones were answered.
async fn lookups(client: LookupServiceClient<Channel>, end: &AtomicBool) -> Vec<Duration> {
    let mut asked = Vec::new();
    let mut due = Instant::now();
    for n in 0.. {
        due += LOOKUP_EVERY;
        tokio::time::sleep_until(due.into()).await;
        if end.load(Ordering::Relaxed) {
            break;
        }
        let (mut client, sent) = (client.clone(), Instant::now());
        asked.push(tokio::task::spawn_local(async move {
            let question = v1::LookupRequest {
                number: format!("+1415555{:04}", n % 10_000),
                ..v1::LookupRequest::default()
            };
            client.lookup(question).await.unwrap();
            sent.elapsed()
        }));
    }
    let mut times = Vec::new();
    for asked in asked {
        times.push(asked.await.unwrap());
    }
    times
}

/// The longest time from one answer to the next on one connection.
async fn gaps(http: SocketAddr, end: &AtomicBool) -> Duration {
    let mut stream = TcpStream::connect(http).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    let mut answer = [0; 4_096];
    while !end.load(Ordering::Relaxed) {
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
        longest = longest.max(last.elapsed());
        last = Instant::now();
        tokio::time::sleep(PROBE_EVERY).await;
    }
    longest
}
