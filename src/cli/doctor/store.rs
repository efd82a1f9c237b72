//! Opens a store and looks at all that it holds.

use std::path::PathBuf;

use comfy_table::Table;
use serde::Serialize;

use super::{DoctorError, parts};
use crate::app::{AppError, open_existing, read_config_file};
use crate::cli::error::CliError;
use crate::cli::{output, shared};
use crate::config::{self, ServeArgs};
use crate::domain::tenant::TenantId;
use crate::inspect::{Damage, HashKey, InspectedShard, Part, find_tenants, inspect_shard, shown_id, table_name};
use crate::store::{EventId, Shard, StoreError};

/// Which store, and how it is reached.
pub(super) struct Place {
    pub(super) url: String,
    pub(super) password_file: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
}

/// How sound a shard is, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Soundness {
    Sound,
    Damaged,
    Busy,
}

/// A shard, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownShard {
    shard: usize,
    state: Soundness,
    head_sequence: u64,
    head_nonce: String,
    store_checksum: String,
    records: u64,
    rows: u64,
    side_records: u64,
    events: u64,
    log_entries: u64,
    left_out: u64,
    damaged: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damage: Vec<ShownDamage>,
}

/// Something that is damaged, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownDamage {
    damage: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    tenant: String,
    table: &'static str,
    /// Its id, or a hash of it; empty for a table or a shard as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
}

/// The result of all shards.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    store_id: String,
    result: Soundness,
    sound: usize,
    damaged_shards: usize,
    busy: usize,
    tenants: usize,
    records: u64,
    rows: u64,
    side_records: u64,
    events: u64,
    log_entries: u64,
    left_out: u64,
    damaged: u64,
    store_checksum: String,
}

pub(super) async fn run(place: Place, ids: bool, json: bool) -> Result<(), CliError> {
    let (store_id, tenants, inspected) = inspect(place, ids).await?;
    let (shown, checksum): (Vec<ShownShard>, Vec<u128>) = inspected.into_iter().unzip();
    let checksum = checksum.into_iter().fold(0, u128::wrapping_add);
    let summary = summary(store_id, (tenants, checksum), &shown);
    if json {
        for shard in &shown {
            output::json(shard)?;
        }
        output::json(&summary)?;
    } else {
        print(&summary, &shown)?;
    }
    verdict(&summary)
}

/// The id of the store, the number of its tenants, and what each shard holds, with its checksum.
async fn inspect(place: Place, ids: bool) -> Result<(String, usize, Vec<(ShownShard, u128)>), CliError> {
    let unchecked = |error: CliError| DoctorError::Unchecked(Box::new(error));
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let args = ServeArgs::of_store(place.url, place.password_file.map(text), place.ca.map(text));
    let settings = config::load_store(&args, shared::variables(), read_config_file);
    let settings = settings.map_err(|faults| unchecked(faults.into()))?;
    let failed = |source: StoreError| {
        DoctorError::of_store(AppError::Store {
            place: settings.url.to_string(),
            source,
        })
    };
    let store = open_existing(&settings).await.map_err(DoctorError::of_store)?;
    let tenants = find_tenants(store.as_ref()).await.map_err(failed)?;
    let key = (!ids).then(|| HashKey::of(store.meta()));
    let mut shards = Vec::with_capacity(Shard::all().len());
    for shard in Shard::all() {
        let inspected = inspect_shard(store.as_ref(), shard, &tenants).await.map_err(failed)?;
        let sum = inspected.checksum.sum();
        shards.push((shown(inspected, key.as_ref()), sum));
    }
    Ok((store.meta().name(), tenants.len(), shards))
}

fn shown(inspected: InspectedShard, key: Option<&HashKey>) -> ShownShard {
    let state = match (inspected.damage, inspected.is_compared) {
        (0, true) => Soundness::Sound,
        (0, false) => Soundness::Busy,
        (_, _) => Soundness::Damaged,
    };
    ShownShard {
        shard: inspected.shard.index(),
        state,
        head_sequence: inspected.head.seq,
        head_nonce: format!("{:016x}", inspected.head.nonce),
        store_checksum: format!("{:032x}", inspected.checksum.sum()),
        records: inspected.checksum.records(),
        rows: inspected.rows,
        side_records: inspected.side_records,
        events: inspected.events,
        log_entries: inspected.entries,
        left_out: inspected.left_out,
        damaged: inspected.damage,
        damage: inspected.named.into_iter().map(|damage| named(damage, key)).collect(),
    }
}

/// A damaged thing with its id, or with a hash of it under the key.
fn named(Damage { what, part }: Damage, key: Option<&HashKey>) -> ShownDamage {
    let (tenant, table, id) = match part {
        Part::Item(tenant, table, id) => {
            let id = key.map_or_else(|| shown_id(table, &id), |key| key.hash(tenant, table, &id));
            (Some(tenant), table_name(table), id)
        }
        Part::Table(tenant, table) => (Some(tenant), table_name(table), String::new()),
        Part::Event(tenant, id) => {
            let id = EventId::from_bytes(&id).map(|id| id.to_string());
            (Some(tenant), "audit", id.unwrap_or_default())
        }
        Part::Events(tenant) => (Some(tenant), "audit", String::new()),
        Part::Entry(seq) => (None, "log", seq.to_string()),
        Part::Shard => (None, "shard", String::new()),
    };
    ShownDamage {
        damage: what.name(),
        tenant: tenant.map(|tenant: TenantId| tenant.to_string()).unwrap_or_default(),
        table,
        id,
    }
}

fn summary(store_id: String, (tenants, checksum): (usize, u128), shards: &[ShownShard]) -> Summary {
    let count = |state| shards.iter().filter(|shard| shard.state == state).count();
    let sum = |of: fn(&ShownShard) -> u64| shards.iter().map(of).sum();
    let (damaged_shards, busy) = (count(Soundness::Damaged), count(Soundness::Busy));
    let result = match (damaged_shards, busy) {
        (0, 0) => Soundness::Sound,
        (0, _) => Soundness::Busy,
        (_, _) => Soundness::Damaged,
    };
    Summary {
        store_id,
        result,
        sound: count(Soundness::Sound),
        damaged_shards,
        busy,
        tenants,
        records: sum(|shard| shard.records),
        rows: sum(|shard| shard.rows),
        side_records: sum(|shard| shard.side_records),
        events: sum(|shard| shard.events),
        log_entries: sum(|shard| shard.log_entries),
        left_out: sum(|shard| shard.left_out),
        damaged: sum(|shard| shard.damaged),
        store_checksum: format!("{checksum:032x}"),
    }
}

fn print(summary: &Summary, shards: &[ShownShard]) -> Result<(), CliError> {
    let mut card = output::card();
    output::add(&mut card, "store", &summary.store_id);
    let states = [
        (summary.sound, "sound"),
        (summary.damaged_shards, "damaged"),
        (summary.busy, "busy"),
    ];
    output::add(&mut card, "shards", parts(&states));
    output::add(&mut card, "tenants", summary.tenants);
    for (name, count) in [
        ("records", summary.records),
        ("rows of reports", summary.rows),
        ("side records", summary.side_records),
        ("audit events", summary.events),
        ("log entries", summary.log_entries),
    ] {
        output::add(&mut card, name, output::grouped(count));
    }
    if summary.left_out > 0 {
        output::add(&mut card, "unknown to this release", output::grouped(summary.left_out));
    }
    output::add(&mut card, "checksum of the records", &summary.store_checksum);
    output::show(&card)?;
    let damage = damage_table(shards);
    if damage.is_empty() {
        return Ok(());
    }
    output::section(&damage)
}

fn damage_table(shards: &[ShownShard]) -> Table {
    let mut table = output::new_table(["shard", "damage", "tenant", "table", "id"]);
    for shard in shards {
        for damage in &shard.damage {
            table.add_row([
                output::figure(shard.shard),
                output::text(damage.damage),
                output::text(&damage.tenant),
                output::text(damage.table),
                output::text(&damage.id),
            ]);
        }
    }
    table
}

fn verdict(summary: &Summary) -> Result<(), CliError> {
    if summary.damaged > 0 {
        let told = format!(
            "{} in {}",
            output::counted(summary.damaged, "thing"),
            output::counted(summary.damaged_shards as u64, "shard")
        );
        return Err(DoctorError::Damaged(told).into());
    }
    if summary.busy > 0 {
        let told = format!("{} of {} busy", summary.busy, summary.busy + summary.sound);
        return Err(DoctorError::Incomplete(told).into());
    }
    Ok(())
}
