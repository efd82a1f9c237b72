//! One line of the decision log.

use std::time::Duration;

use serde::Serialize;

use crate::config::NumberForm;
use crate::domain::kinds::{Action, Attestation, Basis, RiskLevel, Verstat};
use crate::domain::score::Reason;
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};

/// Bytes of a hashed number: with 10^12 numbers, two share a hash with a probability below 10^-14.
const HASH_BYTES: usize = 16;

/// A decision to log. `call_id` chooses whether it is logged, and is not in the line.
#[derive(Clone, Copy)]
pub struct LoggedDecision<'a> {
    /// When the answer was given.
    pub time: Timestamp,
    /// The decision id; empty if the answer has none.
    pub decision_id: &'a str,
    /// The number; none if the text held none, or it is withheld or short.
    pub number: Option<E164>,
    /// The region of the number.
    pub region: Option<Region>,
    /// Whether the number was about to be dialled; otherwise it was calling.
    pub about_to_dial: bool,
    /// Whether the question counts as a call in the traffic of the caller.
    pub is_call: bool,
    /// The Call-ID; empty if it is unknown.
    pub call_id: &'a str,
    /// The action that is carried out.
    pub action: Action,
    /// Its basis.
    pub basis: Basis,
    /// The action and basis of the policy, if they are not carried out.
    pub would: Option<(Action, Basis)>,
    /// The score, 0 to 100.
    pub score: Option<f64>,
    /// The level of the score.
    pub level: RiskLevel,
    /// The reasons, as far as the answer has found them.
    pub reasons: &'a [Reason],
    /// The attestation in the question.
    pub attestation: Option<Attestation>,
    /// The verification result in the question.
    pub verstat: Option<Verstat>,
    /// The version of the model.
    pub model: &'a str,
    /// Whether the answer came from data that was too old.
    pub stale: bool,
    /// The time from the decoded question to the decision.
    pub latency: Duration,
}

/// The fields of a line, in their order.
#[derive(Serialize)]
struct Entry<'a> {
    time: String,
    decision_id: Option<&'a str>,
    number: Option<String>,
    region: Option<&'a str>,
    role: &'static str,
    call: bool,
    action: &'static str,
    basis: &'static str,
    would_action: Option<&'static str>,
    would_basis: Option<&'static str>,
    score: Option<f64>,
    level: &'static str,
    reasons: Vec<&'static str>,
    attestation: Option<&'static str>,
    verstat: Option<&'static str>,
    model: &'a str,
    stale: bool,
    latency_us: u64,
    sample: f64,
}

/// The line of a decision with its line feed; `share` is the share of such decisions that are logged. None never happens:
/// every field can be written as JSON.
pub(super) fn line(
    decision: &LoggedDecision<'_>,
    share: f64,
    numbers: NumberForm,
    key: &[u8; 32],
) -> Option<Box<[u8]>> {
    let (would_action, would_basis) = decision.would.unzip();
    let entry = Entry {
        time: decision.time.to_string(),
        decision_id: Some(decision.decision_id).filter(|id| !id.is_empty()),
        number: decision.number.and_then(|number| shown(number, numbers, key)),
        region: decision.region.as_ref().map(Region::as_str),
        role: if decision.about_to_dial {
            "ABOUT_TO_DIAL"
        } else {
            "CALLING"
        },
        call: decision.is_call,
        action: decision.action.name(),
        basis: decision.basis.name(),
        would_action: would_action.map(Action::name),
        would_basis: would_basis.map(Basis::name),
        score: decision.score.map(|score| (score * 100.0).round() / 100.0),
        level: decision.level.name(),
        reasons: decision.reasons.iter().map(|reason| reason.code.name()).collect(),
        attestation: decision.attestation.map(Attestation::name),
        verstat: decision.verstat.map(Verstat::name),
        model: decision.model,
        stale: decision.stale,
        latency_us: u64::try_from(decision.latency.as_micros()).unwrap_or(u64::MAX),
        sample: share,
    };
    let mut line = serde_json::to_vec(&entry).ok()?;
    line.push(b'\n');
    Some(line.into())
}

/// A number as the log shows it. It is never whole.
fn shown(number: E164, form: NumberForm, key: &[u8; 32]) -> Option<String> {
    match form {
        NumberForm::Masked => Some(number.redacted().to_string()),
        NumberForm::Hashed => {
            let hash = blake3::keyed_hash(key, number.to_string().as_bytes());
            hash.to_hex().get(..2 * HASH_BYTES).map(str::to_owned)
        }
        NumberForm::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason_code::ReasonCode;

    fn sample(reasons: &[Reason]) -> LoggedDecision<'_> {
        LoggedDecision {
            time: Timestamp::from_millis(1_795_000_000_250),
            decision_id: "abc",
            number: E164::from_digits(14_155_550_199),
            region: None,
            about_to_dial: false,
            is_call: true,
            call_id: "call-1@switch",
            action: Action::Allow,
            basis: Basis::Shadow,
            would: Some((Action::Block, Basis::Analytics)),
            score: Some(97.256),
            level: RiskLevel::Critical,
            reasons,
            attestation: Some(Attestation::C),
            verstat: None,
            model: "m",
            stale: false,
            latency: Duration::from_micros(41),
        }
    }

    fn text(numbers: NumberForm, key: &[u8; 32]) -> String {
        let reasons = [Reason {
            code: ReasonCode::RecentReports,
            points: 3.5,
            figure: None,
            detail: "a sentence".to_owned(),
        }];
        String::from_utf8(line(&sample(&reasons), 0.5, numbers, key).unwrap().into()).unwrap()
    }

    #[test]
    fn a_line_has_all_fields_in_their_order() {
        assert_eq!(
            text(NumberForm::Masked, &[0; 32]),
            concat!(
                r#"{"time":"2026-11-18T11:06:40.250Z","decision_id":"abc","number":"+1415555xxxx","region":null,"#,
                r#""role":"CALLING","call":true,"action":"ALLOW","basis":"SHADOW","would_action":"BLOCK","#,
                r#""would_basis":"ANALYTICS","score":97.26,"level":"CRITICAL","reasons":["RECENT_REPORTS"],"#,
                r#""attestation":"C","verstat":null,"model":"m","stale":false,"latency_us":41,"sample":0.5}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_hash_depends_on_the_key_and_none_shows_nothing() {
        let number = |form, key: &[u8; 32]| {
            let line: serde_json::Value = serde_json::from_str(&text(form, key)).unwrap();
            line["number"].clone()
        };
        let [one, same, other] = [[1; 32], [1; 32], [2; 32]].map(|key| number(NumberForm::Hashed, &key));
        assert_eq!((one.as_str().unwrap().len(), &one), (32, &same));
        assert_ne!(one, other);
        assert!(number(NumberForm::None, &[1; 32]).is_null());
    }

    #[test]
    fn no_form_shows_a_whole_number() {
        for form in [NumberForm::Masked, NumberForm::Hashed, NumberForm::None] {
            let line = text(form, &[7; 32]);
            assert!(!line.contains("4155550199") && !line.contains("call-1"), "{line}");
        }
    }
}
