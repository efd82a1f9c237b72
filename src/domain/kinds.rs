//! The closed lists of the domain. Stores and the wire carry the stable integer of a value: lists may grow, but values
//! are never renumbered or reused.

pub use super::audit::AuditMethod;

stable_enum! {
    /// The kind of call, as the reporter describes it.
    Category {
        /// No kind was given: the report counts but names no category.
        Unspecified = 0 "UNSPECIFIED",
        /// A false technician claims that the computer is infected.
        TechSupportScam = 1 "TECH_SUPPORT_SCAM",
        /// A company is impersonated.
        BusinessImpersonation = 2 "BUSINESS_IMPERSONATION",
        /// An authority is impersonated.
        GovernmentImpersonation = 3 "GOVERNMENT_IMPERSONATION",
        /// A bank is impersonated.
        BankImpersonation = 4 "BANK_IMPERSONATION",
        /// A relative is impersonated.
        FamilyImpersonation = 5 "FAMILY_IMPERSONATION",
        /// A fee is asked to recover lost money.
        RefundRecoveryScam = 6 "REFUND_RECOVERY_SCAM",
        /// Taxes are claimed.
        TaxScam = 7 "TAX_SCAM",
        /// A fee is asked to collect a prize.
        PrizeLotteryScam = 8 "PRIZE_LOTTERY_SCAM",
        /// An investment that does not exist.
        InvestmentScam = 9 "INVESTMENT_SCAM",
        /// Work or income that does not exist.
        JobIncomeScam = 10 "JOB_INCOME_SCAM",
        /// A fee is asked to lower debts.
        DebtReductionScam = 11 "DEBT_REDUCTION_SCAM",
        /// A warranty that does not exist.
        WarrantyScam = 12 "WARRANTY_SCAM",
        /// Power or water is about to be cut off.
        UtilityScam = 13 "UTILITY_SCAM",
        /// Threats.
        Extortion = 14 "EXTORTION",
        /// Credentials are asked for.
        Phishing = 15 "PHISHING",
        /// One ring, so that the person calls back a premium number.
        OneRingWangiri = 16 "ONE_RING_WANGIRI",
        /// Calls made to earn the fee of a toll-free number.
        TollFreePumping = 17 "TOLL_FREE_PUMPING",
        /// Fraud of another kind.
        OtherFraud = 18 "OTHER_FRAUD",
        /// Sales.
        Telemarketing = 101 "TELEMARKETING",
        /// A recorded message that fits no other category.
        Robocall = 102 "ROBOCALL",
        /// A collector of debts.
        DebtCollection = 103 "DEBT_COLLECTION",
        /// A survey.
        Survey = 104 "SURVEY",
        /// Politics.
        Political = 105 "POLITICAL",
        /// A charity, or a caller who claims to be one.
        Charity = 106 "CHARITY",
        /// Nobody spoke.
        SilentCall = 107 "SILENT_CALL",
        /// Medicine and prescriptions.
        Medical = 108 "MEDICAL",
        /// Energy, solar power, utilities.
        EnergySolar = 109 "ENERGY_SOLAR",
        /// Work on the home, cleaning, alarms.
        HomeServices = 110 "HOME_SERVICES",
        /// Holidays and timeshares.
        VacationTimeshare = 111 "VACATION_TIMESHARE",
        /// Harassment.
        Harassment = 112 "HARASSMENT",
        /// Unwanted for another reason.
        OtherSpam = 113 "OTHER_SPAM",
        /// A company with a lawful reason to call.
        LegitimateBusiness = 201 "LEGITIMATE_BUSINESS",
        /// An appointment, a delivery, a code.
        Notification = 202 "NOTIFICATION",
        /// Emergency services and public safety.
        EmergencyPublicSafety = 203 "EMERGENCY_PUBLIC_SAFETY",
        /// An authority.
        Government = 204 "GOVERNMENT",
        /// Somebody the person knows.
        Personal = 205 "PERSONAL",
    }
}

impl Category {
    /// Whether the category is one of fraud.
    #[must_use]
    pub const fn is_fraud(self) -> bool {
        matches!(self.code(), 1..=100)
    }

    /// Whether the category is one of calls that people want.
    #[must_use]
    pub const fn is_wanted(self) -> bool {
        self.code() >= 201
    }
}

stable_enum! {
    /// Where a report comes from.
    Source {
        /// A person, through a form or a hotline.
        Consumer = 1 "CONSUMER",
        /// A call-blocker app's button.
        AppFeedback = 2 "APP_FEEDBACK",
        /// A carrier.
        Carrier = 3 "CARRIER",
        /// An impersonated brand.
        EnterpriseBrand = 4 "ENTERPRISE_BRAND",
        /// Police or a prosecutor.
        LawEnforcement = 5 "LAW_ENFORCEMENT",
        /// A regulator's published feed.
        RegulatorFeed = 6 "REGULATOR_FEED",
        /// A line that nobody has a reason to call.
        Honeypot = 7 "HONEYPOT",
        /// An analyst of this service.
        Analyst = 8 "ANALYST",
        /// Another call-reputation engine.
        PartnerExchange = 9 "PARTNER_EXCHANGE",
    }
}

stable_enum! {
    /// How the person came across the number.
    ReportRole {
        /// It appeared as caller ID.
        CalledMe = 1 "CALLED_ME",
        /// A pop-up, voicemail or message asked the person to dial it.
        ToldToCall = 2 "TOLD_TO_CALL",
        /// Both.
        Both = 3 "BOTH",
    }
}

stable_enum! {
    /// The channel through which the person came across the number.
    Channel {
        /// A call.
        Call = 1 "CALL",
        /// A pop-up in a browser.
        PopUp = 2 "POP_UP",
        /// A text message.
        Sms = 3 "SMS",
        /// An e-mail.
        Email = 4 "EMAIL",
        /// A recorded message.
        Voicemail = 5 "VOICEMAIL",
    }
}

stable_enum! {
    /// What a moderator decided about a comment.
    CommentModeration {
        /// Nobody has decided yet.
        Pending = 1 "PENDING",
        /// Others may read it.
        Approved = 2 "APPROVED",
        /// Only analysts of its own tenant may read it.
        Rejected = 3 "REJECTED",
    }
}

stable_enum! {
    /// SHAKEN attestation of a call (ATIS-1000074).
    Attestation {
        /// The call carried no attestation.
        None = 1 "NONE",
        /// Full: the signer knows the caller and their right to the number.
        A = 2 "A",
        /// Partial: the signer knows the caller.
        B = 3 "B",
        /// Gateway: the signer knows where the call entered.
        C = 4 "C",
    }
}

stable_enum! {
    /// Outcome of caller-ID verification (3GPP TS 24.229, `verstat`).
    Verstat {
        /// Not stated, or verification timed out; this is not the same as unsigned.
        NotProvided = 1 "NOT_PROVIDED",
        /// The signature verified.
        Passed = 2 "PASSED",
        /// The signature did not verify; the usual cause is broken provisioning.
        Failed = 3 "FAILED",
        /// Verification was not done or not possible.
        NoValidation = 4 "NO_VALIDATION",
    }
}

stable_enum! {
    /// The level of risk.
    RiskLevel {
        /// No evidence: never "safe".
        Unknown = 1 "UNKNOWN",
        /// An analyst vouches for the number.
        Trusted = 2 "TRUSTED",
        /// Below 20.
        Low = 3 "LOW",
        /// 20 to below 60.
        Medium = 4 "MEDIUM",
        /// 60 to below 80.
        High = 5 "HIGH",
        /// 80 and above.
        Critical = 6 "CRITICAL",
        /// The number is never scored.
        NotScored = 7 "NOT_SCORED",
    }
}

stable_enum! {
    /// The action that the engine advises.
    Action {
        /// Let it ring.
        Allow = 1 "ALLOW",
        /// Let it ring with a warning beside the number.
        Label = 2 "LABEL",
        /// Ask the caller to prove that they are human.
        Challenge = 3 "CHALLENGE",
        /// Do not ring; send the caller to voicemail.
        SendToVoicemail = 4 "SEND_TO_VOICEMAIL",
        /// Refuse the call.
        Block = 5 "BLOCK",
        /// Warn the person before the number is dialled.
        WarnBeforeDial = 6 "WARN_BEFORE_DIAL",
    }
}

stable_enum! {
    /// Which rule decided the action.
    Basis {
        /// Emergency and public safety come first.
        Protected = 1 "PROTECTED",
        /// The number never originates calls.
        Dno = 2 "DNO",
        /// The number cannot exist.
        InvalidNumber = 3 "INVALID_NUMBER",
        /// An analyst's status.
        Analyst = 4 "ANALYST",
        /// The tenant's own rule.
        TenantPolicy = 5 "TENANT_POLICY",
        /// The score.
        Analytics = 6 "ANALYTICS",
        /// No evidence.
        NoEvidence = 7 "NO_EVIDENCE",
        /// The time budget ran out.
        FailOpen = 8 "FAIL_OPEN",
        /// The known owner of the number placed the call, or is thought not to have placed it.
        KnownOwner = 9 "KNOWN_OWNER",
        /// The operator does not carry out the action that a rule decided (shadow mode).
        Shadow = 10 "SHADOW",
    }
}

stable_enum! {
    /// The status of a fraud case.
    CaseStatus {
        /// Being written.
        Draft = 1 "DRAFT",
        /// Opened.
        Open = 2 "OPEN",
        /// Being investigated.
        UnderInvestigation = 3 "UNDER_INVESTIGATION",
        /// More than one independent source confirms it: from here on the case raises scores.
        Corroborated = 4 "CORROBORATED",
        /// Handed to an agency.
        Referred = 5 "REFERRED",
        /// The agency accepted it.
        AcceptedByAgency = 6 "ACCEPTED_BY_AGENCY",
        /// The agency acted.
        EnforcementAction = 7 "ENFORCEMENT_ACTION",
        /// In court.
        Prosecution = 8 "PROSECUTION",
        /// Closed as confirmed.
        ClosedConfirmed = 9 "CLOSED_CONFIRMED",
        /// Closed as unsubstantiated: the case raises no score.
        ClosedUnsubstantiated = 10 "CLOSED_UNSUBSTANTIATED",
        /// Merged into another case.
        Merged = 11 "MERGED",
    }
}

stable_enum! {
    /// The role of a number in a case.
    CaseRole {
        /// Seen as caller ID.
        CallerId = 1 "CALLER_ID",
        /// Victims are told to call it.
        Callback = 2 "CALLBACK",
        /// The fraud network tests its lines with it.
        TestLine = 3 "TEST_LINE",
        /// It belongs to a money mule.
        MuleContact = 4 "MULE_CONTACT",
        /// Its owner is a victim: the fraud network spoofs it. Never raises a score.
        SpoofedVictim = 5 "SPOOFED_VICTIM",
    }
}

stable_enum! {
    /// An analyst's decision on a number, strongest first.
    StatusKind {
        /// Public safety: never scored, never blocked.
        Protected = 1 "PROTECTED",
        /// Never originates calls: blocked.
        DoNotOriginate = 2 "DO_NOT_ORIGINATE",
        /// Known bad.
        Blocked = 3 "BLOCKED",
        /// Known good, for a time.
        Allowed = 4 "ALLOWED",
        /// A business that proved who it is.
        VerifiedBusiness = 5 "VERIFIED_BUSINESS",
        /// Its owner is a victim of spoofing.
        SpoofedVictim = 6 "SPOOFED_VICTIM",
        /// It has a new owner: earlier reports do not count.
        Reassigned = 7 "REASSIGNED",
        /// Its owner objects.
        UnderDispute = 8 "UNDER_DISPUTE",
    }
}

stable_enum! {
    /// The meaning of a list of numbers.
    ListKind {
        /// Its numbers never originate calls: calls that show them are refused.
        DoNotOriginate = 1 "DO_NOT_ORIGINATE",
        /// Public safety and designated series: never refused, neither as caller nor as called.
        Protected = 2 "PROTECTED",
        /// Its numbers are assigned to nobody: calls that show them are refused.
        Unassigned = 3 "UNASSIGNED",
        /// The tenant lets calls from its numbers through.
        TenantAllow = 4 "TENANT_ALLOW",
        /// The tenant refuses calls from its numbers.
        TenantBlock = 5 "TENANT_BLOCK",
        /// The tenant's rules for prefixes, each with its action.
        TenantPrefix = 6 "TENANT_PREFIX",
        /// Numbers of known organisations, each with what its owner does with it.
        KnownOwner = 7 "KNOWN_OWNER",
    }
}

stable_enum! {
    /// Whether the owner of a number calls from it.
    OwnerCalls {
        /// The owner only takes calls: a call that shows the number is not from the owner.
        Never = 1 "NEVER",
        /// The owner calls, and signs every call with attestation A.
        Signed = 2 "SIGNED",
        /// The owner calls or may call, and its calls may be unsigned.
        Yes = 3 "YES",
    }
}

impl StatusKind {
    /// Whether a number with this status is left out of all ranges: its owner is a victim or is known, or it serves the
    /// public.
    #[must_use]
    pub const fn keeps_out_of_ranges(self) -> bool {
        matches!(self, Self::Protected | Self::SpoofedVictim | Self::VerifiedBusiness)
    }
}

impl CaseRole {
    /// Whether a link of this role raises the score of its number.
    #[must_use]
    pub const fn raises(self) -> bool {
        !matches!(self, Self::SpoofedVictim)
    }
}

stable_enum! {
    /// The order of a list of numbers.
    NumberSort {
        /// By score, highest first.
        Score = 1 "SCORE",
        /// By the latest reported call, latest first.
        LastReported = 2 "LAST_REPORTED",
        /// By the count of reports, most first.
        ReportCount = 3 "REPORT_COUNT",
    }
}

stable_enum! {
    /// How two numbers are similar.
    SimilarityKind {
        /// They belong to the same case.
        Case = 1 "CASE",
        /// Their comments use the same words.
        Wording = 2 "WORDING",
        /// Their callers impersonate the same brand.
        Brand = 3 "BRAND",
        /// They share all digits but the last few.
        Range = 4 "RANGE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_names_round_trip() {
        for &category in Category::ALL {
            assert_eq!(Category::from_code(category.code()), Some(category));
            assert_eq!(Category::from_name(category.name()), Some(category));
        }
        assert_eq!(
            Category::from_name("tech-support scam"),
            Some(Category::TechSupportScam)
        );
        assert_eq!(Category::from_code(250), None);
    }

    #[test]
    fn groups_follow_from_the_integers() {
        assert!(
            Category::OtherFraud.is_fraud() && !Category::Telemarketing.is_fraud() && !Category::Unspecified.is_fraud()
        );
        assert!(Category::Personal.is_wanted() && !Category::OtherSpam.is_wanted());
    }

    #[test]
    fn a_name_is_read_in_every_spelling() {
        let names = [
            "UNDER_INVESTIGATION",
            "under-investigation",
            " Under investigation ",
            "CASE_STATUS_UNDER_INVESTIGATION",
            "case-status-under-investigation",
        ];
        for name in names {
            assert_eq!(
                CaseStatus::from_name(name),
                Some(CaseStatus::UnderInvestigation),
                "{name}"
            );
        }
        for name in [
            "",
            "CASE_STATUS_",
            "CASE_OPEN",
            "STATUS_OPEN",
            "CASE_STATUSOPEN",
            "OPENED",
        ] {
            assert_eq!(CaseStatus::from_name(name), None, "{name}");
        }
    }
}
