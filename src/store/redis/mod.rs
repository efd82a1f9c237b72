//! The store in Redis (7.0 or later), for several instances.
//!
//! Each shard is eight keys with one hash tag (`keys`), written by one script (`commit.lua`) and by nothing else. All
//! calls share one connection (`link`), and rings come in over another (`rings`). How long acknowledged writes last is
//! for the server's settings to say (`settings`).

mod commit;
mod config;
mod dial;
mod error;
mod identity;
mod keys;
mod link;
mod read;
mod reply;
mod rings;
mod scripts;
mod settings;
mod together;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use self::commit::Committer;
use self::dial::Dialer;
use self::error::Failure;
use self::link::{Deadline, Link};
use self::rings::Rings;
use super::{
    CommitError, Head, Key, Meta, RawEntry, Ring, ScanPage, Shard, ShardCommit, Store, StoreError, Stored, Table,
    Version,
};

pub use commit::MAX_COMMIT_BYTES;
pub use config::{RedisConfig, RedisUrlError};
pub use settings::ServerSettings;

/// A store in Redis.
pub struct RedisStore {
    config: RedisConfig,
    link: Link,
    rings: Rings,
    /// As it was when the store was opened.
    meta: Meta,
    /// The store's id in hex, as its heads carry it.
    name: String,
    /// As they were when the store was opened.
    settings: ServerSettings,
}

impl RedisStore {
    /// Opens the store in a Redis, or makes one if the database holds nothing of a store. Logs what the server's
    /// settings mean for acknowledged writes.
    ///
    /// Rings are heard once [`Self::run_rings`] runs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server does not answer or is not ready; [`StoreError::Foreign`] if the
    /// database holds parts of a store; [`StoreError::Unreadable`] if a newer release's, or if the server cannot run
    /// the scripts (before 7.0); [`StoreError::Refused`] if the root certificates cannot be read.
    pub async fn open(config: RedisConfig, evidence_version: u32) -> Result<Self, StoreError> {
        let dialer = Dialer::new(&config)?;
        let link = Link::new(dialer.clone());
        let deadline = || Deadline::after(config.read_timeout);
        let settings = ServerSettings::read(&link, deadline())
            .await
            .map_err(Failure::of_read)?;
        for warning in settings.warnings() {
            tracing::warn!(store = %config, "{warning}");
        }
        if settings.loses_a_second() {
            tracing::info!(store = %config, "redis forces writes to disk once a second: the last second may be lost");
        }
        scripts::load_all(&link, deadline()).await.map_err(Failure::of_read)?;
        let meta = identity::open(&link, evidence_version, deadline).await?;
        let name = meta.name();
        let rings = Rings::new(dialer, keys::rings(&name), config.read_timeout);
        Ok(Self {
            config,
            link,
            rings,
            meta,
            name,
            settings,
        })
    }

    /// Hears the rings of commits, until it is dropped: it never returns. To be spawned once beside every store.
    pub async fn run_rings(&self) {
        self.rings.run().await;
    }

    /// Whether rings are heard just now. While they are not, followers sweep.
    #[must_use]
    pub fn hears_rings(&self) -> bool {
        self.rings.are_heard()
    }

    /// The server's settings, as they were when the store was opened.
    #[must_use]
    pub const fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    fn read_deadline(&self) -> Deadline {
        Deadline::after(self.config.read_timeout)
    }
}

#[async_trait]
impl Store for RedisStore {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn describe(&self) -> String {
        self.config.to_string()
    }

    async fn verify(&self) -> Result<(), StoreError> {
        identity::current(&self.link, &self.meta, self.read_deadline()).await?;
        Ok(())
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        let meta = identity::current(&self.link, &self.meta, self.read_deadline()).await?;
        Ok(meta.evidence_version)
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        identity::set_evidence_version(&self.link, &self.meta, version, || self.read_deadline()).await
    }

    /// All items of one shard and table are read in one atomic step.
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, StoreError> {
        read::read(&self.link, keys, || self.read_deadline()).await
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        let committer = Committer {
            link: &self.link,
            store: &self.name,
            channel: self.rings.channel(),
        };
        let deadline = Deadline::after(self.config.commit_timeout);
        committer.commit(&commits, deadline).await
    }

    async fn scan(
        &self,
        shard: Shard,
        table: Table,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        read::scan(&self.link, shard, table, after, limit, self.read_deadline()).await
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        identity::heads(&self.link, &self.meta, self.read_deadline()).await
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawEntry>, StoreError> {
        read::entries(&self.link, shard, from, limit, self.read_deadline()).await
    }

    fn rings(&self) -> broadcast::Receiver<Ring> {
        self.rings.subscribe()
    }
}
