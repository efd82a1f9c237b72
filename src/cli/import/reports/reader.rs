//! Reads the rows of a mapped file into reports.
//!
//! A report whose row has no id gets one from its content: the 128-bit XXH3 of the report in protobuf, without report id
//! and import id, in hex, is the one field of a row of [`Identities`]. So a second import of the file changes nothing,
//! and a file that is read in another way (another zone, another category) makes other reports. A test freezes the ids.
//!
//! A report without a time would be the same in the file of another day. So it has a second field: the hash of the rows of
//! the file, in hex.

use std::collections::BTreeMap;

use prost::Message as _;
use xxhash_rust::xxh3::xxh3_128;

use super::row::RowMapper;
use crate::cli::import::identity::Identities;
use crate::cli::import::rows::{self, CsvRows, Row};
use crate::cli::import::transfer::ReportReader;
use crate::cli::import::{FiledReport, ImportError, Reject};

/// Reads a file row by row.
pub(super) struct MappedReader {
    rows: CsvRows,
    mapper: RowMapper,
    identities: Identities,
    import_id: String,
    /// The hash of the rows of the file, in hex.
    content: String,
    keeps_rows: bool,
}

impl MappedReader {
    /// Skips the header, if there is one.
    ///
    /// # Errors
    /// If the text cannot be read.
    pub(super) fn new(
        mut rows: CsvRows,
        mapper: RowMapper,
        (import_id, content): (&str, u128),
        (no_header, keeps_rows): (bool, bool),
    ) -> Result<Self, ImportError> {
        if !no_header {
            rows.next()?;
        }
        Ok(Self {
            rows,
            identities: Identities::new(&mapper.feed),
            mapper,
            import_id: import_id.to_owned(),
            content: format!("{content:032x}"),
            keeps_rows,
        })
    }
}

impl ReportReader for MappedReader {
    fn next_row(&mut self) -> Result<Option<Result<FiledReport, Reject>>, ImportError> {
        let Some(Row { line, record, fault }) = self.rows.next()? else {
            return Ok(None);
        };
        let row = self.keeps_rows.then(|| rows::as_line(record));
        let report = fault.map_or_else(|| self.mapper.report(record), Err);
        let mut report = match report {
            Ok(report) => report,
            Err(fault) => return Ok(Some(Err(Reject { line, fault, row }))),
        };
        if report.report_id.is_empty() {
            let content = format!("{:032x}", xxh3_128(&report.encode_to_vec()));
            let is_timed = report.occurred_at.is_some() || report.received_at.is_some();
            let of_file = Some(self.content.as_bytes()).filter(|_| !is_timed);
            let fields = std::iter::once(content.as_bytes()).chain(of_file);
            report.report_id = self.identities.next(fields)?;
        }
        report.import_id.clone_from(&self.import_id);
        Ok(Some(Ok(FiledReport { line, report, row })))
    }

    fn into_unknown_subjects(self) -> BTreeMap<String, u64> {
        // Values without a category were refused before.
        BTreeMap::new()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::dates::Dates;
    use super::super::field::Field;
    use super::super::zone::Zone;
    use super::*;
    use crate::number::Region;
    use crate::wire::v1::{Category, Report, Source};

    fn mapper(zone: &str) -> RowMapper {
        RowMapper {
            columns: vec![
                (Field::Number, 0),
                (Field::OccurredAt, 1),
                (Field::Category, 2),
                (Field::Comment, 3),
            ],
            count: 4,
            values: Default::default(),
            dates: Dates::Dmy,
            zone: zone.parse().unwrap(),
            day: None,
            region: Some(Region::US),
            source: Source::Analyst,
            feed: "file".to_owned(),
        }
    }

    fn read(text: &str, zone: &str) -> Vec<Result<Report, u64>> {
        read_by(text, mapper(zone), 1)
    }

    fn read_by(text: &str, mapper: RowMapper, content: u128) -> Vec<Result<Report, u64>> {
        let rows = CsvRows::new(Box::new(Cursor::new(text.to_owned())));
        let mut reader = MappedReader::new(rows, mapper, ("i-1", content), (false, false)).unwrap();
        std::iter::from_fn(|| reader.next_row().unwrap())
            .map(|row| row.map(|filed| filed.report).map_err(|reject| reject.line))
            .collect()
    }

    const TEXT: &str = "phone;date;type;text\n\
                        4155550123;6.7.2021 11:48;TECH_SUPPORT_SCAM;first\n\
                        4155550123;6.7.2021 11:48;TECH_SUPPORT_SCAM;first\n\
                        14155550123.0;6.7.2021;;\n\
                        +34 612 345 678;;;\n";

    #[test]
    fn ids_follow_from_the_content_and_are_frozen() {
        let reports = read(TEXT, "UTC");
        assert_eq!(reports[2..], [Err(4), Err(5)], "a decimal point; no date");
        let (first, second) = (reports[0].as_ref().unwrap(), reports[1].as_ref().unwrap());
        assert_eq!(first.number, "+14155550123");
        assert_eq!(first.category(), Category::TechSupportScam);
        assert_eq!(first.occurred_at.unwrap().seconds, 1_625_572_080);
        assert_eq!((first.import_id.as_str(), first.feed.as_str()), ("i-1", "file"));
        assert_eq!(first.report_id, "6e3ae2c137cad3bce9bb01671bb959ce");
        assert_eq!(
            second.report_id, "3aed5af4d12c885b4d80cb119e7e22b2",
            "an equal row is another report"
        );
        let elsewhere = read(TEXT, "Europe/Madrid");
        assert_ne!(elsewhere[0].as_ref().unwrap().report_id, first.report_id);
        assert_eq!(read(TEXT, "UTC"), reports);
    }

    #[test]
    fn a_report_without_a_time_is_one_of_its_file_or_its_day() {
        let last = |mapper: RowMapper, content| read_by(TEXT, mapper, content)[3].clone().unwrap();
        let untimed = || {
            let mut mapper = mapper("UTC");
            mapper.columns.retain(|(field, _)| *field != Field::OccurredAt);
            mapper
        };
        let (monday, tuesday) = (last(untimed(), 1), last(untimed(), 2));
        assert_eq!((monday.number.as_str(), monday.occurred_at), ("+34612345678", None));
        assert_eq!(monday.report_id, last(untimed(), 1).report_id);
        assert_ne!(monday.report_id, tuesday.report_id);
        assert_eq!(monday.report_id, "15a20220e59867a2034503464552c886");
        let first = |content| read_by(TEXT, mapper("UTC"), content)[0].clone().unwrap().report_id;
        assert_eq!(first(1), first(2), "a report with a time is the same in every file");
        let on = |day: &str| RowMapper {
            day: Some(day.parse().unwrap()),
            ..mapper("Europe/Madrid")
        };
        let dated = last(on("2026-07-06"), 1);
        assert_eq!(dated.occurred_at.unwrap().seconds, 1_783_288_800);
        assert_eq!(dated.report_id, last(on("2026-07-06"), 2).report_id);
        assert_ne!(dated.report_id, last(on("2026-07-07"), 1).report_id);
    }

    #[test]
    fn zones_are_applied() {
        assert_eq!(Zone::UTC, "UTC".parse().unwrap());
        let madrid = read(TEXT, "Europe/Madrid");
        assert_eq!(madrid[0].as_ref().unwrap().occurred_at.unwrap().seconds, 1_625_564_880);
    }
}
