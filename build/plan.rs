//! Writes the numbering plan of the `phonenumber` crate as Rust, for `src/number/` to include.
//!
//! At run time the crate would compile each of its 6,000 expressions only to check them. This takes most of the
//! start-up time and hundreds of megabytes of allocations, and the expressions are never freed. The program needs only
//! their text.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor, Descriptors, Format};

/// Country codes have at most three digits.
const COUNTRY_CODES: u16 = 1_000;

/// Writes `plan.rs`, the countries by their codes, and `regions.rs`, the regions in order. Each file is one expression.
pub(crate) fn write(out_dir: &Path) -> io::Result<()> {
    let mut countries = String::new();
    for code in 0..COUNTRY_CODES {
        if let Some(territories) = DATABASE.by_code(&code) {
            let territories: String = territories.into_iter().map(territory).collect();
            writeln!(countries, "({code}, &[{territories}]),").map_err(io::Error::other)?;
        }
    }
    fs::write(out_dir.join("plan.rs"), format!("&[\n{countries}]\n"))?;
    let regions: String = regions().map(|region| format!("*b{region:?},\n")).collect();
    fs::write(out_dir.join("regions.rs"), format!("&[\n{regions}]\n"))
}

/// All pairs of letters that the crate accepts as a country.
fn regions() -> impl Iterator<Item = String> {
    let pairs = ('A'..='Z').flat_map(|first| ('A'..='Z').map(move |second| format!("{first}{second}")));
    pairs.filter(|pair| pair.parse::<phonenumber::country::Id>().is_ok())
}

fn territory(metadata: &Metadata) -> String {
    let prefix = metadata.national_prefix_for_parsing().map(|pattern| pattern.as_str());
    let kinds: String = kinds(metadata.descriptors()).map(kind).collect();
    let formats: String = metadata.formats().iter().map(format).collect();
    let international_formats: String = metadata.international_formats().iter().map(format).collect();
    format!(
        "TerritoryMetadata {{ id: {:?}, country_code: {}, general: {:?}, kinds: &[{kinds}], leading_digits: {:?}, \
         international_prefix: {:?}, national_prefix: {:?}, national_prefix_for_parsing: {prefix:?}, \
         national_prefix_transform_rule: {:?}, formats: &[{formats}], \
         international_formats: &[{international_formats}] }},\n",
        metadata.id(),
        metadata.country_code(),
        metadata.descriptors().general().national_number().as_str(),
        metadata.leading_digits().map(|pattern| pattern.as_str()),
        metadata.international_prefix().map(|pattern| pattern.as_str()),
        metadata.national_prefix(),
        metadata.national_prefix_transform_rule(),
    )
}

/// The kinds of number of a territory, in the order in which libphonenumber checks them.
fn kinds(kinds: &Descriptors) -> impl Iterator<Item = (&'static str, &Descriptor)> {
    [
        ("PremiumRate", kinds.premium_rate()),
        ("TollFree", kinds.toll_free()),
        ("SharedCost", kinds.shared_cost()),
        ("Voip", kinds.voip()),
        ("PersonalNumber", kinds.personal_number()),
        ("Pager", kinds.pager()),
        ("Uan", kinds.uan()),
        ("Voicemail", kinds.voicemail()),
        ("FixedLine", kinds.fixed_line()),
        ("Mobile", kinds.mobile()),
    ]
    .into_iter()
    .filter_map(|(line_type, kind)| Some((line_type, kind?)))
}

fn kind((line_type, kind): (&str, &Descriptor)) -> String {
    format!(
        "LineTypeMetadata {{ line_type: LineType::{line_type}, pattern: {:?}, lengths: &{:?}, local_lengths: &{:?} }},",
        kind.national_number().as_str(),
        kind.possible_length(),
        kind.possible_local_length(),
    )
}

fn format(format: &Format) -> String {
    format!(
        "FormatMetadata {{ pattern: {:?}, format: {:?}, leading_digits: {:?}, national_prefix: {:?} }},",
        format.pattern().as_str(),
        format.format(),
        // Each is longer than the one before. Only the last matters.
        format.leading_digits().last().map(|pattern| pattern.as_str()),
        format.national_prefix(),
    )
}
