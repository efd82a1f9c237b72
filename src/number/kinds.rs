//! What kind of number it is, how sure that is, and what the network says of the caller.

/// The kind of line a number belongs to. US and Canadian numbers are never told apart by kind:
/// they are [`LineType::FixedLineOrMobile`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LineType {
    /// No kind of line has such numbers, as far as the numbering plan is known.
    #[default]
    Unknown,
    /// A line that stays in its place.
    FixedLine,
    /// A mobile telephone.
    Mobile,
    /// One of the two: the plan does not tell them apart.
    FixedLineOrMobile,
    /// Telephony over the internet.
    Voip,
    /// Free for the caller.
    TollFree,
    /// Dearer than a call, part of which the called party earns.
    PremiumRate,
    /// The cost is shared between caller and called.
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

/// How far a number agrees with the numbering plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// It lies in a range that is in use.
    Valid,
    /// Its length is right, but no known range holds it. Plans grow: it may be in use tomorrow.
    Possible,
    /// It has a length that no number of the plan has.
    Impossible,
    /// A short code or an emergency number: dialled as it stands, part of no international plan.
    NotANumberOfThePlan,
    /// The caller withheld the number, or no network knew it.
    Anonymous,
}

/// What the terminating network says of the caller-ID signature (`verstat`, 3GPP TS 24.229
/// section 7.2A.20, ATIS-1000074).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verstat {
    /// `TN-Validation-Passed`, with the attestation where the text names it (`-Passed-A`).
    Passed(Option<AttestationLevel>),
    /// `TN-Validation-Failed`.
    Failed,
    /// `No-TN-Validation`.
    NoValidation,
}

/// What the signer knows of the caller (ATIS-1000074): A full, B partial, C gateway.
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
