//! The bytes of number records.
//!
//! Most numbers were reported once. Sums of zero and empty lists take no bytes, so such a record takes about 36 bytes.

use bytes::Bytes;

use super::appended::{has_appended, read_appended, write_appended};
use super::evidence::{evidence, write_evidence};
use super::origins::{has_origins, read_origins, write_origins};
use super::parts::{code, name, presence, requests, sum, write_name, write_presence, write_requests, write_sum};
use super::{ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::actor::Actor;
use crate::domain::case::CaseLink;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{CaseRole, Source, StatusKind};
use crate::domain::reporter_table::ReporterTable;
use crate::domain::state::NumberState;
use crate::domain::status::{StatusEntry, Statuses};
use crate::number::E164;
use crate::shard::Shard;

/// The bytes of a number's record.
#[must_use]
pub fn encode(state: &NumberState) -> Bytes {
    written(&state.unknown_fields, |writer| {
        writer.raw(&state.evidence_version.to_le_bytes());
        write_presence(
            writer,
            [
                state.texts > 0,
                !state.statuses.is_empty(),
                !state.links.is_empty(),
                state.reset_before.is_some(),
                state.requests.pairs().len() > 0,
            ],
        );
        writer.uint(u64::from(state.rows));
        writer.uint(u64::from(state.buckets));
        write_evidence(writer, &state.evidence);
        if state.texts > 0 {
            writer.uint(u64::from(state.texts));
        }
        if !state.statuses.is_empty() {
            writer.list(state.statuses.all(), write_status);
        }
        if !state.links.is_empty() {
            writer.list(state.links.iter(), write_link);
        }
        if let Some(moment) = state.reset_before {
            writer.time(moment);
        }
        if state.requests.pairs().len() > 0 {
            write_requests(writer, &state.requests);
        }
        write_additions(writer, state);
    })
}

/// The record of a number from its bytes.
///
/// # Errors
/// If they are not a number record, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<NumberState, UnreadableValue> {
    read_as("number record", bytes, |reader| record(reader))
}

fn record(reader: &mut ByteReader<'_>) -> Result<NumberState, DecodeError> {
    let evidence_version = reader.take(4)?.first_chunk().ok_or(DecodeError::Short)?;
    let [texts, statuses, links, reset_before, with_requests] = presence(reader)?;
    let mut state = NumberState {
        evidence_version: u32::from_le_bytes(*evidence_version),
        rows: reader.uint32()?,
        buckets: reader.uint32()?,
        evidence: evidence(reader)?,
        ..NumberState::default()
    };
    if texts {
        state.texts = reader.uint32()?;
    }
    if statuses {
        state.statuses = status_entries(reader)?;
    }
    if links {
        state.links = reader.list(link)?;
    }
    if reset_before {
        state.reset_before = Some(reader.time()?);
    }
    if with_requests {
        state.requests = requests(reader)?;
    }
    if !reader.remaining().is_empty() {
        read_additions(reader, &mut state)?;
    }
    state.unknown_fields = rest(reader);
    Ok(state)
}

/// The fields that were added after the first release: first the reporter table, then the origins of reports, then what was
/// appended last. A record without any of them ends before the mask. An older release keeps the later ones as fields that it
/// does not know.
fn write_additions(writer: &mut ByteWriter, state: &NumberState) {
    let present = [state.reporter_table.is_some()];
    let pending = state.pending.as_deref();
    let ends_before_last = state.unknown_fields.bytes().is_empty() && !has_appended(&state.evidence, pending);
    let ends_here = ends_before_last && !has_origins(&state.evidence);
    if present == [false] && ends_here {
        return;
    }
    write_presence(writer, present);
    if let Some(table) = &state.reporter_table {
        writer.uint(u64::from(table.reporters));
        writer.uint(u64::from(table.buckets));
        writer.fixed64(table.stamp);
    }
    if !ends_here {
        write_origins(writer, &state.evidence);
    }
    if !ends_before_last {
        write_appended(writer, &state.evidence, pending);
    }
}

fn read_additions(reader: &mut ByteReader<'_>, state: &mut NumberState) -> Result<(), DecodeError> {
    let [with_table] = presence(reader)?;
    if with_table {
        state.reporter_table = Some(Box::new(ReporterTable {
            reporters: reader.uint32()?,
            buckets: reader.uint32()?.max(1),
            stamp: reader.fixed64()?,
        }));
    }
    if !reader.remaining().is_empty() {
        read_origins(reader, &mut state.evidence)?;
    }
    if !reader.remaining().is_empty() {
        state.pending = read_appended(reader, &mut state.evidence)?.map(Box::new);
    }
    Ok(())
}

fn write_status(writer: &mut ByteWriter, entry: &StatusEntry) {
    writer.byte(entry.kind.code());
    writer.text(&entry.reason);
    writer.text(entry.author.as_str());
    writer.time(entry.set_at);
    writer.option(entry.expires_at, ByteWriter::time);
}

fn status_entries(reader: &mut ByteReader<'_>) -> Result<Statuses, DecodeError> {
    let mut statuses = Statuses::default();
    for entry in reader.list(status_entry)? {
        statuses.set(entry);
    }
    Ok(statuses)
}

fn status_entry(reader: &mut ByteReader<'_>) -> Result<StatusEntry, DecodeError> {
    Ok(StatusEntry {
        kind: code(reader, StatusKind::from_code, "status")?,
        reason: reader.text()?.into(),
        author: actor(reader)?,
        set_at: reader.time()?,
        expires_at: reader.option(ByteReader::time)?,
    })
}

fn write_link(writer: &mut ByteWriter, link: &CaseLink) {
    write_name(writer, link.case.as_str());
    writer.byte(link.role.code());
    write_sum(writer, link.confidence);
    writer.byte(link.source.code());
    writer.option(link.from, ByteWriter::time);
    writer.option(link.to, ByteWriter::time);
    writer.time(link.linked_at);
    writer.text(link.actor.as_str());
}

fn link(reader: &mut ByteReader<'_>) -> Result<CaseLink, DecodeError> {
    Ok(CaseLink {
        case: name(reader, CaseId::parse, "case id")?,
        role: code(reader, CaseRole::from_code, "role in a case")?,
        confidence: sum(reader)?,
        source: code(reader, Source::from_code, "source")?,
        from: reader.option(ByteReader::time)?,
        to: reader.option(ByteReader::time)?,
        linked_at: reader.time()?,
        actor: actor(reader)?,
    })
}

pub(super) fn actor(reader: &mut ByteReader<'_>) -> Result<Actor, DecodeError> {
    Actor::parse(reader.text()?).map_err(|_| DecodeError::Range("actor"))
}

impl StoredRecord for NumberState {
    type Id = E164;
    const KIND: RecordKind = RecordKind::Number;
    const NAME: &'static str = "number";

    fn shard(id: &E164) -> Shard {
        Shard::of_number(*id)
    }

    fn id_bytes(id: &E164) -> Bytes {
        Bytes::copy_from_slice(&id.digits().to_be_bytes())
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<E164> {
        E164::from_digits(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode(&self) -> Bytes {
        encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::Codec;
    use super::super::samples;
    use super::*;
    use crate::domain::call::Ledger;
    use crate::domain::evidence::{BrandReporters, Evidence, FoldModel, SourceSet, WeekSet};
    use crate::domain::rows::LoadedRows;
    use crate::domain::unknown_fields::UnknownFields;
    use proptest::prelude::*;

    const CODEC: Codec<NumberState> = Codec { encode, decode };

    proptest! {
        #[test]
        fn round_trips(state in samples::number()) {
            prop_assert_eq!(decode(&encode(&state)).unwrap(), state);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }

        #[test]
        fn a_damaged_record_is_read_without_a_panic(state in samples::number(), place: prop::sample::Index, value: u8) {
            CODEC.takes_a_damaged(&state, &place, value);
        }
    }

    #[test]
    fn a_number_reported_once_takes_at_most_36_bytes() {
        let mut state = NumberState::default();
        let mut rows = LoadedRows::unloaded(0);
        state
            .submit(&mut rows, samples::imported_row(), &FoldModel::DEFAULT)
            .unwrap();
        let bytes = encode(&state);
        assert!(bytes.len() <= 36, "{} bytes", bytes.len());
        assert_eq!(decode(&bytes).unwrap(), state);
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&samples::full_number(), |state| &state.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(samples::hex(&encode(&samples::full_number())), FROZEN);
    }

    /// The hexadecimal digits of the origins of reports, of what was appended last, and of the unknown field behind them.
    const NEWER_DIGITS: usize = 124 + 56;
    /// Those of the reporter table.
    const TABLE_DIGITS: usize = 24;

    #[test]
    fn a_record_without_additions_has_the_bytes_of_an_older_release() {
        let with_table = NumberState {
            unknown_fields: UnknownFields::default(),
            ..without_newer(samples::full_number())
        };
        let first_release = NumberState {
            reporter_table: None,
            ..with_table.clone()
        };
        for (state, digits) in [(with_table, NEWER_DIGITS), (first_release, NEWER_DIGITS + TABLE_DIGITS)] {
            let bytes = samples::hex(&encode(&state));
            assert!(FROZEN.starts_with(&bytes));
            assert_eq!(FROZEN.len(), bytes.len() + digits);
            assert_eq!(decode(&encode(&state)).unwrap(), state);
        }
    }

    /// An older release keeps the origins as bytes that it does not know, while it changes the evidence before them.
    #[test]
    fn origins_mean_the_same_after_an_older_release_changed_the_evidence() {
        let of_newer = samples::full_number();
        let whole = encode(&of_newer);
        let mut emptied = without_newer(of_newer.clone());
        emptied.evidence = Evidence::default();
        emptied.unknown_fields = UnknownFields::default();
        let origins = NEWER_DIGITS / 2;
        let bytes = [&encode(&emptied)[..], &whole[whole.len() - origins..]].concat();
        let read = decode(&Bytes::from(bytes)).unwrap();
        let weeks = |state: &NumberState| state.evidence.proven.all().weeks;
        assert_eq!(weeks(&read), weeks(&of_newer));
    }

    fn without_newer(mut state: NumberState) -> NumberState {
        state.pending = None;
        for sums in [&mut state.evidence.proven, &mut state.evidence.unproven] {
            for ledger in Ledger::ALL {
                let totals = sums.totals_mut(ledger);
                (totals.weeks, totals.sources) = (WeekSet::EMPTY, SourceSet::default());
            }
            for named in &mut sums.brands {
                named.reporters = BrandReporters::default();
            }
        }
        state
    }

    const FROZEN: &str = "\
        01d4c3b2a11fb1020aff018088d2b5925dac02ff87debe01003f1f03343333333333b33f016410ffffffffffffffffff\
        ffffffffffff1fff87debe01ff83af5f020000403f1f020000403f016410ffffffffffffffffffffffffffffff1fff87\
        debe01ff83af5f020000403f1f020000403e016410ffffffffffffffffffffffffffffff1fff87debe01ff83af5f0200\
        00403f0201020000403f650102057f0106416d617a6f6e020000003f3f1f03b81e85eb51b89e3f016410ffffffffffff\
        ffffffffffffffffff1fff87debe01ff83af5f03333333333333d33f1f03333333333333d33f016410ffffffffffffff\
        ffffffffffffffff1fff87debe01ff83af5f03333333333333d33f1f03333333333333b33f016410ffffffffffffffff\
        ffffffffffffff1fff87debe01ff83af5f03333333333333d33f020103333333333333d33f650102057f0106416d617a\
        6f6e020000003f0205400201030000000000000002ffffffffffffffff02070103117365656e20696e2074776f206361\
        73657303616e61d08ff4f6905d0180a0abfef9620106632d310203cdccccccccccec3f080180e0bcefa75700a09ff4f6\
        905d02626f80c085e8be510100000000000000000000000010000000050000000000000001a2020aefcdab8967452301\
        3f8380808008d514a180038380808008d514a180038380808008d514a180038380808008d514a180038380808008d514\
        a180038380808008d514a1800307010207000000040302010102070000000403020103a09ff4f6905dee";
}
