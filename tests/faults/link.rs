//! The network between the instances and their store: a TCP port whose bytes are passed on, counted, held back, slowed
//! down, lost or sent elsewhere.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Bytes that are passed on at a time.
const PART: usize = 16 << 10;
/// The same on a slow link, so that connections share it.
const SMALL_PART: usize = 512;

/// A port that leads to another one.
pub struct Link {
    port: u16,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

struct Shared {
    target: AtomicU16,
    /// Set until the next answer is lost.
    loses_answer: AtomicBool,
    state: watch::Sender<State>,
    there: Way,
    back: Way,
}

/// One direction, which all connections share.
struct Way {
    passed: AtomicU64,
    /// When a slow link has passed on what it was given so far.
    free_at: Mutex<Instant>,
}

impl Way {
    fn new() -> Self {
        Self {
            passed: AtomicU64::new(0),
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits until so many bytes have arrived at the other end of a link of this speed.
    async fn take(&self, bytes: usize, per_second: u32) {
        let arrived = {
            let mut free_at = self.free_at.lock().await;
            *free_at = (*free_at).max(Instant::now()) + Duration::from_secs(bytes as u64) / per_second;
            *free_at
        };
        sleep_until(arrived).await;
    }
}

/// What becomes of the bytes of all connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// Whether they are held back, without a word to either side.
    is_hole: bool,
    /// The bytes a second in each direction, if the link is slow.
    per_second: Option<u32>,
    /// Connections that were opened in an earlier era are closed.
    era: u64,
}

impl Link {
    /// A port that leads to `target`.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, _) = watch::channel(State {
            is_hole: false,
            per_second: None,
            era: 0,
        });
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            loses_answer: AtomicBool::new(false),
            state,
            there: Way::new(),
            back: Way::new(),
        });
        let mut task = JoinSet::new();
        task.spawn(serve(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            _task: task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Holds all bytes back, as a network that drops every packet: nobody is told that a connection ended.
    pub fn black_hole(&self, is_hole: bool) {
        self.shared.state.send_modify(|state| state.is_hole = is_hole);
    }

    /// Passes on so many bytes a second in each direction, of all connections together; or all at once again.
    pub fn slow_down(&self, per_second: Option<u32>) {
        self.shared.state.send_modify(|state| state.per_second = per_second);
    }

    /// The bytes that have passed so far: to the server, and back.
    pub fn passed(&self) -> (u64, u64) {
        let passed = |way: &Way| way.passed.load(Ordering::SeqCst);
        (passed(&self.shared.there), passed(&self.shared.back))
    }

    /// Loses the next answer of the server, and its connection.
    pub fn lose_answer(&self) {
        self.shared.loses_answer.store(true, Ordering::SeqCst);
    }

    /// Whether the answer is still to be lost.
    pub fn is_to_lose(&self) -> bool {
        self.shared.loses_answer.load(Ordering::SeqCst)
    }

    /// Leads to another port from now on, and closes the connections to the one before.
    pub fn lead_to(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
        self.shared.state.send_modify(|state| state.era += 1);
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        connections.spawn(pass(client, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Passes the bytes of a connection on until one side ends it.
async fn pass(client: TcpStream, shared: Arc<Shared>) {
    let mut state = shared.state.subscribe();
    let era = state.borrow().era;
    if state.wait_for(|state| !state.is_hole).await.is_err() {
        return;
    }
    let target = shared.target.load(Ordering::SeqCst);
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else {
        return;
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let ((of_client, to_client), (of_server, to_server)) = (client.into_split(), server.into_split());
    let ended = state.clone();
    tokio::select! {
        () = pass_part(of_client, to_server, (state.clone(), &shared.there), None) => {}
        () = pass_part(of_server, to_client, (state, &shared.back), Some(&shared.loses_answer)) => {}
        () = era_ends(ended, era) => {}
    }
}

async fn era_ends(mut state: watch::Receiver<State>, era: u64) {
    state.wait_for(|state| state.era != era).await.ok();
}

async fn pass_part(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (mut state, way): (watch::Receiver<State>, &Way),
    loses: Option<&AtomicBool>,
) {
    let mut part = vec![0; PART];
    loop {
        let speed = state.borrow().per_second;
        let most = if speed.is_some() { SMALL_PART } else { PART };
        let Ok(read @ 1..) = from.read(&mut part[..most]).await else {
            return;
        };
        if state.wait_for(|state| !state.is_hole).await.is_err() {
            return;
        }
        if let Some(per_second) = speed {
            way.take(read, per_second).await;
        }
        way.passed.fetch_add(read as u64, Ordering::SeqCst);
        if loses.is_some_and(|loses| loses.swap(false, Ordering::SeqCst)) || to.write_all(&part[..read]).await.is_err()
        {
            return;
        }
    }
}
