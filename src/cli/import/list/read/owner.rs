//! The columns of a list of known owners: `organisation`, `brand` and `calls`.

use csv::ByteRecord;

use super::{fault, text};
use crate::cli::import::RowFault;
use crate::cli::names::NamedValue as _;
use crate::domain::brand::Brand;
use crate::domain::ids::OwnerName;
use crate::domain::kinds;
use crate::domain::list::NewOwner;
use crate::wire::v1::{ListKind, Owner, OwnerCalls};

/// Positions of the columns; none in a list of another kind.
pub(super) struct OwnerColumns {
    organisation: Option<usize>,
    brand: Option<usize>,
    calls: Option<usize>,
}

impl OwnerColumns {
    /// The positions, by the names of the columns.
    pub(super) fn of(find: impl Fn(&str) -> Option<usize>) -> Self {
        Self {
            organisation: find("organisation"),
            brand: find("brand"),
            calls: find("calls"),
        }
    }

    /// The number of these columns in the file.
    pub(super) fn count(&self) -> usize {
        [self.organisation, self.brand, self.calls].iter().flatten().count()
    }

    /// Whether a list of this kind has these columns. The brand is optional.
    pub(super) fn are_for(&self, kind: ListKind) -> bool {
        if kind == ListKind::KnownOwner {
            self.organisation.is_some() && self.calls.is_some()
        } else {
            self.count() == 0
        }
    }

    /// The owner in a row.
    pub(super) fn read(&self, record: &ByteRecord) -> Result<NewOwner, RowFault> {
        let field = |column: Option<usize>| {
            let text = text(record.get(column?).unwrap_or_default());
            Some(text).filter(|text| !text.is_empty())
        };
        let organisation = field(self.organisation).map(|text| OwnerName::parse(&text)).transpose();
        let brand = field(self.brand).map(|text| Brand::parse(&text)).transpose();
        Ok(NewOwner {
            organisation: organisation.map_err(|problem| fault("organisation", problem))?,
            brand: brand.map_err(|problem| fault("brand", problem))?,
            calls: field(self.calls).map(|text| calls(&text)).transpose()?,
        })
    }
}

/// The owner in the form of the wire; none if no field is set.
pub(super) fn on_wire(owner: &NewOwner) -> Option<Owner> {
    let organisation = owner.organisation.as_ref()?;
    let calls = owner.calls.map_or(0, kinds::OwnerCalls::code);
    Some(Owner {
        organisation: organisation.as_str().to_owned(),
        brand: owner
            .brand
            .as_ref()
            .map_or_else(String::new, |brand| brand.as_str().to_owned()),
        calls: calls.into(),
    })
}

fn calls(text: &str) -> Result<kinds::OwnerCalls, RowFault> {
    kinds::OwnerCalls::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = OwnerCalls::names().collect();
        fault("calls", format_args!("must be one of {}", known.join(", ")))
    })
}
