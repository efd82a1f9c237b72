//! Compiles the protobuf contract to Rust without `protoc`, and writes the numbering plan as Rust.
//!
//! `build/plan.rs` writes the plan. The contract has these products. `src/wire.rs` includes messages and clients (prost and
//! tonic); their proto3 JSON form and their counts (`build/json.rs`); a `Debug` without personal data for the messages that
//! hold some; and the descriptors for reflection. `src/grpc/` includes the servers.

#[path = "build/json.rs"]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other kinds of fields have one answer each"
)]
mod json;
#[path = "build/plan.rs"]
mod plan;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;
use protox::prost_reflect::prost_types::FileDescriptorSet;
use protox::prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

const PACKAGE: &str = "ringwarden.v1";
const FILES: [&str; 10] = [
    "admin",
    "common",
    "lookup",
    "report",
    "number",
    "case",
    "list",
    "note",
    "principal",
    "sharing",
];
/// The folder of the servers, below the folder of all products.
const SERVERS: &str = "servers";
/// The codec of the servers. It counts the items of a request before it decodes them.
const SERVER_CODEC: &str = "crate::grpc::codec::RequestCodec";
/// The types of `google.protobuf` come from pbjson: its durations are written as the right JSON. Its timestamps are not, so
/// the project has its own. The longer path must come first.
const WELL_KNOWN: [(&str, &str); 2] = [
    (".google.protobuf.Timestamp", "crate::wire::Timestamp"),
    (".google.protobuf", "::pbjson_types"),
];
/// Fields outside their message: most entries have no owner, and a list may have very many entries.
const BOXED: [&str; 1] = ["ringwarden.v1.ListEntry.owner"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    plan::write(&out_dir)?;
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES.map(|name| format!("ringwarden/v1/{name}.proto")))?;
    let mut descriptors = compiler.file_descriptor_set();

    let personal = personal_messages(&compiler.descriptor_pool());
    let mut messages = tonic_prost_build::configure()
        // Without this, prost maps them to its own types first.
        .compile_well_known_types(true);
    for field in BOXED {
        messages = messages.boxed(format!(".{field}"));
    }
    for (proto, rust) in WELL_KNOWN {
        messages = messages.extern_path(proto, rust);
    }
    messages
        .build_server(false)
        .skip_debug(personal.iter().map(|message| format!(".{}", message.full_name())))
        .compile_fds(descriptors.clone())?;
    let servers = out_dir.join(SERVERS);
    fs::create_dir_all(&servers)?;
    tonic_prost_build::configure()
        .build_client(false)
        .codec_path(SERVER_CODEC)
        .extern_path(format!(".{PACKAGE}"), "crate::wire::v1")
        .out_dir(servers)
        .compile_fds(descriptors.clone())?;
    let debug: String = personal.iter().map(debug_impls).collect();
    fs::write(out_dir.join(format!("{PACKAGE}.debug.rs")), debug)?;

    keep_comments_only(&mut descriptors);
    fs::write(
        out_dir.join(format!("{PACKAGE}.descriptors.bin")),
        descriptors.encode_to_vec(),
    )?;
    let json = json::impls(&compiler.descriptor_pool())?;
    fs::write(out_dir.join(format!("{PACKAGE}.json.rs")), json)?;
    Ok(())
}

/// Reflection and the OpenAPI document need the comments. They do not need the source positions of all other words,
/// which would make the set a third larger (86 instead of 63 kB).
fn keep_comments_only(descriptors: &mut FileDescriptorSet) {
    for file in &mut descriptors.file {
        if let Some(info) = &mut file.source_code_info {
            info.location.retain(|location| location.leading_comments.is_some());
        }
    }
}

/// The messages of the package with a field marked `debug_redact`.
fn personal_messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages()
        .filter(|message| message.package_name() == PACKAGE)
        .filter(|message| message.fields().any(|field| is_personal(&field)))
        .collect()
}

fn is_personal(field: &FieldDescriptor) -> bool {
    field
        .options()
        .get_field_by_name("debug_redact")
        .is_some_and(|value| value.as_bool() == Some(true))
}

/// `Debug` for a message with personal data, and for its oneofs: the form that prost would derive, without the fields
/// marked `debug_redact`.
fn debug_impls(message: &MessageDescriptor) -> String {
    let name = message.name();
    let plain = message.fields().filter(|field| real_oneof(field).is_none());
    let mut shown: String = plain
        .filter(|field| !is_personal(field))
        .map(|field| format!(".field(\"{}\", &self.{})", field.name(), value_of(&field)))
        .collect();
    let mut oneofs = String::new();
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        shown.push_str(&format!(".field(\"{0}\", &self.{0})", oneof.name()));
        let path = format!("{}::{}", snake_case(name), camel_case(oneof.name()));
        let arms: String = oneof.fields().map(|field| oneof_arm(&field)).collect();
        oneofs.push_str(&debug_impl(&path, &format!("match self {{ {arms} }}")));
    }
    let body = format!("f.debug_struct(\"{name}\"){shown}.finish_non_exhaustive()");
    debug_impl(name, &body) + &oneofs
}

fn debug_impl(path: &str, body: &str) -> String {
    format!(
        "impl ::core::fmt::Debug for {path} {{\n    \
         fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         {body}\n    }}\n}}\n"
    )
}

fn oneof_arm(field: &FieldDescriptor) -> String {
    let variant = camel_case(field.name());
    if is_personal(field) {
        format!("Self::{variant}(_) => f.write_str(\"{variant}(..)\"),")
    } else {
        format!("Self::{variant}(value) => f.debug_tuple(\"{variant}\").field(value).finish(),")
    }
}

/// The oneof of a field. `optional` fields are in a synthetic oneof, which does not exist in Rust.
fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// The getter of a single enum, because it gives the name of the value. For other fields, the field itself.
fn value_of(field: &FieldDescriptor) -> String {
    let is_single = field.cardinality() != Cardinality::Repeated && !field.supports_presence();
    if is_single && matches!(field.kind(), Kind::Enum(_)) {
        format!("{}()", field.name())
    } else {
        field.name().to_owned()
    }
}

/// `WithdrawReportsRequest` to `withdraw_reports_request`: the name that prost gives the module of the oneofs.
fn snake_case(camel: &str) -> String {
    let mut snake = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `reporter_id` to `ReporterId`: the name that prost gives the variant of a oneof.
fn camel_case(snake: &str) -> String {
    let mut camel = String::new();
    for word in snake.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
