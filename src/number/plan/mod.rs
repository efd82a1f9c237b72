//! The numbering plan: interim form over the crate's own matchers.

use phonenumber::metadata::{DATABASE, Metadata};

use super::kinds::{LineType, Validity};
use super::region::Region;

/// What the plan says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) region: Option<Region>,
    pub(super) line_type: LineType,
    pub(super) validity: Validity,
    pub(super) local_only: bool,
}

pub(super) fn standing(code: u16, national: &[u8]) -> Standing {
    let text = str::from_utf8(national).unwrap_or_default();
    let valid = DATABASE
        .by_code(&code)
        .and_then(|all| all.into_iter().find(|m| m.descriptors().general().is_match(text)));
    Standing {
        region: valid.map(Metadata::id).and_then(|id| id.parse().ok()),
        line_type: LineType::Unknown,
        validity: if valid.is_some() {
            Validity::Valid
        } else {
            Validity::Possible
        },
        local_only: false,
    }
}

pub(super) fn national_format(_code: u16, national: &[u8]) -> String {
    String::from_utf8_lossy(national).into_owned()
}

pub(super) fn international_format(code: u16, national: &[u8]) -> String {
    format!("+{code} {}", String::from_utf8_lossy(national))
}
