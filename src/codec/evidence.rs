//! The bytes of a number's folded evidence, within its record.
//!
//! A mask says which sums and counts are not zero; only those follow. Times are written as differences to the time that
//! the sums are computed for.

use super::parts::{code, distinct, presence, since, sum, write_distinct, write_presence, write_since, write_sum};
use super::rows::brand_name;
use super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::bitmap::DistinctCount;
use crate::domain::evidence::{Book, Evidence, Testimony};
use crate::domain::kinds::Category;
use crate::domain::report::Ledger;
use crate::domain::time::Timestamp;

/// The order in which books are written: most numbers have the first only.
const BOOKS: [Ledger; 3] = [Ledger::Unknown, Ledger::Authenticated, Ledger::Unauthenticated];

pub(super) fn write_evidence(writer: &mut ByteWriter, evidence: &Evidence) {
    let base = evidence.as_of;
    write_presence(
        writer,
        [
            evidence.reports > 0,
            evidence.first_reported.is_some(),
            evidence.last_reported.is_some(),
            evidence.proven != Testimony::default(),
            evidence.unproven != Testimony::default(),
            evidence.reporters_seen != DistinctCount::default(),
            !evidence.unproven_sample.is_empty(),
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
    for testimony in [&evidence.proven, &evidence.unproven] {
        if *testimony != Testimony::default() {
            write_testimony(writer, testimony, base);
        }
    }
    if evidence.reporters_seen != DistinctCount::default() {
        write_distinct(writer, evidence.reporters_seen);
    }
    if !evidence.unproven_sample.is_empty() {
        writer.list(evidence.unproven_sample.iter(), |writer, (ledger, hash)| {
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
        evidence.proven = testimony(reader, base)?;
    }
    if unproven {
        evidence.unproven = testimony(reader, base)?;
    }
    if seen {
        evidence.reporters_seen = distinct(reader)?;
    }
    if sample {
        evidence.unproven_sample =
            reader.list(|reader| Ok((code(reader, Ledger::from_code, "ledger")?, reader.fixed64()?)))?;
    }
    if not_spam {
        evidence.not_spam_reports = reader.uint32()?;
    }
    Ok(evidence)
}

fn write_testimony(writer: &mut ByteWriter, testimony: &Testimony, base: Timestamp) {
    let books = BOOKS.map(|ledger| testimony.book(ledger));
    let [unknown, authenticated, unauthenticated] = books.map(|book| *book != Book::default());
    write_presence(
        writer,
        [
            unknown,
            !testimony.categories.is_empty(),
            testimony.reporters != DistinctCount::default(),
            authenticated,
            unauthenticated,
            !testimony.brands.is_empty(),
        ],
    );
    for book in books.into_iter().filter(|book| **book != Book::default()) {
        write_book(writer, book, base);
    }
    if !testimony.categories.is_empty() {
        writer.list(testimony.categories.iter(), |writer, (category, mass)| {
            writer.byte(category.code());
            write_sum(writer, *mass);
        });
    }
    if testimony.reporters != DistinctCount::default() {
        write_distinct(writer, testimony.reporters);
    }
    if !testimony.brands.is_empty() {
        writer.list(testimony.brands.iter(), |writer, (brand, mass)| {
            writer.text(brand.as_str());
            write_sum(writer, *mass);
        });
    }
}

fn testimony(reader: &mut ByteReader<'_>, base: Timestamp) -> Result<Testimony, DecodeError> {
    let [unknown, categories, reporters, authenticated, unauthenticated, brands] = presence(reader)?;
    let unknown = book_if(unknown, reader, base)?;
    let authenticated = book_if(authenticated, reader, base)?;
    let unauthenticated = book_if(unauthenticated, reader, base)?;
    let mut testimony = Testimony::of_books([authenticated, unauthenticated, unknown]);
    if categories {
        testimony.categories =
            reader.list(|reader| Ok((code(reader, Category::from_code, "category")?, sum(reader)?)))?;
    }
    if reporters {
        testimony.reporters = distinct(reader)?;
    }
    if brands {
        testimony.brands = reader.list(|reader| Ok((brand_name(reader)?, sum(reader)?)))?;
    }
    Ok(testimony)
}

fn write_book(writer: &mut ByteWriter, book: &Book, base: Timestamp) {
    write_presence(
        writer,
        [
            book.reports > 0,
            book.areas != DistinctCount::default(),
            book.first_at.is_some(),
            book.last_at.is_some(),
            book.not_spam != 0.0,
        ],
    );
    write_sum(writer, book.short);
    write_sum(writer, book.long);
    if book.reports > 0 {
        writer.uint(u64::from(book.reports));
    }
    if book.areas != DistinctCount::default() {
        write_distinct(writer, book.areas);
    }
    for moment in [book.first_at, book.last_at].into_iter().flatten() {
        write_since(writer, base, moment);
    }
    if book.not_spam != 0.0 {
        write_sum(writer, book.not_spam);
    }
}

fn book_if(present: bool, reader: &mut ByteReader<'_>, base: Timestamp) -> Result<Book, DecodeError> {
    if !present {
        return Ok(Book::default());
    }
    let [reports, areas, first, last, not_spam] = presence(reader)?;
    let mut book = Book {
        short: sum(reader)?,
        long: sum(reader)?,
        ..Book::default()
    };
    if reports {
        book.reports = reader.uint32()?;
    }
    if areas {
        book.areas = distinct(reader)?;
    }
    book.first_at = first.then(|| since(reader, base)).transpose()?;
    book.last_at = last.then(|| since(reader, base)).transpose()?;
    if not_spam {
        book.not_spam = sum(reader)?;
    }
    Ok(book)
}
