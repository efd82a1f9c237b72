//! Requests that are invalid below the level of fields: messages that are too large or not messages at all, and methods
//! that do not exist.

use prost::Message;
use ringwarden::wire::v1;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Response};
use tonic_prost::ProstCodec;

use super::{Call, Row, done};

/// A message of another shape: bytes where text is expected, or a number in place of a message.
#[derive(Clone, PartialEq, Message)]
struct Bytes {
    #[prost(bytes = "vec", tag = "1")]
    first: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Number {
    #[prost(uint64, tag = "1")]
    first: u64,
}

fn call<M: Message + Clone + Default + 'static>(path: &'static str, message: M) -> Call {
    Box::new(move |server| {
        let message = message.clone();
        Box::pin(async move {
            let mut client = Grpc::new(server.channel.clone());
            client.ready().await.unwrap();
            let path = PathAndQuery::from_static(path);
            let codec = ProstCodec::<M, v1::LookupResponse>::default();
            done(client.unary(Request::new(message), path, codec).await).map(drop)
        })
    })
}

fn large(path: &'static str, bytes: usize) -> Call {
    let first = vec![b'1'; bytes];
    call(path, Bytes { first })
}

/// A message that is small on the way and large when it is decompressed.
fn compressed(path: &'static str, bytes: usize) -> Call {
    Box::new(move |server| {
        let first = vec![b'1'; bytes];
        Box::pin(async move {
            let mut client = Grpc::new(server.channel.clone()).send_compressed(CompressionEncoding::Gzip);
            client.ready().await.unwrap();
            let path = PathAndQuery::from_static(path);
            let codec = ProstCodec::<Bytes, v1::LookupResponse>::default();
            done(client.unary(Request::new(Bytes { first }), path, codec).await).map(drop)
        })
    })
}

/// The only message of a stream.
fn streamed<M: Message + Clone + Default + 'static>(message: M) -> Call {
    Box::new(move |server| {
        let messages = tokio_stream::iter([message.clone()]);
        Box::pin(async move {
            let mut client = Grpc::new(server.channel.clone());
            client.ready().await.unwrap();
            let path = PathAndQuery::from_static("/ringwarden.v1.LookupService/StreamLookup");
            let codec = ProstCodec::<M, v1::StreamLookupResponse>::default();
            let answers = client.streaming(Request::new(messages), path, codec).await.unwrap();
            done(answers.into_inner().message().await.map(Response::new)).map(drop)
        })
    })
}

pub(super) fn rows() -> Vec<Row> {
    let row = |name, code, call| Row::new(name, code, &[], call);
    let garbage = Bytes { first: vec![0xff; 40] };
    vec![
        row(
            "a lookup of 9 MiB",
            Code::ResourceExhausted,
            large("/ringwarden.v1.LookupService/Lookup", 9 << 20),
        ),
        row(
            "reports of 9 MiB",
            Code::ResourceExhausted,
            large("/ringwarden.v1.ReportService/BatchSubmitReports", 9 << 20),
        ),
        row(
            "a number of 2 MiB",
            Code::ResourceExhausted,
            large("/ringwarden.v1.NumberService/GetNumber", 2 << 20),
        ),
        row(
            "a case of 2 MiB",
            Code::ResourceExhausted,
            large("/ringwarden.v1.CaseService/GetCase", 2 << 20),
        ),
        // grpc/grpc#10612: all implementations use this code for a message that is too large.
        row(
            "a compressed lookup of 9 MiB",
            Code::ResourceExhausted,
            compressed("/ringwarden.v1.LookupService/Lookup", 9 << 20),
        ),
        row(
            "a compressed case of 2 MiB",
            Code::ResourceExhausted,
            compressed("/ringwarden.v1.CaseService/GetCase", 2 << 20),
        ),
        row(
            "a lookup of 9 MiB in a stream",
            Code::ResourceExhausted,
            streamed(Bytes {
                first: vec![b'1'; 9 << 20],
            }),
        ),
        row(
            "text that is not UTF-8 in a stream",
            Code::InvalidArgument,
            streamed(garbage.clone()),
        ),
        row(
            "text that is not UTF-8",
            Code::InvalidArgument,
            call("/ringwarden.v1.LookupService/Lookup", garbage.clone()),
        ),
        row(
            "a report that is none",
            Code::InvalidArgument,
            call("/ringwarden.v1.ReportService/SubmitReport", garbage),
        ),
        row(
            "a number for text",
            Code::InvalidArgument,
            call("/ringwarden.v1.LookupService/Lookup", Number { first: 7 }),
        ),
        row(
            "no such method",
            Code::Unimplemented,
            call("/ringwarden.v1.LookupService/Guess", Number::default()),
        ),
        row(
            "no such service",
            Code::Unimplemented,
            call("/ringwarden.v2.LookupService/Lookup", Number::default()),
        ),
    ]
}
