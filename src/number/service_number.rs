//! Numbers outside the international plan.

use super::region::Region;

/// A short code or an emergency number: dialled as it is, within one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceNumber {
    digits: Box<str>,
    region: Option<Region>,
    kind: ServiceKind,
}

/// The purpose of a number outside the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceKind {
    /// Police, fire brigade, ambulance.
    Emergency,
    /// Any other short number.
    ShortCode,
}

impl ServiceNumber {
    pub(super) fn new(digits: &str, region: Option<Region>, kind: ServiceKind) -> Self {
        Self {
            digits: digits.into(),
            region,
            kind,
        }
    }

    /// The digits to dial; empty if the text named the service instead (`urn:service:sos`, RFC 5031).
    /// Not personal data: these numbers are public.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The region in which it is dialled; `None` if unknown.
    pub fn region(&self) -> Option<Region> {
        self.region
    }

    /// Its purpose.
    pub fn kind(&self) -> ServiceKind {
        self.kind
    }
}
