//! The key of the first administrator: a file that the server makes, or that it is given.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{AppError, FIRST_PAUSE, MAX_PAUSE, read_private_file};
use crate::api::Admission;
use crate::config::Config;
use crate::domain::identity::{ApiKey, KeyId, WorkingCredentials};
use crate::service::{Bootstrapped, ServiceError, Services};

/// What the file holds, for errors.
const KIND: &str = "key of the first administrator";
/// The most bytes of the file.
const MAX_BYTES: usize = 1_024;
/// The environment in the key.
const ENVIRONMENT: &str = "live";

/// Who may use a server with this configuration.
pub(super) fn admission(config: &Config) -> Admission {
    if config.credentials_configured() {
        Admission::PrincipalsOnly
    } else {
        Admission::OpenWithoutPrincipals
    }
}

/// The kinds of credentials that a server with this configuration accepts besides keys.
pub(super) fn working_credentials(config: &Config) -> WorkingCredentials {
    let tls = config.listen.tls.as_ref();
    WorkingCredentials {
        certificates: tls.is_some_and(|tls| tls.client_ca.is_some()),
        tokens: config.auth.oidc.is_some(),
    }
}

/// Makes the first administrator if `file` is given. Without it, says so if nobody can ever be let in. The index is loaded.
///
/// # Errors
/// If the file cannot be used, and the store has no principal: the server would be closed to everybody.
pub(super) async fn settle(services: &Services, file: Option<&Path>, admission: Admission) -> Result<(), AppError> {
    if let Some(file) = file {
        return make(services, file).await;
    }
    if admission == Admission::PrincipalsOnly && services.identities.are_none() {
        tracing::warn!(
            "nobody is let in: --auth required is set, and the store has no principal: start with --bootstrap-admin FILE, which \
             makes the key of the first administrator"
        );
    }
    Ok(())
}

/// Makes the first administrator if the store has no principal. The index is loaded. Tries again while the store cannot be
/// written.
async fn make(services: &Services, file: &Path) -> Result<(), AppError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt(services, file).await {
            Ok(()) => return Ok(()),
            Err(Failure::File(error)) if services.identities.has_principals() => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(
                    %error,
                    cause,
                    "the store has principals: --bootstrap-admin is not needed, and its file is left alone"
                );
                return Ok(());
            }
            Err(Failure::File(error)) => return Err(AppError::FirstAdmin(Box::new(error))),
            Err(Failure::Service(error)) => {
                tracing::error!(%error, "the first administrator cannot be made; trying again")
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Why an attempt failed.
enum Failure {
    /// The file cannot be used: this does not end by itself.
    File(AppError),
    /// The store cannot be written.
    Service(ServiceError),
}

async fn attempt(services: &Services, file: &Path) -> Result<(), Failure> {
    let has_principals = services.identities.any().map_err(Failure::Service)?;
    if has_principals && !file.exists() {
        // The file is best kept elsewhere, once there is an administrator.
        tracing::info!(
            "the store has principals: no administrator is made, and no key is written to {}",
            file.display()
        );
        return Ok(());
    }
    let key = read_or_make(file).map_err(Failure::File)?;
    let made = services.principals.bootstrap(&key).await.map_err(Failure::Service)?;
    let place = file.display();
    match made {
        Bootstrapped::Created => {
            tracing::info!(key = %key.id(), "the principal `admin` was made, its key is in {place}")
        }
        Bootstrapped::Known => {}
        Bootstrapped::Unusable(problem) => {
            tracing::warn!(key = %key.id(), problem, "the key in {place} does not work as that of an administrator");
        }
        Bootstrapped::OtherPrincipals => {
            tracing::warn!(key = %key.id(), "the store has principals, and the key in {place} is not known there");
        }
    }
    Ok(())
}

/// The key in the file; or a new one, which is written to the file first, so that no key exists that nobody has.
fn read_or_make(file: &Path) -> Result<ApiKey, AppError> {
    let unusable = |source| AppError::UnreadableFile {
        kind: KIND,
        path: file.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(file) {
        Ok(mut opened) => {
            let key = new_key().map_err(|error| unusable(std::io::Error::other(error)))?;
            opened
                .write_all(format!("{}\n", key.text()).as_bytes())
                .map_err(unusable)?;
            opened.sync_all().map_err(unusable)?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let bytes = read_private_file(KIND, file, MAX_BYTES)?;
            let text = String::from_utf8_lossy(&bytes);
            ApiKey::parse(text.trim()).map_err(|source| AppError::InvalidFile {
                kind: KIND,
                path: file.to_owned(),
                source: source.into(),
            })
        }
        Err(error) => Err(unusable(error)),
    }
}

fn new_key() -> Result<ApiKey, getrandom::Error> {
    let mut id = [0; 8];
    let mut secret = [0; 32];
    getrandom::fill(&mut id)?;
    getrandom::fill(&mut secret)?;
    let id = KeyId::from_raw(u64::from_be_bytes(id));
    ApiKey::new(ENVIRONMENT, id, secret).map_err(|_| getrandom::Error::UNEXPECTED)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admin.key");
        let made = read_or_make(&file).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let read = read_or_make(&file).unwrap();
        assert_eq!(read.text(), made.text());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_or_make(&file).is_err(), "others can read it");
    }

    #[test]
    fn a_file_that_holds_no_key_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "shopping list").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(read_or_make(&file), Err(AppError::InvalidFile { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "shopping list");
    }
}
