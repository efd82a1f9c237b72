//! The bytes of claims on credentials and names, a side record.

use bytes::Bytes;

use super::{ByteReader, DecodeError, SideKind, SideRecord, UnreadableValue, read_as, rest, written};
use crate::domain::identity::{Claim, Claimed, Claims, PrincipalId};
use crate::shard::Shard;

/// The bytes of claims.
#[must_use]
pub fn encode(claims: &Claims) -> Bytes {
    written(&claims.unknown_fields, |writer| {
        writer.list(claims.all.iter(), |writer, claim| {
            writer.text(claim.principal.as_str());
            writer.uint(claim.version);
            writer.fixed128(claim.request);
        });
    })
}

/// Claims from their bytes.
///
/// # Errors
/// If they are not claims, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Claims, UnreadableValue> {
    read_as("claims", bytes, |reader| {
        Ok(Claims {
            all: reader.list(claim)?,
            unknown_fields: rest(reader),
        })
    })
}

fn claim(reader: &mut ByteReader<'_>) -> Result<Claim, DecodeError> {
    Ok(Claim {
        principal: PrincipalId::parse(reader.text()?).map_err(|_| DecodeError::Range("principal id"))?,
        version: reader.uint()?,
        request: reader.fixed128()?,
    })
}

impl SideRecord for Claims {
    type Id = Claimed;
    const KIND: SideKind = SideKind::Claims;
    const NAME: &'static str = "claims";

    fn shard(id: &Claimed) -> Shard {
        Shard::of_claim(&id.id_bytes())
    }

    fn id_bytes(id: &Claimed) -> Bytes {
        Bytes::from(id.id_bytes())
    }

    fn encode(&self) -> Bytes {
        encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws::Codec;
    use super::super::samples::hex;
    use super::super::{MAX_ID_BYTES, MAX_VALUE_BYTES};
    use super::*;
    use crate::domain::identity::MAX_CLAIMS;
    use crate::domain::unknown_fields::UnknownFields;

    const CODEC: Codec<Claims> = Codec { encode, decode };

    fn claims(name: &str, count: usize) -> Claims {
        let claim = Claim {
            principal: PrincipalId::parse(name).unwrap(),
            version: 7,
            request: 1,
        };
        Claims {
            all: vec![claim; count],
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    proptest! {
        #[test]
        fn round_trips(name in "[a-zA-Z0-9@._-]{1,64}", version: u64, request: u128, unknown: Vec<u8>) {
            let mut claims = claims(&name, 1);
            claims.all[0].version = version;
            claims.all[0].request = request;
            claims.unknown_fields = UnknownFields::new(&unknown);
            prop_assert_eq!(decode(&encode(&claims)).unwrap(), claims);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&claims("ana", 1), |claims| &claims.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen_and_fit() {
        assert_eq!(
            hex(&encode(&claims("ana", 1))),
            "010103616e610701000000000000000000000000000000ee"
        );
        assert!(encode(&claims(&"a".repeat(PrincipalId::MAX_BYTES), MAX_CLAIMS)).len() <= MAX_VALUE_BYTES);
        let longest = Claimed::Name(PrincipalId::parse("ana").unwrap());
        assert!(Claims::id_bytes(&longest).len() <= MAX_ID_BYTES);
        assert_eq!(Claims::shard(&Claimed::Leaving).byte(), SHARD);
    }

    const SHARD: u8 = 235;
}
