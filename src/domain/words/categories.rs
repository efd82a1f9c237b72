//! The kinds of calls: a short name and an explanation.

use serde::Deserialize;

use super::Words;
use crate::domain::kinds::Category;
use crate::domain::language::Language;

/// The name and the explanation of a category in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryText {
    /// A few words, for a list or a button.
    pub name: Box<str>,
    /// One sentence.
    pub about: Box<str>,
}

/// Declares the table of a language's file: a file that lacks a category is refused.
macro_rules! categories {
    ($( $category:ident $key:ident ),+ $(,)?) => {
        /// The texts of all categories.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct CategoryWords { $( $key: CategoryText ),+ }

        impl CategoryWords {
            const fn of(&self, category: Category) -> &CategoryText {
                match category { $( Category::$category => &self.$key ),+ }
            }
        }
    };
}

categories! {
    Unspecified unspecified,
    TechSupportScam tech_support_scam,
    BusinessImpersonation business_impersonation,
    GovernmentImpersonation government_impersonation,
    BankImpersonation bank_impersonation,
    FamilyImpersonation family_impersonation,
    RefundRecoveryScam refund_recovery_scam,
    TaxScam tax_scam,
    PrizeLotteryScam prize_lottery_scam,
    InvestmentScam investment_scam,
    JobIncomeScam job_income_scam,
    DebtReductionScam debt_reduction_scam,
    WarrantyScam warranty_scam,
    UtilityScam utility_scam,
    Extortion extortion,
    Phishing phishing,
    OneRingWangiri one_ring_wangiri,
    TollFreePumping toll_free_pumping,
    OtherFraud other_fraud,
    Telemarketing telemarketing,
    Robocall robocall,
    DebtCollection debt_collection,
    Survey survey,
    Political political,
    Charity charity,
    SilentCall silent_call,
    Medical medical,
    EnergySolar energy_solar,
    HomeServices home_services,
    VacationTimeshare vacation_timeshare,
    Harassment harassment,
    OtherSpam other_spam,
    LegitimateBusiness legitimate_business,
    Notification notification,
    EmergencyPublicSafety emergency_public_safety,
    Government government,
    Personal personal,
}

/// The texts of a category.
#[must_use]
pub fn category(language: Language, category: Category) -> &'static CategoryText {
    Words::of(language).categories.of(category)
}
