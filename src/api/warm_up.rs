//! The warm-up: lookups of every kind, through the code that answers calls, before the server is ready.
//!
//! The first call would otherwise load code into memory and build the tables that are made on first use.

use prost::Message as _;

use super::{Api, RequestContext};
use crate::clock::monotonic;
use crate::metrics::EdgeLabel;
use crate::wire::v1::{LookupRequest, View};

/// How often each question is asked.
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

/// Asks every question, and reads and writes the messages as an edge does. The `api` must be one whose metrics nobody
/// reads, since the lookups are counted.
pub fn warm_up(api: &Api) {
    for view in [View::Basic, View::Full].into_iter().cycle().take(ROUNDS) {
        for (number, region) in QUESTIONS {
            let request = LookupRequest {
                number: number.to_owned(),
                default_region: region.to_owned(),
                view: view.into(),
                ..LookupRequest::default()
            };
            let Ok(request) = LookupRequest::decode(request.encode_to_vec().as_slice()) else {
                continue;
            };
            let context = RequestContext::new(EdgeLabel::Grpc, monotonic());
            // Some of the questions are wrong on purpose: their answer is an error.
            if let Ok(response) = api.lookup(request, &context) {
                std::hint::black_box(response.encode_to_vec());
            }
        }
    }
}
