//! How a server decodes requests: it counts the items of repeated fields first, and refuses bytes that are no message as a
//! mistake of the client.
//!
//! The codec of `tonic-prost` decodes a million empty items into a gigabyte, and answers `INTERNAL` for bytes that are no
//! message.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf as _;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstCodec;

use super::status::status;
use crate::api::{ApiError, Code};
use crate::wire::items::{Counted, TooMany, count};

/// Encodes responses as [`ProstCodec`] does, and decodes requests.
#[derive(Debug)]
pub(crate) struct RequestCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for RequestCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for RequestCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Counted + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = RequestDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::new().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        RequestDecoder(PhantomData)
    }
}

/// Decodes requests.
#[derive(Debug)]
pub(crate) struct RequestDecoder<U>(PhantomData<U>);

impl<U: Message + Default + Counted> Decoder for RequestDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // The whole message is in one piece.
        count::<U>(bytes.chunk()).map_err(|error| status(&too_many(error)))?;
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
