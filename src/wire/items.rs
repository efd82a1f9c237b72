//! Counts the items of the repeated fields of an encoded message before it is decoded.
//!
//! Only messages that have repeated fields are read twice, and the first reading allocates nothing.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// The most repeated fields, and fields that have some, in one message.
const MAX_COUNTED: usize = 8;

/// A message whose repeated fields have limits. `build/json.rs` implements it for all messages of requests.
pub(crate) trait Counted {
    /// The repeated fields, and the fields that have some.
    const FIELDS: &'static [CountedField];
}

/// A repeated field, or a field that has some.
#[derive(Debug)]
pub(crate) struct CountedField {
    /// The number of the field.
    pub(crate) tag: u32,
    /// Its name in the contract.
    pub(crate) name: &'static str,
    /// The most items; none if it is not repeated.
    pub(crate) most: Option<usize>,
    /// The fields of its message.
    pub(crate) inside: &'static [CountedField],
}

/// A field that occurs more often than allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// The field, such as `reports[3].callback_numbers`.
    pub(crate) field: String,
    /// The most items that it may have; none if it is not repeated, and so may occur once.
    pub(crate) most: Option<usize>,
}

/// The number of items of a message, at every depth. Bytes that are no message are left to the decoder.
///
/// The decoder merges a field that is not repeated but occurs twice, and so adds up the items in it. No encoder writes such
/// bytes; they are refused, as JSON with a field that is set twice is.
pub(crate) fn count<M: Counted>(bytes: &[u8]) -> Result<usize, TooMany> {
    count_fields(M::FIELDS, bytes)
}

fn count_fields(fields: &[CountedField], mut bytes: &[u8]) -> Result<usize, TooMany> {
    if fields.is_empty() {
        return Ok(0);
    }
    let mut items = 0;
    let mut counts = [0_usize; MAX_COUNTED];
    while let Some((tag, content)) = next(&mut bytes) {
        let known = fields.iter().zip(&mut counts).find(|(field, _)| field.tag == tag);
        let Some((field, counted)) = known else {
            continue;
        };
        let position = *counted;
        *counted += 1;
        if position >= field.most.unwrap_or(1) {
            return Err(TooMany {
                field: field.name.to_owned(),
                most: field.most,
            });
        }
        items += 1;
        items += count_fields(field.inside, content).map_err(|inside| TooMany {
            field: match field.most {
                Some(_) => format!("{}[{position}].{}", field.name, inside.field),
                None => format!("{}.{}", field.name, inside.field),
            },
            ..inside
        })?;
    }
    Ok(items)
}

/// The number and the content of the next field that has a length; other fields have no content. None at the end, and at
/// bytes that are no field.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    let (tag, wire_type) = decode_key(bytes).ok()?;
    if wire_type != WireType::LengthDelimited {
        skip_field(wire_type, tag, bytes, DecodeContext::default()).ok()?;
        return Some((0, &[]));
    }
    let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    let (content, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some((tag, content))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::wire::limits::{BATCH_SUBMIT_REPORTS_REQUEST_REPORTS, LIST_ENTRIES_ENTRIES, REPORT_CALLBACK_NUMBERS};
    use crate::wire::v1::{
        BatchSubmitReportsRequest, ListEntries, ListEntry, ListHead, LookupRequest, ReplaceListRequest, Report,
    };
    use crate::wire::v1::{SubmitReportRequest, replace_list_request::Part};

    fn with_callbacks(callbacks: usize) -> Report {
        Report {
            callback_numbers: vec![String::new(); callbacks],
            ..Report::default()
        }
    }

    fn too_many(field: &str, most: impl Into<Option<usize>>) -> Result<usize, TooMany> {
        let (field, most) = (field.to_owned(), most.into());
        Err(TooMany { field, most })
    }

    #[test]
    fn items_are_counted_at_every_depth() {
        let most = BATCH_SUBMIT_REPORTS_REQUEST_REPORTS;
        let batch = |reports| BatchSubmitReportsRequest { reports }.encode_to_vec();
        let count_batch = |reports| count::<BatchSubmitReportsRequest>(&batch(reports));
        assert_eq!(count_batch(vec![with_callbacks(1); most]), Ok(2 * most));
        assert_eq!(
            count_batch(vec![with_callbacks(0); most + 1]),
            too_many("reports", most)
        );
        let callbacks = REPORT_CALLBACK_NUMBERS;
        let reports = vec![with_callbacks(callbacks), with_callbacks(callbacks + 1)];
        assert_eq!(count_batch(reports), too_many("reports[1].callback_numbers", callbacks));
        let report = Some(with_callbacks(callbacks + 1));
        let one = SubmitReportRequest { report }.encode_to_vec();
        assert_eq!(
            count::<SubmitReportRequest>(&one),
            too_many("report.callback_numbers", callbacks)
        );
        let entries = vec![ListEntry::default(); LIST_ENTRIES_ENTRIES + 1];
        let part = Some(Part::Entries(ListEntries { entries }));
        let part = ReplaceListRequest { part }.encode_to_vec();
        assert_eq!(
            count::<ReplaceListRequest>(&part),
            too_many("entries.entries", LIST_ENTRIES_ENTRIES)
        );
    }

    #[test]
    fn a_field_that_the_decoder_would_merge_occurs_once() {
        let report = Some(with_callbacks(REPORT_CALLBACK_NUMBERS));
        let once = SubmitReportRequest { report }.encode_to_vec();
        assert_eq!(count::<SubmitReportRequest>(&once), Ok(1 + REPORT_CALLBACK_NUMBERS));
        assert_eq!(count::<SubmitReportRequest>(&once.repeat(2)), too_many("report", None));
        let part = |part| ReplaceListRequest { part: Some(part) }.encode_to_vec();
        let entries = vec![ListEntry::default(); LIST_ENTRIES_ENTRIES];
        let entries = part(Part::Entries(ListEntries { entries }));
        let head = part(Part::Head(ListHead::default()));
        for twice in [entries.repeat(2), [&*entries, &*head, &*entries].concat()] {
            assert_eq!(count::<ReplaceListRequest>(&twice), too_many("entries", None));
        }
    }

    #[test]
    fn bytes_that_are_no_message_are_left_to_the_decoder() {
        for bytes in [&b"\x0a\xff"[..], b"\xff", b"\x0b", b"\x0f\x01", b"\x0a\x05\x01"] {
            assert!(count::<BatchSubmitReportsRequest>(bytes).is_ok());
        }
        assert!(LookupRequest::FIELDS.is_empty());
    }
}
