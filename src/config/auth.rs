//! Who may use the server.

use std::path::PathBuf;

use super::fault::ValueProblem;
use super::layers::Layers;
use super::oidc::OidcSettings;
use super::{parse, settings};

/// Who may use the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthSettings {
    /// Whether a request needs a credential. Default: auto.
    pub mode: AuthMode,
    /// The file to which the key of the first administrator is written. Default: none.
    pub bootstrap_admin: Option<PathBuf>,
    /// The OpenID provider whose tokens are accepted. Default: none. It does not close a server without principals: nobody is
    /// bound to its tokens there.
    pub oidc: Option<OidcSettings>,
}

impl AuthSettings {
    pub(super) fn read(layers: &mut Layers<'_>) -> Option<Self> {
        let mode = layers.read(&settings::AUTH, AuthMode::parse);
        let bootstrap_admin = layers.read_if_set(&settings::BOOTSTRAP_ADMIN, parse::path);
        let oidc = OidcSettings::read(layers);
        Some(Self {
            mode: mode?,
            bootstrap_admin: bootstrap_admin?,
            oidc: oidc?,
        })
    }
}

/// Whether a request needs a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Only if the store has a credential.
    #[default]
    Auto,
    /// Always.
    Required,
}

impl AuthMode {
    fn parse(text: &str) -> Result<Self, ValueProblem> {
        match text {
            "auto" => Ok(Self::Auto),
            "required" => Ok(Self::Required),
            _ => Err(ValueProblem::with(
                text,
                "is not a mode of authentication",
                "auto, required",
            )),
        }
    }
}
