//! The file with the password of a Redis.

use std::path::PathBuf;

use super::layers::Layers;
use super::store_url::StoreUrl;
use super::{ValueProblem, parse, settings};

/// The path of the file; `Some(None)` if it is not set. Refuses it for another store, and beside a password in the URL.
pub(super) fn read(layers: &mut Layers<'_>) -> Option<Option<PathBuf>> {
    let Some(file) = layers.read_if_set(&settings::STORE_PASSWORD_FILE, parse::path)? else {
        return Some(None);
    };
    let wrong = match layers.peek(&settings::STORE_URL, StoreUrl::parse)? {
        StoreUrl::Redis(url) if !url.has_password() => return Some(Some(file)),
        StoreUrl::Redis(_) => "is given beside a password in the URL of the store",
        StoreUrl::Memory | StoreUrl::Embedded(_) => "has no meaning for a store without a password",
    };
    let problem = ValueProblem {
        wrong: wrong.to_owned(),
        accepted: "a file, for a store at redis://[USER@]HOST or rediss://[USER@]HOST without a password".to_owned(),
    };
    layers.refuse(&settings::STORE_PASSWORD_FILE, problem);
    None
}
