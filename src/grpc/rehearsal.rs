//! A rehearsal of lookups: questions of every kind through the code that answers calls, without a connection.
//!
//! What the first call would otherwise pay for is then paid before the server is ready: code that is not in memory yet,
//! and what is built when it is first needed.

use super::Api;
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::lookup_service_server::LookupServiceServer;
use crate::wire::v1::{LookupRequest, View};

/// How often every question is asked.
const ROUNDS: usize = 20;

/// Texts and their default regions: numbers, forms of switches, services, no number at all, errors.
const QUESTIONS: [(&str, &str); 10] = [
    ("+14155550199", ""),
    ("(415) 555-0199 ext. 7", "US"),
    ("089 123456", "DE"),
    ("tel:+44-20-7946-0018;verstat=TN-Validation-Passed", ""),
    ("\"Doe, Jane\" <sip:+33123456789@carrier.example;user=phone>", ""),
    ("sip:anonymous@anonymous.invalid", ""),
    ("911", "US"),
    ("+1415", ""),
    ("4155550199", ""),
    ("no number", "US"),
];

/// Asks everything of handlers whose counts nobody reads.
pub async fn rehearse(api: Api) {
    let mut lookups = LookupServiceClient::new(LookupServiceServer::new(api));
    for view in [View::Basic, View::Full].into_iter().cycle().take(ROUNDS) {
        for (number, region) in QUESTIONS {
            let request = LookupRequest {
                number: number.to_owned(),
                default_region: region.to_owned(),
                view: view.into(),
                ..LookupRequest::default()
            };
            // Some of the answers are errors, and meant to be.
            lookups.lookup(request).await.ok();
        }
    }
}
