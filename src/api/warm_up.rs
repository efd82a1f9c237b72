//! The questions of the warm-up, which an edge asks itself before the server is ready.

use crate::wire::v1::{LookupRequest, View};

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

/// The questions, each in both views in turn, this many times.
pub fn warm_up_questions(rounds: usize) -> impl Iterator<Item = LookupRequest> {
    let views = [View::Basic, View::Full].into_iter().cycle().take(rounds);
    views.flat_map(|view| {
        QUESTIONS.into_iter().map(move |(number, region)| LookupRequest {
            number: number.to_owned(),
            default_region: region.to_owned(),
            view: view.into(),
            ..LookupRequest::default()
        })
    })
}
