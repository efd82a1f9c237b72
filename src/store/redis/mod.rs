//! The store in Redis (7.0 or later), for several instances.
//!
//! All keys of a shard have one hash tag (`keys`) and are written by one script only (`commit.lua`), apart from erasures
//! (`forget.lua`, `events`). All calls share one connection (`connection`); notifications arrive on another (`notifications`).
//! Whether acknowledged writes survive a failure depends on the server's settings (`settings`).

mod commit;
mod config;
mod connection;
mod dial;
mod error;
mod events;
mod identity;
mod keys;
mod notifications;
mod read;
mod reply;
mod role;
mod scripts;
mod settings;
mod sweep;
mod transaction;
mod trust;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use self::commit::ShardCommitter;
use self::connection::{CallDeadline, ServerConnection};
use self::dial::Dialer;
use self::error::RedisFailure;
use self::notifications::NotificationListener;
use super::{
    Census, CommitError, EventSpan, LogHead, Meta, RawLogEntry, ReplacedEvent, ScanPage, ScanTable, Shard, ShardCommit,
    ShardNotification, Store, StoreError, Stored, StoredEvent, StoredKey, Sweep, Version,
};
use crate::codec::entry::{blank, nonce};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;

pub use commit::MAX_COMMIT_BYTES;
pub use config::{PasswordSource, RedisConfig, RedisUrlError};
pub use settings::ServerSettings;
pub use trust::{TrustError, root_certificates};

/// A store in Redis.
pub struct RedisStore {
    config: RedisConfig,
    connection: ServerConnection,
    notifications: NotificationListener,
    /// As it was when the store was opened.
    meta: Meta,
    /// The store's id in hex, as its heads carry it.
    name: String,
    /// As they were when the store was opened; not told if it was opened without its server.
    settings: ServerSettings,
}

impl RedisStore {
    /// Opens the store in a Redis database, or makes one if the database holds no store. Logs what the server's settings
    /// mean for acknowledged writes.
    ///
    /// Notifications arrive while [`Self::run_notifications`] runs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server does not answer or is not ready; [`StoreError::Replica`] if it is a
    /// replica; [`StoreError::Foreign`] if the database holds parts of a store; [`StoreError::OtherFormat`] if it holds a store of another format;
    /// [`StoreError::Unreadable`] if the server cannot run the scripts (before 7.0); [`StoreError::Refused`] if the root
    /// certificates cannot be read.
    pub async fn open(config: RedisConfig, evidence_version: u32) -> Result<Self, StoreError> {
        let dialer = Dialer::new(&config)?;
        let connection = ServerConnection::new(dialer.clone());
        let deadline = || CallDeadline::after(config.read_timeout);
        let settings = ServerSettings::read(&connection, deadline())
            .await
            .map_err(RedisFailure::of_read)?;
        for warning in settings.warnings() {
            tracing::warn!(store = %config, "{warning}");
        }
        if settings.loses_a_second() {
            tracing::info!(store = %config, "redis forces writes to disk once a second: the last second may be lost");
        }
        if !role::is_told(&connection, deadline())
            .await
            .map_err(RedisFailure::of_read)?
        {
            tracing::warn!(
                store = %config,
                "redis does not tell this user its role: a replica with replica-read-only no would be taken for a master, so allow the user to call ROLE"
            );
        }
        scripts::load_all(&connection, deadline())
            .await
            .map_err(RedisFailure::of_read)?;
        let meta = identity::open(&connection, evidence_version, deadline).await?;
        Ok(Self::of(config, (connection, dialer), meta, settings))
    }

    /// Opens the store that is in a Redis database, and makes none.
    ///
    /// # Errors
    /// As [`Self::open`]; [`StoreError::Foreign`] also if the database holds no complete store.
    pub async fn open_existing(config: RedisConfig) -> Result<Self, StoreError> {
        let dialer = Dialer::new(&config)?;
        let connection = ServerConnection::new(dialer.clone());
        let deadline = || CallDeadline::after(config.read_timeout);
        let meta = identity::find(&connection, deadline).await?;
        Ok(Self::of(config, (connection, dialer), meta, ServerSettings::default()))
    }

    /// The store with this identity, which was opened before and need not answer now. Makes nothing: a database without
    /// this store is [`StoreError::Foreign`] from the first request on.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the root certificates cannot be read.
    pub fn known(config: RedisConfig, meta: Meta) -> Result<Self, StoreError> {
        let dialer = Dialer::new(&config)?;
        let connection = ServerConnection::new(dialer.clone());
        Ok(Self::of(config, (connection, dialer), meta, ServerSettings::default()))
    }

    fn of(
        config: RedisConfig,
        (connection, dialer): (ServerConnection, Dialer),
        meta: Meta,
        settings: ServerSettings,
    ) -> Self {
        let name = meta.name();
        let notifications = NotificationListener::new(dialer, keys::notifications(&name), config.read_timeout);
        Self {
            config,
            connection,
            notifications,
            meta,
            name,
            settings,
        }
    }

    /// Receives the notifications of commits until it is dropped; it never returns. Spawn it once for every store.
    pub async fn run_notifications(&self) {
        self.notifications.run().await;
    }

    /// Whether notifications arrive now. While they do not, followers sweep.
    #[must_use]
    pub fn hears_notifications(&self) -> bool {
        self.notifications.is_listening()
    }

    /// The server's settings, as they were when the store was opened.
    #[must_use]
    pub const fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    fn read_deadline(&self) -> CallDeadline {
        CallDeadline::after(self.config.read_timeout)
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
        identity::current(&self.connection, &self.meta, self.read_deadline()).await?;
        Ok(())
    }

    async fn check_writes(&self) -> Result<(), StoreError> {
        let probed = scripts::probe(&self.connection, &keys::meta(), self.read_deadline()).await;
        if probed.map_err(RedisFailure::of_probe)? {
            Ok(())
        } else {
            Err(identity::nothing())
        }
    }

    async fn evidence_version(&self) -> Result<u32, StoreError> {
        let meta = identity::current(&self.connection, &self.meta, self.read_deadline()).await?;
        Ok(meta.evidence_version)
    }

    async fn set_evidence_version(&self, version: u32) -> Result<(), StoreError> {
        identity::set_evidence_version(&self.connection, &self.meta, version, || self.read_deadline()).await
    }

    /// All items of one shard and table are read in one atomic step.
    async fn read(&self, keys: &[StoredKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        read::read(&self.connection, keys, || self.read_deadline()).await
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        let committer = ShardCommitter {
            connection: &self.connection,
            store: &self.name,
            channel: self.notifications.channel(),
        };
        let deadline = CallDeadline::after(self.config.commit_timeout);
        committer.commit(&commits, deadline).await
    }

    async fn scan(
        &self,
        shard: Shard,
        tenant: TenantId,
        table: ScanTable,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        read::scan(
            &self.connection,
            (shard, tenant, table),
            after,
            limit,
            self.read_deadline(),
        )
        .await
    }

    async fn census(&self, shard: Shard, tenants: &[TenantId]) -> Result<Option<Census>, StoreError> {
        let census = identity::census(&self.connection, &self.meta, (shard, tenants), self.read_deadline());
        census.await.map(Some)
    }

    async fn heads(&self) -> Result<Vec<LogHead>, StoreError> {
        sweep::heads(&self.connection, &self.meta, || self.read_deadline()).await
    }

    async fn changed_heads(&self, known: &[LogHead]) -> Result<Vec<(Shard, LogHead)>, StoreError> {
        sweep::changed_heads(&self.connection, &self.meta, known, || self.read_deadline()).await
    }

    async fn sweep(&self, known: &[LogHead]) -> Result<Sweep, StoreError> {
        sweep::sweep(&self.connection, &self.meta, known, || self.read_deadline()).await
    }

    async fn entries(&self, shard: Shard, from: Version, limit: usize) -> Result<Vec<RawLogEntry>, StoreError> {
        read::entries(&self.connection, shard, from, limit, self.read_deadline()).await
    }

    async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        events::read(&self.connection, shards, span, limit, self.read_deadline()).await
    }

    async fn drop_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        events::drop_old(&self.connection, (shard, tenant), before, limit, self.read_deadline()).await
    }

    async fn replace_events(
        &self,
        shard: Shard,
        tenant: TenantId,
        events: Vec<ReplacedEvent>,
    ) -> Result<(), StoreError> {
        events::replace(&self.connection, (shard, tenant), &events, self.read_deadline()).await
    }

    async fn forget_log(&self, shard: Shard, through: Version) -> Result<(), StoreError> {
        let entry = read::entries(&self.connection, shard, through, 1, self.read_deadline()).await?;
        let Some(entry) = entry.first().filter(|entry| entry.seq == through) else {
            return Ok(());
        };
        let blank = blank(nonce(&entry.bytes).unwrap_or_default());
        let forgotten = scripts::forget_log(&self.connection, shard, (through, &blank), self.read_deadline()).await;
        forgotten.map_err(RedisFailure::of_write)?;
        Ok(())
    }

    fn notifications(&self) -> broadcast::Receiver<ShardNotification> {
        self.notifications.subscribe()
    }
}
