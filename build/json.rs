//! Writes how each message of the contract is read from proto3 JSON, written as proto3 JSON, and counted.
//!
//! The rules of proto3 JSON are in `src/wire/json/`. Here is only the table of the fields: the names, the kinds, and the
//! limits of repeated fields, which are constants of `src/wire/limits.rs`. A repeated field of a request without such a
//! constant does not compile.

use std::collections::BTreeSet;

use protox::prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::{BOXED, PACKAGE, camel_case, real_oneof, snake_case};

/// Fields are counted in a set of 64 bits.
const MAX_FIELDS: usize = 64;

/// The `impl` blocks of all messages and enums of the package.
pub(crate) fn impls(pool: &DescriptorPool) -> Result<String, String> {
    let requests = requests(pool);
    let mut code = String::new();
    for message in pool.all_messages().filter(is_ours) {
        if message.fields().len() > MAX_FIELDS {
            return Err(format!("{} has more than {MAX_FIELDS} fields", message.full_name()));
        }
        let is_request = requests.contains(message.full_name());
        code.push_str(&reading(&message, is_request)?);
        code.push_str(&writing(&message)?);
        if is_request {
            code.push_str(&counting(&message)?);
        }
    }
    for item in pool.all_enums().filter(|item| item.package_name() == PACKAGE) {
        code.push_str(&names(&item));
    }
    Ok(code)
}

fn is_ours(message: &MessageDescriptor) -> bool {
    message.package_name() == PACKAGE
}

/// The full names of all messages that a client sends, or that are in one that it sends.
fn requests(pool: &DescriptorPool) -> BTreeSet<String> {
    let services = pool.services().filter(|service| service.package_name() == PACKAGE);
    let mut waiting: Vec<_> = services
        .flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>())
        .collect();
    let mut found = BTreeSet::new();
    while let Some(message) = waiting.pop() {
        if is_ours(&message) && found.insert(message.full_name().to_owned()) {
            waiting.extend(message.fields().filter_map(|field| field.kind().as_message().cloned()));
        }
    }
    found
}

/// `impl JsonMessage` and `impl Deserialize`.
fn reading(message: &MessageDescriptor, is_request: bool) -> Result<String, String> {
    let name = message.name();
    let (mut list, mut positions, mut arms) = (String::new(), String::new(), String::new());
    for (position, field) in message.fields().enumerate() {
        list.push_str(&format!("\"{}\", ", field.name()));
        let json_name = field.json_name();
        let other = if json_name == field.name() {
            String::new()
        } else {
            format!(" | \"{json_name}\"")
        };
        positions.push_str(&format!("\"{}\"{other} => {position},\n", field.name()));
        let read = read(message, &field, is_request)?;
        arms.push_str(&format!("{position} => {read},\n"));
    }
    let position = if list.is_empty() {
        "None".to_owned()
    } else {
        format!("Some(match name {{ {positions} _ => return None }})")
    };
    let read = if arms.is_empty() {
        "false".to_owned()
    } else {
        format!("match position {{ {arms} _ => false }}")
    };
    let oneofs: String = message
        .oneofs()
        .filter(|oneof| !oneof.is_synthetic())
        .map(|oneof| {
            let members = message
                .fields()
                .enumerate()
                .filter(|(_, field)| real_oneof(field).is_some_and(|other| other.full_name() == oneof.full_name()));
            let mask = members.fold(0_u64, |mask, (position, _)| mask | 1 << position);
            format!("{mask}, ")
        })
        .collect();
    Ok(format!(
        "#[allow(unused_variables, reason = \"a message may have no fields\")]\n\
         impl super::json::JsonMessage for {name} {{\n\
         const FIELDS: &'static [&'static str] = &[{list}];\n\
         const ONEOFS: &'static [u64] = &[{oneofs}];\n\
         fn position(name: &str) -> Option<usize> {{\n{position}\n}}\n\
         fn read<'de, A: ::serde::de::MapAccess<'de>>(\
         &mut self, position: usize, value: super::json::JsonValue<'_, A>) -> Result<bool, A::Error> {{\n\
         Ok({read})\n}}\n}}\n\
         impl<'de> ::serde::Deserialize<'de> for {name} {{\n\
         fn deserialize<D: ::serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {{\n\
         super::json::message(reader, super::json::Place::default())\n}}\n}}\n"
    ))
}

/// The expression that reads a field. It is `true` if the field is set.
fn read(message: &MessageDescriptor, field: &FieldDescriptor, is_request: bool) -> Result<String, String> {
    let (name, kind) = (field.name(), rust_kind(field)?);
    let converted = match field.kind() {
        Kind::Enum(_) => ".map(|value| value.number())",
        Kind::Message(message) if message.full_name() == "google.protobuf.Duration" => {
            ".map(::pbjson_types::Duration::from)"
        }
        _ => "",
    };
    if field.is_list() {
        let most = if is_request {
            format!("super::limits::{}", limit_name(field))
        } else {
            "usize::MAX".to_owned()
        };
        let converted = if converted.is_empty() {
            String::new()
        } else {
            format!(".map(|values| values.into_iter(){converted}.collect())")
        };
        return Ok(format!(
            "super::json::keep(value.items::<{kind}>({most})?{converted}, &mut self.{name})"
        ));
    }
    if let Some(oneof) = real_oneof(field) {
        let path = format!("{}::{}", snake_case(message.name()), camel_case(oneof.name()));
        return Ok(format!(
            "super::json::keep_some(value.one::<{kind}>()?{converted}.map({path}::{}), &mut self.{})",
            camel_case(name),
            oneof.name()
        ));
    }
    let keep = if BOXED.contains(&field.full_name()) {
        "keep_boxed"
    } else if field.supports_presence() {
        "keep_some"
    } else {
        "keep"
    };
    Ok(format!(
        "super::json::{keep}(value.one::<{kind}>()?{converted}, &mut self.{name})"
    ))
}

/// The type that reads a value.
fn rust_kind(field: &FieldDescriptor) -> Result<String, String> {
    Ok(match field.kind() {
        Kind::String => "String".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Int32 => "i32".to_owned(),
        Kind::Uint32 => "u32".to_owned(),
        Kind::Uint64 => "u64".to_owned(),
        Kind::Double => "f64".to_owned(),
        Kind::Enum(item) => format!("super::json::EnumValue<{}>", item.name()),
        Kind::Message(_) if field.is_map() => return Err(unknown(field)),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => "super::Timestamp".to_owned(),
            "google.protobuf.Duration" => "super::json::DurationValue".to_owned(),
            _ if is_ours(&message) => message.name().to_owned(),
            _ => return Err(unknown(field)),
        },
        _ => return Err(unknown(field)),
    })
}

fn unknown(field: &FieldDescriptor) -> String {
    format!(
        "{}: build/json.rs and src/wire/json do not know this kind of field yet",
        field.full_name()
    )
}

/// `impl Serialize`. A field with its default value is left out.
fn writing(message: &MessageDescriptor) -> Result<String, String> {
    let mut lines = String::new();
    for field in message.fields() {
        let (name, json_name) = (field.name(), field.json_name());
        let entry = |value: &str| format!("map.serialize_entry(\"{json_name}\", {value})?;");
        let line = if field.is_list() {
            let value = match field.kind() {
                Kind::Enum(item) => format!("&super::json::EnumNames::<{}>::of(&self.{name})", item.name()),
                Kind::String | Kind::Message(_) => format!("&self.{name}"),
                _ => return Err(unknown(&field)),
            };
            format!("if !self.{name}.is_empty() {{ {} }}\n", entry(&value))
        } else if let Some(oneof) = real_oneof(&field) {
            let path = format!("{}::{}", snake_case(message.name()), camel_case(oneof.name()));
            format!(
                "if let Some({path}::{}(value)) = &self.{} {{ {} }}\n",
                camel_case(name),
                oneof.name(),
                entry(&written(&field, "value"))
            )
        } else if field.supports_presence() {
            let entry = entry(&written(&field, "value"));
            format!("if let Some(value) = &self.{name} {{ {entry} }}\n")
        } else {
            let is_set = match field.kind() {
                Kind::String => format!("!self.{name}.is_empty()"),
                Kind::Bool => format!("self.{name}"),
                Kind::Double => format!("self.{name} != 0.0"),
                _ => format!("self.{name} != 0"),
            };
            let entry = entry(&written(&field, &format!("&self.{name}")));
            format!("if {is_set} {{ {entry} }}\n")
        };
        lines.push_str(&line);
    }
    Ok(format!(
        "impl ::serde::Serialize for {0} {{\n\
         fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\n\
         use ::serde::ser::SerializeMap as _;\n\
         #[allow(unused_mut, reason = \"a message may have no fields\")]\n\
         let mut map = serializer.serialize_map(None)?;\n\
         {lines} map.end()\n}}\n}}\n",
        message.name()
    ))
}

/// The expression of a reference to a value in its JSON form.
fn written(field: &FieldDescriptor, value: &str) -> String {
    match field.kind() {
        Kind::Uint64 => format!("&super::json::IntegerText(*{value})"),
        Kind::Double => format!("&super::json::Double(*{value})"),
        Kind::Enum(item) => format!("&super::json::EnumName::<{}>::of(*{value})", item.name()),
        _ => value.to_owned(),
    }
    .replace("*&", "")
}

/// `impl Counted`: the repeated fields of a request, and the fields that have some.
fn counting(message: &MessageDescriptor) -> Result<String, String> {
    let mut fields = String::new();
    for field in message.fields() {
        let inner = field.kind().as_message().filter(|inner| is_ours(inner)).cloned();
        let inside = inner.as_ref().map_or_else(
            || "&[]".to_owned(),
            |inner| format!("<{} as super::items::Counted>::FIELDS", inner.name()),
        );
        if field.is_list() && matches!(field.kind(), Kind::Enum(_)) {
            // An item takes at least one byte in the body, and four in memory: the limit of the body is enough.
            continue;
        }
        let most = if field.is_list() {
            if !matches!(field.kind(), Kind::String | Kind::Message(_)) {
                return Err(unknown(&field)); // numbers may be packed
            }
            format!("Some(super::limits::{})", limit_name(&field))
        } else if inner.is_some_and(|inner| has_repeated(&inner)) {
            "None".to_owned()
        } else {
            continue;
        };
        fields.push_str(&format!(
            "super::items::CountedField {{ tag: {}, name: \"{}\", most: {most}, inside: {inside} }},\n",
            field.number(),
            field.name()
        ));
    }
    Ok(format!(
        "impl super::items::Counted for {} {{\n\
         const FIELDS: &'static [super::items::CountedField] = &[{fields}];\n}}\n",
        message.name()
    ))
}

fn has_repeated(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| {
        let inside = field.kind().as_message().filter(|inner| is_ours(inner)).cloned();
        field.is_list() || inside.is_some_and(|inner| has_repeated(&inner))
    })
}

/// `LinkNumbersRequest.links` to `LINK_NUMBERS_REQUEST_LINKS`.
fn limit_name(field: &FieldDescriptor) -> String {
    format!("{}_{}", snake_case(field.parent_message().name()), field.name()).to_uppercase()
}

/// `impl JsonEnum`.
fn names(item: &EnumDescriptor) -> String {
    let names: String = item.values().map(|value| format!("\"{}\", ", value.name())).collect();
    format!(
        "impl super::json::JsonEnum for {0} {{\n\
         const NAMES: &'static [&'static str] = &[{names}];\n\
         fn number_of(name: &str) -> Option<i32> {{ Self::from_str_name(name).map(i32::from) }}\n\
         fn name_of(number: i32) -> Option<&'static str> {{\n\
         Self::try_from(number).ok().map(|value| value.as_str_name())\n}}\n}}\n",
        item.name()
    )
}
