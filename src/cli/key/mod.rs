//! `key`: principals, which are the parties that may use a server, and their keys.

mod create;
mod grants;
mod making;
mod read;
mod revoke;
mod rotate;
mod secret;
mod shown;
mod update;

use clap::{Args, Subcommand};

use super::error::CliError;
use crate::clock::Clock;
use crate::domain::time::Timestamp as Time;
use crate::wire::Timestamp;

/// A command on principals and keys.
#[derive(Args, Debug)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a principal and its first key. The key is made here; the server gets its hash only
    Create(create::CreateArgs),
    /// List principals and their keys, in the order of their names
    List(read::ListArgs),
    /// Show one principal and its keys
    Show(read::ShowArgs),
    /// Make the next key of a principal; the old one stays valid for a while
    Rotate(rotate::RotateArgs),
    /// Revoke a key: it is refused at once
    Revoke(revoke::RevokeArgs),
    /// Change the roles, grants or certificates of a principal, or disable it
    Update(update::UpdateArgs),
    /// Show the principal that the server takes you for
    Whoami(read::WhoamiArgs),
}

pub(super) async fn run(args: KeyArgs) -> Result<(), CliError> {
    match args.command {
        KeyCommand::Create(args) => create::run(args).await,
        KeyCommand::List(args) => read::list(args).await,
        KeyCommand::Show(args) => read::show(args).await,
        KeyCommand::Rotate(args) => rotate::run(args).await,
        KeyCommand::Revoke(args) => revoke::run(args).await,
        KeyCommand::Update(args) => update::run(args).await,
        KeyCommand::Whoami(args) => read::whoami(args).await,
    }
}

/// The time now.
fn now() -> Time {
    Clock::system().now()
}

/// The time after this span from now.
fn after(span: pbjson_types::Duration) -> Timestamp {
    let time = Time::from_millis(now().millis().saturating_add(span.seconds.saturating_mul(1_000)));
    Timestamp {
        seconds: time.millis().div_euclid(1_000),
        nanos: i32::try_from(time.millis().rem_euclid(1_000)).unwrap_or_default() * 1_000_000,
    }
}
