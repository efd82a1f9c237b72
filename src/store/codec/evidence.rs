//! The bytes of a number's folded evidence, within its record.
//!
//! A mask says which sums and counts are not nought; only those follow. Moments are written as differences to the one
//! at which the sums stand.

use super::parts::{code, distinct, presence, since, sum, write_distinct, write_presence, write_since, write_sum};
use super::rows::brand_name;
use super::{DecodeError, Reader, Writer};
use crate::domain::bitmap::DistinctCount;
use crate::domain::evidence::{Evidence, Mass, Testimony};
use crate::domain::kinds::Category;
use crate::domain::time::Timestamp;

pub(super) fn write_evidence(writer: &mut Writer, evidence: &Evidence) {
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
        writer.list(evidence.unproven_sample.iter(), |writer, hash| writer.fixed64(*hash));
    }
    if evidence.not_spam_reports > 0 {
        writer.uint(u64::from(evidence.not_spam_reports));
    }
}

pub(super) fn evidence(reader: &mut Reader<'_>) -> Result<Evidence, DecodeError> {
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
        evidence.unproven_sample = reader.list(Reader::fixed64)?;
    }
    if not_spam {
        evidence.not_spam_reports = reader.uint32()?;
    }
    Ok(evidence)
}

fn write_testimony(writer: &mut Writer, testimony: &Testimony, base: Timestamp) {
    let [authenticated, unauthenticated, unknown] = testimony.ledgers;
    let is_set = |mass: Mass| mass != Mass::default();
    write_presence(
        writer,
        [
            is_set(unknown),
            !testimony.categories.is_empty(),
            testimony.areas != DistinctCount::default(),
            testimony.first_at.is_some(),
            testimony.last_at.is_some(),
            testimony.reporters != DistinctCount::default(),
            is_set(authenticated),
            is_set(unauthenticated),
            testimony.not_spam != 0.0,
            !testimony.brands.is_empty(),
        ],
    );
    for mass in [unknown, authenticated, unauthenticated] {
        if is_set(mass) {
            write_sum(writer, mass.short);
            write_sum(writer, mass.long);
        }
    }
    if testimony.not_spam != 0.0 {
        write_sum(writer, testimony.not_spam);
    }
    if !testimony.categories.is_empty() {
        writer.list(testimony.categories.iter(), |writer, (category, mass)| {
            writer.byte(category.code());
            write_sum(writer, *mass);
        });
    }
    if !testimony.brands.is_empty() {
        writer.list(testimony.brands.iter(), |writer, (brand, mass)| {
            writer.text(brand.as_str());
            write_sum(writer, *mass);
        });
    }
    for count in [testimony.areas, testimony.reporters] {
        if count != DistinctCount::default() {
            write_distinct(writer, count);
        }
    }
    for moment in [testimony.first_at, testimony.last_at].into_iter().flatten() {
        write_since(writer, base, moment);
    }
}

fn testimony(reader: &mut Reader<'_>, base: Timestamp) -> Result<Testimony, DecodeError> {
    let [
        unknown,
        categories,
        areas,
        first,
        last,
        reporters,
        authenticated,
        unauthenticated,
        not_spam,
        brands,
    ] = presence(reader)?;
    let unknown = mass_if(unknown, reader)?;
    let mut testimony = Testimony {
        ledgers: [
            mass_if(authenticated, reader)?,
            mass_if(unauthenticated, reader)?,
            unknown,
        ],
        ..Testimony::default()
    };
    if not_spam {
        testimony.not_spam = sum(reader)?;
    }
    if categories {
        testimony.categories =
            reader.list(|reader| Ok((code(reader, Category::from_code, "category")?, sum(reader)?)))?;
    }
    if brands {
        testimony.brands = reader.list(|reader| Ok((brand_name(reader)?, sum(reader)?)))?;
    }
    if areas {
        testimony.areas = distinct(reader)?;
    }
    if reporters {
        testimony.reporters = distinct(reader)?;
    }
    testimony.first_at = first.then(|| since(reader, base)).transpose()?;
    testimony.last_at = last.then(|| since(reader, base)).transpose()?;
    Ok(testimony)
}

fn mass_if(present: bool, reader: &mut Reader<'_>) -> Result<Mass, DecodeError> {
    if !present {
        return Ok(Mass::default());
    }
    Ok(Mass {
        short: sum(reader)?,
        long: sum(reader)?,
    })
}
