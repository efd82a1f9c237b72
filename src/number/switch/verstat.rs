//! The network's result of verifying the caller-ID signature: the parameter `verstat`.

use super::super::kinds::{AttestationLevel, VerstatParameter};

/// Reads `TN-Validation-Passed`, `TN-Validation-Failed` and `No-TN-Validation` (3GPP TS 24.229 section 7.2A.20,
/// ATIS-1000074), in upper or lower case, quoted or not. Networks append the attestation (`-Passed-A`) and further
/// words, which are ignored.
pub(super) fn read(value: &str) -> Option<VerstatParameter> {
    let value = value.trim_matches('"').to_ascii_lowercase();
    if let Some(rest) = after(&value, "tn-validation-passed") {
        let level = match rest.split('-').nth(1) {
            Some("a") => Some(AttestationLevel::A),
            Some("b") => Some(AttestationLevel::B),
            Some("c") => Some(AttestationLevel::C),
            _ => None,
        };
        return Some(VerstatParameter::Passed(level));
    }
    let failed = after(&value, "tn-validation-failed").map(|_| VerstatParameter::Failed);
    failed.or_else(|| after(&value, "no-tn-validation").map(|_| VerstatParameter::NoValidation))
}

/// The less trusting of two results in one text: a caller may have added the other.
pub(super) fn stricter(one: VerstatParameter, other: VerstatParameter) -> VerstatParameter {
    let trust = |verstat| match verstat {
        VerstatParameter::Failed => 0,
        VerstatParameter::NoValidation => 1,
        VerstatParameter::Passed(Some(AttestationLevel::C)) => 2,
        VerstatParameter::Passed(None) => 3,
        VerstatParameter::Passed(Some(AttestationLevel::B)) => 4,
        VerstatParameter::Passed(Some(AttestationLevel::A)) => 5,
    };
    if trust(other) < trust(one) { other } else { one }
}

/// The text after a word, if the value ends there or a hyphen follows.
fn after<'t>(value: &'t str, word: &str) -> Option<&'t str> {
    let rest = value.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with('-')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_value() {
        for (value, expected) in [
            ("TN-Validation-Passed", Some(VerstatParameter::Passed(None))),
            (
                "tn-validation-passed-b",
                Some(VerstatParameter::Passed(Some(AttestationLevel::B))),
            ),
            (
                "\"TN-Validation-Passed-C\"",
                Some(VerstatParameter::Passed(Some(AttestationLevel::C))),
            ),
            (
                "TN-Validation-Passed-A-DIV",
                Some(VerstatParameter::Passed(Some(AttestationLevel::A))),
            ),
            ("TN-Validation-Passed-Z", Some(VerstatParameter::Passed(None))),
            ("TN-Validation-Failed-A", Some(VerstatParameter::Failed)),
            ("No-TN-Validation", Some(VerstatParameter::NoValidation)),
            ("No-TN-Validation-C", Some(VerstatParameter::NoValidation)),
            ("TN-Validation-Passedx", None),
            ("", None),
            ("maybe", None),
        ] {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    #[test]
    fn the_stricter_of_two_counts_in_either_order() {
        let strictest_first = [
            VerstatParameter::Failed,
            VerstatParameter::NoValidation,
            VerstatParameter::Passed(Some(AttestationLevel::C)),
            VerstatParameter::Passed(None),
            VerstatParameter::Passed(Some(AttestationLevel::B)),
            VerstatParameter::Passed(Some(AttestationLevel::A)),
        ];
        for (at, &strict) in strictest_first.iter().enumerate() {
            for &lax in &strictest_first[at..] {
                assert_eq!(stricter(strict, lax), strict);
                assert_eq!(stricter(lax, strict), strict);
            }
        }
    }
}
