//! The bytes of the weeks and sources of a number's reports. They were added after the first release, and stand behind the
//! other fields of a record, so that an older release keeps them unread.

use super::parts::{presence, write_presence};
use super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::call::Ledger;
use crate::domain::evidence::{Evidence, EvidenceSums, LedgerTotals, SourceSet, WeekSet};

/// The order in which ledgers are written: most numbers have the first only.
const LEDGERS: [Ledger; 3] = [Ledger::Unknown, Ledger::Authenticated, Ledger::Unauthenticated];

/// Whether there is anything to be written.
pub(super) fn has_origins(evidence: &Evidence) -> bool {
    present_in(evidence).contains(&true)
}

pub(super) fn write_origins(writer: &mut ByteWriter, evidence: &Evidence) {
    write_presence(writer, present_in(evidence));
    for sums in [&evidence.proven, &evidence.unproven] {
        for totals in LEDGERS.map(|ledger| sums.totals(ledger)) {
            if has_origin(totals) {
                write_weeks(writer, totals.weeks);
                writer.uint(u64::from(totals.sources.bits()));
            }
        }
    }
}

pub(super) fn read_origins(reader: &mut ByteReader<'_>, evidence: &mut Evidence) -> Result<(), DecodeError> {
    let present: [bool; 6] = presence(reader)?;
    let ledgers = [&mut evidence.proven, &mut evidence.unproven].into_iter();
    for (sums, present) in ledgers.zip(present.chunks(LEDGERS.len())) {
        read_sums(reader, present, sums)?;
    }
    Ok(())
}

/// For proven and unproven reporters, the ledgers with anything to be written.
fn present_in(evidence: &Evidence) -> [bool; 6] {
    let of = |sums: &EvidenceSums| LEDGERS.map(|ledger| has_origin(sums.totals(ledger)));
    let ([a, b, c], [d, e, f]) = (of(&evidence.proven), of(&evidence.unproven));
    [a, b, c, d, e, f]
}

fn has_origin(totals: &LedgerTotals) -> bool {
    !totals.weeks.is_empty() || totals.sources != SourceSet::default()
}

fn read_sums(reader: &mut ByteReader<'_>, present: &[bool], sums: &mut EvidenceSums) -> Result<(), DecodeError> {
    for (ledger, _) in LEDGERS.into_iter().zip(present).filter(|(_, present)| **present) {
        let weeks = weeks(reader)?;
        let sources = u16::try_from(reader.uint()?).map_err(|_| DecodeError::Range("sources"))?;
        let totals = sums.totals_mut(ledger);
        (totals.weeks, totals.sources) = (weeks, SourceSet::from_bits(sources));
    }
    Ok(())
}

/// The bits, and unless there are none, the latest week. It is counted from 1970 and not from another field: an older
/// release may change the other fields and keep these bytes.
fn write_weeks(writer: &mut ByteWriter, weeks: WeekSet) {
    writer.uint(u64::from(weeks.bits()));
    if !weeks.is_empty() {
        writer.uint(u64::from(weeks.newest()));
    }
}

fn weeks(reader: &mut ByteReader<'_>) -> Result<WeekSet, DecodeError> {
    let bits = reader.uint32()?;
    if bits == 0 {
        return Ok(WeekSet::EMPTY);
    }
    let newest = u16::try_from(reader.uint()?).ok();
    let weeks = newest.and_then(|newest| WeekSet::from_parts(newest, bits));
    weeks.ok_or(DecodeError::Range("weeks"))
}
