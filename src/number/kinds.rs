//! The kind of line of a number, its validity, and the result of caller-ID verification.

stable_enum! {
    /// The kind of line a number belongs to. US and Canadian numbers are never told apart by kind:
    /// they are [`LineType::FixedLineOrMobile`].
    #[derive(Default)]
    LineType {
        /// Not known: the numbering plan gives such numbers to no kind of line.
        #[default]
        Unknown = 1 "UNKNOWN",
        /// A line that stays in its place.
        FixedLine = 2 "FIXED_LINE",
        /// A mobile telephone.
        Mobile = 3 "MOBILE",
        /// A fixed line or a mobile telephone: the plan does not tell them apart.
        FixedLineOrMobile = 4 "FIXED_LINE_OR_MOBILE",
        /// Telephony over the internet.
        Voip = 5 "VOIP",
        /// Free for the caller.
        TollFree = 6 "TOLL_FREE",
        /// More expensive than a normal call; the called party earns a part of the price.
        PremiumRate = 7 "PREMIUM_RATE",
        /// Caller and called party share the cost.
        SharedCost = 8 "SHARED_COST",
        /// A number that follows a person.
        PersonalNumber = 9 "PERSONAL_NUMBER",
        /// A pager.
        Pager = 10 "PAGER",
        /// One number for a whole company ("universal access number").
        Uan = 11 "UAN",
        /// Access to a voice mailbox.
        Voicemail = 12 "VOICEMAIL",
        /// A short number of one region or carrier.
        ShortCode = 13 "SHORT_CODE",
        /// Police, fire brigade, ambulance.
        Emergency = 14 "EMERGENCY",
    }
}

stable_enum! {
    /// How well a number fits the numbering plan.
    Validity {
        /// It lies in a range that is in use.
        Valid = 1 "VALID",
        /// Its length is right, but it is in no known range. Plans grow: it may be in use tomorrow.
        Possible = 2 "POSSIBLE",
        /// Certain: its country code belongs to nobody, or the North American plan rules out its area code or exchange.
        Impossible = 3 "IMPOSSIBLE",
        /// A short code or an emergency number: dialled as it is, part of no international plan.
        NotANumberOfThePlan = 4 "NOT_A_NUMBER_OF_THE_PLAN",
        /// The caller withheld the number, or no network knew it.
        Anonymous = 5 "ANONYMOUS",
        /// The plan, as this release knows it, has no numbers of this length. Plans change: it may be in use.
        UnknownLength = 6 "UNKNOWN_LENGTH",
    }
}

/// The terminating network's result of verifying the caller-ID signature (`verstat`, 3GPP TS 24.229 section 7.2A.20,
/// ATIS-1000074).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerstatParameter {
    /// `TN-Validation-Passed`, with the attestation if the text names it (`-Passed-A`).
    Passed(Option<AttestationLevel>),
    /// `TN-Validation-Failed`.
    Failed,
    /// `No-TN-Validation`.
    NoValidation,
}

/// The signer's knowledge of the caller (ATIS-1000074): A full, B partial, C gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttestationLevel {
    /// The signer knows the customer and their right to the number.
    A,
    /// The signer knows the customer, not their right to the number.
    B,
    /// The signer knows only where the call entered its network.
    C,
}
