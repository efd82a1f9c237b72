//! The bytes of a subtotal of a reporter table.
//!
//! Subtotals are stored among the buckets of rows. A release without reporter tables reads a subtotal as a bucket with one
//! tombstone, which it ignores: the evidence is in the fields that it does not know.

use bytes::Bytes;

use super::appended::{has_appended, read_appended, write_appended};
use super::evidence::{evidence, write_evidence};
use super::origins::{has_origins, read_origins, write_origins};
use super::{ByteReader, ByteWriter, UnreadableValue, rows, unreadable};
use crate::domain::evidence::Evidence;
use crate::domain::ids::ReportId;
use crate::domain::report::ReportRow;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;

/// The id of the tombstone.
const ID: &str = "0";

/// The bytes of a subtotal.
#[must_use]
pub fn encode(subtotal: &Evidence) -> Bytes {
    let mut writer = ByteWriter::default();
    write_evidence(&mut writer, subtotal);
    let has_appended = has_appended(subtotal, None);
    if has_origins(subtotal) || has_appended {
        write_origins(&mut writer, subtotal);
    }
    if has_appended {
        write_appended(&mut writer, subtotal, None);
    }
    let Ok(id) = ReportId::parse(ID) else {
        return Bytes::new(); // the id is valid
    };
    let row = ReportRow {
        unknown_fields: UnknownFields::new(&writer.finish()),
        ..ReportRow::tombstone(id, Timestamp::default())
    };
    rows::encode(&[row])
}

/// A subtotal from its bytes.
///
/// # Errors
/// If they are not a subtotal, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Evidence, UnreadableValue> {
    let rows = rows::decode(bytes)?;
    let fields = rows.first().map_or(&[][..], |row| row.unknown_fields.bytes());
    let mut reader = ByteReader::new(fields);
    let mut read = || {
        let mut subtotal = evidence(&mut reader)?;
        if !reader.remaining().is_empty() {
            read_origins(&mut reader, &mut subtotal)?;
        }
        if !reader.remaining().is_empty() {
            read_appended(&mut reader, &mut subtotal)?;
        }
        Ok(subtotal)
    };
    read().map_err(unreadable("subtotal of a reporter table"))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::domain::evidence::BrandReporters;
    use crate::domain::report::RowState;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(state in samples::number()) {
            prop_assert_eq!(decode(&encode(&state.evidence)).unwrap(), state.evidence);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, major: bool) {
            if let (Some(first), true) = (bytes.first_mut(), major) {
                *first = 1;
            }
            if let Ok(subtotal) = decode(&bytes) {
                prop_assert!(decode(&encode(&subtotal)).is_ok());
            }
        }
    }

    #[test]
    fn a_release_without_tables_reads_a_tombstone() {
        let rows = rows::decode(&encode(&samples::full_number().evidence)).unwrap();
        let states: Vec<RowState> = rows.iter().map(|row| row.state).collect();
        assert_eq!(states, [RowState::Tombstone]);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        let mut subtotal = Evidence {
            as_of: Timestamp::from_secs(1_600_200_000),
            first_reporters: samples::full_number().evidence.first_reporters,
            unproven: samples::full_number().evidence.unproven,
            ..Evidence::default()
        };
        assert_eq!(samples::hex(&encode(&subtotal)), FROZEN_WITH_REPORTERS);
        for named in &mut subtotal.unproven.brands {
            named.reporters = BrandReporters::default();
        }
        assert_eq!(samples::hex(&encode(&subtotal)), FROZEN);
    }

    const FROZEN_WITH_REPORTERS: &str = "\
        0183020a00030000000000000000000001000000000000508088d2b5925d3f1f03b81e85eb51b89e3f016410ffffffff\
        ffffffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f1f03333333333333d33f016410ffffffffff\
        ffffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f1f03333333333333b33f016410ffffffffffff\
        ffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f020103333333333333d33f650102057f0106416d\
        617a6f6e020000003f0201030000000000000002ffffffffffffffff388380808008d514a180038380808008d514a180\
        038380808008d514a180030201020700000004030201";

    const FROZEN: &str = "\
        01f8010a00030000000000000000000001000000000000508088d2b5925d3f1f03b81e85eb51b89e3f016410ffffffff\
        ffffffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f1f03333333333333d33f016410ffffffffff\
        ffffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f1f03333333333333b33f016410ffffffffffff\
        ffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f020103333333333333d33f650102057f0106416d\
        617a6f6e020000003f0201030000000000000002ffffffffffffffff388380808008d514a180038380808008d514a180038380808008d514a18003";
}
