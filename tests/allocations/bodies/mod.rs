//! Memory of a server that gets as many empty items as a body can hold, in each repeated field of each request, on both
//! edges: at most four times the body. An empty item takes two or three bytes in a body and hundreds of bytes in memory.
//!
//! The server runs on one thread, whose allocations are counted, and the client on another one.

mod contract;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use allocation_counter::measure;
use bytes::{Buf, BufMut as _, Bytes};
use contract::{Field, Request, requests};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use ringwarden::http::{Body, ROUTES, Route, Size};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

use crate::support::server::Server;

/// The most bytes of a body with a batch, and of one without.
const BATCH_BYTES: usize = 8 << 20;
const ONE_BYTES: usize = 64 << 10;
/// The most bytes of a gRPC message to a service without batches.
const GRPC_ONE_BYTES: usize = 1 << 20;
/// What a connection takes, and the error.
const FIXED_BYTES: usize = 256 << 10;
/// The most memory, as a multiple of the body.
const MOST: usize = 4;

/// A server on this thread.
struct Counted {
    runtime: Runtime,
    server: Server,
}

impl Counted {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(Server::start());
        Self { runtime, server }
    }

    /// The most bytes that the server took while a client on another thread talked to it, and the client's result.
    fn peak<T: Send + 'static>(&self, client: impl FnOnce(SocketAddr, SocketAddr) -> T + Send + 'static) -> (usize, T) {
        let (grpc, http) = (self.server.grpc, self.server.http);
        let (done, mut result) = oneshot::channel();
        let mut answer = None;
        let allocated = measure(|| {
            self.runtime.block_on(async {
                let talking = thread::spawn(move || drop(done.send(client(grpc, http))));
                answer = Some((&mut result).await.unwrap());
                talking.join().unwrap();
            });
        });
        (usize::try_from(allocated.bytes_max).unwrap(), answer.unwrap())
    }
}

fn assert_bounded(peak: usize, body: usize, name: &str) {
    assert!(
        peak <= MOST * body + FIXED_BYTES,
        "{name}: {peak} bytes for a body of {body}"
    );
}

#[test]
fn empty_items_over_http_take_at_most_four_times_the_body() {
    let counted = Counted::start();
    let mut seen = 0;
    for route in ROUTES {
        let most = if route.size == Size::Batch {
            BATCH_BYTES
        } else {
            ONE_BYTES
        };
        for fields in bodies(route) {
            // Items that are empty, and items that are wrong.
            for item in [fields.last().unwrap().empty_item(), "1", "{\"a\":[]}"] {
                let body = filled(&fields, item, most);
                let name = format!("{} {} with {item}", route.method, route.path);
                let (peak, status) = counted.peak(sent(route, body, ""));
                // Refused as wrong, or as more than one connection may hold.
                assert!([400, 429].contains(&status), "{name}: {status}");
                assert_bounded(peak, most, &name);
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn unknown_fields_and_bombs_take_at_most_four_times_the_limit() {
    let counted = Counted::start();
    let route = ROUTES.iter().find(|route| route.path == "/v1/lookup:batch").unwrap();
    let unknown = format!("{{{}}}", vec!["\"a\":1"; BATCH_BYTES / 7].join(","));
    let (peak, status) = counted.peak(sent(route, unknown, ""));
    assert_eq!(status, 400);
    assert_bounded(peak, BATCH_BYTES, "unknown fields");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    (0..1_024).for_each(|_| bomb.write_all(&[b' '; 1 << 20]).unwrap());
    let (peak, status) = counted.peak(sent(route, bomb.finish().unwrap(), "content-encoding: gzip\r\n"));
    assert_eq!(status, 413);
    assert_bounded(peak, BATCH_BYTES, "a gigabyte in gzip");
}

/// It is kept in one buffer, which has its length from the beginning. One that grew would be copied, so that it and the next
/// one are in memory for a moment: half as much again. The connection also has up to 2 MB of pieces that it has read, by how
/// fast they come.
#[test]
fn a_long_body_takes_its_length() {
    let counted = Counted::start();
    let route = ROUTES.iter().find(|route| route.path == "/v1/lookup:batch").unwrap();
    let (peak, status) = counted.peak(sent(route, " ".repeat(BATCH_BYTES), ""));
    assert_eq!(status, 400);
    assert!(peak <= BATCH_BYTES + BATCH_BYTES / 3, "{peak}");
}

#[test]
fn empty_items_over_grpc_take_at_most_four_times_the_body() {
    let counted = Counted::start();
    let mut seen = 0;
    for Request { service, path, fields } in requests() {
        let message = contract::encoded(&fields, most_of(&service) - 64);
        let bytes = message.len();
        let name = path.clone();
        let (peak, code) = counted.peak(move |grpc, _| called(grpc, &path, message));
        assert_eq!(code, Code::InvalidArgument, "{name}");
        assert_bounded(peak, bytes, &name);
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

/// The decoder merges a field that occurs twice, and so adds up items that are few each time.
#[test]
fn fields_that_are_set_again_and_again_take_at_most_four_times_the_body() {
    let counted = Counted::start();
    let mut seen = Vec::new();
    for Request { service, path, fields } in requests().into_iter().filter(|request| !request.fields[0].is_repeated) {
        for items in [1, 50] {
            let message = contract::repeated_above(&fields, items, most_of(&service) - 64);
            let bytes = message.len();
            let name = path.clone();
            let (peak, code) = counted.peak({
                let path = path.clone();
                move |grpc, _| called(grpc, &path, message)
            });
            assert_eq!(code, Code::InvalidArgument, "{name}");
            assert_bounded(peak, bytes, &name);
        }
        seen.push(path);
    }
    for path in ["ReportService/SubmitReport", "ListService/ReplaceList"] {
        assert!(seen.iter().any(|seen| seen.ends_with(path)), "{seen:?}");
    }
}

/// The most bytes of a message of a service over gRPC.
fn most_of(service: &str) -> usize {
    match service {
        "LookupService" | "ReportService" | "ListService" => BATCH_BYTES,
        _ => GRPC_ONE_BYTES,
    }
}

/// The repeated fields in the body of a route, each with the fields above it.
fn bodies(route: &Route) -> Vec<Vec<Field>> {
    let of_request = || {
        let found = requests().into_iter();
        let of_route = found.filter(|request| request.path == contract::path(route.service, route.rpc));
        of_route.map(|request| request.fields)
    };
    match route.body {
        Body::None => Vec::new(),
        Body::Request => of_request().collect(),
        Body::Field(_) => of_request().map(|fields| fields[1..].to_vec()).collect(),
        Body::Items { field, .. } => vec![vec![Field {
            name: field.to_owned(),
            number: 0,
            is_repeated: true,
            is_message: true,
        }]],
    }
}

/// A body of about this many bytes, full of an item.
fn filled(fields: &[Field], item: &str, bytes: usize) -> String {
    let (mut start, mut end) = (String::new(), String::new());
    for field in fields {
        let (open, close) = if field.is_repeated { ("[", "]") } else { ("", "") };
        start.push_str(&format!("{{\"{}\":{open}", field.name));
        end.insert_str(0, &format!("{close}}}"));
    }
    let items = (bytes - start.len() - end.len()) / (item.len() + 1);
    format!("{start}{}{end}", vec![item; items].join(","))
}

/// A client that sends a request to a route, and returns the status of the answer.
fn sent(
    route: &Route,
    body: impl Into<Vec<u8>>,
    lines: &str,
) -> impl FnOnce(SocketAddr, SocketAddr) -> u16 + Send + 'static {
    let path = route
        .path
        .replace("{e164}", "+13152328257")
        .replace("{case_id}", "a")
        .replace("{list_id}", "a");
    let body = body.into();
    let head = format!(
        "{} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{lines}\
         content-length: {}\r\n\r\n",
        route.method,
        body.len()
    );
    move |_, http| {
        let mut stream = TcpStream::connect(http).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses a body does not wait for all of it.
        drop(stream.write_all(&body));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// Calls a method with an encoded message, and returns the code of its answer.
fn called(grpc: SocketAddr, path: &str, message: Bytes) -> Code {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = Endpoint::from_shared(format!("http://{grpc}")).unwrap();
        let mut client = Grpc::new(endpoint.connect().await.unwrap());
        client.ready().await.unwrap();
        let path = PathAndQuery::try_from(path).unwrap();
        let request = tonic::Request::new(stream::iter([message]));
        let answer = client.streaming(request, path, Encoded).await;
        let status = match answer {
            Err(status) => status,
            Ok(answers) => answers
                .into_inner()
                .message()
                .await
                .err()
                .unwrap_or_else(|| Status::ok("")),
        };
        status.code()
    })
}

/// Messages that are encoded already.
#[derive(Debug, Default)]
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, bytes: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes.put(message);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        bytes.advance(bytes.remaining());
        Ok(Some(()))
    }
}
