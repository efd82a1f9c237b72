//! The result of reading a text.

use std::ops::RangeInclusive;

use super::digits::Digits;
use super::e164::E164;
use super::kinds::{LineType, Validity, VerstatParameter};
use super::plan::{self, PlanClassification, country_code};
use super::region::Region;
use super::service_number::ServiceNumber;

/// How many digits a number has whose country code belongs to nobody. Fewer may be a short number behind a plus sign; more
/// are no number of ITU-T E.164.
const NO_COUNTRY_DIGITS: RangeInclusive<usize> = 7..=15;

/// The result of reading caller ID, or a text that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A number of the international plan, possible or not.
    Number(ParsedNumber),
    /// A short code or an emergency number.
    Service(ServiceNumber),
    /// The caller withheld the number, or no network knew it.
    Anonymous,
}

/// A number of the international plan, with the plan's facts about it.
///
/// `Debug` shows no digits.
#[derive(Clone, PartialEq, Eq)]
pub struct ParsedNumber {
    /// 0 if it belongs to nobody.
    country_code: u16,
    /// The national significant number, leading zeros included.
    national: Digits,
    classification: PlanClassification,
    extension: Option<Box<str>>,
    verstat: Option<VerstatParameter>,
}

impl ParsedNumber {
    /// A number with the plan's facts; without extension and verstat.
    pub(super) fn new(country_code: u16, national: Digits) -> Self {
        Self {
            country_code,
            national,
            classification: plan::classify(country_code, &national),
            extension: None,
            verstat: None,
        }
    }

    /// A number whose country code belongs to nobody; none if the code belongs to somebody, or the digits are too few or
    /// too many to tell.
    pub(super) fn of_no_country(digits: &[u8]) -> Option<Self> {
        let is_whole = NO_COUNTRY_DIGITS.contains(&digits.len()) && !country_code::may_be_in_use(digits);
        is_whole
            .then(|| Digits::new(digits).map(|digits| Self::new(0, digits)))
            .flatten()
    }

    /// Whether the numbering plan rules out these digits, even if the number counts as one [in doubt](Self::in_doubt).
    pub(super) fn is_ruled_out(&self) -> bool {
        plan::classify(self.country_code, &self.national).validity == Validity::Impossible
    }

    /// The number as one that may be another: its form alone does not make it impossible.
    pub(super) fn in_doubt(mut self) -> Self {
        if self.classification.validity == Validity::Impossible {
            self.classification.validity = Validity::Possible;
        }
        self
    }

    pub(super) fn with_extension(self, extension: Option<Box<str>>) -> Self {
        Self { extension, ..self }
    }

    pub(super) fn with_verstat(self, verstat: Option<VerstatParameter>) -> Self {
        Self { verstat, ..self }
    }

    /// The key of the number. `None` if its country code belongs to nobody, or if it has more than 15 digits and the plan
    /// has no numbers of this length.
    pub fn e164(&self) -> Option<E164> {
        let number = E164::from_digits(self.e164_digits()?)?;
        (self.has_known_length() || number.len() <= E164::DIGITS_MAX_STANDARD).then_some(number)
    }

    /// The first digits of the number, country code included: all of them if there are fewer than `most`.
    pub fn leading_digits(&self, most: u32) -> u64 {
        let digits = self.e164_text();
        let digits = digits.trim_start_matches('+');
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        digits.get(..most).unwrap_or(digits).parse().unwrap_or_default()
    }

    /// The E.164 text in libphonenumber's form, also of impossible numbers.
    pub fn e164_text(&self) -> String {
        match self.country_code {
            0 => format!("+{}", self.national.as_str()),
            code => format!("+{code}{}", self.national.as_str()),
        }
    }

    /// [`Validity::Valid`], [`Validity::Possible`], [`Validity::UnknownLength`] or [`Validity::Impossible`].
    pub fn validity(&self) -> Validity {
        self.classification.validity
    }

    /// Whether the plan has numbers of this length: libphonenumber calls such a number possible.
    pub fn has_known_length(&self) -> bool {
        self.classification.known_length
    }

    /// Whether its length is only that of numbers dialled within one area, such as `555-0199`: libphonenumber calls
    /// them possible, but without the area code they identify no line.
    pub fn is_local_only(&self) -> bool {
        self.classification.local_only
    }

    /// The region that has this number; `None` if several share the country code and none has it.
    pub fn region(&self) -> Option<Region> {
        self.classification.region
    }

    /// The kind of line.
    pub fn line_type(&self) -> LineType {
        self.classification.line_type
    }

    /// The extension: another telephone behind the same number.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The result of caller-ID verification, if the text gives one.
    pub fn verstat(&self) -> Option<VerstatParameter> {
        self.verstat
    }

    /// The national format: `(415) 555-0199`.
    pub fn national_format(&self) -> String {
        plan::national_format(self.country_code, &self.national)
    }

    /// The international format: `+1 415-555-0199`.
    pub fn international_format(&self) -> String {
        plan::international_format(self.country_code, &self.national)
    }

    pub(super) fn country_code(&self) -> u16 {
        self.country_code
    }

    /// The national significant number, leading zeros included.
    pub(super) fn national(&self) -> &str {
        self.national.as_str()
    }

    /// How many digits the national number has, leading zeros not counted.
    pub(super) fn significant_len(&self) -> usize {
        self.national.as_str().trim_start_matches('0').len()
    }

    fn e164_digits(&self) -> Option<u64> {
        let national: u64 = self.national.as_str().parse().ok()?;
        let shift = 10_u64.checked_pow(u32::try_from(self.national.len()).ok()?)?;
        u64::from(self.country_code).checked_mul(shift)?.checked_add(national)
    }
}

impl std::fmt::Debug for ParsedNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParsedNumber")
            .field("country_code", &self.country_code)
            .field("national_len", &self.national.len())
            .field("classification", &self.classification)
            .field("verstat", &self.verstat)
            .finish_non_exhaustive()
    }
}
