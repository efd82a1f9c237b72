//! Enums. Those with stable integers are equal on the wire and in the domain, which a test checks. The others are
//! converted value by value.

use crate::domain::report::Ledger;
use crate::number::Validity;
use crate::service::LookupRole;
use crate::wire::v1;

pub(super) fn lookup_role(code: u8) -> Option<LookupRole> {
    match v1::LookupRole::try_from(i32::from(code)).ok()? {
        v1::LookupRole::Unspecified => None,
        v1::LookupRole::Calling => Some(LookupRole::Calling),
        v1::LookupRole::AboutToDial => Some(LookupRole::AboutToDial),
    }
}

pub(super) fn validity(validity: Validity) -> v1::Validity {
    match validity {
        Validity::Valid => v1::Validity::Valid,
        Validity::Possible => v1::Validity::Possible,
        Validity::Impossible => v1::Validity::Impossible,
        Validity::NotANumberOfThePlan => v1::Validity::NotANumberOfThePlan,
        Validity::Anonymous => v1::Validity::Anonymous,
    }
}

pub(super) fn ledger(ledger: Ledger) -> v1::Ledger {
    match ledger {
        Ledger::Authenticated => v1::Ledger::Authenticated,
        Ledger::Unauthenticated => v1::Ledger::Unauthenticated,
        Ledger::Unknown => v1::Ledger::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::kinds;
    use crate::number::LineType;
    use crate::wire::v1;

    /// Every value of the domain has its name and integer on the wire, and the wire has no other but UNSPECIFIED.
    macro_rules! same_on_both_sides {
        ($name:ident, $prefix:literal) => {
            for value in kinds::$name::ALL {
                let wire = v1::$name::try_from(i32::from(value.code())).unwrap();
                assert_eq!(wire.as_str_name(), format!("{}_{}", $prefix, value.name()));
            }
            for code in 1..=i32::from(u8::MAX) {
                let on_wire = v1::$name::try_from(code).is_ok();
                let in_domain = kinds::$name::from_code(u8::try_from(code).unwrap()).is_some();
                assert_eq!(on_wire, in_domain, "{} {code}", $prefix);
            }
        };
    }

    #[test]
    fn stable_integers_are_the_same_on_the_wire() {
        same_on_both_sides!(Category, "CATEGORY");
        same_on_both_sides!(Source, "SOURCE");
        same_on_both_sides!(ReportRole, "REPORT_ROLE");
        same_on_both_sides!(Channel, "CHANNEL");
        same_on_both_sides!(Attestation, "ATTESTATION");
        same_on_both_sides!(Verstat, "VERSTAT");
        same_on_both_sides!(RiskLevel, "RISK_LEVEL");
        same_on_both_sides!(Action, "ACTION");
        same_on_both_sides!(Basis, "BASIS");
        same_on_both_sides!(CaseStatus, "CASE_STATUS");
        same_on_both_sides!(CaseRole, "CASE_ROLE");
        same_on_both_sides!(StatusKind, "STATUS_KIND");
        same_on_both_sides!(ListKind, "LIST_KIND");
    }

    #[test]
    fn line_types_are_the_same_on_the_wire() {
        for kind in LineType::ALL {
            let wire = v1::LineType::try_from(i32::from(kind.code())).unwrap();
            assert_eq!(wire.as_str_name(), format!("LINE_TYPE_{}", kind.name()));
        }
        let beyond = i32::try_from(LineType::ALL.len()).unwrap() + 1;
        assert!(v1::LineType::try_from(beyond).is_err());
    }
}
