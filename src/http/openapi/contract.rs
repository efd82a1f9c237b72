//! The contract as its descriptors have it: messages, enums and methods, each with its comment.

use std::collections::{BTreeMap, HashMap};

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto,
};

use crate::wire::FILE_DESCRIPTOR_SET;

/// The prefix of the type names of the contract.
const PACKAGE: &str = ".ringwarden.v1.";
/// The package of the contract.
const PACKAGE_NAME: &str = "ringwarden.v1";

// Field numbers of descriptor.proto. The path of a comment is made of them.
const FILE_MESSAGE: i32 = 4;
const FILE_ENUM: i32 = 5;
const FILE_SERVICE: i32 = 6;
const MESSAGE_FIELD: i32 = 2;
const MESSAGE_ONEOF: i32 = 8;
const ENUM_VALUE: i32 = 2;
const SERVICE_METHOD: i32 = 2;

/// The whole contract, by names without the package.
#[derive(Debug, Default)]
pub(super) struct Contract {
    pub(super) messages: BTreeMap<String, ContractMessage>,
    pub(super) enums: BTreeMap<String, Enumeration>,
    pub(super) services: BTreeMap<String, ContractService>,
}

#[derive(Debug)]
pub(super) struct ContractMessage {
    pub(super) comment: String,
    pub(super) fields: Vec<ContractField>,
    pub(super) oneofs: Vec<Oneof>,
}

#[derive(Debug)]
pub(super) struct ContractField {
    pub(super) name: String,
    pub(super) json_name: String,
    pub(super) comment: String,
    pub(super) kind: FieldKind,
    pub(super) is_repeated: bool,
}

/// A group of fields; at most one is set.
#[derive(Debug)]
pub(super) struct Oneof {
    pub(super) comment: String,
    pub(super) json_names: Vec<String>,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Text,
    Bool,
    Real,
    Int32,
    Uint32,
    /// 64 bits, signed or unsigned: text in JSON.
    Int64,
    Uint64,
    Timestamp,
    Duration,
    Message(String),
    Enumeration(String),
}

#[derive(Debug)]
pub(super) struct Enumeration {
    pub(super) comment: String,
    /// The names and their comments.
    pub(super) values: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct ContractService {
    pub(super) comment: String,
    pub(super) methods: BTreeMap<String, ContractMethod>,
}

#[derive(Debug)]
pub(super) struct ContractMethod {
    pub(super) comment: String,
    pub(super) request: String,
    pub(super) answer: String,
}

impl Contract {
    /// The contract that this program was built with. It would be empty if the descriptors could not be read; the build
    /// writes them, and tests read the description.
    pub(super) fn read() -> Self {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
        let mut contract = Self::default();
        for file in set.file.iter().filter(|file| file.package() == PACKAGE_NAME) {
            contract.add(file);
        }
        contract
    }

    /// A method of a service.
    pub(super) fn method(&self, service: &str, method: &str) -> Option<&ContractMethod> {
        self.services.get(service)?.methods.get(method)
    }

    fn add(&mut self, file: &FileDescriptorProto) {
        let comments = Comments::of(file);
        for (at, message) in (0..).zip(&file.message_type) {
            let path = [FILE_MESSAGE, at];
            self.messages
                .insert(message.name().to_owned(), read_message(message, path, &comments));
        }
        for (at, item) in (0..).zip(&file.enum_type) {
            let path = [FILE_ENUM, at];
            self.enums
                .insert(item.name().to_owned(), read_enum(item, path, &comments));
        }
        for (at, service) in (0..).zip(&file.service) {
            let path = [FILE_SERVICE, at];
            self.services
                .insert(service.name().to_owned(), read_service(service, path, &comments));
        }
    }
}

fn read_message(message: &DescriptorProto, [top, place]: [i32; 2], comments: &Comments<'_>) -> ContractMessage {
    let mut fields = Vec::new();
    let mut oneofs: Vec<_> = (0..)
        .zip(&message.oneof_decl)
        .map(|(at, _)| Oneof {
            comment: comments.at(&[top, place, MESSAGE_ONEOF, at]),
            json_names: Vec::new(),
        })
        .collect();
    for (at, field) in (0..).zip(&message.field) {
        let name = || type_name(field.type_name());
        let kind = match field.r#type() {
            Type::Bool => FieldKind::Bool,
            Type::Double | Type::Float => FieldKind::Real,
            Type::Int32 | Type::Sint32 | Type::Sfixed32 => FieldKind::Int32,
            Type::Uint32 | Type::Fixed32 => FieldKind::Uint32,
            Type::Int64 | Type::Sint64 | Type::Sfixed64 => FieldKind::Int64,
            Type::Uint64 | Type::Fixed64 => FieldKind::Uint64,
            Type::Enum => FieldKind::Enumeration(name()),
            Type::Message | Type::Group => match field.type_name() {
                ".google.protobuf.Timestamp" => FieldKind::Timestamp,
                ".google.protobuf.Duration" => FieldKind::Duration,
                _ => FieldKind::Message(name()),
            },
            Type::String | Type::Bytes => FieldKind::Text,
        };
        // The compiler puts an `optional` field into a oneof of its own.
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.and_then(|at| oneofs.get_mut(usize::try_from(at).ok()?));
        if let Some(oneof) = oneof {
            oneof.json_names.push(field.json_name().to_owned());
        }
        fields.push(ContractField {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            comment: comments.at(&[top, place, MESSAGE_FIELD, at]),
            kind,
            is_repeated: field.label() == Label::Repeated,
        });
    }
    oneofs.retain(|oneof| !oneof.json_names.is_empty());
    ContractMessage {
        comment: comments.at(&[top, place]),
        fields,
        oneofs,
    }
}

fn read_enum(item: &EnumDescriptorProto, [top, place]: [i32; 2], comments: &Comments<'_>) -> Enumeration {
    let values = (0..)
        .zip(&item.value)
        .map(|(at, value)| (value.name().to_owned(), comments.at(&[top, place, ENUM_VALUE, at])));
    Enumeration {
        comment: comments.at(&[top, place]),
        values: values.collect(),
    }
}

fn read_service(service: &ServiceDescriptorProto, [top, place]: [i32; 2], comments: &Comments<'_>) -> ContractService {
    let methods = (0..).zip(&service.method).map(|(at, method)| {
        let read = ContractMethod {
            comment: comments.at(&[top, place, SERVICE_METHOD, at]),
            request: type_name(method.input_type()),
            answer: type_name(method.output_type()),
        };
        (method.name().to_owned(), read)
    });
    ContractService {
        comment: comments.at(&[top, place]),
        methods: methods.collect(),
    }
}

fn type_name(full: &str) -> String {
    full.strip_prefix(PACKAGE).unwrap_or(full).to_owned()
}

/// The comments before the declarations of a file, by their paths in its descriptor.
struct Comments<'a>(HashMap<&'a [i32], &'a str>);

impl<'a> Comments<'a> {
    fn of(file: &'a FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        Self(
            locations
                .map(|location| (location.path.as_slice(), location.leading_comments()))
                .collect(),
        )
    }

    fn at(&self, path: &[i32]) -> String {
        let lines = self.0.get(path).copied().unwrap_or_default().lines();
        let lines: Vec<_> = lines.map(str::trim).collect();
        lines.join("\n").trim().to_owned()
    }
}
