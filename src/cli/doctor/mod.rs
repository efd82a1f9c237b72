//! `doctor`: checks that the index of a server is equal to its store, or that a store is sound.
//!
//! The exit code is 0 if everything is all right, 1 if something differs or is damaged, 2 if that could not be found out.

mod error;
mod server;
mod store;

use std::path::PathBuf;

use clap::Args;

use super::connect::Remote;
use super::error::CliError;

pub use error::DoctorError;

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Check this store, such as redis://HOST or embedded:PATH, instead of asking a server
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// File with the password of Redis
    #[arg(long, value_name = "FILE", requires = "store")]
    store_password_file: Option<PathBuf>,
    /// File with the certificates (PEM) of the authorities that may sign the certificate of a Redis at rediss://
    #[arg(long, value_name = "FILE", requires = "store")]
    store_ca: Option<PathBuf>,
    /// Show the ids of what differs or is damaged, which may be phone numbers, instead of hashes
    #[arg(long)]
    ids: bool,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: DoctorArgs) -> Result<(), CliError> {
    match args.store {
        Some(url) => {
            let place = store::Place {
                url,
                password_file: args.store_password_file,
                ca: args.store_ca,
            };
            store::run(place, args.ids, args.remote.json).await
        }
        None => server::run(&args.remote, args.ids).await,
    }
}

/// The parts of a sentence about shards, such as `1 different, 2 busy`; parts of zero are left out.
fn parts(parts: &[(usize, &str)]) -> String {
    let told = parts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, what)| format!("{count} {what}")).collect();
    told.join(", ")
}
