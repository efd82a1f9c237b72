//! The codes of reasons: of a score, and of the rules that decide without one.

stable_enum! {
    /// A stable code that says why a score or a decision is what it is. Decision ids carry the integers: append new codes,
    /// and never change the integer or the name of one.
    ReasonCode {
        /// The number's reports of the last days.
        RecentReports = 1 "RECENT_REPORTS",
        /// All its reports.
        HistoricReports = 2 "HISTORIC_REPORTS",
        /// Its reporters are in different areas.
        ManyReporters = 3 "MANY_REPORTERS",
        /// Reported numbers among the same 100.
        HotRange100 = 4 "HOT_RANGE_100",
        /// Among the same 1,000.
        HotRange1000 = 5 "HOT_RANGE_1000",
        /// Among the same 10,000.
        HotRange10000 = 6 "HOT_RANGE_10000",
        /// Fraud cases.
        CaseLink = 7 "CASE_LINK",
        /// An analyst blocked it.
        AnalystBlocked = 8 "ANALYST_BLOCKED",
        /// An analyst vouches for it.
        AnalystAllowed = 9 "ANALYST_ALLOWED",
        /// Its owner proved who it is, and signed the call.
        VerifiedBusiness = 10 "VERIFIED_BUSINESS",
        /// People said that its calls were wanted.
        NotSpamReports = 11 "NOT_SPAM_REPORTS",
        /// How the call was signed.
        Attestation = 12 "ATTESTATION",
        /// The number's calls are signed in full, and this one is not.
        SpoofSuspected = 13 "SPOOF_SUSPECTED",
        /// It calls many different numbers in a short time.
        RateBurst = 14 "RATE_BURST",
        /// It calls one number after the other.
        SequentialDialling = 15 "SEQUENTIAL_DIALLING",
        /// Its owner places no calls from it.
        DoNotOriginate = 16 "DO_NOT_ORIGINATE",
        /// No such number can exist: its country code belongs to nobody, or the numbering plan rules it out.
        InvalidNumber = 17 "INVALID_NUMBER",
        /// It serves public safety.
        ProtectedNumber = 18 "PROTECTED_NUMBER",
        /// A list of the tenant decided.
        TenantRule = 19 "TENANT_RULE",
        /// How the neighbours were reported: once each, or by people of their own area.
        RangePattern = 20 "RANGE_PATTERN",
        /// The points of a toll-free number without evidence, less those of a geographic one.
        TollFree = 21 "TOLL_FREE",
        /// Hardly anything is known about the number itself: the score rests on its neighbourhood.
        RangeOnly = 22 "RANGE_ONLY",
        /// The reporters are unproven and few.
        UnprovenReporters = 23 "UNPROVEN_REPORTERS",
        /// Many of its calls end within seconds of being answered.
        ShortCalls = 24 "SHORT_CALLS",
        /// Few of its calls are answered.
        UnansweredCalls = 25 "UNANSWERED_CALLS",
        /// Many of its calls are refused by those called.
        RejectedCalls = 26 "REJECTED_CALLS",
        /// It is not assigned to anybody.
        UnassignedNumber = 27 "UNASSIGNED_NUMBER",
        /// The call is to an emergency service.
        EmergencyCall = 28 "EMERGENCY_CALL",
        /// The called number has just called an emergency service.
        EmergencyCallback = 29 "EMERGENCY_CALLBACK",
        /// The call is to a number that serves public safety.
        ProtectedCalled = 30 "PROTECTED_CALLED",
        /// The answer was due before it was ready.
        DeadlineExceeded = 31 "DEADLINE_EXCEEDED",
        /// The score rests on rate and hardly anything else.
        RateOnly = 32 "RATE_ONLY",
        /// The numbering plan does not know numbers of its length.
        UnknownLength = 33 "UNKNOWN_LENGTH",
        /// It was reported in many weeks: reports and ranges alone do not block it.
        EstablishedNumber = 34 "ESTABLISHED_NUMBER",
        /// All reports on it may be those of one person and one day, which do not block it.
        SingleReport = 35 "SINGLE_REPORT",
        /// Its known owner signed the call.
        KnownOwner = 36 "KNOWN_OWNER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decision ids outlive releases. The n-th name has the integer n.
    const FROZEN: [&str; 36] = [
        "RECENT_REPORTS",
        "HISTORIC_REPORTS",
        "MANY_REPORTERS",
        "HOT_RANGE_100",
        "HOT_RANGE_1000",
        "HOT_RANGE_10000",
        "CASE_LINK",
        "ANALYST_BLOCKED",
        "ANALYST_ALLOWED",
        "VERIFIED_BUSINESS",
        "NOT_SPAM_REPORTS",
        "ATTESTATION",
        "SPOOF_SUSPECTED",
        "RATE_BURST",
        "SEQUENTIAL_DIALLING",
        "DO_NOT_ORIGINATE",
        "INVALID_NUMBER",
        "PROTECTED_NUMBER",
        "TENANT_RULE",
        "RANGE_PATTERN",
        "TOLL_FREE",
        "RANGE_ONLY",
        "UNPROVEN_REPORTERS",
        "SHORT_CALLS",
        "UNANSWERED_CALLS",
        "REJECTED_CALLS",
        "UNASSIGNED_NUMBER",
        "EMERGENCY_CALL",
        "EMERGENCY_CALLBACK",
        "PROTECTED_CALLED",
        "DEADLINE_EXCEEDED",
        "RATE_ONLY",
        "UNKNOWN_LENGTH",
        "ESTABLISHED_NUMBER",
        "SINGLE_REPORT",
        "KNOWN_OWNER",
    ];

    #[test]
    fn integers_and_names_are_frozen() {
        let (frozen, new) = ReasonCode::ALL.split_at(FROZEN.len());
        for (code, (place, name)) in frozen.iter().zip((1..).zip(FROZEN)) {
            assert_eq!((code.code(), code.name()), (place, name));
        }
        assert!(new.is_empty(), "append the new codes to the frozen names");
    }
}
