//! How much clients may ask for in a second.

use std::num::NonZeroU32;

use super::fault::ValueProblem;
use super::layers::Layers;
use super::settings;
use crate::domain::quota::RequestQuotas;

const QUOTAS: &str = "a whole number from 1 to 1000000, or 0 for no limit";

pub(super) fn read(layers: &mut Layers<'_>) -> Option<RequestQuotas> {
    let lookups = layers.read(&settings::QUOTA_LOOKUPS, quota);
    let reports = layers.read(&settings::QUOTA_REPORTS, quota);
    let other = layers.read(&settings::QUOTA_OTHER, quota);
    let unauthenticated = layers.read(&settings::QUOTA_UNAUTHENTICATED, quota);
    Some(RequestQuotas {
        lookups: lookups?,
        reports: reports?,
        other: other?,
        unauthenticated: unauthenticated?,
    })
}

/// A share of a quota; none of it would be no quota.
pub(super) fn share(text: &str) -> Result<f64, ValueProblem> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| ValueProblem::with(text, "is not a valid share", "a number above 0 and up to 1"))
}

/// A quota; `None` for 0, which means no limit.
fn quota(text: &str) -> Result<Option<NonZeroU32>, ValueProblem> {
    let quota = text.parse().ok().filter(|quota| *quota <= RequestQuotas::MAX);
    let quota = quota.ok_or_else(|| ValueProblem::with(text, "is not a valid quota", QUOTAS))?;
    Ok(NonZeroU32::new(quota))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_of_requests() {
        assert_eq!(quota("20000"), Ok(RequestQuotas::DEFAULT.lookups));
        assert_eq!(quota("0"), Ok(None));
        assert!(quota("1000000").is_ok());
        for text in ["", "-1", "1e3", "none", "1000001"] {
            assert!(quota(text).is_err(), "{text}");
        }
        assert_eq!([share("0.25"), share("1")], [Ok(0.25), Ok(1.0)]);
        for text in ["", "0", "-0.1", "1.1", "NaN", "25%"] {
            assert!(share(text).is_err(), "{text}");
        }
        assert!(QUOTAS.contains(&format!(" {},", RequestQuotas::MAX)));
    }

    #[test]
    fn the_defaults_are_those_of_the_domain() {
        let defaults = [
            settings::QUOTA_LOOKUPS,
            settings::QUOTA_REPORTS,
            settings::QUOTA_OTHER,
            settings::QUOTA_UNAUTHENTICATED,
        ];
        let [lookups, reports, other, unauthenticated] =
            defaults.map(|setting| quota(setting.default.unwrap()).unwrap());
        let read = RequestQuotas {
            lookups,
            reports,
            other,
            unauthenticated,
        };
        assert_eq!(read, RequestQuotas::DEFAULT);
    }
}
