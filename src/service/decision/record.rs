//! The bytes of a decision, as short as possible: they are sent in a SIP header.

use crate::codec::{ByteReader, ByteWriter, DecodeError};
use crate::domain::decision::{DecisionRecord, MAX_SEALED_REASONS, SealedReason};
use crate::domain::kinds::{Action, Attestation, Basis, RiskLevel, Verstat};
use crate::domain::reason_code::ReasonCode;
use crate::domain::words::Figure;
use crate::number::E164;

/// Flags of one byte.
const ABOUT_TO_DIAL: u8 = 1;
const SPOOF_SUSPECTED: u8 = 2;
const RANGE_ONLY: u8 = 4;

pub(super) fn encode(record: &DecisionRecord) -> Vec<u8> {
    let mut writer = ByteWriter::default();
    writer.time(record.decided_at);
    writer.uint(record.number.map_or(0, E164::digits));
    writer.option(record.value, |writer, value| writer.int(hundredths(value)));
    writer.byte(record.level.code());
    writer.byte(record.action.code());
    writer.byte(record.basis.code());
    let flags = [
        (record.about_to_dial, ABOUT_TO_DIAL),
        (record.spoof_suspected, SPOOF_SUSPECTED),
        (record.range_only, RANGE_ONLY),
    ];
    writer.byte(flags.iter().map(|(is_set, flag)| u8::from(*is_set) * flag).sum());
    writer.byte(record.attestation.map_or(0, Attestation::code));
    writer.byte(record.verstat.map_or(0, Verstat::code));
    writer.option(record.event_time, ByteWriter::time);
    writer.text(&record.orig_id);
    writer.text(&record.ingress);
    let reasons = record.reasons.get(..MAX_SEALED_REASONS).unwrap_or(&record.reasons);
    writer.list(reasons.iter(), |writer, reason| {
        writer.byte(reason.code.map_or(0, ReasonCode::code));
        writer.int(hundredths(reason.points));
    });
    writer.text(&record.model_version);
    let (action, basis) = record.would.unzip();
    writer.byte(action.map_or(0, Action::code));
    writer.byte(basis.map_or(0, Basis::code));
    // They come in the order of the reasons, so they need no length.
    for reason in reasons {
        writer.uint(reason.figure.map_or(0, |figure| u64::from(figure.raw()) + 1));
    }
    writer.finish()
}

/// A newer release may append fields: bytes after the known fields are ignored.
pub(super) fn decode(bytes: &[u8]) -> Result<DecisionRecord, DecodeError> {
    let mut reader = ByteReader::new(bytes);
    let decided_at = reader.time()?;
    let number = match reader.uint()? {
        0 => None,
        digits => Some(E164::from_digits(digits).ok_or(DecodeError::Range("number"))?),
    };
    let value = reader.option(|reader| reader.int().map(from_hundredths))?;
    let level = known(reader.byte()?, RiskLevel::from_code, "level")?;
    let action = known(reader.byte()?, Action::from_code, "action")?;
    let basis = known(reader.byte()?, Basis::from_code, "basis")?;
    let flags = reader.byte()?;
    let attestation = optional(reader.byte()?, Attestation::from_code, "attestation")?;
    let verstat = optional(reader.byte()?, Verstat::from_code, "verstat")?;
    let mut record = DecisionRecord {
        decided_at,
        number,
        value,
        level,
        action,
        basis,
        would: None,
        about_to_dial: flags & ABOUT_TO_DIAL != 0,
        attestation,
        verstat,
        spoof_suspected: flags & SPOOF_SUSPECTED != 0,
        range_only: flags & RANGE_ONLY != 0,
        event_time: reader.option(ByteReader::time)?,
        orig_id: reader.text()?.into(),
        ingress: reader.text()?.into(),
        reasons: reader.list(|reader| {
            Ok(SealedReason {
                code: ReasonCode::from_code(reader.byte()?),
                points: from_hundredths(reader.int()?),
                figure: None,
            })
        })?,
        model_version: reader.text()?.into(),
    };
    record.would = read_would(&mut reader)?;
    // Ids of earlier releases end before the figures.
    if !reader.remaining().is_empty() {
        for reason in &mut record.reasons {
            reason.figure = figure(reader.uint()?)?;
        }
    }
    Ok(record)
}

/// The figure that an integer stands for: 0 is none.
fn figure(raised: u64) -> Result<Option<Figure>, DecodeError> {
    let Some(raw) = raised.checked_sub(1) else {
        return Ok(None);
    };
    let raw = u32::try_from(raw).map_err(|_| DecodeError::Range("figure"))?;
    Ok(Some(Figure::from_raw(raw)))
}

/// The decision that was not carried out. Ids of earlier releases end before it.
fn read_would(reader: &mut ByteReader<'_>) -> Result<Option<(Action, Basis)>, DecodeError> {
    let Ok(action) = reader.byte() else { return Ok(None) };
    let action = optional(action, Action::from_code, "would action")?;
    let basis = optional(reader.byte()?, Basis::from_code, "would basis")?;
    Ok(action.zip(basis))
}

fn known<T>(code: u8, from: impl Fn(u8) -> Option<T>, what: &'static str) -> Result<T, DecodeError> {
    from(code).ok_or(DecodeError::Range(what))
}

fn optional<T>(code: u8, from: impl Fn(u8) -> Option<T>, what: &'static str) -> Result<Option<T>, DecodeError> {
    if code == 0 {
        return Ok(None);
    }
    known(code, from, what).map(Some)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "scores and points are small, and a cast of a float saturates"
)]
fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "it was a small float before")]
fn from_hundredths(value: i64) -> f64 {
    value as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::domain::tenant::TenantId;
    use crate::domain::time::Timestamp;
    use crate::domain::words::MAX_FIGURE;
    use crate::service::decision::KeyRing;

    fn name() -> impl Strategy<Value = Box<str>> {
        "[ -~]{0,64}|\\PC{0,16}".prop_map(Into::into)
    }

    fn time() -> impl Strategy<Value = Timestamp> {
        (0..=253_402_300_799_999i64).prop_map(Timestamp::from_millis)
    }

    fn reason() -> impl Strategy<Value = SealedReason> {
        let code = select(ReasonCode::ALL);
        let points = (-99_999..=99_999i64).prop_map(from_hundredths);
        let figure = prop::option::of((0..=MAX_FIGURE).prop_map(Figure::from_raw));
        (code, points, figure).prop_map(|(code, points, figure)| SealedReason {
            code: Some(code),
            points,
            figure,
        })
    }

    fn record() -> impl Strategy<Value = DecisionRecord> {
        let number = prop::option::of((10_000_000_000u64..=19_999_999_999).prop_map(|n| E164::from_digits(n).unwrap()));
        let judged = (
            prop::option::of((0..=10_000i64).prop_map(from_hundredths)),
            select(RiskLevel::ALL),
            select(Action::ALL),
            select(Basis::ALL),
            prop::option::of((select(Action::ALL), select(Basis::ALL))),
        );
        let asked = (
            any::<bool>(),
            prop::option::of(select(Attestation::ALL)),
            prop::option::of(select(Verstat::ALL)),
            (any::<bool>(), any::<bool>()),
            prop::option::of(time()),
        );
        let reasons = prop::collection::vec(reason(), 0..=MAX_SEALED_REASONS);
        // No code occurs twice, and only the fingerprint of a case takes more than three bytes.
        let case = prop::option::of(any::<u32>().prop_map(Figure::from_raw));
        let reasons = (reasons, case).prop_map(|(mut reasons, case)| {
            if let (Some(first), Some(case)) = (reasons.first_mut(), case) {
                first.figure = Some(case);
            }
            reasons
        });
        (time(), number, judged, asked, (name(), name(), reasons, name())).prop_map(
            |(decided_at, number, judged, asked, (orig_id, ingress, reasons, model_version))| DecisionRecord {
                decided_at,
                number,
                value: judged.0,
                level: judged.1,
                action: judged.2,
                basis: judged.3,
                would: judged.4,
                about_to_dial: asked.0,
                attestation: asked.1,
                verstat: asked.2,
                spoof_suspected: asked.3.0,
                range_only: asked.3.1,
                event_time: asked.4,
                orig_id,
                ingress,
                reasons,
                model_version,
            },
        )
    }

    proptest! {
        #[test]
        fn round_trips_within_the_bytes_of_an_id(record in record()) {
            let bytes = encode(&record);
            prop_assert_eq!(decode(&bytes).unwrap(), record);
            let id = KeyRing::of(&[1; 32]).seal(&bytes, TenantId::DEFAULT).unwrap();
            prop_assert!(id.len() <= crate::service::decision::MAX_ID_BYTES, "{}", id.len());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            drop(decode(&bytes));
        }
    }

    fn sealed(code: Option<ReasonCode>, points: f64, figure: Option<u32>) -> SealedReason {
        SealedReason {
            code,
            points,
            figure: figure.map(Figure::from_raw),
        }
    }

    fn sample() -> DecisionRecord {
        DecisionRecord {
            decided_at: Timestamp::from_millis(1_795_000_000_000),
            number: E164::from_digits(14_155_550_199),
            value: Some(97.25),
            level: RiskLevel::Critical,
            action: Action::Block,
            basis: Basis::Analytics,
            would: None,
            about_to_dial: false,
            attestation: Some(Attestation::C),
            verstat: Some(Verstat::Passed),
            spoof_suspected: true,
            range_only: false,
            event_time: None,
            orig_id: "o".into(),
            ingress: "t-1".into(),
            reasons: vec![
                sealed(Some(ReasonCode::RecentReports), 3.5, Some(5)),
                sealed(Some(ReasonCode::RateOnly), -0.25, None),
            ],
            model_version: "m".into(),
        }
    }

    /// What the first release sealed.
    const FIRST: &str = "80f8b2e5bd68f79bf2dd3401fa970106050602040200016f03742d310201bc052031016d";
    /// The figures that follow since the second.
    const FIGURES: &str = "0600";

    /// Ids must stay readable in later releases.
    #[test]
    fn the_bytes_are_frozen() {
        let hex: String = encode(&sample()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, format!("{FIRST}0000{FIGURES}"));
        let near = DecisionRecord {
            range_only: true,
            ..sample()
        };
        let flags: Vec<(u8, u8)> = encode(&sample())
            .into_iter()
            .zip(encode(&near))
            .filter(|(one, other)| one != other)
            .collect();
        assert_eq!(flags, [(2, 6)], "one bit, which earlier releases do not read");
    }

    #[test]
    fn an_id_of_an_earlier_release_is_read_without_figures() {
        for length in [FIRST.len() / 2, FIRST.len() / 2 + 2] {
            let read = decode(&encode(&sample())[..length]).unwrap();
            let expected = [
                sealed(Some(ReasonCode::RecentReports), 3.5, None),
                sealed(Some(ReasonCode::RateOnly), -0.25, None),
            ];
            assert_eq!((&read.reasons[..], read.would), (&expected[..], None));
            assert_eq!(read.model_version, sample().model_version);
        }
    }

    /// The id stands in a SIP header. Its usual length, with eight reasons, each with a figure.
    #[test]
    fn figures_lengthen_an_id_by_a_few_letters() {
        let long = |figure: Option<u32>| {
            let reasons = [ReasonCode::RecentReports, ReasonCode::HistoricReports].repeat(4);
            let record = DecisionRecord {
                reasons: reasons
                    .into_iter()
                    .map(|code| sealed(Some(code), 1.5, figure))
                    .collect(),
                ..sample()
            };
            KeyRing::of(&[1; 32])
                .seal(&encode(&record), TenantId::DEFAULT)
                .unwrap()
                .len()
        };
        let (with_days, with_counts) = (long(Some(9)), long(Some(10_000)));
        assert!(
            with_days < 150 && with_counts <= with_days + 12,
            "{with_days} {with_counts}"
        );
    }

    #[test]
    fn a_shadowed_decision_is_two_bytes() {
        let shadowed = DecisionRecord {
            action: Action::Allow,
            basis: Basis::Shadow,
            would: Some((Action::Block, Basis::Analytics)),
            ..sample()
        };
        let bytes = encode(&shadowed);
        let end = FIRST.len() / 2;
        assert_eq!(bytes[end..end + 2], [Action::Block.code(), Basis::Analytics.code()]);
        assert_eq!(decode(&bytes).unwrap(), shadowed);
    }

    #[test]
    fn a_code_of_a_later_release_is_read_as_none() {
        let mut bytes = encode(&sample());
        // The fields of later releases follow the reasons.
        let last_code = FIRST.len() / 2 - 4;
        assert_eq!(bytes[last_code], ReasonCode::RateOnly.code());
        bytes[last_code] = u8::MAX;
        let expected = [
            sealed(Some(ReasonCode::RecentReports), 3.5, Some(5)),
            sealed(None, -0.25, None),
        ];
        assert_eq!(decode(&bytes).unwrap().reasons, expected);
    }
}
