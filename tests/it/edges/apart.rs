//! Lookups and probes have a runtime of their own. This is shown without a limit of time, which a busy machine may exceed: the
//! only worker of heavy work is stopped, and lookups and probes are answered all the same.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use futures_util::{StreamExt as _, stream};
use ringwarden::wire::v1;

use super::{NUMBER, ask, new_case, report};
use crate::support::server::Server;

/// Long enough for any machine: a lookup that waits for heavy work waits without end here.
const FOR_EVER: Duration = Duration::from_secs(300);

/// One of each kind of heavy request that stopped lookups before they had a runtime of their own. Each says whether it was
/// answered without an error.
fn heavy(server: &Server) -> Vec<BoxFuture<'_, bool>> {
    let (mut numbers, mut cases) = (server.numbers(), server.cases());
    let (mut reports, mut exports) = (server.reports(), server.reports());
    let list = v1::ListNumbersRequest {
        sort: v1::NumberSort::Score.into(),
        ..v1::ListNumbersRequest::default()
    };
    let lists = (0..8).map(|_| {
        let (mut numbers, list) = (server.numbers(), list.clone());
        async move { numbers.list_numbers(list).await.is_ok() }.boxed()
    });
    let search = v1::SearchRequest {
        text: "4155".into(),
        ..v1::SearchRequest::default()
    };
    let similar = v1::ListSimilarNumbersRequest {
        number: NUMBER.into(),
        ..v1::ListSimilarNumbersRequest::default()
    };
    let dossier = v1::GetNumberRequest {
        number: NUMBER.into(),
        ..v1::GetNumberRequest::default()
    };
    let (mut searches, mut similars) = (server.numbers(), server.numbers());
    let batch = (0..200).map(|n| report(&format!("b{n}"), NUMBER)).collect();
    let one_case = v1::ListCasesRequest {
        page_size: 1,
        ..v1::ListCasesRequest::default()
    };
    let others: Vec<BoxFuture<'_, bool>> = vec![
        async move { server.get("/metrics").await.status == 200 }.boxed(),
        async move { searches.search(search).await.is_ok() }.boxed(),
        async move { similars.list_similar_numbers(similar).await.is_ok() }.boxed(),
        async move { numbers.get_number(dossier).await.is_ok() }.boxed(),
        async move { cases.list_cases(one_case).await.is_ok() }.boxed(),
        async move {
            let batch = v1::BatchSubmitReportsRequest { reports: batch };
            // It may be refused for its age: a change has half a second.
            drop(reports.batch_submit_reports(batch).await);
            true
        }
        .boxed(),
        async move {
            exports
                .export_reports(v1::ExportReportsRequest::default())
                .await
                .is_ok()
        }
        .boxed(),
    ];
    lists.chain(others).collect()
}

#[tokio::test]
async fn lookups_and_probes_are_answered_while_no_heavy_work_goes_on() {
    let server = Server::start().await;
    server
        .reports()
        .submit_report(v1::SubmitReportRequest {
            report: Some(report("r1", NUMBER)),
        })
        .await
        .unwrap();
    server.cases().create_case(new_case("c1")).await.unwrap();
    let held = server.hold_heavy().await;
    let mut heavy = pin!(join_all(heavy(&server)));
    let light = async {
        for n in 0..20 {
            let answer = server.lookups().lookup(ask(NUMBER, &format!("q{n}"))).await.unwrap();
            assert!(!answer.into_inner().decision_id.is_empty());
            // On a slow machine the index may be stale by then: nothing follows the store here.
            assert!([200, 503].contains(&server.get("/readyz").await.status));
            assert_eq!(server.get("/healthz").await.status, 200);
        }
        let requests = vec![ask(NUMBER, ""); 1_000];
        let batch = server
            .lookups()
            .batch_lookup(v1::BatchLookupRequest { requests })
            .await
            .unwrap();
        assert_eq!(batch.into_inner().results.len(), 1_000);
        let questions = stream::iter((0..500).map(|n| ask(NUMBER, &format!("s{n}"))));
        let answers = server.lookups().stream_lookup(questions).await.unwrap().into_inner();
        assert_eq!(answers.count().await, 500);
    };
    tokio::select! {
        biased;
        _ = &mut heavy => panic!("heavy requests were answered by the runtime of lookups"),
        answered = tokio::time::timeout(FOR_EVER, light) => answered.expect("lookups or probes wait for heavy work"),
    }
    held.send(()).unwrap();
    assert!(heavy.await.into_iter().all(|is_answered| is_answered));
}
