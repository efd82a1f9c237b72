//! `number export`: everything that is stored of a number, in one JSON document.
//!
//! It is made of the same reads that an analyst makes one by one, so that each is in the audit log. The document is written
//! as it is read: a number may have hundreds of thousands of reports.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tonic::Code;

use crate::cli::connect::{Connection, Remote};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::paging::PAGE_SIZE;
use crate::cli::shared::InRegion;
use crate::wire::v1::note_service_client::NoteServiceClient;
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{
    EraseNumberRequest, GetNumberRequest, ListAuditEventsRequest, ListNotesRequest, ListReportsRequest,
    list_audit_events_request, list_notes_request,
};

/// Maximum size of a page of 1,000 reports with comments, in bytes.
const PAGE_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Arguments of `number export`.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// Number, in any usual notation
    number: String,
    /// New file for the document; only you can read it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ExportArgs) -> Result<(), CliError> {
    let out = Document::create(&args.out)?;
    match export(&args, out).await {
        Ok(is_whole) => {
            output::note(format!("written to {}", args.out.display()))?;
            if is_whole {
                return Ok(());
            }
            output::note("without audit events: only an administrator may read them")
        }
        Err(error) => {
            // Part of a document must not be taken for all of it.
            let _removed = std::fs::remove_file(&args.out);
            Err(error)
        }
    }
}

/// Writes the document; says whether audit events are in it.
async fn export(args: &ExportArgs, out: Document<'_>) -> Result<bool, CliError> {
    let mut export = Export {
        channel: args.remote.connect().await?,
        number: args.number.clone(),
        region: args.region.for_wire(),
        out,
    };
    export.dossier().await?;
    export.reports().await?;
    export.notes().await?;
    let is_whole = export.elsewhere().await?;
    if is_whole {
        export.audit_events().await?;
    }
    export.out.finish()?;
    Ok(is_whole)
}

/// An export in progress.
struct Export<'p> {
    channel: Connection,
    number: String,
    region: String,
    out: Document<'p>,
}

impl Export<'_> {
    async fn dossier(&mut self) -> Result<(), CliError> {
        let request = GetNumberRequest {
            number: self.number.clone(),
            default_region: self.region.clone(),
        };
        let answer = self.numbers().get_number(request).await?;
        self.out.value("dossier", &answer.into_inner())
    }

    async fn reports(&mut self) -> Result<(), CliError> {
        let client = ReportServiceClient::new(self.channel.clone());
        let mut client = client.max_decoding_message_size(PAGE_BYTES_MAX);
        let mut request = ListReportsRequest {
            number: self.number.clone(),
            default_region: self.region.clone(),
            page_size: PAGE_SIZE,
            page_token: String::new(),
            include_withdrawn: true,
        };
        self.out.begin_list("reports")?;
        loop {
            let page = client.list_reports(request.clone()).await?.into_inner();
            self.out.items(&page.reports)?;
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return self.out.end_list();
            }
        }
    }

    async fn notes(&mut self) -> Result<(), CliError> {
        let client = NoteServiceClient::new(self.channel.clone());
        let mut client = client.max_decoding_message_size(PAGE_BYTES_MAX);
        let mut request = ListNotesRequest {
            subject: Some(list_notes_request::Subject::Number(self.number.clone())),
            default_region: self.region.clone(),
            page_size: PAGE_SIZE,
            ..ListNotesRequest::default()
        };
        self.out.begin_list("notes")?;
        loop {
            let page = client.list_notes(request.clone()).await?.into_inner();
            self.out.items(&page.notes)?;
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return self.out.end_list();
            }
        }
    }

    /// What an erasure would remove says which lists and how many other numbers name the number. False if the caller may
    /// not ask.
    async fn elsewhere(&mut self) -> Result<bool, CliError> {
        let request = EraseNumberRequest {
            number: self.number.clone(),
            default_region: self.region.clone(),
            actor: "export".to_owned(),
            request_id: "export".to_owned(),
            dry_run: true,
            ..EraseNumberRequest::default()
        };
        match self.numbers().erase_number(request).await {
            Ok(answer) => self.out.value("elsewhere", &answer.into_inner()).map(|()| true),
            Err(status) if status.code() == Code::PermissionDenied => Ok(false),
            Err(status) => Err(status.into()),
        }
    }

    async fn audit_events(&mut self) -> Result<(), CliError> {
        let mut client = self.numbers();
        let mut request = ListAuditEventsRequest {
            subject: Some(list_audit_events_request::Subject::Number(self.number.clone())),
            default_region: self.region.clone(),
            page_size: PAGE_SIZE,
            ..ListAuditEventsRequest::default()
        };
        self.out.begin_list("auditEvents")?;
        loop {
            let page = client.list_audit_events(request.clone()).await?.into_inner();
            self.out.items(&page.events)?;
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return self.out.end_list();
            }
        }
    }

    fn numbers(&self) -> NumberServiceClient<Connection> {
        NumberServiceClient::new(self.channel.clone()).max_decoding_message_size(PAGE_BYTES_MAX)
    }
}

/// A JSON object that is being written to a new file which only its owner can read.
struct Document<'p> {
    path: &'p Path,
    file: BufWriter<File>,
    /// Whether something stands before the next field, or the next item of a list.
    has_field: bool,
    has_item: bool,
}

impl<'p> Document<'p> {
    fn create(path: &'p Path) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| failed(path, source))?;
        Ok(Self {
            path,
            file: BufWriter::new(file),
            has_field: false,
            has_item: false,
        })
    }

    fn value(&mut self, name: &str, value: &impl Serialize) -> Result<(), CliError> {
        let text = self.text(value)?;
        self.field(name)?;
        self.write(&text)
    }

    fn begin_list(&mut self, name: &str) -> Result<(), CliError> {
        self.field(name)?;
        self.has_item = false;
        self.write("[")
    }

    fn items<T: Serialize>(&mut self, items: &[T]) -> Result<(), CliError> {
        for item in items {
            let text = self.text(item)?;
            let separator = if self.has_item { ",\n" } else { "\n" };
            self.has_item = true;
            self.write(separator)?;
            self.write(&text)?;
        }
        Ok(())
    }

    fn end_list(&mut self) -> Result<(), CliError> {
        self.write("]")
    }

    fn finish(mut self) -> Result<(), CliError> {
        self.write("\n}\n")?;
        self.file.flush().map_err(|source| failed(self.path, source))
    }

    fn field(&mut self, name: &str) -> Result<(), CliError> {
        let before = if self.has_field { ",\n" } else { "{\n" };
        self.has_field = true;
        self.write(&format!("{before}\"{name}\": "))
    }

    fn text(&self, value: &impl Serialize) -> Result<String, CliError> {
        serde_json::to_string(value).map_err(|error| failed(self.path, error.into()))
    }

    fn write(&mut self, text: &str) -> Result<(), CliError> {
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|source| failed(self.path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> CliError {
    CliError::File {
        path: path.to_owned(),
        source,
    }
}
