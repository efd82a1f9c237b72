//! Refused calls between a real client and a real server of HTTP/2.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::join_all;
use http::uri::PathAndQuery;
use http::{Request, Response};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::Service;

use crate::net::{Acceptor, CallLimit, ConnectionLimits, Protocol, answer_block};
use crate::wire::v1;

const REFUSED: &str = "too many calls";
const ANSWERED: &str = "answered";
/// The window of the connection, in bytes.
const WINDOW: u32 = 64 << 10;
/// A service that answers each call at once.
#[derive(Clone, Copy)]
struct Answers;

impl NamedService for Answers {
    const NAME: &'static str = "test.Answers";
}

impl Service<Request<Body>> for Answers {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Status::not_found(ANSWERED).into_http()))
    }
}

/// A server that is late and takes up one call of those that it has, and a client of it.
async fn late_server() -> (impl Future<Output = ()>, impl Future<Output = Channel>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let refused = Status::resource_exhausted(REFUSED).into_http::<()>();
    let calls = CallLimit::new(answer_block(refused.headers()));
    calls.set(1);
    let limits = ConnectionLimits {
        calls: Some(Arc::new(calls)),
        ..ConnectionLimits::of(10)
    };
    let acceptor = Acceptor::new(listener.into(), limits, Protocol::Grpc);
    let serving = Server::builder()
        .initial_connection_window_size(WINDOW)
        .add_service(Answers)
        .serve_with_incoming(acceptor.into_stream());
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let connecting = async move { endpoint.connect().await.unwrap() };
    (async { serving.await.unwrap() }, connecting)
}

/// A call with a message of 1 KiB.
async fn call(channel: &Channel) -> (Code, String) {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let message = v1::LookupRequest {
        number: "1".repeat(1 << 10),
        ..v1::LookupRequest::default()
    };
    let path = PathAndQuery::from_static("/test.Answers/Call");
    let codec = ProstCodec::<_, v1::LookupResponse>::default();
    let status = client
        .unary(tonic::Request::new(message), path, codec)
        .await
        .unwrap_err();
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn refused_calls_leave_the_others_and_the_connection_as_they_are() {
    let (serving, connecting) = late_server().await;
    tokio::select! {
        () = serving => panic!("the server has ended"),
        () = async { many_calls(connecting.await).await } => {}
    }
}

async fn many_calls(channel: Channel) {
    let mut refused = 0;
    for _ in 0..10 {
        // As many bytes as the window of the connection has: those of the rounds before must have been given back.
        for (code, text) in join_all((0..64).map(|_| call(&channel))).await {
            let expected = if code == Code::NotFound {
                (Code::NotFound, ANSWERED)
            } else {
                (Code::ResourceExhausted, REFUSED)
            };
            assert_eq!((code, text.as_str()), expected);
            refused += usize::from(code == Code::ResourceExhausted);
        }
    }
    // The client sends many calls at once, so many of them are read together.
    assert!(refused > 0);
    // A call that is the only one of its connection is always answered.
    assert_eq!(call(&channel).await, (Code::NotFound, ANSWERED.to_owned()));
}
