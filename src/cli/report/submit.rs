//! `report NUMBER`: submits one report.

use crate::wire::Timestamp;
use clap::Args;

use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::names::{self, name_of};
use crate::cli::shared::InRegion;
use crate::cli::{output, time};
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{
    Attestation, Category, Channel, Report, ReportRole, Source, SubmitOutcome, SubmitReportRequest, Verstat,
};

/// The report to submit.
#[derive(Args, Debug)]
pub(super) struct SubmitArgs {
    /// Reported number, in any usual notation
    // The number is not required with a subcommand. In clap, only an `Option` can express this.
    #[arg(required = true)]
    number: Option<String>,
    /// Category of the call
    #[arg(long, value_parser = names::parser::<Category>())]
    category: Option<Category>,
    /// The call was wanted; this is evidence that lowers the score
    #[arg(long)]
    not_spam: bool,
    /// Source of the report [default: CONSUMER]
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// Opaque name of the reporter; only a keyed hash of it is stored [default: none]
    #[arg(long, value_name = "NAME")]
    reporter: Option<String>,
    /// Area of the victim: a US area code or a region [default: unknown]
    #[arg(long)]
    area: Option<String>,
    /// Country of the victim, such as US [default: unknown]
    #[arg(long, value_name = "XX")]
    country: Option<String>,
    /// Company or authority that the caller claimed to be
    #[arg(long)]
    brand: Option<String>,
    /// What happened, in the words of the victim
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Language of the comment, such as en or pt-BR [default: unknown]
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Revision of the report, at most 20; a higher one than before, with the same --id, corrects it [default: 0]
    #[arg(long, value_name = "N", requires = "id")]
    revision: Option<u32>,
    /// Time of the call [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    occurred_at: Option<Timestamp>,
    /// Role of the number in the contact [default: CALLED_ME]
    #[arg(long, value_parser = names::parser::<ReportRole>())]
    role: Option<ReportRole>,
    /// Channel of the contact [default: CALL]
    #[arg(long, value_parser = names::parser::<Channel>())]
    channel: Option<Channel>,
    /// Whether the voice was a recording [default: unknown]
    #[arg(long, value_name = "BOOL")]
    recorded: Option<bool>,
    /// STIR/SHAKEN attestation of the call [default: unknown]
    #[arg(long, value_parser = names::parser::<Attestation>())]
    attestation: Option<Attestation>,
    /// Result of verifying the signature of the call (verstat) [default: unknown]
    #[arg(long, value_parser = names::parser::<Verstat>())]
    verstat: Option<Verstat>,
    /// Another number that the victim was told to call; can be given up to 10 times
    #[arg(long, value_name = "NUMBER")]
    callback: Vec<String>,
    /// Data set (feed) that the report comes from
    #[arg(long)]
    feed: Option<String>,
    /// Id of the import that the report belongs to
    #[arg(long, value_name = "ID")]
    import: Option<String>,
    /// Id of the report; it is safe to submit a report again with the same id [default: the server makes it from the
    /// number, the reporter, the time and the channel; random without --reporter or --occurred-at]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: SubmitArgs) -> Result<(), CliError> {
    let remote = args.remote.clone();
    let client = ReportServiceClient::new(remote.connect().await?);
    let request = SubmitReportRequest {
        report: Some(report(args)?),
    };
    let id = request
        .report
        .as_ref()
        .map(|report| report.report_id.clone())
        .unwrap_or_default();
    let answer = connect::change_named("--id", &id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.submit_report(request).await }
    })
    .await?;
    if remote.json {
        return output::json(&answer);
    }
    let mut card = output::card();
    output::add(&mut card, "number", &answer.e164);
    output::add(&mut card, "report", &answer.report_id);
    output::add(&mut card, "outcome", name_of::<SubmitOutcome>(answer.outcome));
    output::show(&card)
}

fn report(args: SubmitArgs) -> Result<Report, CliError> {
    // The server makes the same id for the same report only if it knows its reporter and its time. Without them the
    // command makes the id, so that its own retries count once.
    let server_makes_id = args.reporter.is_some() && args.occurred_at.is_some();
    let report_id = match args.id {
        None if server_makes_id => String::new(),
        given => connect::request_id(given)?,
    };
    Ok(Report {
        report_id,
        number: args.number.unwrap_or_default(),
        default_region: args.region.for_wire(),
        category: args.category.unwrap_or_default().into(),
        not_spam: args.not_spam,
        source: args.source.unwrap_or_default().into(),
        feed: args.feed.unwrap_or_default(),
        import_id: args.import.unwrap_or_default(),
        reporter_id: args.reporter.unwrap_or_default(),
        reporter_area: args.area.unwrap_or_default(),
        reporter_country: args.country.unwrap_or_default(),
        occurred_at: args.occurred_at,
        received_at: None,
        channel: args.channel.unwrap_or_default().into(),
        impersonated_brand: args.brand.unwrap_or_default(),
        role: args.role.unwrap_or_default().into(),
        recorded: args.recorded,
        attestation: args.attestation.unwrap_or_default().into(),
        verstat: args.verstat.unwrap_or_default().into(),
        comment: args.comment.unwrap_or_default(),
        callback_numbers: args.callback,
        revision: args.revision.unwrap_or_default(),
        comment_language: args.language.unwrap_or_default(),
    })
}
