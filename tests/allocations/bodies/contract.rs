//! The repeated fields of all requests, as the descriptors of the contract have them.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::encode_varint;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet};
use ringwarden::wire::FILE_DESCRIPTOR_SET;

const PACKAGE: &str = "ringwarden.v1";

/// A repeated field of the request of a method.
pub struct Request {
    /// The service, without its package.
    pub service: String,
    /// The path of the method.
    pub path: String,
    /// The fields from the request to the repeated one, which is the last.
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub number: u32,
    pub is_repeated: bool,
    pub is_message: bool,
}

impl Field {
    /// An empty item in JSON.
    pub fn empty_item(&self) -> &'static str {
        if self.is_message { "{}" } else { "\"\"" }
    }
}

/// The path of a method.
pub fn path(service: &str, method: &str) -> String {
    format!("/{PACKAGE}.{service}/{method}")
}

/// Every repeated field of every request.
pub fn requests() -> Vec<Request> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let ours = || set.file.iter().filter(|file| file.package() == PACKAGE);
    let messages: Vec<_> = ours().flat_map(|file| &file.message_type).collect();
    let mut found = Vec::new();
    for service in ours().flat_map(|file| &file.service) {
        for method in &service.method {
            for fields in repeated(&messages, method.input_type()) {
                found.push(Request {
                    service: service.name().to_owned(),
                    path: path(service.name(), method.name()),
                    fields,
                });
            }
        }
    }
    found
}

/// The repeated fields in a message, each with the fields above it.
fn repeated(messages: &[&DescriptorProto], name: &str) -> Vec<Vec<Field>> {
    let Some(name) = name.strip_prefix(&format!(".{PACKAGE}.")) else {
        return Vec::new();
    };
    let message = messages.iter().find(|message| message.name() == name).unwrap();
    let mut found = Vec::new();
    for field in &message.field {
        let this = Field {
            name: field.name().to_owned(),
            number: field.number().try_into().unwrap(),
            is_repeated: field.label() == Label::Repeated,
            is_message: field.r#type() == Type::Message,
        };
        if this.is_repeated {
            found.push(vec![this.clone()]);
        }
        if this.is_message {
            let inside = repeated(messages, field.type_name()).into_iter();
            found.extend(inside.map(|inside| [vec![this.clone()], inside].concat()));
        }
    }
    found
}

/// A message of at most this many bytes, full of empty items.
pub fn encoded(fields: &[Field], bytes: usize) -> Bytes {
    let (last, above) = fields.split_last().unwrap();
    let mut item = BytesMut::new();
    tag(last, &mut item);
    item.put_u8(0);
    let mut message = item.repeat((bytes - 16 * fields.len()) / item.len());
    for field in above.iter().rev() {
        let mut outer = BytesMut::new();
        tag(field, &mut outer);
        encode_varint(message.len().try_into().unwrap(), &mut outer);
        outer.extend_from_slice(&message);
        message = outer.to_vec();
    }
    message.into()
}

/// A message of at most this many bytes, in which the first field is set again and again, each time with `items` empty items
/// of the last one.
pub fn repeated_above(fields: &[Field], items: usize, bytes: usize) -> Bytes {
    let one = encoded(fields, 2 * items + 16 * fields.len());
    one.repeat(bytes / one.len()).into()
}

fn tag(field: &Field, bytes: &mut BytesMut) {
    // Wire type 2 has a length.
    encode_varint(u64::from(field.number << 3 | 2), bytes);
}
