//! The wire contract as Rust: `build.rs` generates it from `proto/ringwarden/v1`.
//!
//! Only this module and `grpc/servers.rs` include generated code, so only they are exempt from the project's lints. Only
//! the api, the two edges and the client of the command line import it; the rest of the program uses domain types. The
//! `Debug` form of a message leaves out the fields marked `debug_redact`, so that no phone number and no comment
//! reaches a log.
//!
//! `json` reads and writes proto3 JSON, `items` counts the items of encoded messages, and `limits` has the most of
//! each.

mod duration;
pub(crate) mod items;
pub(crate) mod json;
pub(crate) mod limits;
mod timestamp;

pub use timestamp::{NotAMoment, Timestamp};

/// Messages, enumerations and clients of package `ringwarden.v1`. Their serde form is proto3 JSON: lowerCamelCase names,
/// enums by name, 64-bit integers as text, default values left out, unknown fields refused by name.
#[allow(
    clippy::too_many_lines,
    clippy::large_enum_variant,
    reason = "generated: as long as the messages are; results are large because answers are"
)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/ringwarden.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/ringwarden.v1.json.rs"));
    include!(concat!(env!("OUT_DIR"), "/ringwarden.v1.debug.rs"));
}

/// The encoded descriptors of the package and of its imports, with comments. gRPC reflection serves them.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ringwarden.v1.descriptors.bin"));

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use pbjson_types::Duration;
    use prost::Message as _;
    use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

    use super::v1::*;
    use super::{FILE_DESCRIPTOR_SET, Timestamp};

    // Field numbers of descriptor.proto. Paths of comments consist of them.
    const FILE_MESSAGE: i32 = 4;
    const FILE_ENUM: i32 = 5;
    const FILE_SERVICE: i32 = 6;
    const MESSAGE_FIELD: i32 = 2;
    const MESSAGE_NESTED: i32 = 3;
    const MESSAGE_ENUM: i32 = 4;
    const MESSAGE_ONEOF: i32 = 8;
    const ENUM_VALUE: i32 = 2;
    const SERVICE_METHOD: i32 = 2;

    #[test]
    fn everything_in_the_contract_is_explained() {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let ours = set.file.iter().filter(|file| file.package() == "ringwarden.v1");
        let mut silent = Vec::new();
        let mut seen = 0;
        for file in ours {
            let explained = explained_paths(file);
            for (path, name) in declarations(file) {
                seen += 1;
                if !explained.contains(&path) {
                    silent.push(format!("{}: {name}", file.name()));
                }
            }
        }
        assert!(seen > 400, "only {seen} declarations found");
        assert!(silent.is_empty(), "without a comment: {silent:#?}");
    }

    #[test]
    fn json_is_proto3_json() {
        let answer = answer();
        let json = serde_json::to_value(&answer).unwrap();
        let expected = serde_json::json!({
            "number": {
                "e164": "+14155550199",
                "lineType": "LINE_TYPE_FIXED_LINE_OR_MOBILE",
                "validity": "VALIDITY_VALID",
            },
            "riskScore": 0.0,
            "riskLevel": "RISK_LEVEL_LOW",
            "category": "CATEGORY_TECH_SUPPORT_SCAM",
            "action": "ACTION_ALLOW",
            "basis": "BASIS_ANALYTICS",
            "reasons": [{ "code": "RECENT_REPORTS", "points": 1.5 }],
            "reportCount": 3,
            "lastReported": "2025-11-23T10:31:00Z",
            "cacheTtl": "60s",
            "stale": true,
            "requestId": "r-1",
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<LookupResponse>(json).unwrap(), answer);
    }

    #[test]
    fn json_64_bit_integers_are_text_and_read_as_either() {
        let request = SetNumberStatusRequest {
            expected_version: Some(u64::MAX),
            ..Default::default()
        };
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(json, r#"{"expectedVersion":"18446744073709551615"}"#);
        assert_eq!(serde_json::from_str::<SetNumberStatusRequest>(&json).unwrap(), request);
        let bare: SetNumberStatusRequest = serde_json::from_str(r#"{"expected_version":0}"#).unwrap();
        assert_eq!(bare.expected_version, Some(0));
    }

    #[test]
    fn json_refuses_unknown_fields_by_name() {
        let error = serde_json::from_str::<LookupRequest>(r#"{"numbr":"1"}"#).unwrap_err();
        assert!(error.to_string().contains("`numbr`"), "{error}");
    }

    #[test]
    fn debug_leaves_out_personal_data() {
        let report = Report {
            number: "+14155550199".into(),
            comment: "my name is Ann".into(),
            callback_numbers: vec!["+14155550199".into()],
            feed: "ftc-8col".into(),
            category: Category::TechSupportScam.into(),
            ..Default::default()
        };
        let text = format!("{:?}", SubmitReportRequest { report: Some(report) });
        assert!(text.contains("ftc-8col") && text.contains("TechSupportScam"), "{text}");
        assert!(!text.contains("4155550199") && !text.contains("Ann"), "{text}");

        let request = WithdrawReportsRequest {
            selector: Some(withdraw_reports_request::Selector::ReporterId("ann".into())),
            ..Default::default()
        };
        let text = format!("{request:?}");
        assert!(text.contains("ReporterId(..)") && !text.contains("ann"), "{text}");
    }

    fn answer() -> LookupResponse {
        LookupResponse {
            number: Some(NumberInfo {
                e164: "+14155550199".into(),
                line_type: LineType::FixedLineOrMobile.into(),
                validity: Validity::Valid.into(),
                ..Default::default()
            }),
            // The score is 0, which differs from no score.
            risk_score: Some(0.0),
            number_score: None,
            risk_level: RiskLevel::Low.into(),
            category: Category::TechSupportScam.into(),
            action: Action::Allow.into(),
            basis: Basis::Analytics.into(),
            reasons: vec![Reason {
                code: "RECENT_REPORTS".into(),
                points: 1.5,
                detail: String::new(),
            }],
            report_count: 3,
            last_reported: Some(Timestamp {
                seconds: 1_763_893_860,
                nanos: 0,
            }),
            cache_ttl: Some(Duration { seconds: 60, nanos: 0 }),
            stale: true,
            request_id: "r-1".into(),
            ..Default::default()
        }
    }

    fn explained_paths(file: &FileDescriptorProto) -> HashSet<Vec<i32>> {
        let info = file.source_code_info.as_ref().unwrap();
        info.location
            .iter()
            .filter(|location| !location.leading_comments().trim().is_empty())
            .map(|location| location.path.clone())
            .collect()
    }

    /// Everything that a file declares, with its path in the descriptor.
    fn declarations(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
        let mut found = Vec::new();
        for (path, message) in numbered(&[], FILE_MESSAGE, &file.message_type) {
            message_declarations(path, message, &mut found);
        }
        for (path, item) in numbered(&[], FILE_ENUM, &file.enum_type) {
            enum_declarations(path, item, &mut found);
        }
        for (path, service) in numbered(&[], FILE_SERVICE, &file.service) {
            for (path, method) in numbered(&path, SERVICE_METHOD, &service.method) {
                found.push((path, format!("{}.{}", service.name(), method.name())));
            }
            found.push((path, service.name().to_owned()));
        }
        found
    }

    fn message_declarations(path: Vec<i32>, message: &DescriptorProto, found: &mut Vec<(Vec<i32>, String)>) {
        for (path, field) in numbered(&path, MESSAGE_FIELD, &message.field) {
            found.push((path, format!("{}.{}", message.name(), field.name())));
        }
        for (path, oneof) in numbered(&path, MESSAGE_ONEOF, &message.oneof_decl) {
            // `optional` fields are in oneofs that the compiler made. Their names begin with an underscore.
            if !oneof.name().starts_with('_') {
                found.push((path, format!("{}.{}", message.name(), oneof.name())));
            }
        }
        for (path, nested) in numbered(&path, MESSAGE_NESTED, &message.nested_type) {
            message_declarations(path, nested, found);
        }
        for (path, item) in numbered(&path, MESSAGE_ENUM, &message.enum_type) {
            enum_declarations(path, item, found);
        }
        found.push((path, message.name().to_owned()));
    }

    fn enum_declarations(path: Vec<i32>, item: &EnumDescriptorProto, found: &mut Vec<(Vec<i32>, String)>) {
        for (path, value) in numbered(&path, ENUM_VALUE, &item.value) {
            found.push((path, value.name().to_owned()));
        }
        found.push((path, item.name().to_owned()));
    }

    /// Each item with its path: the path of the parent, the field that holds the items, and the index of the item.
    fn numbered<'a, T>(parent: &[i32], field: i32, items: &'a [T]) -> impl Iterator<Item = (Vec<i32>, &'a T)> {
        let parent = parent.to_vec();
        (0_i32..).zip(items).map(move |(position, item)| {
            let mut path = parent.clone();
            path.extend([field, position]);
            (path, item)
        })
    }
}
