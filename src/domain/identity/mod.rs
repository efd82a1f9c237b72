//! Who may do what: principals, their roles and grants, and the keys by which a client proves that it is one of them.
//!
//! A [`Principal`] is a party that uses a server: a carrier's switch, the back end of an app, an analyst. It belongs to one
//! tenant and has roles. It proves its identity by an API key ([`ApiKey`]), by a client certificate, or by a token of an
//! OpenID provider. All of these are bound to it. A [`Caller`] is a principal behind one request, or everybody, while a
//! server has no principals.

mod caller;
mod claim;
mod grants;
mod key;
mod key_uses;
mod principal;
mod role;

pub use caller::{Caller, Credential, Identified};
pub use claim::{Claim, Claimed, Claims, MAX_CLAIMS};
pub use grants::{Grants, MAX_BRAND_GRANTS, MAX_FEED_GRANTS};
pub use key::{ApiKey, KeyId, KeyTextError, SecretHash, environment};
pub use key_uses::{KeyUses, MAX_USES, UsePart, UseSlot};
pub use principal::{
    CertificateHash, KeyState, MAX_CERTIFICATES, MAX_KEPT_KEYS, MAX_LIVE_KEYS, MAX_SUBJECTS, Principal, PrincipalId,
    PrincipalKey, Subject, SubjectName, WorkingCredentials,
};
pub use role::{Role, Roles};
