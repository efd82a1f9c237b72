//! The kind of line of a number, its validity, and the result of caller-ID verification.

/// The kind of line a number belongs to. US and Canadian numbers are never told apart by kind:
/// they are [`LineType::FixedLineOrMobile`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LineType {
    /// Not known: the numbering plan gives such numbers to no kind of line.
    #[default]
    Unknown,
    /// A line that stays in its place.
    FixedLine,
    /// A mobile telephone.
    Mobile,
    /// A fixed line or a mobile telephone: the plan does not tell them apart.
    FixedLineOrMobile,
    /// Telephony over the internet.
    Voip,
    /// Free for the caller.
    TollFree,
    /// More expensive than a normal call; the called party earns a part of the price.
    PremiumRate,
    /// Caller and called party share the cost.
    SharedCost,
    /// A number that follows a person.
    PersonalNumber,
    /// A pager.
    Pager,
    /// One number for a whole company ("universal access number").
    Uan,
    /// Access to a voice mailbox.
    Voicemail,
    /// A short number of one region or carrier.
    ShortCode,
    /// Police, fire brigade, ambulance.
    Emergency,
}

/// How well a number fits the numbering plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// It lies in a range that is in use.
    Valid,
    /// Its length is right, but it is in no known range. Plans grow: it may be in use tomorrow.
    Possible,
    /// It has a length that no number of the plan has.
    Impossible,
    /// A short code or an emergency number: dialled as it is, part of no international plan.
    NotANumberOfThePlan,
    /// The caller withheld the number, or no network knew it.
    Anonymous,
}

/// The terminating network's result of verifying the caller-ID signature (`verstat`, 3GPP TS 24.229 section 7.2A.20,
/// ATIS-1000074).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verstat {
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

impl LineType {
    /// All kinds, in the order of their integers.
    pub const ALL: [Self; 14] = [
        Self::Unknown,
        Self::FixedLine,
        Self::Mobile,
        Self::FixedLineOrMobile,
        Self::Voip,
        Self::TollFree,
        Self::PremiumRate,
        Self::SharedCost,
        Self::PersonalNumber,
        Self::Pager,
        Self::Uan,
        Self::Voicemail,
        Self::ShortCode,
        Self::Emergency,
    ];

    /// The stable integer on the wire, from 1 on.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The upper-case name, as the contract and the output of the command line have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::FixedLine => "FIXED_LINE",
            Self::Mobile => "MOBILE",
            Self::FixedLineOrMobile => "FIXED_LINE_OR_MOBILE",
            Self::Voip => "VOIP",
            Self::TollFree => "TOLL_FREE",
            Self::PremiumRate => "PREMIUM_RATE",
            Self::SharedCost => "SHARED_COST",
            Self::PersonalNumber => "PERSONAL_NUMBER",
            Self::Pager => "PAGER",
            Self::Uan => "UAN",
            Self::Voicemail => "VOICEMAIL",
            Self::ShortCode => "SHORT_CODE",
            Self::Emergency => "EMERGENCY",
        }
    }
}
