//! The warm-up of the gRPC edge: lookups of every kind, through the code that answers calls, before the server is ready.
//!
//! The first call would otherwise load code into memory and build the tables that are made on first use.

use std::convert::Infallible;
use std::future::ready;
use std::io;

use futures_util::stream;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::Request;
use tonic::transport::{Endpoint, Server};
use tower::service_fn;

use super::server::layers;
use super::servers::lookup_service_server::LookupServiceServer;
use super::services::GrpcServices;
use crate::api::{Api, RequestContext, warm_up_questions};
use crate::clock::monotonic;
use crate::metrics::EdgeLabel;
use crate::wire::v1::lookup_service_client::LookupServiceClient;

/// How often each question is asked: on each thread, and over sockets.
const ROUNDS: usize = 6;
const SOCKET_ROUNDS: usize = 2;

/// Asks every question on this thread, without a connection: the client of the contract calls the service as if it were
/// one. The `api` must be one whose metrics nobody reads, since the lookups are counted.
pub async fn warm_up(api: Api) {
    let mut lookups = LookupServiceClient::new(LookupServiceServer::new(GrpcServices(api)));
    for question in warm_up_questions(ROUNDS) {
        // Some of the questions are wrong on purpose: their answer is an error.
        let mut request = Request::new(question);
        let context = RequestContext::open(EdgeLabel::Grpc, monotonic());
        request.extensions_mut().insert(context);
        lookups.lookup(request).await.ok();
    }
}

/// Asks every question over a pair of sockets, with HTTP/2 and the layers of the edge.
pub async fn warm_up_transport(api: Api) {
    let Ok((server, client)) = UnixStream::pair() else {
        return;
    };
    let connections = stream::iter([Ok::<_, Infallible>(server)]);
    let serving = Server::builder()
        .layer(layers(&api))
        .add_service(LookupServiceServer::new(GrpcServices(api)))
        .serve_with_incoming(connections);
    let asking = async move {
        let mut client = Some(TokioIo::new(client));
        let connector = service_fn(move |_| {
            ready(
                client
                    .take()
                    .ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)),
            )
        });
        let channel = Endpoint::from_static("http://warm-up")
            .connect_with_connector(connector)
            .await?;
        let mut lookups = LookupServiceClient::new(channel);
        for question in warm_up_questions(SOCKET_ROUNDS) {
            lookups.lookup(question).await.ok();
        }
        Ok::<_, tonic::transport::Error>(())
    };
    // Neither result matters: the answers are thrown away.
    drop(tokio::join!(serving, asking));
}
