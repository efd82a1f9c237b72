//! How a server decodes requests: it counts the items of repeated fields first, and refuses bytes that are no message as a
//! mistake of the client. And how it encodes answers: into a buffer that is as large as the answer.
//!
//! The codec of `tonic-prost` decodes a million empty items into a gigabyte, and answers `INTERNAL` for bytes that are no
//! message. Its buffer of an answer doubles until the answer fits, so an answer that waits for its client held up to twice
//! the bytes that are counted for it.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf as _;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::status::status;
use crate::api::{ApiError, Code};
use crate::net::HeldBytes;
use crate::wire::items::{Counted, TooMany, count};

/// Encodes responses, and decodes requests.
#[derive(Debug)]
pub(crate) struct RequestCodec<T, U> {
    /// What the request holds; none in the warm-up.
    held: Option<HeldBytes>,
    messages: PhantomData<(T, U)>,
}

tokio::task_local! {
    /// What the request holds whose codec is made: the generated servers make it without an argument.
    pub(super) static HELD: HeldBytes;
}

impl<T, U> Default for RequestCodec<T, U> {
    fn default() -> Self {
        Self {
            held: HELD.try_with(Clone::clone).ok(),
            messages: PhantomData,
        }
    }
}

impl<T, U> Codec for RequestCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Counted + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ResponseEncoder<T>;
    type Decoder = RequestDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ResponseEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        RequestDecoder {
            held: self.held.clone(),
            messages: PhantomData,
        }
    }
}

/// Encodes responses.
#[derive(Debug)]
pub(crate) struct ResponseEncoder<T>(PhantomData<T>);

impl<T: Message> Encoder for ResponseEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, message: T, bytes: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes.reserve(message.encoded_len());
        // The buffer grows, so there is room in any case.
        message.encode_raw(bytes);
        Ok(())
    }
}

/// Decodes requests.
#[derive(Debug)]
pub(crate) struct RequestDecoder<U> {
    held: Option<HeldBytes>,
    messages: PhantomData<U>,
}

impl<U: Message + Default + Counted> Decoder for RequestDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // The whole message is in one piece.
        let items = count::<U>(bytes.chunk()).map_err(|error| status(&too_many(error)))?;
        if let Some(held) = &self.held {
            // Once as it is in the buffer, decompressed, and once as the texts of the message.
            let message = held.add_message(2 * bytes.remaining(), items);
            message.map_err(|_over| status(&ApiError::overloaded()))?;
        }
        U::decode(bytes).map(Some).map_err(|error| {
            // The text names the field and never the value.
            let text = format!("the request is not a message of this method: {error}");
            status(&ApiError::new(Code::InvalidArgument, text))
        })
    }
}

fn too_many(error: TooMany) -> ApiError {
    let problem = match error.most {
        Some(most) => format!("must have at most {most} items"),
        None => "is set twice".to_owned(),
    };
    ApiError::field(error.field, problem)
}
