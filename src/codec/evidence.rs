//! The bytes of a number's folded evidence, within its record.
//!
//! A mask says which sums and counts are not zero; only those follow. Times are written as differences to the time that
//! the sums are computed for.

use super::parts::{code, distinct, presence, since, sum, write_distinct, write_presence, write_since, write_sum};
use super::rows::brand_name;
use super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::bitmap::DistinctCount;
use crate::domain::call::Ledger;
use crate::domain::evidence::{Evidence, EvidenceSums, LedgerTotals, NamedBrand};
use crate::domain::kinds::Category;
use crate::domain::time::Timestamp;

/// The order in which ledgers are written: most numbers have the first only.
const LEDGERS: [Ledger; 3] = [Ledger::Unknown, Ledger::Authenticated, Ledger::Unauthenticated];

pub(super) fn write_evidence(writer: &mut ByteWriter, evidence: &Evidence) {
    let base = evidence.as_of;
    write_presence(
        writer,
        [
            evidence.reports > 0,
            evidence.first_reported.is_some(),
            evidence.last_reported.is_some(),
            evidence.proven != EvidenceSums::default(),
            evidence.unproven != EvidenceSums::default(),
            evidence.reporters_seen != DistinctCount::default(),
            !evidence.first_reporters.is_empty(),
            evidence.not_spam_reports > 0,
        ],
    );
    writer.time(base);
    if evidence.reports > 0 {
        writer.uint(u64::from(evidence.reports));
    }
    for moment in [evidence.first_reported, evidence.last_reported].into_iter().flatten() {
        write_since(writer, base, moment);
    }
    for sums in [&evidence.proven, &evidence.unproven] {
        if *sums != EvidenceSums::default() {
            write_evidence_sums(writer, sums, base);
        }
    }
    if evidence.reporters_seen != DistinctCount::default() {
        write_distinct(writer, evidence.reporters_seen);
    }
    if !evidence.first_reporters.is_empty() {
        writer.list(evidence.first_reporters.iter(), |writer, (ledger, hash)| {
            writer.byte(*ledger as u8);
            writer.fixed64(*hash);
        });
    }
    if evidence.not_spam_reports > 0 {
        writer.uint(u64::from(evidence.not_spam_reports));
    }
}

pub(super) fn evidence(reader: &mut ByteReader<'_>) -> Result<Evidence, DecodeError> {
    let [reports, first, last, proven, unproven, seen, sample, not_spam] = presence(reader)?;
    let mut evidence = Evidence {
        as_of: reader.time()?,
        ..Evidence::default()
    };
    let base = evidence.as_of;
    if reports {
        evidence.reports = reader.uint32()?;
    }
    evidence.first_reported = first.then(|| since(reader, base)).transpose()?;
    evidence.last_reported = last.then(|| since(reader, base)).transpose()?;
    if proven {
        evidence.proven = sums(reader, base)?;
    }
    if unproven {
        evidence.unproven = sums(reader, base)?;
    }
    if seen {
        evidence.reporters_seen = distinct(reader)?;
    }
    if sample {
        evidence.first_reporters =
            reader.list(|reader| Ok((code(reader, Ledger::from_code, "ledger")?, reader.fixed64()?)))?;
    }
    if not_spam {
        evidence.not_spam_reports = reader.uint32()?;
    }
    Ok(evidence)
}

fn write_evidence_sums(writer: &mut ByteWriter, sums: &EvidenceSums, base: Timestamp) {
    let ledgers = LEDGERS.map(|ledger| sums.totals(ledger));
    let [unknown, authenticated, unauthenticated] = ledgers.map(|totals| *totals != LedgerTotals::default());
    write_presence(
        writer,
        [
            unknown,
            !sums.categories.is_empty(),
            sums.reporters != DistinctCount::default(),
            authenticated,
            unauthenticated,
            !sums.brands.is_empty(),
        ],
    );
    for totals in ledgers.into_iter().filter(|totals| **totals != LedgerTotals::default()) {
        write_totals(writer, totals, base);
    }
    if !sums.categories.is_empty() {
        writer.list(sums.categories.iter(), |writer, (category, mass)| {
            writer.byte(category.code());
            write_sum(writer, *mass);
        });
    }
    if sums.reporters != DistinctCount::default() {
        write_distinct(writer, sums.reporters);
    }
    if !sums.brands.is_empty() {
        writer.list(sums.brands.iter(), |writer, named| {
            writer.text(named.brand.as_str());
            write_sum(writer, named.mass);
        });
    }
}

fn sums(reader: &mut ByteReader<'_>, base: Timestamp) -> Result<EvidenceSums, DecodeError> {
    let [unknown, categories, reporters, authenticated, unauthenticated, brands] = presence(reader)?;
    let unknown = totals_if(unknown, reader, base)?;
    let authenticated = totals_if(authenticated, reader, base)?;
    let unauthenticated = totals_if(unauthenticated, reader, base)?;
    let mut sums = EvidenceSums::of_totals([authenticated, unauthenticated, unknown]);
    if categories {
        sums.categories = reader.list(|reader| Ok((code(reader, Category::from_code, "category")?, sum(reader)?)))?;
    }
    if reporters {
        sums.reporters = distinct(reader)?;
    }
    if brands {
        sums.brands = reader.list(|reader| Ok(NamedBrand::new(brand_name(reader)?, sum(reader)?)))?;
    }
    Ok(sums)
}

fn write_totals(writer: &mut ByteWriter, totals: &LedgerTotals, base: Timestamp) {
    write_presence(
        writer,
        [
            totals.reports > 0,
            totals.areas != DistinctCount::default(),
            totals.first_at.is_some(),
            totals.last_at.is_some(),
            totals.not_spam != 0.0,
        ],
    );
    write_sum(writer, totals.short);
    write_sum(writer, totals.long);
    if totals.reports > 0 {
        writer.uint(u64::from(totals.reports));
    }
    if totals.areas != DistinctCount::default() {
        write_distinct(writer, totals.areas);
    }
    for moment in [totals.first_at, totals.last_at].into_iter().flatten() {
        write_since(writer, base, moment);
    }
    if totals.not_spam != 0.0 {
        write_sum(writer, totals.not_spam);
    }
}

fn totals_if(present: bool, reader: &mut ByteReader<'_>, base: Timestamp) -> Result<LedgerTotals, DecodeError> {
    if !present {
        return Ok(LedgerTotals::default());
    }
    let [reports, areas, first, last, not_spam] = presence(reader)?;
    let mut totals = LedgerTotals {
        short: sum(reader)?,
        long: sum(reader)?,
        ..LedgerTotals::default()
    };
    if reports {
        totals.reports = reader.uint32()?;
    }
    if areas {
        totals.areas = distinct(reader)?;
    }
    totals.first_at = first.then(|| since(reader, base)).transpose()?;
    totals.last_at = last.then(|| since(reader, base)).transpose()?;
    if not_spam {
        totals.not_spam = sum(reader)?;
    }
    Ok(totals)
}
