//! Enums. Those with stable integers are equal on the wire and in the domain, which a test checks. The others are
//! converted value by value.

use crate::domain::call::Ledger;
use crate::service::LookupRole;
use crate::wire::v1;

pub(super) fn lookup_role(code: u8) -> Option<LookupRole> {
    match v1::LookupRole::try_from(i32::from(code)).ok()? {
        v1::LookupRole::Unspecified => None,
        v1::LookupRole::Calling => Some(LookupRole::Calling),
        v1::LookupRole::AboutToDial => Some(LookupRole::AboutToDial),
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
    use crate::domain::{acceptance, display, kinds};
    use crate::number;
    use crate::wire::v1;

    /// Every value of the domain has its name and integer on the wire, and the wire has no other but UNSPECIFIED.
    macro_rules! same_on_both_sides {
        ($module:ident::$name:ident, $prefix:literal) => {
            for value in $module::$name::ALL {
                let wire = v1::$name::try_from(i32::from(value.code())).unwrap();
                assert_eq!(wire.as_str_name(), format!("{}_{}", $prefix, value.name()));
            }
            for code in 1..=i32::from(u8::MAX) {
                let on_wire = v1::$name::try_from(code).is_ok();
                let in_domain = $module::$name::from_code(u8::try_from(code).unwrap()).is_some();
                assert_eq!(on_wire, in_domain, "{} {code}", $prefix);
            }
        };
    }

    #[test]
    fn stable_integers_are_the_same_on_the_wire() {
        same_on_both_sides!(kinds::Category, "CATEGORY");
        same_on_both_sides!(kinds::Source, "SOURCE");
        same_on_both_sides!(kinds::ReportRole, "REPORT_ROLE");
        same_on_both_sides!(kinds::Channel, "CHANNEL");
        same_on_both_sides!(kinds::CommentModeration, "COMMENT_MODERATION");
        same_on_both_sides!(kinds::Attestation, "ATTESTATION");
        same_on_both_sides!(kinds::Verstat, "VERSTAT");
        same_on_both_sides!(kinds::RiskLevel, "RISK_LEVEL");
        same_on_both_sides!(kinds::Action, "ACTION");
        same_on_both_sides!(kinds::Basis, "BASIS");
        same_on_both_sides!(kinds::CaseStatus, "CASE_STATUS");
        same_on_both_sides!(kinds::CaseRole, "CASE_ROLE");
        same_on_both_sides!(kinds::StatusKind, "STATUS_KIND");
        same_on_both_sides!(kinds::ListKind, "LIST_KIND");
        same_on_both_sides!(acceptance::SharedKind, "SHARED_KIND");
        same_on_both_sides!(kinds::OwnerCalls, "OWNER_CALLS");
        same_on_both_sides!(display::DisplayClass, "DISPLAY_CLASS");
        same_on_both_sides!(kinds::NumberSort, "NUMBER_SORT");
        same_on_both_sides!(kinds::SimilarityKind, "SIMILARITY_KIND");
        same_on_both_sides!(number::LineType, "LINE_TYPE");
        same_on_both_sides!(number::Validity, "VALIDITY");
    }
}
