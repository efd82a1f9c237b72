//! The bytes of the sources and weeks of a number's reports. They were added after the first release, and stand behind the
//! other fields of a record, so that an older release keeps them unread.

use super::parts::{presence, write_presence};
use super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::call::Ledger;
use crate::domain::evidence::{Evidence, EvidenceSums, SourceSet, WeekSet};
use crate::domain::time::Timestamp;

/// The order in which the sources of the ledgers are written: most numbers have the first only.
const LEDGERS: [Ledger; 3] = [Ledger::Unknown, Ledger::Authenticated, Ledger::Unauthenticated];

/// Whether there is anything to be written.
pub(super) fn has_origins(evidence: &Evidence) -> bool {
    present_of(evidence).contains(&true)
}

pub(super) fn write_origins(writer: &mut ByteWriter, evidence: &Evidence) {
    write_presence(writer, present_of(evidence));
    for sums in [&evidence.proven, &evidence.unproven] {
        if !sums.weeks.is_empty() {
            write_weeks(writer, sums.weeks, evidence.as_of);
        }
        let sources = LEDGERS.map(|ledger| sums.totals(ledger).sources.bits());
        for bits in sources.into_iter().filter(|bits| *bits != 0) {
            writer.uint(u64::from(bits));
        }
    }
}

pub(super) fn read_origins(reader: &mut ByteReader<'_>, evidence: &mut Evidence) -> Result<(), DecodeError> {
    let present: [bool; 8] = presence(reader)?;
    let (of_proven, of_unproven) = present.split_at(4);
    let base = evidence.as_of;
    read_sums(reader, of_proven, &mut evidence.proven, base)?;
    read_sums(reader, of_unproven, &mut evidence.unproven, base)
}

/// For each class of reporters, whether there are weeks, and whether there are sources in each ledger.
fn present_of(evidence: &Evidence) -> [bool; 8] {
    let of = |sums: &EvidenceSums| {
        let [unknown, authenticated, unauthenticated] =
            LEDGERS.map(|ledger| sums.totals(ledger).sources != SourceSet::default());
        [!sums.weeks.is_empty(), unknown, authenticated, unauthenticated]
    };
    let ([a, b, c, d], [e, f, g, h]) = (of(&evidence.proven), of(&evidence.unproven));
    [a, b, c, d, e, f, g, h]
}

fn read_sums(
    reader: &mut ByteReader<'_>,
    present: &[bool],
    sums: &mut EvidenceSums,
    base: Timestamp,
) -> Result<(), DecodeError> {
    let mut present = present.iter();
    if present.next() == Some(&true) {
        sums.weeks = weeks(reader, base)?;
    }
    for (ledger, _) in LEDGERS.into_iter().zip(present).filter(|(_, present)| **present) {
        let bits = u16::try_from(reader.uint()?).map_err(|_| DecodeError::Range("sources"))?;
        sums.totals_mut(ledger).sources = SourceSet::from_bits(bits);
    }
    Ok(())
}

/// The latest week, as the difference to the week that the sums are computed for, and the bits of the weeks before it: the
/// bit of the latest week itself is always set.
fn write_weeks(writer: &mut ByteWriter, weeks: WeekSet, base: Timestamp) {
    let base = WeekSet::of(base).newest();
    writer.int(i64::from(weeks.newest()) - i64::from(base));
    writer.uint(u64::from(weeks.bits() >> 1));
}

fn weeks(reader: &mut ByteReader<'_>, base: Timestamp) -> Result<WeekSet, DecodeError> {
    let base = WeekSet::of(base).newest();
    let newest = reader.int()?.checked_add(i64::from(base));
    let newest = newest.and_then(|week| u16::try_from(week).ok());
    let bits = reader.uint32()?.checked_mul(2).map(|bits| bits | 1);
    let weeks = newest
        .zip(bits)
        .and_then(|(newest, bits)| WeekSet::from_parts(newest, bits));
    weeks.ok_or(DecodeError::Range("weeks"))
}
