//! The warm-up of the HTTP edge: requests of every kind over a connection, through the code that answers clients.

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tower::{Layer as _, Service as _};

use super::error_response::ErrorResponse;
use super::service::HttpService;
use super::stranger::Hosts;
use super::{HttpLimits, Pages};
use crate::api::{Api, ApiError, warm_up_questions};
use crate::edge;
use crate::metrics::EdgeLabel;

/// How often each question is asked: on each thread, and over sockets.
const ROUNDS: usize = 6;
const SOCKET_ROUNDS: usize = 2;
/// Bytes that the connection holds while nobody reads them.
const PIPE_BYTES: usize = 64 << 10;
/// The limits of the warm-up, whose bodies are small.
const LIMITS: HttpLimits = HttpLimits {
    max_connections: 1,
    connections_per_address: 0,
    body_bytes: 64 << 10,
    batch_body_bytes: 64 << 10,
};
/// Requests without a body. Some are wrong on purpose: their answer is an error.
const WITHOUT_BODY: [&str; 6] = [
    "GET /v1/cid/+14155550199?region=US HTTP/1.1\r\nhost: warm-up\r\n\r\n",
    "GET /v1/numbers/+14155550199 HTTP/1.1\r\nhost: warm-up\r\n\r\n",
    "GET /readyz HTTP/1.1\r\nhost: warm-up\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nhost: warm-up\r\n\r\n",
    "GET /v1/nothing HTTP/1.1\r\nhost: warm-up\r\n\r\n",
    // The last one, which ends the connection.
    "GET /healthz HTTP/1.1\r\nhost: warm-up\r\nconnection: close\r\n\r\n",
];

/// Sends every request on this thread, over a connection in memory. The `api` must be one whose metrics nobody reads, since
/// the lookups are counted.
pub async fn warm_up(api: Api) {
    let (server, client) = tokio::io::duplex(PIPE_BYTES);
    ask(api, ROUNDS, server, client).await;
}

/// Sends every request over a pair of sockets, so that the I/O of the runtime has been used too.
pub async fn warm_up_transport(api: Api) {
    if let Ok((server, client)) = UnixStream::pair() {
        ask(api, SOCKET_ROUNDS, server, client).await;
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(api: Api, rounds: usize, server: S, mut client: S) {
    let panic_response = |error: &ApiError| ErrorResponse::from(error).into_response();
    let service = edge::layers(EdgeLabel::Http, api.clone(), panic_response).layer(HttpService::new(
        api,
        LIMITS,
        Hosts::Any,
        Pages::All,
    ));
    let service = service_fn(move |request: Request<Incoming>| service.clone().call(request));
    let serving = Builder::new().serve_connection(TokioIo::new(server), service);
    let asking = async move {
        let mut answer = [0; 1 << 10];
        for request in requests(rounds) {
            client.write_all(request.as_bytes()).await?;
            // The answer is not read to its end: the next answer follows in the same connection.
            if client.read(&mut answer).await? == 0 {
                break;
            }
        }
        client.read_to_end(&mut Vec::new()).await
    };
    // Neither result matters: the answers are thrown away.
    drop(tokio::join!(serving, asking));
}

fn requests(rounds: usize) -> impl Iterator<Item = String> {
    let lookups = warm_up_questions(rounds).filter_map(|question| serde_json::to_string(&question).ok());
    let wrong = [r#"{"numbr": "", "view": "NO"}"#.to_owned(), "{".to_owned()];
    let with_body = lookups.chain(wrong).map(|body| {
        format!(
            "POST /v1/lookup HTTP/1.1\r\nhost: warm-up\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    with_body.chain(WITHOUT_BODY.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_of_requests_are_sent() {
        let requests: Vec<_> = requests(ROUNDS).collect();
        assert!(requests.len() > 60, "{}", requests.len());
        assert!(
            requests[0].ends_with(r#"{"number":"+14155550199","view":"VIEW_BASIC"}"#),
            "{}",
            requests[0]
        );
        assert!(requests.last().unwrap().contains("connection: close"));
    }
}
