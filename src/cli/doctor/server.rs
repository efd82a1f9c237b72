//! Asks a server to compare its index with its store.

use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;
use tokio::time::sleep;
use tonic::Code;

use super::{DoctorError, parts};
use crate::cli::connect::{Connection, Remote, pause_before};
use crate::cli::error::CliError;
use crate::cli::{names, output};
use crate::wire::v1::admin_service_client::AdminServiceClient;
use crate::wire::v1::{
    GetIndexComparisonRequest, GetIndexComparisonResponse, KindCount, RecordDifferenceKind, ShardComparison,
    ShardComparisonState as State,
};

/// The number of shards.
const SHARDS: u32 = 256;
/// Shards of one request.
const SHARDS_AT_A_TIME: u32 = 8;
/// How often a request is sent while other comparisons are in progress.
const ATTEMPTS: u32 = 6;
/// How often the shards without a result are compared again, and the pause before that.
const ROUNDS: usize = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// The result of all shards, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    store_id: &'a str,
    result: &'static str,
    equal: usize,
    different: usize,
    busy: usize,
    failed: usize,
    records: u64,
    differing: u64,
    store_checksum: String,
    index_checksum: String,
}

pub(super) async fn run(remote: &Remote, ids: bool) -> Result<(), CliError> {
    let asked = ask_all(remote, ids).await;
    let (store_id, shards) = asked.map_err(|error| DoctorError::Unchecked(Box::new(error)))?;
    let summary = summary(&store_id, &shards);
    if remote.json {
        for shard in &shards {
            output::json(shard)?;
        }
        output::json(&summary)?;
    } else {
        print(&summary, &shards)?;
    }
    verdict(&summary, shards.len())
}

async fn ask_all(remote: &Remote, ids: bool) -> Result<(String, Vec<ShardComparison>), CliError> {
    let mut client = AdminServiceClient::new(remote.connect().await?);
    let mut shards = Vec::new();
    let mut store_id = String::new();
    for first_shard in (0..SHARDS).step_by(SHARDS_AT_A_TIME as usize) {
        let answer = ask(&mut client, (first_shard, SHARDS_AT_A_TIME), ids).await?;
        store_id = answer.store_id;
        shards.extend(answer.shards);
    }
    for _ in 0..ROUNDS {
        let open = shards
            .iter_mut()
            .filter(|shard| matches!(shard.state(), State::Busy | State::Failed));
        let open: Vec<&mut ShardComparison> = open.collect();
        if open.is_empty() {
            break;
        }
        sleep(PAUSE).await;
        for shard in open {
            let answer = ask(&mut client, (shard.shard, 1), ids).await?;
            if let Some(again) = answer.shards.into_iter().next() {
                *shard = again;
            }
        }
    }
    Ok((store_id, shards))
}

async fn ask(
    client: &mut AdminServiceClient<Connection>,
    (first_shard, shard_count): (u32, u32),
    include_ids: bool,
) -> Result<GetIndexComparisonResponse, CliError> {
    let request = GetIndexComparisonRequest {
        first_shard,
        shard_count,
        include_ids,
    };
    let mut attempts = 1;
    loop {
        match client.get_index_comparison(request).await {
            Err(status) if status.code() == Code::ResourceExhausted && attempts < ATTEMPTS => {
                sleep(pause_before(attempts, &status)).await;
                attempts += 1;
            }
            answered => return Ok(answered?.into_inner()),
        }
    }
}

fn summary<'a>(store_id: &'a str, shards: &[ShardComparison]) -> Summary<'a> {
    let count = |state| shards.iter().filter(|shard| shard.state() == state).count();
    let (different, busy, failed) = (count(State::Different), count(State::Busy), count(State::Failed));
    let result = match (different, busy + failed) {
        (0, 0) => "EQUAL",
        (0, _) => "UNKNOWN",
        (_, _) => "DIFFERENT",
    };
    Summary {
        store_id,
        result,
        equal: count(State::Equal),
        different,
        busy,
        failed,
        records: shards.iter().map(|shard| records(&shard.stored)).sum(),
        differing: shards.iter().map(|shard| shard.differing).sum(),
        store_checksum: sum(shards, |shard| &shard.store_checksum),
        index_checksum: sum(shards, |shard| &shard.index_checksum),
    }
}

fn records(counts: &[KindCount]) -> u64 {
    counts.iter().map(|of| of.count).sum()
}

/// The sum of checksums, modulo 2^128.
fn sum(shards: &[ShardComparison], of: impl Fn(&ShardComparison) -> &String) -> String {
    let sums = shards
        .iter()
        .filter_map(|shard| u128::from_str_radix(of(shard), 16).ok());
    format!("{:032x}", sums.fold(0, u128::wrapping_add))
}

fn print(summary: &Summary<'_>, shards: &[ShardComparison]) -> Result<(), CliError> {
    let mut card = output::card();
    output::add(&mut card, "store", summary.store_id);
    let states = [
        (summary.equal, "equal"),
        (summary.different, "different"),
        (summary.busy, "busy"),
        (summary.failed, "failed"),
    ];
    output::add(&mut card, "shards", parts(&states));
    output::add(&mut card, "records", output::grouped(summary.records));
    output::add(&mut card, "checksum of the store", &summary.store_checksum);
    output::add(&mut card, "checksum of the index", &summary.index_checksum);
    output::show(&card)?;
    for table in [shard_table(shards), record_table(shards)] {
        if !table.is_empty() {
            output::section(&table)?;
        }
    }
    Ok(())
}

/// The shards that are not equal.
fn shard_table(shards: &[ShardComparison]) -> Table {
    let mut table = output::new_table(["shard", "state", "sequence", "in store", "in index", "differing"]);
    for shard in shards.iter().filter(|shard| shard.state() != State::Equal) {
        let is_compared = shard.state() == State::Different;
        let figure = |value: u64| {
            output::figure(if is_compared {
                output::grouped(value)
            } else {
                "-".to_owned()
            })
        };
        table.add_row([
            output::figure(shard.shard),
            output::text(names::name_of::<State>(shard.state)),
            figure(shard.head_sequence),
            figure(records(&shard.stored)),
            figure(records(&shard.indexed)),
            figure(shard.differing),
        ]);
    }
    table
}

/// The records that differ.
fn record_table(shards: &[ShardComparison]) -> Table {
    let mut table = output::new_table(["shard", "tenant", "kind", "record", "difference"]);
    for shard in shards {
        for record in &shard.differences {
            let id = Some(&record.id).filter(|id| !id.is_empty());
            table.add_row([
                output::figure(shard.shard),
                output::text(&record.tenant),
                output::text(&record.kind),
                output::text(id.unwrap_or(&record.id_hash)),
                output::text(names::name_of::<RecordDifferenceKind>(record.difference)),
            ]);
        }
    }
    table
}

fn verdict(summary: &Summary<'_>, shards: usize) -> Result<(), CliError> {
    let Summary {
        different,
        busy,
        failed,
        differing,
        ..
    } = *summary;
    if different > 0 {
        let told = format!(
            "{} in {}",
            output::counted(differing, "record"),
            output::counted(different as u64, "shard")
        );
        return Err(DoctorError::Different(told).into());
    }
    if busy + failed > 0 {
        let told = format!("{} of {shards}", parts(&[(busy, "busy"), (failed, "failed")]));
        return Err(DoctorError::Incomplete(told).into());
    }
    Ok(())
}
