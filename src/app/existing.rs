//! Opens a store to look at it: one that is there, without making or changing anything.

use std::sync::Arc;

use super::opening::redis_config;
use super::{AppError, StorePassword};
use crate::config::{StoreSettings, StoreUrl};
use crate::store::embedded::EmbeddedStore;
use crate::store::redis::RedisStore;
use crate::store::{Store, StoreError};

/// Opens the store that the settings name, if it is there. An embedded store must not be open in another process. Its engine
/// completes what a crash has interrupted; nothing else is written.
///
/// # Errors
/// If the store cannot be opened, or there is none.
pub async fn open_existing(settings: &StoreSettings) -> Result<Arc<dyn Store>, AppError> {
    let failed = |source: StoreError| AppError::Store {
        place: settings.url.to_string(),
        source,
    };
    match &settings.url {
        StoreUrl::Memory => Err(failed(StoreError::Unavailable {
            cause: "it is in the memory of its server, and nowhere else".to_owned(),
        })),
        StoreUrl::Embedded(path) => Ok(Arc::new(EmbeddedStore::open_existing(path).await.map_err(failed)?)),
        StoreUrl::Redis(url) => {
            let password = settings.password_file.as_deref().map(StorePassword::open).transpose()?;
            let redis = redis_config(url, settings, password.as_ref())?;
            Ok(Arc::new(RedisStore::open_existing(redis).await.map_err(failed)?))
        }
    }
}
