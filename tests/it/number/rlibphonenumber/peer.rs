//! Another port of libphonenumber, with its own metadata or with the metadata of the `phonenumber` crate.

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor, Format};
use ringwarden::number::LineType;
use rlibphonenumber::{
    NumberFormat, ParseError, PhoneMetadata, PhoneMetadataCollection, PhoneNumber, PhoneNumberDesc, PhoneNumberFormat,
    PhoneNumberType, PhoneNumberUtil, Region,
};

use super::COUNTRY_CODES;
use super::answer::{Answer, Failure};

/// The length that libphonenumber writes for a kind of number that a territory does not have.
const NO_LENGTH: i32 = -1;

pub(crate) struct Peer(PhoneNumberUtil);

impl Peer {
    /// With the metadata that it brings, which is newer than ours.
    pub(crate) fn newer() -> Self {
        Self(PhoneNumberUtil::new().expect("metadata"))
    }

    /// With our metadata: what differs now is not the metadata.
    pub(crate) fn level() -> Self {
        let metadata = (0..COUNTRY_CODES)
            .filter_map(|code| DATABASE.by_code(&code))
            .flatten()
            .map(territory)
            .collect();
        Self(PhoneNumberUtil::new_for_metadata(PhoneMetadataCollection { metadata }).expect("known regions"))
    }

    pub(crate) fn answer(&self, text: &str, region: Option<&str>) -> Answer {
        let region = region.map(|region| Region::from_code(region).expect("a region"));
        match self.0.parse(text, region) {
            Err(error) => Answer::Failure(failure(&error)),
            Ok(number) => self.describe(&number),
        }
    }

    fn describe(&self, number: &PhoneNumber) -> Answer {
        let mut bare = number.clone();
        bare.extension = None;
        Answer::Number {
            e164: self.0.format(number, PhoneNumberFormat::E164).into_owned(),
            valid: self.0.is_valid_number(number),
            possible: self.0.is_possible_number(number),
            region: self.0.get_region_for_number(number).map(|region| region.to_string()),
            line_type: line_type(self.0.get_number_type(number)),
            extension: number.extension.clone(),
            national: self.0.format(&bare, PhoneNumberFormat::National).into_owned(),
            international: self.0.format(&bare, PhoneNumberFormat::International).into_owned(),
        }
    }
}

fn failure(error: &ParseError) -> Failure {
    match error {
        ParseError::InvalidCountryCode => Failure::InvalidCountryCode,
        ParseError::NotANumber(_) => Failure::NotANumber,
        ParseError::TooShortAfterIdd => Failure::TooShortAfterIdd,
        ParseError::TooShortNsn => Failure::TooShort,
        ParseError::TooLongNsn => Failure::TooLong,
    }
}

fn line_type(line_type: PhoneNumberType) -> LineType {
    match line_type {
        PhoneNumberType::FixedLine => LineType::FixedLine,
        PhoneNumberType::Mobile => LineType::Mobile,
        PhoneNumberType::FixedLineOrMobile => LineType::FixedLineOrMobile,
        PhoneNumberType::TollFree => LineType::TollFree,
        PhoneNumberType::PremiumRate => LineType::PremiumRate,
        PhoneNumberType::SharedCost => LineType::SharedCost,
        PhoneNumberType::VoIP => LineType::Voip,
        PhoneNumberType::PersonalNumber => LineType::PersonalNumber,
        PhoneNumberType::Pager => LineType::Pager,
        PhoneNumberType::UAN => LineType::Uan,
        PhoneNumberType::VoiceMail => LineType::Voicemail,
        PhoneNumberType::Unknown => LineType::Unknown,
    }
}

/// A territory of our metadata in the form of the other port.
#[expect(deprecated, reason = "so it marks what it reads through a wrapper")]
fn territory(from: &Metadata) -> PhoneMetadata {
    let kinds = from.descriptors();
    let [fixed_line, mobile] = [kinds.fixed_line(), kinds.mobile()].map(kind);
    PhoneMetadata {
        general_desc: Some(general(from)),
        same_mobile_and_fixed_line_pattern: Some(fixed_line.national_number_pattern == mobile.national_number_pattern),
        fixed_line: Some(fixed_line),
        mobile: Some(mobile),
        toll_free: Some(kind(kinds.toll_free())),
        premium_rate: Some(kind(kinds.premium_rate())),
        shared_cost: Some(kind(kinds.shared_cost())),
        personal_number: Some(kind(kinds.personal_number())),
        voip: Some(kind(kinds.voip())),
        pager: Some(kind(kinds.pager())),
        uan: Some(kind(kinds.uan())),
        voicemail: Some(kind(kinds.voicemail())),
        id: from.id().to_owned(),
        country_code: Some(i32::from(from.country_code())),
        international_prefix: from.international_prefix().map(|one| whole(one.as_str())),
        national_prefix: from.national_prefix().map(str::to_owned),
        national_prefix_for_parsing: from
            .national_prefix_for_parsing()
            .map(|one| whole(one.as_str()))
            .or_else(|| from.national_prefix().map(whole)),
        national_prefix_transform_rule: from.national_prefix_transform_rule().map(str::to_owned),
        number_format: from.formats().iter().map(|one| format(one, from)).collect(),
        intl_number_format: from
            .international_formats()
            .iter()
            .map(|one| format(one, from))
            .collect(),
        main_country_for_code: Some(from.is_main_country_for_code()),
        leading_digits: from.leading_digits().map(|one| whole(one.as_str())),
        ..PhoneMetadata::default()
    }
}

/// The general description of a territory. It has no lengths, since the crate has them with the kinds of number.
#[expect(deprecated, reason = "so it marks what it reads through a wrapper")]
fn general(from: &Metadata) -> PhoneNumberDesc {
    let kinds: Vec<PhoneNumberDesc> = kinds(from).into_iter().map(|one| kind(Some(one))).collect();
    let mut possible: Vec<i32> = kinds.iter().flat_map(|kind| kind.possible_length.clone()).collect();
    let mut local: Vec<i32> = kinds
        .iter()
        .flat_map(|kind| kind.possible_length_local_only.clone())
        .collect();
    for lengths in [&mut possible, &mut local] {
        lengths.sort_unstable();
        lengths.dedup();
    }
    local.retain(|len| !possible.contains(len));
    PhoneNumberDesc {
        national_number_pattern: Some(whole(from.descriptors().general().national_number().as_str())),
        possible_length: possible,
        possible_length_local_only: local,
        example_number: None,
    }
}

/// The kinds of number that a territory has.
pub(crate) fn kinds(from: &Metadata) -> Vec<&Descriptor> {
    let kinds = from.descriptors();
    [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[expect(deprecated, reason = "so it marks what it reads through a wrapper")]
fn kind(from: Option<&Descriptor>) -> PhoneNumberDesc {
    let lengths = |lengths: &[u16]| lengths.iter().map(|&len| i32::from(len)).collect();
    match from {
        None => PhoneNumberDesc {
            possible_length: vec![NO_LENGTH],
            ..PhoneNumberDesc::default()
        },
        Some(from) => PhoneNumberDesc {
            national_number_pattern: Some(whole(from.national_number().as_str())),
            possible_length: lengths(from.possible_length()),
            possible_length_local_only: lengths(from.possible_local_length()),
            example_number: None,
        },
    }
}

#[expect(deprecated, reason = "so it marks what it reads through a wrapper")]
fn format(from: &Format, territory: &Metadata) -> NumberFormat {
    let national_prefix = territory.national_prefix().unwrap_or_default();
    let rule = |rule: &str| rule.replace("$NP", national_prefix).replace("$FG", "$1");
    NumberFormat {
        pattern: whole(from.pattern().as_str()),
        format: from.format().to_owned(),
        leading_digits_pattern: from.leading_digits().iter().map(|one| whole(one.as_str())).collect(),
        national_prefix_formatting_rule: from.national_prefix().map(rule),
        national_prefix_optional_when_formatting: Some(from.is_national_prefix_optional()),
        domestic_carrier_code_formatting_rule: from.domestic_carrier().map(rule),
    }
}

/// An expression as the other port keeps it: without spaces, for a whole text.
fn whole(pattern: &str) -> String {
    format!("^(?:{})$", plain(pattern))
}

/// An expression without the spaces in which the source is laid out.
pub(crate) fn plain(pattern: &str) -> String {
    pattern.split_whitespace().collect()
}
