//! Lookups beyond what the server can answer: how many of them are still answered in time.
//!
//! The ignored test prints a table: `cargo test --test outages -- --ignored --nocapture overload`. It measures the program of
//! `RINGWARDEN_STALLS_PROGRAM` if that is set, such as a release build, and else the one that was built with the test. The
//! client needs a multiple of the server's time, so the server is held back: it is stopped for most of the time. With
//! `RINGWARDEN_OVERLOAD_HELD=1` the program of `RINGWARDEN_STALLS_PROGRAM` holds itself back, such as a script that starts the
//! server in a control group with a tenth of a core; this is more even.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::support::program::Program;

/// Connections of the client, so that none of them has too many calls in progress at ten times the capacity.
const CONNECTIONS: usize = 16;
/// The part of the lookups that is answered in time at the capacity, the factor by which the load grows until it is found, and
/// how long each of these loads lasts.
const ALMOST_ALL: f64 = 0.95;
const GROWTH: f64 = 1.2;
const LOWER_LASTS: Duration = Duration::from_secs(3);
/// How long each load lasts, by its count of calls.
const LASTS: Duration = Duration::from_secs(8);
/// How long a client waits.
const DEADLINE: Duration = Duration::from_millis(60);
/// The offered loads, as multiples of the capacity.
const LOADS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];
/// The part of the best goodput that is to be kept at each load.
const GOAL: f64 = 0.8;
/// How long the server runs, and then stands still, again and again.
const RUNS: Duration = Duration::from_micros(200);
const STANDS: Duration = Duration::from_micros(9_800);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, which takes a minute"]
async fn goodput_is_kept_under_overload() {
    let path = std::env::var_os("RINGWARDEN_STALLS_PROGRAM").map(PathBuf::from);
    let path = path.unwrap_or_else(|| env!("CARGO_BIN_EXE_ringwarden").into());
    let program = Program::serve_by(&path, "memory:", &[]).await;
    let clients = connect(&program).await;
    let is_held = std::env::var_os("RINGWARDEN_OVERLOAD_HELD").is_some();
    let throttle = (!is_held).then(|| Throttle::start(program.id()));
    let capacity = capacity(&clients).await;
    eprintln!("capacity: {capacity:.0} lookups a second");
    eprintln!(
        "| Offered | Calls | Answered in 60 ms, a second | Of the best | FAIL_OPEN | Refused | Timed out | Lost with their connection |"
    );
    eprintln!("|---|---|---|---|---|---|---|---|");
    let (mut best, mut lost) = (0.0_f64, 0);
    for load in LOADS {
        let seen = offer(&clients, LASTS, load * capacity).await;
        let goodput = seen.in_time as f64 / LASTS.as_secs_f64();
        best = best.max(goodput);
        lost += seen.lost;
        let mark = if goodput < GOAL * best { " (!)" } else { "" };
        eprintln!(
            "| {load} times | {} | {goodput:.0} | {:.0} %{mark} | {:.1} % | {} | {} | {} |",
            seen.calls,
            100.0 * goodput / best,
            100.0 * seen.fail_open as f64 / seen.in_time.max(1) as f64,
            seen.refused,
            seen.timed_out,
            seen.lost,
        );
    }
    if let Some(throttle) = throttle {
        throttle.stop();
    }
    for name in ["evicted", "idle", "slow_reader", "rapid_resets", "address_limit"] {
        let name = format!("ringwarden_connections_dropped_total{{edge=\"grpc\",reason=\"{name}\"}}");
        let dropped = program.metric(&name).await;
        assert!(dropped < 1.0, "{name}: {dropped}");
    }
    let late = "ringwarden_requests_refused_total{edge=\"grpc\",reason=\"late\"}";
    eprintln!("dropped since nobody waited: {}", program.metric(late).await);
    assert_eq!(lost, 0, "honest clients lost connections");
}

async fn connect(program: &Program) -> Vec<LookupServiceClient<Channel>> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let endpoint = Endpoint::from_shared(format!("http://{}", program.grpc())).unwrap();
        clients.push(LookupServiceClient::new(endpoint.connect().await.unwrap()));
    }
    clients
}

fn question(n: usize) -> Request<v1::LookupRequest> {
    let mut request = Request::new(v1::LookupRequest {
        number: format!("+1415555{:04}", n % 10_000),
        ..v1::LookupRequest::default()
    });
    request.set_timeout(DEADLINE);
    request
}

/// The most lookups a second of which the server still answers almost all in time.
async fn capacity(clients: &[LookupServiceClient<Channel>]) -> f64 {
    let mut load = 100.0;
    loop {
        let seen = offer(clients, LOWER_LASTS, load * GROWTH).await;
        if (seen.in_time as f64) < ALMOST_ALL * seen.calls as f64 {
            return load;
        }
        load *= GROWTH;
    }
}

#[derive(Default)]
struct Seen {
    calls: usize,
    /// Answers within the deadline, with those that let the call through since they were late.
    in_time: usize,
    fail_open: usize,
    /// Calls that the server has refused, with the advice to retry later.
    refused: usize,
    timed_out: usize,
    lost: usize,
}

/// Sends so many calls a second, each when it is due, whether or not earlier ones were answered.
async fn offer(clients: &[LookupServiceClient<Channel>], lasts: Duration, per_second: f64) -> Seen {
    let between = Duration::from_secs_f64(1.0 / per_second);
    let calls = usize::try_from(lasts.as_nanos() / between.as_nanos()).unwrap();
    let began = tokio::time::Instant::now();
    let mut asked = Vec::with_capacity(calls);
    for n in 0..calls {
        let due = began + between * u32::try_from(n).unwrap();
        if due > tokio::time::Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        let mut client = clients[n % clients.len()].clone();
        asked.push(tokio::spawn(async move {
            let sent = Instant::now();
            let answer = client.lookup(question(n)).await;
            (answer.map(tonic::Response::into_inner), sent.elapsed())
        }));
    }
    let mut seen = Seen {
        calls,
        ..Seen::default()
    };
    for asked in asked {
        let (answer, took) = asked.await.unwrap();
        seen.count(&answer, took);
    }
    seen
}

impl Seen {
    fn count(&mut self, answer: &Result<v1::LookupResponse, Status>, took: Duration) {
        match answer {
            Ok(answer) if took <= DEADLINE => {
                self.in_time += 1;
                self.fail_open += usize::from(answer.basis() == v1::Basis::FailOpen);
            }
            Ok(_) => self.timed_out += 1,
            // The timer of the client says `Cancelled`.
            Err(status) if matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded) => self.timed_out += 1,
            Err(status) if status.code() == Code::ResourceExhausted => self.refused += 1,
            Err(status) => {
                if self.lost == 0 {
                    eprintln!("the first call that is lost: {status:?}");
                }
                self.lost += 1;
            }
        }
    }
}

/// Holds a process back.
struct Throttle {
    end: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Throttle {
    fn start(id: u32) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&end);
        let pid = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        let thread = std::thread::spawn(move || {
            while !ending.load(Ordering::Relaxed) {
                kill_process(pid, Signal::STOP).unwrap();
                std::thread::sleep(STANDS);
                kill_process(pid, Signal::CONT).unwrap();
                std::thread::sleep(RUNS);
            }
        });
        Self { end, thread }
    }

    fn stop(self) {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}
