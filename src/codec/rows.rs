//! The bytes of a bucket of report rows.
//!
//! There is a row for every report that was ever accepted, so the size of this format matters most: a row of a regulator's
//! feed takes about 70 bytes. Every row has its length before it, so that fields added by a newer release are kept.

mod additions;

use bytes::Bytes;

use self::additions::{read_arrival, read_edition, read_reporter_key, read_sender, write_additions};
use super::parts::{code, name, presence, since, write_name, write_presence, write_since};
use super::{ByteReader, ByteWriter, DecodeError, UnreadableValue, begin, read_as, rest};
use crate::domain::brand::Brand;
use crate::domain::call::Ledger;
use crate::domain::ids::{Area, Feed, ImportId, ReportId, ReporterHash, SenderHash};
use crate::domain::kinds::{Category, Channel, ReportRole, Source};
use crate::domain::report::{ReportBody, ReportRow, RowState};
use crate::number::E164;

/// The bytes of one bucket.
#[must_use]
pub fn encode(rows: &[ReportRow]) -> Bytes {
    let mut writer = ByteWriter::default();
    begin(&mut writer);
    for row in rows {
        let mut fields = ByteWriter::default();
        write_row(&mut fields, row);
        writer.bytes(&fields.finish());
    }
    Bytes::from(writer.finish())
}

/// The rows of a bucket from its bytes.
///
/// # Errors
/// If they are not a bucket, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Vec<ReportRow>, UnreadableValue> {
    read_as("bucket of rows", bytes, |reader| {
        let mut rows = Vec::new();
        while !reader.remaining().is_empty() {
            rows.push(row(&mut ByteReader::new(reader.bytes()?))?);
        }
        Ok(rows)
    })
}

fn write_row(writer: &mut ByteWriter, row: &ReportRow) {
    let body = &row.body;
    let flags = Flags::of(row);
    writer.byte(flags.byte());
    write_presence(
        writer,
        [
            row.import.is_some(),
            body.area.is_some(),
            body.feed.is_some(),
            body.reporter.is_some(),
            body.role.is_some(),
            body.channel.is_some(),
            body.brand.is_some(),
            body.country.is_some(),
            body.comment.is_some(),
            !body.callbacks.is_empty(),
        ],
    );
    write_name(writer, row.id.as_str());
    writer.fixed64(content_of(row));
    writer.byte(body.category.code());
    writer.byte(body.source.code());
    writer.time(body.occurred_at);
    write_since(writer, body.occurred_at, row.received_at);
    if !flags.whole_weight {
        writer.short_float(row.weight);
    }
    write_optional_fields(writer, row);
    write_additions(writer, row);
    writer.raw(row.unknown_fields.bytes());
}

/// The content hash. A tombstone has no content: it has its sender in that place, or 0 for none.
fn content_of(row: &ReportRow) -> u64 {
    match row.state {
        RowState::Live | RowState::Withdrawn => row.content,
        RowState::Tombstone => row.sender.map_or(0, SenderHash::raw),
    }
}

/// The fields of the presence mask, in its order.
fn write_optional_fields(writer: &mut ByteWriter, row: &ReportRow) {
    let body = &row.body;
    let names = [
        row.import.as_ref().map(ImportId::as_str),
        body.area.as_ref().map(Area::as_str),
        body.feed.as_ref().map(Feed::as_str),
    ];
    for name in names.into_iter().flatten() {
        write_name(writer, name);
    }
    if let Some(reporter) = body.reporter {
        writer.fixed64(reporter.raw());
    }
    if let Some(role) = body.role {
        writer.byte(role.code());
    }
    if let Some(channel) = body.channel {
        writer.byte(channel.code());
    }
    if let Some(brand) = &body.brand {
        writer.text(brand.as_str());
    }
    if let Some(country) = body.country {
        writer.raw(&country);
    }
    if let Some(comment) = &body.comment {
        writer.text(comment);
    }
    if !body.callbacks.is_empty() {
        writer.list(body.callbacks.iter(), |writer, number| writer.uint(number.digits()));
    }
}

fn row(reader: &mut ByteReader<'_>) -> Result<ReportRow, DecodeError> {
    let flags = Flags::from_byte(reader.byte()?)?;
    let [
        import,
        area,
        feed,
        reporter,
        role,
        channel,
        brand,
        country,
        comment,
        callbacks,
    ] = presence(reader)?;
    let id = name(reader, ReportId::parse, "report id")?;
    let content = reader.fixed64()?;
    let category = code(reader, Category::from_code, "category")?;
    let source = code(reader, Source::from_code, "source")?;
    let occurred_at = reader.time()?;
    let received_at = since(reader, occurred_at)?;
    let weight = if flags.whole_weight { 1.0 } else { reader.short_float()? };
    let import = import.then(|| name(reader, ImportId::parse, "import id")).transpose()?;
    let mut body = ReportBody {
        category,
        not_spam: flags.not_spam,
        source,
        recorded: flags.recorded,
        ledger: flags.ledger,
        occurred_at,
        area: area.then(|| name(reader, Area::parse, "area")).transpose()?,
        feed: feed.then(|| name(reader, Feed::parse, "feed")).transpose()?,
        reporter: reporter
            .then(|| reader.fixed64().map(ReporterHash::from_raw))
            .transpose()?,
        role: role.then(|| code(reader, ReportRole::from_code, "role")).transpose()?,
        channel: channel
            .then(|| code(reader, Channel::from_code, "channel"))
            .transpose()?,
        brand: brand.then(|| brand_name(reader)).transpose()?,
        country: country.then(|| country_code(reader)).transpose()?,
        comment: comment.then(|| reader.text().map(Box::from)).transpose()?,
        callbacks: if callbacks {
            reader.list(call_back_number)?
        } else {
            Vec::new()
        },
    };
    let arrived_at = read_arrival(reader, flags.state, received_at)?;
    let (revision, comment) = read_edition(reader, flags.state)?;
    let (sender, withdrawn_by_decision) = read_sender(reader, (flags.state, content))?;
    body.reporter = read_reporter_key(reader, flags.state, body.reporter)?;
    Ok(ReportRow {
        id,
        content: if flags.state == RowState::Tombstone { 0 } else { content },
        sender,
        withdrawn_by_decision,
        state: flags.state,
        received_at,
        import,
        weight,
        body,
        arrived_at,
        revision,
        comment,
        unknown_fields: rest(reader),
    })
}

pub(super) fn brand_name(reader: &mut ByteReader<'_>) -> Result<Brand, DecodeError> {
    Brand::kept(reader.text()?).map_err(|_| DecodeError::Range("brand"))
}

fn country_code(reader: &mut ByteReader<'_>) -> Result<[u8; 2], DecodeError> {
    Ok([reader.byte()?, reader.byte()?])
}

fn call_back_number(reader: &mut ByteReader<'_>) -> Result<E164, DecodeError> {
    E164::from_digits(reader.uint()?).ok_or(DecodeError::Range("call-back number"))
}

/// The small fields of a row, packed into one byte: two bits of state, two of ledger, one of "not spam", one that says
/// that the weight is 1, two of recorded or live.
struct Flags {
    state: RowState,
    ledger: Ledger,
    not_spam: bool,
    whole_weight: bool,
    recorded: Option<bool>,
}

impl Flags {
    fn of(row: &ReportRow) -> Self {
        Self {
            state: row.state,
            ledger: row.body.ledger,
            not_spam: row.body.not_spam,
            whole_weight: row.weight.to_bits() == 1f32.to_bits(),
            recorded: row.body.recorded,
        }
    }

    fn byte(&self) -> u8 {
        let recorded = self.recorded.map_or(0, |recorded| 1 + u8::from(recorded));
        self.state as u8
            | (self.ledger as u8) << 2
            | u8::from(self.not_spam) << 4
            | u8::from(self.whole_weight) << 5
            | recorded << 6
    }

    fn from_byte(byte: u8) -> Result<Self, DecodeError> {
        let state = match byte & 0b11 {
            0 => RowState::Live,
            1 => RowState::Withdrawn,
            2 => RowState::Tombstone,
            _ => return Err(DecodeError::Range("row state")),
        };
        let recorded = match byte >> 6 {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            _ => return Err(DecodeError::Range("recorded")),
        };
        Ok(Self {
            state,
            ledger: Ledger::from_code(byte >> 2 & 0b11).ok_or(DecodeError::Range("ledger"))?,
            not_spam: byte >> 4 & 1 == 1,
            whole_weight: byte >> 5 & 1 == 1,
            recorded,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::domain::comment::CommentFacts;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(rows in prop::collection::vec(samples::row(), 0..5)) {
            prop_assert_eq!(decode(&encode(&rows)).unwrap(), rows);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, major: bool) {
            if let (Some(first), true) = (bytes.first_mut(), major) {
                *first = 1;
            }
            if let Ok(rows) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&rows)).unwrap().len(), rows.len());
            }
        }

        #[test]
        fn a_damaged_bucket_is_read_without_a_panic(
            rows in prop::collection::vec(samples::row(), 1..3), place: prop::sample::Index, value: u8,
        ) {
            let mut bytes = encode(&rows).to_vec();
            let place = place.index(bytes.len());
            bytes[place] = value;
            let read = decode(&bytes);
            prop_assert!(place > 0 || value == 1 || read.is_err());
        }
    }

    #[test]
    fn a_row_of_an_import_takes_at_most_75_bytes() {
        let row = samples::imported_row();
        let bytes = encode(std::slice::from_ref(&row));
        assert!(bytes.len() <= 75, "{} bytes", bytes.len());
        assert_eq!(decode(&bytes).unwrap(), [row]);
    }

    #[test]
    fn a_row_with_an_arrival_of_its_own_takes_a_few_bytes_more() {
        let row = samples::imported_row();
        let late = ReportRow {
            arrived_at: row.received_at.plus(std::time::Duration::from_secs(5 * 365 * 86_400)),
            ..row.clone()
        };
        let bytes = encode(std::slice::from_ref(&late));
        assert_eq!(bytes.len(), encode(&[row]).len() + 6);
        assert_eq!(decode(&bytes).unwrap(), [late]);
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        let mut bytes = encode(&[samples::imported_row()]).to_vec();
        bytes[1] += 9;
        bytes.extend_from_slice(b"\0\0\0\x01\0\0new");
        let rows = decode(&bytes).unwrap();
        assert_eq!(rows[0].unknown_fields.bytes(), b"new");
        assert_eq!(encode(&rows), bytes);
        bytes[0] = 2;
        let newer = DecodeError::NewerMajor { found: 2, known: 1 };
        assert_eq!(decode(&bytes).unwrap_err().cause, newer);
    }

    /// A full row without fields of a newer release, whose reporter is hashed under the key of the store.
    fn row_before_keys() -> ReportRow {
        let mut row = samples::full_row();
        row.body.reporter = row.body.reporter.map(|reporter| ReporterHash::from_raw(reporter.raw()));
        row.unknown_fields = crate::domain::unknown_fields::UnknownFields::default();
        row
    }

    /// A row whose reporter is hashed under the key of the store has the bytes that it had before there were other keys.
    #[test]
    fn a_row_under_the_key_of_the_store_is_written_as_before() {
        let bytes = encode(&[row_before_keys()]);
        assert_eq!(samples::hex(&bytes), WITHOUT_KEY);
        assert_eq!(decode(&bytes).unwrap(), [row_before_keys()]);
    }

    /// A row that was never corrected or moderated has the bytes that it had before there were revisions.
    #[test]
    fn a_row_without_a_revision_is_written_as_before() {
        let row = ReportRow {
            revision: 0,
            comment: CommentFacts::default(),
            sender: None,
            withdrawn_by_decision: false,
            ..row_before_keys()
        };
        let bytes = encode(std::slice::from_ref(&row));
        assert_eq!(samples::hex(&bytes), WITHOUT_EDITION);
        assert_eq!(decode(&bytes).unwrap(), [row]);
    }

    /// A row without a sender has the bytes that it had before rows had senders.
    #[test]
    fn a_row_without_a_sender_is_written_as_before() {
        let row = ReportRow {
            sender: None,
            withdrawn_by_decision: false,
            ..row_before_keys()
        };
        let bytes = encode(std::slice::from_ref(&row));
        assert_eq!(samples::hex(&bytes), WITHOUT_SENDER);
        assert_eq!(decode(&bytes).unwrap(), [row]);
    }

    #[test]
    fn a_sender_takes_13_bytes_and_none_in_a_tombstone() {
        let sender = SenderHash::from_raw(7);
        let of = |row: ReportRow| {
            let bytes = encode(std::slice::from_ref(&row));
            assert_eq!(decode(&bytes).unwrap(), [row]);
            bytes.len()
        };
        let row = samples::imported_row();
        assert_eq!(of(ReportRow { sender, ..row.clone() }), of(row.clone()) + 13);
        let tombstone = ReportRow::tombstone(row.id, row.received_at);
        assert_eq!(
            of(ReportRow {
                sender,
                ..tombstone.clone()
            }),
            of(tombstone)
        );
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        let rows = [samples::imported_row(), samples::full_row()];
        assert_eq!(samples::hex(&encode(&rows)), FROZEN);
    }

    const FROZEN: &str = "\
        01412807410123456789abcdef0123456789abcdefc2365ec52d46861b02068088da8ad75d0041fedcba9876543210fe\
        dcba9876543210073150106674632d33636f6c910155ff07167265706f727420312fc3a488776655443322110101f6a1\
        abfef962caa707cdcc4c3e0e62617463682d370a44452d42590a6170705f3108070605040302010202094d6963726f73\
        6f667444451e5369652073616774656e2c206573207365692057696e646f777320e280a602f7c8db8943c0edeeae12e8\
        070302646502022827262524232221cdf8acd101eeff";

    const WITHOUT_KEY: &str = "\
        018a0155ff07167265706f727420312fc3a488776655443322110101f6a1abfef962caa707cdcc4c3e0e62617463682d\
        370a44452d42590a6170705f3108070605040302010202094d6963726f736f667444451e5369652073616774656e2c20\
        6573207365692057696e646f777320e280a602f7c8db8943c0edeeae12e8070302646502022827262524232221";

    const WITHOUT_SENDER: &str = "\
        01810155ff07167265706f727420312fc3a488776655443322110101f6a1abfef962caa707cdcc4c3e0e62617463682d\
        370a44452d42590a6170705f3108070605040302010202094d6963726f736f667444451e5369652073616774656e2c20\
        6573207365692057696e646f777320e280a602f7c8db8943c0edeeae12e8070302646502";

    const WITHOUT_EDITION: &str = "\
        017c55ff07167265706f727420312fc3a488776655443322110101f6a1abfef962caa707cdcc4c3e0e62617463682d37\
        0a44452d42590a6170705f3108070605040302010202094d6963726f736f667444451e5369652073616774656e2c2065\
        73207365692057696e646f777320e280a602f7c8db8943c0edeeae12e807";
}
