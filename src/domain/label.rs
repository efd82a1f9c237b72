//! The name that a handset shows for a caller.

use super::kinds::{Category, RiskLevel};

/// The most characters of a name: the limit of calling name delivery (CNAM, Telcordia GR-1188).
pub const CHARS_MAX: usize = 15;

/// The name to show for a caller: visible ASCII of at most [`CHARS_MAX`] characters, or empty.
///
/// The name is empty below [`RiskLevel::High`], for wanted callers and for callers that are not scored: a name on a
/// screen is an accusation, and those levels do not justify one. Fraud is shown as likely, never as certain. Unwanted
/// calls that are lawful in themselves, such as surveys, are shown by their kind.
#[must_use]
pub const fn display_name(category: Option<Category>, level: RiskLevel) -> &'static str {
    match level {
        RiskLevel::High | RiskLevel::Critical => name(category),
        RiskLevel::Unknown | RiskLevel::Trusted | RiskLevel::Low | RiskLevel::Medium | RiskLevel::NotScored => "",
    }
}

const fn name(category: Option<Category>) -> &'static str {
    let Some(category) = category else {
        return "SPAM LIKELY";
    };
    match category {
        Category::TechSupportScam
        | Category::BusinessImpersonation
        | Category::GovernmentImpersonation
        | Category::BankImpersonation
        | Category::FamilyImpersonation
        | Category::RefundRecoveryScam
        | Category::TaxScam
        | Category::PrizeLotteryScam
        | Category::InvestmentScam
        | Category::JobIncomeScam
        | Category::DebtReductionScam
        | Category::WarrantyScam
        | Category::UtilityScam
        | Category::Extortion
        | Category::Phishing
        | Category::OneRingWangiri
        | Category::TollFreePumping
        | Category::OtherFraud => "SCAM LIKELY",
        Category::Telemarketing
        | Category::EnergySolar
        | Category::HomeServices
        | Category::VacationTimeshare
        | Category::Medical => "TELEMARKETER",
        Category::Robocall => "ROBOCALL",
        Category::DebtCollection => "DEBT COLLECTOR",
        Category::Survey => "SURVEY",
        Category::Political => "POLITICAL CALL",
        Category::Charity => "CHARITY",
        Category::SilentCall => "SILENT CALL",
        Category::Harassment | Category::OtherSpam | Category::Unspecified => "SPAM LIKELY",
        Category::LegitimateBusiness
        | Category::Notification
        | Category::EmergencyPublicSafety
        | Category::Government
        | Category::Personal => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories() -> impl Iterator<Item = Option<Category>> {
        Category::ALL.iter().copied().map(Some).chain([None])
    }

    #[test]
    fn names_are_as_calling_name_delivery_carries_them() {
        for category in categories() {
            for &level in RiskLevel::ALL {
                let name = display_name(category, level);
                assert!(name.len() <= CHARS_MAX, "{name}");
                let is_shown = |byte: u8| byte == b' ' || byte.is_ascii_uppercase();
                assert!(name.bytes().all(is_shown) && name.trim() == name, "{name}");
            }
        }
    }

    #[test]
    fn nobody_is_accused_below_a_high_level_or_where_calls_are_wanted() {
        for category in categories() {
            for &level in RiskLevel::ALL {
                let is_high = matches!(level, RiskLevel::High | RiskLevel::Critical);
                let is_wanted = category.is_some_and(Category::is_wanted);
                let name = display_name(category, level);
                assert_eq!(name.is_empty(), !is_high || is_wanted, "{category:?} {level}: {name}");
            }
        }
    }

    #[test]
    fn fraud_and_nothing_else_is_called_a_scam() {
        for category in categories() {
            let is_scam = display_name(category, RiskLevel::High) == "SCAM LIKELY";
            assert_eq!(is_scam, category.is_some_and(Category::is_fraud), "{category:?}");
        }
    }

    #[test]
    fn kinds_of_calls_are_named() {
        for (category, name) in [
            (None, "SPAM LIKELY"),
            (Some(Category::Unspecified), "SPAM LIKELY"),
            (Some(Category::TechSupportScam), "SCAM LIKELY"),
            (Some(Category::Telemarketing), "TELEMARKETER"),
            (Some(Category::DebtCollection), "DEBT COLLECTOR"),
            (Some(Category::Survey), "SURVEY"),
            (Some(Category::Political), "POLITICAL CALL"),
            (Some(Category::Charity), "CHARITY"),
        ] {
            assert_eq!(display_name(category, RiskLevel::Critical), name, "{category:?}");
        }
    }
}
