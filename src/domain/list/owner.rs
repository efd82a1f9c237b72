//! The owner of a listed number.

use crate::domain::brand::Brand;
use crate::domain::ids::OwnerName;
use crate::domain::kinds::OwnerCalls;
use crate::domain::time::Timestamp;

/// The organisation that owns a number, as an imported list states it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The organisation.
    pub organisation: OwnerName,
    /// The brand under which people know it, if it is another name.
    pub brand: Option<Brand>,
    /// Whether the organisation calls from the number.
    pub calls: OwnerCalls,
}

/// The owner of an entry being imported, field by field. Only a list of kind
/// [`KnownOwner`](crate::domain::kinds::ListKind::KnownOwner) has these fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOwner {
    /// The organisation.
    pub organisation: Option<OwnerName>,
    /// Its brand.
    pub brand: Option<Brand>,
    /// Whether it calls from the number.
    pub calls: Option<OwnerCalls>,
}

impl NewOwner {
    /// The owner, if the required fields are set.
    #[must_use]
    pub fn complete(self) -> Option<Owner> {
        Some(Owner {
            organisation: self.organisation?,
            brand: self.brand,
            calls: self.calls?,
        })
    }
}

/// The match of a number on the lists of known owners. `Index::owner_of` gives the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerHit {
    /// Whether the owner calls from the number.
    pub calls: OwnerCalls,
    /// When the entry ends, though one for a shorter prefix may then apply; none if no end is known.
    pub expires_at: Option<Timestamp>,
}
