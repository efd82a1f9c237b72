//! Tenants of one server: each sees what it made, and of the others only what they share, for as long as they share it.

use ringwarden::domain::identity::{Grants, PrincipalId, Role, Roles};
use ringwarden::domain::kinds::Source;
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::{NewKey, NewPrincipal};
use ringwarden::store::{RecordKind, Shard};
use serde_json::{Value, json};

use super::{ask, bearer, key, mutation};
use crate::support::server::{Answer, Server};

pub(super) const NUMBER: &str = "+14155550199";
pub(super) const NEVER_CALLS: &str = "+14155550155";

/// Two organisations: of `north` an administrator (key 1) and a carrier (key 2), of `south` the same (keys 3 and 4).
pub(super) async fn two_tenants() -> Server {
    let server = Server::start().await;
    for (number, tenant, name, roles) in [
        (1, "north", "north-admin", &[Role::Admin, Role::Reporter][..]),
        (2, "north", "north-switch", &[Role::Carrier][..]),
        (3, "south", "south-admin", &[Role::Admin, Role::Reporter][..]),
        (4, "south", "south-switch", &[Role::Carrier][..]),
    ] {
        let new = NewPrincipal {
            id: PrincipalId::parse(name).unwrap(),
            tenant: TenantId::parse(tenant).unwrap(),
            roles: Roles::of(roles),
            grants: Grants::new([Source::Honeypot], Vec::new(), Vec::new()),
            certificates: Vec::new(),
            subjects: Vec::new(),
            key: Some(NewKey {
                id: key(number).id(),
                hash: key(number).secret_hash(),
                not_before: None,
                expires_at: None,
            }),
        };
        let principals = &server.instance.services.principals;
        principals
            .create(&new, &mutation(&format!("create-{name}")))
            .await
            .unwrap();
    }
    server
}

pub(super) async fn send(server: &Server, number: u8, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    ask(server, method, path, &bearer(&key(number).text()), &body).await
}

pub(super) async fn done(server: &Server, number: u8, method: &str, path: &str, body: &Value) -> Value {
    let answer = send(server, number, method, path, body).await;
    assert_eq!(answer.status, 200, "{method} {path} {answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

pub(super) async fn lookup(server: &Server, number: u8, of: &str) -> Value {
    done(server, number, "POST", "/v1/lookup", &json!({"number": of})).await
}

pub(super) async fn share(server: &Server, number: u8, thing: &Value, scope: &str, tenants: &[&str], request: &str) {
    let body =
        json!({"thing": thing, "scope": format!("VISIBILITY_SCOPE_{scope}"), "tenants": tenants, "requestId": request});
    done(server, number, "POST", "/v1/sharings:setVisibility", &body).await;
}

pub(super) async fn accept(server: &Server, number: u8, tenant: &str, kinds: &[&str], request: &str) -> Value {
    let kinds: Vec<_> = kinds.iter().map(|kind| format!("SHARED_KIND_{kind}")).collect();
    let body = json!({"tenant": tenant, "kinds": kinds, "requestId": request});
    done(server, number, "POST", "/v1/sharings:setAcceptance", &body).await
}

pub(super) async fn report(server: &Server, number: u8, id: &str) {
    let body = json!({
        "number": NUMBER, "category": "CATEGORY_TECH_SUPPORT_SCAM", "source": "SOURCE_HONEYPOT", "reportId": id,
        "comment": "said he was from Microsoft",
    });
    done(server, number, "POST", "/v1/reports", &body).await;
}

#[tokio::test]
async fn reports_count_for_their_own_tenant_until_they_are_shared() {
    let server = two_tenants().await;
    for id in ["a", "b", "c"] {
        report(&server, 1, id).await;
    }
    let of_north = lookup(&server, 2, NUMBER).await;
    assert!(of_north["riskScore"].as_f64().unwrap() > 20.0, "{of_north}");
    assert_eq!(of_north["reportCount"], 3);
    let of_south = lookup(&server, 4, NUMBER).await;
    assert_eq!(
        (&of_south["riskScore"], &of_south["reportCount"]),
        (&Value::Null, &Value::Null),
        "{of_south}"
    );

    // An empty grant means nobody.
    accept(&server, 3, "north", &["REPORTS"], "a1").await;
    let reports = json!({"reports": true});
    share(&server, 1, &reports, "NAMED", &[], "s0").await;
    assert_eq!(lookup(&server, 4, NUMBER).await["reportCount"], Value::Null);
    share(&server, 1, &reports, "NAMED", &["elsewhere"], "s1").await;
    assert_eq!(lookup(&server, 4, NUMBER).await["reportCount"], Value::Null);
    share(&server, 1, &reports, "NAMED", &["south"], "s2").await;
    let shared = lookup(&server, 4, NUMBER).await;
    let score = |answer: &Value| answer["riskScore"].as_f64().unwrap();
    assert!((score(&shared) - score(&of_north)).abs() < 0.01, "{shared}");
    assert_eq!(shared["reportCount"], 3);
    // The evidence is shared, never the reports themselves.
    let dossier = done(&server, 3, "GET", "/v1/numbers/+14155550199", &Value::Null).await;
    assert!(!dossier.to_string().contains("Microsoft"), "{dossier}");

    // What both report is added up, and the end of sharing holds at once.
    report(&server, 3, "a").await;
    assert_eq!(lookup(&server, 4, NUMBER).await["reportCount"], 4);
    assert_eq!(lookup(&server, 2, NUMBER).await["reportCount"], 3);
    share(&server, 1, &reports, "PRIVATE", &[], "s3").await;
    assert_eq!(lookup(&server, 4, NUMBER).await["reportCount"], 1);
}

#[tokio::test]
async fn only_the_tenant_that_operates_the_server_may_compare_the_records_of_all() {
    let server = two_tenants().await;
    report(&server, 1, "a").await;
    let refused = send(&server, 1, "GET", "/v1/indexComparison", &Value::Null).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.body.contains("only the tenant `default`"), "{refused:?}");
    let follower = &server.instance.follower;
    follower.sweep().await;
    let mut numbers = 0;
    for shard in Shard::all() {
        let compared = follower.compare(shard).await.unwrap().unwrap();
        assert!(compared.is_equal(), "{compared:?}");
        numbers += compared
            .indexed
            .counts()
            .find(|(kind, _)| *kind == RecordKind::Number)
            .unwrap()
            .1;
    }
    assert_eq!(numbers, 1, "the number that a named tenant has reported");
}

#[tokio::test]
async fn cases_notes_and_lists_are_seen_by_those_they_are_shared_with() {
    let server = two_tenants().await;
    let case = json!({
        "caseId": "c-north", "title": "Two call centers", "category": "CATEGORY_TECH_SUPPORT_SCAM", "status": "CASE_STATUS_OPEN",
        "requestId": "c1",
    });
    done(&server, 1, "POST", "/v1/cases", &case).await;
    for to in ["UNDER_INVESTIGATION", "CORROBORATED"] {
        let step = json!({"to": format!("CASE_STATUS_{to}"), "requestId": to});
        done(&server, 1, "POST", "/v1/cases/c-north:transition", &step).await;
    }
    let links = json!({
        "links": [{"number": NUMBER, "role": "CASE_ROLE_CALLER_ID", "confidence": 0.9}], "requestId": "c3",
    });
    done(&server, 1, "POST", "/v1/cases/c-north:linkNumbers", &links).await;
    let note = json!({"caseId": "c-north", "text": "the second one is in Manila", "requestId": "n1"});
    let note = done(&server, 1, "POST", "/v1/notes", &note).await;
    let note_id = note["note"]["noteId"].as_str().unwrap().to_owned();

    let of_north = lookup(&server, 2, NUMBER).await;
    assert_eq!(of_north["cases"][0]["caseId"], "c-north", "{of_north}");
    assert_eq!(lookup(&server, 4, NUMBER).await["cases"], Value::Null);
    let foreign = "/v1/cases/c-north?tenant=north";
    assert_eq!(send(&server, 3, "GET", foreign, &Value::Null).await.status, 404);

    // Whether a tenant, a case or a note of another exists is not told.
    for paths in [
        [
            "/v1/cases/c-north?tenant=north",
            "/v1/cases/c-none?tenant=north",
            "/v1/cases/c-north?tenant=none",
        ],
        [
            "/v1/notes?caseId=c-north&tenant=north",
            "/v1/notes?caseId=c-none&tenant=north",
            "/v1/notes?caseId=c-north&tenant=none",
        ],
    ] {
        let mut answers = Vec::new();
        for path in paths {
            let answer = send(&server, 3, "GET", path, &Value::Null).await;
            answers.push((answer.status, answer.body));
        }
        assert!(
            answers.iter().all(|answer| *answer == answers[0] && answer.0 == 404),
            "{answers:?}"
        );
    }
    share(&server, 1, &json!({"caseId": "c-north"}), "NAMED", &["south"], "s1").await;
    assert_eq!(
        lookup(&server, 4, NUMBER).await["riskScore"],
        Value::Null,
        "not accepted"
    );
    accept(&server, 3, "north", &["CASES"], "a1").await;
    let of_south = lookup(&server, 4, NUMBER).await;
    assert_eq!(of_south["cases"], of_north["cases"]);
    assert_eq!(of_south["riskScore"], of_north["riskScore"]);
    let shown = done(&server, 3, "GET", foreign, &Value::Null).await;
    assert_eq!(
        (&shown["case"]["title"], &shown["notes"]),
        (&json!("Two call centers"), &Value::Null)
    );
    let things = done(&server, 3, "GET", "/v1/sharedWithMe?tenant=north", &Value::Null).await;
    assert_eq!(things["things"], json!([{"caseId": "c-north"}]));
    // A change of another tenant's case is refused as if there was none.
    let body = json!({"title": "mine", "requestId": "x1"});
    assert_eq!(send(&server, 3, "PATCH", "/v1/cases/c-north", &body).await.status, 404);

    let body = json!({
        "thing": {"noteId": note_id}, "noteCaseId": "c-north", "scope": "VISIBILITY_SCOPE_ALL", "requestId": "s2",
    });
    done(&server, 1, "POST", "/v1/sharings:setVisibility", &body).await;
    let shown = done(&server, 3, "GET", foreign, &Value::Null).await;
    assert_eq!(shown["notes"][0]["text"], "the second one is in Manila");

    share(&server, 1, &json!({"caseId": "c-north"}), "PRIVATE", &[], "s3").await;
    assert_eq!(lookup(&server, 4, NUMBER).await["cases"], Value::Null);
    assert_eq!(send(&server, 3, "GET", foreign, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_shared_list_decides_on_the_calls_of_those_who_see_it() {
    let server = two_tenants().await;
    let entries = json!({
        "head": {"kind": "LIST_KIND_DO_NOT_ORIGINATE", "requestId": "l1"},
        "entries": [{"number": NEVER_CALLS, "source": "registry", "enteredAt": "2020-11-01T00:00:00Z"}],
    });
    done(&server, 1, "PUT", "/v1/lists/never", &entries).await;
    assert_eq!(lookup(&server, 2, NEVER_CALLS).await["basis"], "BASIS_DNO");
    assert_ne!(lookup(&server, 4, NEVER_CALLS).await["basis"], "BASIS_DNO");
    assert_eq!(
        send(&server, 3, "GET", "/v1/lists/never?tenant=north", &Value::Null)
            .await
            .status,
        404
    );
    share(&server, 1, &json!({"listId": "never"}), "ALL", &[], "s1").await;
    assert_ne!(
        lookup(&server, 4, NEVER_CALLS).await["basis"],
        "BASIS_DNO",
        "not accepted"
    );
    accept(&server, 3, "north", &["LISTS"], "a1").await;
    assert_eq!(lookup(&server, 4, NEVER_CALLS).await["basis"], "BASIS_DNO");
    let list = done(&server, 3, "GET", "/v1/lists/never?tenant=north", &Value::Null).await;
    assert_eq!(list["list"]["listId"], "never");
    share(&server, 1, &json!({"listId": "never"}), "PRIVATE", &[], "s2").await;
    assert_ne!(lookup(&server, 4, NEVER_CALLS).await["basis"], "BASIS_DNO");
}

#[tokio::test]
async fn statuses_page_tokens_decisions_and_the_audit_log_belong_to_a_tenant() {
    let server = two_tenants().await;
    let status = json!({"kind": "STATUS_KIND_BLOCKED", "reason": "known", "requestId": "st1"});
    done(&server, 1, "POST", "/v1/numbers/+14155550199:setStatus", &status).await;
    let blocked = lookup(&server, 2, NUMBER).await;
    assert_eq!(blocked["action"], "ACTION_BLOCK");
    assert_eq!(lookup(&server, 4, NUMBER).await["action"], "ACTION_ALLOW");
    share(&server, 1, &json!({"statuses": true}), "ALL", &[], "s1").await;
    assert_eq!(
        lookup(&server, 4, NUMBER).await["action"],
        "ACTION_ALLOW",
        "not accepted"
    );
    accept(&server, 3, "north", &["STATUSES"], "a1").await;
    assert_eq!(lookup(&server, 4, NUMBER).await["action"], "ACTION_BLOCK");

    // The decision of the own analysts stands.
    let own =
        json!({"kind": "STATUS_KIND_ALLOWED", "reason": "our customer", "validFor": "86400s", "requestId": "st2"});
    done(&server, 3, "POST", "/v1/numbers/+14155550199:setStatus", &own).await;
    assert_eq!(lookup(&server, 4, NUMBER).await["action"], "ACTION_ALLOW");
    // A protection of another tenant counts all the same.
    let protected = json!({"kind": "STATUS_KIND_PROTECTED", "reason": "a hospital", "requestId": "st3"});
    done(&server, 1, "POST", "/v1/numbers/+14155550199:setStatus", &protected).await;
    assert_eq!(lookup(&server, 4, NUMBER).await["basis"], "BASIS_PROTECTED");

    let decision = format!("/v1/decisions/{}", blocked["decisionId"].as_str().unwrap());
    assert_eq!(send(&server, 1, "GET", &decision, &Value::Null).await.status, 200);
    assert_eq!(send(&server, 3, "GET", &decision, &Value::Null).await.status, 400);

    for (place, name) in ["one", "two"].into_iter().enumerate() {
        let case = json!({"caseId": name, "title": name, "requestId": format!("c{place}")});
        done(&server, 1, "POST", "/v1/cases", &case).await;
    }
    let page = done(&server, 1, "GET", "/v1/cases?pageSize=1", &Value::Null).await;
    let next = format!(
        "/v1/cases?pageSize=1&pageToken={}",
        page["nextPageToken"].as_str().unwrap()
    );
    assert_eq!(send(&server, 1, "GET", &next, &Value::Null).await.status, 200);
    assert_eq!(send(&server, 3, "GET", &next, &Value::Null).await.status, 400);

    let own = done(&server, 1, "GET", "/v1/auditEvents", &Value::Null).await;
    assert!(own.to_string().contains("SET_VISIBILITY"), "{own}");
    let foreign = done(&server, 3, "GET", "/v1/auditEvents", &Value::Null).await;
    assert!(!foreign.to_string().contains("north-admin"), "{foreign}");
    // A request id of one tenant means nothing to another.
    let case = json!({"caseId": "one", "title": "of south", "requestId": "c0"});
    let made = done(&server, 3, "POST", "/v1/cases", &case).await;
    assert_eq!(made["title"], "of south");
}

#[tokio::test]
async fn only_an_administrator_shares_all_reports_and_nothing_is_shared_with_oneself() {
    let server = two_tenants().await;
    let set = async |number: u8, body: Value| {
        send(&server, number, "POST", "/v1/sharings:setVisibility", &body)
            .await
            .status
    };
    let reports = json!({"thing": {"reports": true}, "scope": "VISIBILITY_SCOPE_ALL", "requestId": "r1"});
    assert_eq!(set(2, reports).await, 403);
    for body in [
        json!({"thing": {"reports": true}, "scope": "VISIBILITY_SCOPE_NAMED", "tenants": ["north"], "requestId": "r2"}),
        json!({"thing": {"reports": true}, "scope": "VISIBILITY_SCOPE_ALL", "tenants": ["south"], "requestId": "r3"}),
        json!({"thing": {"reports": false}, "scope": "VISIBILITY_SCOPE_ALL", "requestId": "r4"}),
        json!({"thing": {"reports": true}, "requestId": "r5"}),
        json!({"scope": "VISIBILITY_SCOPE_ALL", "requestId": "r6"}),
        json!({"thing": {"reports": true}, "scope": "VISIBILITY_SCOPE_NAMED", "tenants": ["a b"], "requestId": "r7"}),
    ] {
        assert_eq!(set(1, body.clone()).await, 400, "{body}");
    }
    let unknown = json!({"thing": {"caseId": "none"}, "scope": "VISIBILITY_SCOPE_ALL", "requestId": "r8"});
    assert_eq!(set(1, unknown).await, 404);
}
