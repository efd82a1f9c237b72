//! Connections that do nothing: so many that the file descriptors of the service are used up, and at its end.

use std::net::SocketAddr;
use std::time::Duration;

use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{DURABLE, Round};
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::frames::preface;
use crate::support::limited::limited;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;
use crate::support::sent_reports::number;
use crate::support::tls::Files;
use crate::tls_link::TlsLink;

/// The files that a service may open, and idle connections to each of its two addresses: more than it can accept.
const FILES: usize = 256;
const IDLE: usize = 150;
/// Silent connections of each kind at the end of a service, and streams that nobody reads.
const SILENT: usize = 50;
const STREAMS: usize = 10;
/// The questions that are sent in such a stream.
const QUESTIONS: usize = 200;
/// The time that the calls in progress get at the end, and the most that it may take with all else, on a busy machine too.
const DRAIN: &str = "2s";
const ENDED_WITHIN: Duration = Duration::from_secs(20);

const HALF_A_HEAD: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A";
/// The first bytes of a handshake: a record of 512 bytes that does not come.
const HALF_A_HANDSHAKE: &[u8] = b"\x16\x03\x01\x02\x00\x01";

/// Idle connections take all file descriptors that a service has for them, and Redis closes its connections meanwhile.
pub async fn use_up_descriptors(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let directory = TempDir::new().unwrap();
    let program = limited(directory.path(), FILES);
    let arguments = ["--max-connections-per-address", "0"];
    let one = Program::serve_by(&program, &redis.url(), &arguments).await;
    let mut scene = Scene::of(
        vec![one, Program::serve(&redis.url()).await],
        Some(&redis.url()),
        round.seed,
    );
    for _ in 0..round.rounds {
        scene.write(0);
        scene.write(1);
        let addresses = [scene.instances[0].grpc(), scene.instances[0].http()];
        let mut idle = Vec::new();
        for address in addresses {
            idle.extend(opened(address, &preface(65_535), IDLE).await);
        }
        scene.wait(300, 1_000).await;
        redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        scene.heal(Instant::now()).await;
        let open = scene.instances[0].metric("process_open_fds").await;
        scene.expect(open < FILES as f64, || format!("{open} of {FILES} files are open"));
        scene.expect(open > FILES as f64 / 2.0, || format!("only {open} files are open"));
        drop(idle);
        scene.write_no_more().await;
    }
    scene.end().await
}

/// A service is asked to end. It has streams that nobody reads, and silent connections: to gRPC, to HTTP with half a head,
/// and within TLS and before it.
pub async fn at_the_end(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let plain = ["--drain-deadline", DRAIN, "--max-connections-per-address", "0"];
    let files = Files::new();
    let (certificate, key) = (files.text("server.pem"), files.text("server.key"));
    let tls = [&plain[..], &["--tls-cert", &certificate, "--tls-key", &key]].concat();
    let first = Program::serve_with(&redis.url(), &plain).await;
    let mut scene = Scene::of(
        vec![first, Program::serve(&redis.url()).await],
        Some(&redis.url()),
        round.seed,
    );
    for number in 0..round.rounds {
        let is_tls = number % 2 == 1;
        scene.ask_no_more(0).await;
        scene.instances[0].kill();
        let arguments = if is_tls { &tls[..] } else { &plain[..] };
        let program = Program::serve_anyhow(&redis.url(), arguments).await;
        let (grpc, http) = (program.grpc(), program.http());
        let links = if is_tls {
            let to = async |address, name: &[u8]| TlsLink::to(address, files.client(None, &[name], None)).await;
            Some((to(grpc, b"h2").await, to(http, b"http/1.1").await))
        } else {
            None
        };
        let addresses = links
            .as_ref()
            .map_or((grpc, http), |(grpc, http)| (grpc.address(), http.address()));
        let program = program.through(addresses.0, addresses.1);
        let is_ready = async || program.get("/readyz").await.0 == 200;
        program.wait_for("the index", is_ready).await;
        scene.instances[0] = program;
        scene.write(0);
        scene.write(1);
        let mut silent = Vec::new();
        for (address, bytes) in [
            (addresses.0, &preface(65_535)[..]),
            (addresses.0, b""),
            (addresses.1, HALF_A_HEAD),
            (grpc, HALF_A_HANDSHAKE),
            (http, HALF_A_HANDSHAKE),
        ] {
            silent.extend(opened(address, bytes, SILENT).await);
        }
        let streams = stuck_streams(&scene.instances[0]).await;
        scene.wait(300, 1_000).await;
        scene.instances[0].terminate();
        let asked = Instant::now();
        let status = scene.instances[0].ended().await;
        let took = asked.elapsed();
        println!("  ended after {took:?}");
        scene.expect(status.code() == Some(0), || format!("it ended with {status}"));
        scene.expect(took < ENDED_WITHIN, || format!("it took {took:?} to end"));
        scene.write_no_more().await;
        drop((silent, streams));
        scene.instances[0] = Program::serve(&redis.url()).await;
        scene.ask(0);
        let since = Instant::now();
        scene.write(0);
        scene.heal(since).await;
        scene.write_no_more().await;
    }
    scene.end().await
}

/// Connections that have sent these bytes, and nothing since.
async fn opened(address: SocketAddr, bytes: &[u8], count: usize) -> Vec<TcpStream> {
    let mut opened = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // It may be closed already, in favour of others.
        stream.write_all(bytes).await.ok();
        opened.push(stream);
    }
    opened
}

/// Streams of questions whose answers nobody reads, and which do not end.
async fn stuck_streams(program: &Program) -> JoinSet<()> {
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let channel = program.channel();
        streams.spawn(async move {
            let questions = (0..QUESTIONS).map(|index| LookupRequest {
                number: number(index % 10),
                ..LookupRequest::default()
            });
            let endless = tokio_stream::StreamExt::chain(tokio_stream::iter(questions), tokio_stream::pending());
            let answers = LookupServiceClient::new(channel).stream_lookup(endless).await;
            // Kept, and never read.
            std::future::pending::<()>().await;
            drop(answers);
        });
    }
    sleep(Duration::from_millis(200)).await;
    streams
}
