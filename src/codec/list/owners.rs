//! The bytes of the owners of a list's entries, behind the entries: each owner once, then its place for every entry.
//!
//! Only lists of kind `KNOWN_OWNER` have this field, so the bytes of other lists are those of older releases.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ByteReader, ByteWriter, DecodeError, code, name, write_name};
use crate::domain::brand::Brand;
use crate::domain::ids::OwnerName;
use crate::domain::kinds::OwnerCalls;
use crate::domain::list::{ListEntry, Owner};

pub(super) fn write_owners(writer: &mut ByteWriter, entries: &[ListEntry]) {
    let mut places: HashMap<&Owner, u64> = HashMap::new();
    let mut owners: Vec<&Owner> = Vec::new();
    for owner in entries.iter().filter_map(|entry| entry.owner.as_deref()) {
        places.entry(owner).or_insert_with(|| {
            owners.push(owner);
            owners.len() as u64
        });
    }
    writer.list(owners.into_iter(), write_owner);
    for entry in entries {
        // Places count from 1; 0 is no owner.
        let place = entry.owner.as_deref().and_then(|owner| places.get(owner));
        writer.uint(place.copied().unwrap_or_default());
    }
}

/// Reads the owners and gives each entry its own. Entries of one owner share it.
pub(super) fn read_owners(reader: &mut ByteReader<'_>, entries: &mut [ListEntry]) -> Result<(), DecodeError> {
    let owners = reader.list(|reader| owner(reader).map(Arc::new))?;
    for entry in entries {
        entry.owner = match reader.uint()? {
            0 => None,
            place => {
                let owner = usize::try_from(place).ok().and_then(|place| owners.get(place - 1));
                Some(Arc::clone(owner.ok_or(DecodeError::Range("owner of an entry"))?))
            }
        };
    }
    Ok(())
}

fn write_owner(writer: &mut ByteWriter, owner: &Owner) {
    write_name(writer, owner.organisation.as_str());
    writer.option(owner.brand.as_ref(), |writer, brand| write_name(writer, brand.as_str()));
    writer.byte(owner.calls.code());
}

fn owner(reader: &mut ByteReader<'_>) -> Result<Owner, DecodeError> {
    Ok(Owner {
        organisation: name(reader, OwnerName::parse, "organisation")?,
        brand: reader.option(|reader| name(reader, Brand::kept, "brand"))?,
        calls: code(reader, OwnerCalls::from_code, "calls of an owner")?,
    })
}
