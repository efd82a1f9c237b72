//! Texts that are easily misread, through the service: a masked number reaches no record, and all forms of a number
//! reach one.

use ringwarden::domain::kinds::{Action, ListKind, RiskLevel};
use ringwarden::service::{LookupInput, ServiceError};

use super::instance;
use super::lists::{entries, head};
use crate::support::instance::{noon, report};

#[tokio::test]
async fn a_masked_number_reaches_no_record() {
    let one = instance().await;
    for (nth, text) in [
        "+1415555XXXX",
        "+1 415 555 ****",
        "+1415555nnnn",
        "+14155559999.0",
        "+1 (415) 555-…",
    ]
    .into_iter()
    .enumerate()
    {
        let refused = one
            .services
            .reports
            .submit(report(text, &format!("r{nth}"), noon()))
            .await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{text}");
        let input = LookupInput {
            number: text.to_owned(),
            ..LookupInput::default()
        };
        assert!(matches!(one.try_ask(&input), Err(ServiceError::Invalid(_))), "{text}");
    }
    assert_eq!(one.count("+14155559999"), 0);
    assert_eq!(one.look_up("+14155559999").decision.action, Action::Allow);
    let calls_a_masked_number = LookupInput {
        number: "+14155550199".to_owned(),
        called_number: "+1415555XXXX".to_owned(),
        ..LookupInput::default()
    };
    assert_eq!(one.ask(&calls_a_masked_number).decision.action, Action::Allow);
    let calls_for_help = LookupInput {
        number: "+1415555XXXX".to_owned(),
        called_number: "112".to_owned(),
        ..LookupInput::default()
    };
    assert_eq!(one.ask(&calls_for_help).decision.action, Action::Allow);
}

#[tokio::test]
async fn no_misreading_blocks_a_caller() {
    let one = instance().await;
    for text in [
        "*5287",
        "+9725287",
        "+20 19666",
        "266696687",
        "+10000000000",
        "<sip:1234567890123@pbx.example>, <tel:+14155550199>",
        "tel:+14155550199@10.0.0.1:5060",
        "070 123 45 67 (Axel)",
        "sip:2001@gw.example",
    ] {
        let answer = one.ask(&LookupInput {
            number: text.to_owned(),
            default_region: Some("SE".parse().unwrap()),
            ..LookupInput::default()
        });
        assert_eq!(answer.decision.action, Action::Allow, "{text}");
        assert_ne!(answer.score.verdict.level, RiskLevel::Critical, "{text}");
    }
}

#[tokio::test]
async fn all_forms_of_a_number_reach_one_record() {
    let one = instance().await;
    for (nth, text) in ["+390549886377", "+378 886377", "+3780549886377"]
        .into_iter()
        .enumerate()
    {
        one.services
            .reports
            .submit(report(text, &format!("r{nth}"), noon()))
            .await
            .unwrap();
    }
    for text in ["+390549886377", "+3780549886377", "sip:+378886377@gw.example"] {
        assert_eq!(one.look_up(text).facts.report_count, 3, "{text}");
    }
    one.services
        .lists
        .replace(
            &head("dno", ListKind::DoNotOriginate, "l1"),
            entries(&["+5215512345678", "+3534896496012"]),
        )
        .await
        .unwrap();
    for text in ["+525512345678", "+52 1 55 1234 5678", "+442896496012"] {
        assert_eq!(one.look_up(text).decision.action, Action::Block, "{text}");
    }
}
