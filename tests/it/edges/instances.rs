//! Two servers on one store. The second does not follow the store by itself, as if it were held up; still an analyst finds
//! there at once what the first has just stored.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::monotonic;
use ringwarden::store::memory::MemoryStore;
use serde_json::{Value, json};

use super::{NUMBER, OTHER};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::evidence_version;
use crate::support::server::Server;

/// Two servers, and the store of the second, which can fail.
pub(super) async fn two() -> (Server, Server, Arc<Flaky>) {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let flaky = Arc::new(Flaky::new(Arc::<MemoryStore>::clone(&store)));
    let (one, two) = (
        Server::over(store).await,
        Server::over(Arc::<Flaky>::clone(&flaky)).await,
    );
    one.instance.follower.bootstrap().await.unwrap();
    two.instance.follower.bootstrap().await.unwrap();
    (one, two, flaky)
}

pub(super) async fn done(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let answer = server.request(method, path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    answer.json()
}

pub(super) async fn shown(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

pub(super) async fn create_case(server: &Server, id: &str) {
    let case = json!({
        "caseId": id, "title": "Pop-ups", "category": "CATEGORY_TECH_SUPPORT_SCAM",
        "status": "CASE_STATUS_CORROBORATED", "source": "SOURCE_REGULATOR_FEED", "actor": "ana", "requestId": format!("create-{id}"),
    });
    done(server, "POST", "/v1/cases", case).await;
}

fn link(request: &str) -> Value {
    json!({
        "links": [{"number": NUMBER, "role": "CASE_ROLE_CALLER_ID", "confidence": 0.9}],
        "actor": "ana", "requestId": request,
    })
}

/// Each read comes directly after the change that it must show.
#[tokio::test]
async fn every_read_of_an_analyst_shows_what_another_instance_has_just_stored() {
    let (one, two, _) = two().await;
    create_case(&one, "c-1").await;
    assert_eq!(shown(&two, "/v1/cases/c-1").await["case"]["caseId"], "c-1");
    create_case(&one, "c-2").await;
    let listed = shown(&two, "/v1/cases").await;
    assert_eq!(listed["cases"].as_array().unwrap().len(), 2, "{listed}");

    done(&one, "POST", "/v1/cases/c-1:linkNumbers", link("link-1")).await;
    let with_members = shown(&two, "/v1/cases/c-1?include_members=true").await;
    assert_eq!(with_members["members"][0]["e164"], NUMBER, "{with_members}");
    create_case(&one, "c-3").await;
    done(&one, "POST", "/v1/cases/c-3:linkNumbers", link("link-3")).await;
    let dossier = shown(&two, &format!("/v1/numbers/{NUMBER}")).await;
    assert_eq!(dossier["links"].as_array().unwrap().len(), 2, "{dossier}");
    let of_case = shown(&two, "/v1/numbers?case_id=c-3").await;
    assert_eq!(of_case["numbers"][0]["e164"], NUMBER, "{of_case}");

    for (subject, request) in [(json!({"caseId": "c-1"}), "n-1"), (json!({"number": OTHER}), "n-2")] {
        let mut note = json!({"text": "seen", "actor": "ana", "requestId": request});
        note.as_object_mut()
            .unwrap()
            .extend(subject.as_object().unwrap().clone());
        done(&one, "POST", "/v1/notes", note).await;
        let query = match subject["caseId"].as_str() {
            Some(id) => format!("/v1/notes?case_id={id}"),
            None => format!("/v1/notes?number={}", OTHER.replace('+', "%2B")),
        };
        let notes = shown(&two, &query).await;
        assert_eq!(notes["notes"].as_array().unwrap().len(), 1, "{query}: {notes}");
    }

    let list = |request: &str| {
        json!({
            "head": {"kind": "LIST_KIND_PROTECTED", "requestId": request, "actor": "ana"},
            "entries": [{"number": OTHER, "source": "clinics", "enteredAt": "2026-11-01T00:00:00Z"}],
        })
    };
    done(&one, "PUT", "/v1/lists/l-1", list("l-1")).await;
    assert_eq!(shown(&two, "/v1/lists/l-1").await["list"]["listId"], "l-1");
    done(&one, "PUT", "/v1/lists/l-2", list("l-2")).await;
    assert_eq!(shown(&two, "/v1/lists").await["lists"].as_array().unwrap().len(), 2);
}

/// A change may name a case that another instance has just created.
#[tokio::test]
async fn every_change_finds_a_case_that_another_instance_has_just_created() {
    let (one, two, _) = two().await;
    let changes = [
        ("PATCH", "", json!({"title": "Pop-ups of 2026"})),
        (
            "POST",
            ":transition",
            json!({"to": "CASE_STATUS_REFERRED", "agency": "FBI"}),
        ),
        (
            "POST",
            ":linkNumbers",
            json!({"links": [{"number": NUMBER, "role": "CASE_ROLE_CALLBACK"}]}),
        ),
        ("POST", ":unlinkNumbers", json!({"numbers": [{"number": NUMBER}]})),
        ("POST", "/v1/notes", json!({"text": "seen"})),
    ];
    for (place, (method, verb, mut body)) in changes.into_iter().enumerate() {
        let id = format!("c-{place}");
        create_case(&one, &id).await;
        body["actor"] = "ana".into();
        body["requestId"] = format!("change-{place}").into();
        let path = if verb.starts_with('/') {
            body["caseId"] = id.into();
            verb.to_owned()
        } else {
            format!("/v1/cases/{id}{verb}")
        };
        done(&two, method, &path, body).await;
    }
}

/// Lookups wait for no store: the second server shows the case to a call only when its follower has read it.
#[tokio::test]
async fn a_lookup_never_asks_the_store() {
    let (one, two, _) = two().await;
    create_case(&one, "c-1").await;
    done(&one, "POST", "/v1/cases/c-1:linkNumbers", link("link-1")).await;
    let question = json!({"number": NUMBER});
    let cases = async |server: &Server| {
        let answer = done(server, "POST", "/v1/lookup", question.clone()).await;
        answer["cases"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((cases(&one).await, cases(&two).await), (1, 0));
    two.instance.follower.sweep().await;
    assert_eq!(cases(&two).await, 1);
}

/// A store that fails or hangs costs an analyst half a second, until the next sweep has found it out, and no answer from
/// memory. Whether a case that is not in memory exists, nobody can say then.
#[tokio::test]
async fn without_the_store_an_analyst_reads_what_is_in_memory() {
    let (one, two, flaky) = two().await;
    create_case(&one, "c-1").await;
    shown(&two, "/v1/cases/c-1").await;
    create_case(&one, "c-2").await;
    for fault in [Fault::Unavailable, Fault::Slow(Duration::from_secs(30))] {
        flaky.always(Some(fault));
        let began = monotonic();
        shown(&two, "/v1/cases/c-1").await;
        assert_eq!(two.get("/v1/cases/c-2").await.status, 503, "{fault:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{fault:?}");
    }
    flaky.always(Some(Fault::Unavailable));
    two.instance.follower.sweep().await;
    flaky.always(Some(Fault::Slow(Duration::from_secs(30))));
    let began = monotonic();
    shown(&two, "/v1/cases").await;
    assert!(
        began.elapsed() < Duration::from_millis(400),
        "a store known to be away is not waited for"
    );
    flaky.always(None);
    two.instance.follower.sweep().await;
    shown(&two, "/v1/cases/c-2").await;
}

/// Reads that come together wait for one refresh, and each shows what was stored before it came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_at_the_same_time_all_see_the_latest() {
    let (one, two, _) = two().await;
    for round in 0..20 {
        let id = format!("c-{round}");
        create_case(&one, &id).await;
        let path = format!("/v1/cases/{id}");
        let reads = (0..8).map(|_| two.get(&path));
        for answer in futures_util::future::join_all(reads).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
}
