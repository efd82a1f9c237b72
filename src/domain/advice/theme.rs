//! Themes: categories that share their advice, and the kind of place that takes reports of them.

use serde::Deserialize;

use crate::domain::kinds::Category;

/// Declares the themes, and the table of the data files with words for each: a file that lacks a theme is refused.
macro_rules! themes {
    ($( $(#[$meta:meta])* $theme:ident $key:ident ),+ $(,)?) => {
        /// The themes of the advice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Theme { $( $(#[$meta])* $theme ),+ }

        impl Theme {
            /// All themes.
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[ $( Self::$theme ),+ ];
        }

        /// Words for every theme.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Themes { $( $key: ThemeTexts ),+ }

        impl Themes {
            /// The words for a theme.
            pub(super) fn words(&self, theme: Theme) -> &ThemeTexts {
                match theme { $( Theme::$theme => &self.$key ),+ }
            }
        }
    };
}

themes! {
    /// The kind of call is not known.
    General general,
    /// Fraud of another kind.
    Fraud fraud,
    /// False technicians, and the pop-ups that lead to them.
    TechSupport tech_support,
    /// A company is impersonated; regulators' feeds cannot tell it from authorities and relatives.
    Company company,
    /// An authority is impersonated.
    Authority authority,
    /// A bank is impersonated.
    Bank bank,
    /// A relative is impersonated.
    Family family,
    /// Refunds, and the recovery of lost money.
    Recovery recovery,
    /// Prizes.
    Prize prize,
    /// Investments.
    Investment investment,
    /// Work and income.
    Job job,
    /// Lower debts.
    Debt debt,
    /// Warranties.
    Warranty warranty,
    /// Power or water is about to be cut off.
    Utility utility,
    /// Threats.
    Extortion extortion,
    /// Credentials.
    Phishing phishing,
    /// One ring.
    Ring ring,
    /// Fees of toll-free numbers.
    TollFree toll_free,
    /// Sales.
    Sales sales,
    /// Recorded messages.
    Robocall robocall,
    /// Collectors of debts.
    DebtCollection debt_collection,
    /// Surveys.
    Survey survey,
    /// Politics.
    Political political,
    /// Charities.
    Charity charity,
    /// Nobody speaks.
    Silent silent,
    /// Medicine and health insurance.
    Medical medical,
    /// Energy contracts and solar power.
    Energy energy,
    /// Harassment.
    Harassment harassment,
    /// Unwanted for another reason.
    Unwanted unwanted,
}

/// The words for one theme.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThemeTexts {
    pub(super) about: Box<str>,
    pub(super) called: Box<str>,
    /// Set only where the general advice does not fit.
    pub(super) about_to_dial: Option<Box<str>>,
}

/// The kind of place that takes reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The place for reports of fraud.
    Fraud,
    /// The place for complaints about unwanted calls.
    Unwanted,
    /// The police, first of all.
    Threat,
}

impl Theme {
    /// The theme of a category; none for calls that people want.
    pub(super) const fn of(category: Option<Category>) -> Option<Self> {
        let Some(category) = category else {
            return Some(Self::General);
        };
        Some(match category {
            Category::Unspecified => Self::General,
            Category::TechSupportScam => Self::TechSupport,
            Category::BusinessImpersonation => Self::Company,
            Category::GovernmentImpersonation | Category::TaxScam => Self::Authority,
            Category::BankImpersonation => Self::Bank,
            Category::FamilyImpersonation => Self::Family,
            Category::RefundRecoveryScam => Self::Recovery,
            Category::PrizeLotteryScam => Self::Prize,
            Category::InvestmentScam => Self::Investment,
            Category::JobIncomeScam => Self::Job,
            Category::DebtReductionScam => Self::Debt,
            Category::WarrantyScam => Self::Warranty,
            Category::UtilityScam => Self::Utility,
            Category::Extortion => Self::Extortion,
            Category::Phishing => Self::Phishing,
            Category::OneRingWangiri => Self::Ring,
            Category::TollFreePumping => Self::TollFree,
            Category::OtherFraud => Self::Fraud,
            Category::Telemarketing | Category::HomeServices | Category::VacationTimeshare => Self::Sales,
            Category::Robocall => Self::Robocall,
            Category::DebtCollection => Self::DebtCollection,
            Category::Survey => Self::Survey,
            Category::Political => Self::Political,
            Category::Charity => Self::Charity,
            Category::SilentCall => Self::Silent,
            Category::Medical => Self::Medical,
            Category::EnergySolar => Self::Energy,
            Category::Harassment => Self::Harassment,
            Category::OtherSpam => Self::Unwanted,
            Category::LegitimateBusiness
            | Category::Notification
            | Category::EmergencyPublicSafety
            | Category::Government
            | Category::Personal => return None,
        })
    }

    /// Whether such calls often claim to come from a company that calls nobody unasked.
    pub(super) const fn is_in_the_name_of_companies(self) -> bool {
        matches!(
            self,
            Self::TechSupport | Self::Company | Self::Recovery | Self::Phishing
        )
    }

    /// The kind of place that takes reports of it.
    pub(super) const fn report(self) -> Report {
        match self {
            Self::General
            | Self::Fraud
            | Self::TechSupport
            | Self::Company
            | Self::Authority
            | Self::Bank
            | Self::Family
            | Self::Recovery
            | Self::Prize
            | Self::Investment
            | Self::Job
            | Self::Debt
            | Self::Warranty
            | Self::Utility
            | Self::Phishing
            | Self::Ring => Report::Fraud,
            // It costs the person called no money.
            Self::TollFree
            | Self::Sales
            | Self::Robocall
            | Self::DebtCollection
            | Self::Survey
            | Self::Political
            | Self::Charity
            | Self::Silent
            | Self::Medical
            | Self::Energy
            | Self::Unwanted => Report::Unwanted,
            Self::Extortion | Self::Harassment => Report::Threat,
        }
    }
}
