//! The bytes of what was added last to a number's record: who names its brands, and its comments that wait for a moderator.
//! They stand behind the origins of reports, so that an older release keeps them unread.

use super::parts::{presence, write_presence};
use super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::comment::PendingComments;
use crate::domain::evidence::{BrandReporters, Evidence, EvidenceSums};

/// Whether there is anything to be written.
pub(super) fn has_appended(evidence: &Evidence, pending: Option<&PendingComments>) -> bool {
    present_in(evidence, pending).contains(&true)
}

pub(super) fn write_appended(writer: &mut ByteWriter, evidence: &Evidence, pending: Option<&PendingComments>) {
    write_presence(writer, present_in(evidence, pending));
    for sums in [&evidence.proven, &evidence.unproven] {
        if has_reporters(sums) {
            writer.list(sums.brands.iter(), |writer, named| {
                writer.list(named.reporters.parts(), |writer, part| {
                    writer.raw(&part.to_le_bytes());
                });
            });
        }
    }
    if let Some(pending) = pending {
        writer.uint(u64::from(pending.count));
        writer.time(pending.oldest);
    }
}

pub(super) fn read_appended(
    reader: &mut ByteReader<'_>,
    evidence: &mut Evidence,
) -> Result<Option<PendingComments>, DecodeError> {
    let [of_proven, of_unproven, with_pending] = presence(reader)?;
    for (sums, present) in [(&mut evidence.proven, of_proven), (&mut evidence.unproven, of_unproven)] {
        if !present {
            continue;
        }
        let all = reader.list(|reader| reader.list(part))?;
        for (named, parts) in sums.brands.iter_mut().zip(all) {
            named.reporters = BrandReporters::from_parts(parts.into_iter());
        }
    }
    if !with_pending {
        return Ok(None);
    }
    Ok(Some(PendingComments {
        count: reader.uint32()?,
        oldest: reader.time()?,
    }))
}

fn present_in(evidence: &Evidence, pending: Option<&PendingComments>) -> [bool; 3] {
    [
        has_reporters(&evidence.proven),
        has_reporters(&evidence.unproven),
        pending.is_some(),
    ]
}

fn has_reporters(sums: &EvidenceSums) -> bool {
    sums.brands.iter().any(|named| named.reporters.parts().len() > 0)
}

/// A part of the hash of a reporter.
fn part(reader: &mut ByteReader<'_>) -> Result<u32, DecodeError> {
    let part = reader.take(4)?.first_chunk().ok_or(DecodeError::Short)?;
    Ok(u32::from_le_bytes(*part))
}
