//! What another tenant shares counts in the decisions of a tenant only as far as it accepts it.

use ringwarden::domain::identity::Role;
use serde_json::{Value, json};

use super::{ask, bearer, key, principal, principal_of};
use crate::support::server::{Answer, Server};

const NUMBER: &str = "+14155550199";
const NEVER_CALLS: &str = "+14155550155";
/// An administrator of `north`, which shares; one of `south`, which accepts; and the carriers of both.
const NORTH: u8 = 1;
const SOUTH: u8 = 2;
const NORTH_SWITCH: u8 = 3;
const SOUTH_SWITCH: u8 = 4;
const OPERATOR: u8 = 5;

async fn two_tenants() -> Server {
    let server = Server::start().await;
    for (number, tenant, name, role) in [
        (NORTH, "north", "north-admin", Role::Admin),
        (SOUTH, "south", "south-admin", Role::Admin),
        (NORTH_SWITCH, "north", "north-switch", Role::Carrier),
        (SOUTH_SWITCH, "south", "south-switch", Role::Carrier),
    ] {
        principal_of(&server, tenant, name, &[role], &key(number)).await;
    }
    server
}

async fn send(server: &Server, number: u8, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    ask(server, method, path, &bearer(&key(number).text()), &body).await
}

async fn done(server: &Server, number: u8, method: &str, path: &str, body: Value) -> Value {
    let answer = send(server, number, method, path, &body).await;
    assert_eq!(answer.status, 200, "{method} {path} {answer:?}");
    answer.json()
}

async fn accept(server: &Server, number: u8, tenant: &str, kinds: &[&str], request: &str) -> Value {
    let kinds: Vec<_> = kinds.iter().map(|kind| format!("SHARED_KIND_{kind}")).collect();
    let body = json!({"tenant": tenant, "kinds": kinds, "requestId": request});
    done(server, number, "POST", "/v1/sharings:setAcceptance", body).await
}

/// The basis of the decisions that `south` gets on both numbers.
async fn bases(server: &Server) -> [String; 2] {
    let mut found = Vec::new();
    for number in [NUMBER, NEVER_CALLS] {
        let answer = done(server, SOUTH_SWITCH, "POST", "/v1/lookup", json!({ "number": number })).await;
        found.push(answer["basis"].as_str().unwrap().to_owned());
    }
    found.try_into().unwrap()
}

/// `north` blocks a number, has a do-not-originate list, and shares both with all.
async fn north_shares(server: &Server) {
    let status = json!({"kind": "STATUS_KIND_BLOCKED", "reason": "known", "requestId": "st1"});
    done(server, NORTH, "POST", "/v1/numbers/+14155550199:setStatus", status).await;
    let list = json!({
        "head": {"kind": "LIST_KIND_DO_NOT_ORIGINATE", "requestId": "l1"},
        "entries": [{"number": NEVER_CALLS, "source": "registry", "enteredAt": "2020-11-01T00:00:00Z"}],
    });
    done(server, NORTH, "PUT", "/v1/lists/never", list).await;
    for (thing, request) in [(json!({"statuses": true}), "s1"), (json!({"listId": "never"}), "s2")] {
        let body = json!({"thing": thing, "scope": "VISIBILITY_SCOPE_ALL", "requestId": request});
        done(server, NORTH, "POST", "/v1/sharings:setVisibility", body).await;
    }
}

#[tokio::test]
async fn each_kind_counts_from_its_acceptance_to_its_end() {
    let server = two_tenants().await;
    north_shares(&server).await;
    let nothing = bases(&server).await;
    assert!(!nothing.contains(&"BASIS_ANALYST".to_owned()) && !nothing.contains(&"BASIS_DNO".to_owned()));
    // What is not accepted can be read.
    let shared = done(&server, SOUTH, "GET", "/v1/sharedWithMe?tenant=north", Value::Null).await;
    assert_eq!(
        (&shared["things"], &shared["accepted"]),
        (&json!([{"statuses": true}, {"listId": "never"}]), &Value::Null)
    );
    done(&server, SOUTH, "GET", "/v1/lists/never?tenant=north", Value::Null).await;

    accept(&server, SOUTH, "north", &["STATUSES", "REPORTS"], "a1").await;
    assert_eq!(bases(&server).await, ["BASIS_ANALYST".to_owned(), nothing[1].clone()]);
    let accepted = accept(&server, SOUTH, "north", &["LISTS"], "a2").await;
    assert_eq!(
        accepted["kinds"],
        json!(["SHARED_KIND_LISTS"]),
        "the kinds are replaced as a whole"
    );
    assert_eq!(bases(&server).await, [nothing[0].clone(), "BASIS_DNO".to_owned()]);
    let shared = done(&server, SOUTH, "GET", "/v1/sharedWithMe?tenant=north", Value::Null).await;
    assert_eq!(shared["accepted"], json!(["SHARED_KIND_LISTS"]));
    accept(&server, SOUTH, "north", &[], "a3").await;
    assert_eq!(bases(&server).await, nothing);
    // It is told in the audit log of the tenant that accepts.
    let told = done(
        &server,
        SOUTH,
        "GET",
        "/v1/auditEvents?method=AUDIT_METHOD_SET_ACCEPTANCE",
        Value::Null,
    )
    .await;
    let told = told["events"].as_array().unwrap();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].to_string().contains("accepted from north"), "{told:?}");
    assert!(server.stop().await);
}

/// The dossier that the analysts of `south` get of a number, and the answer that its switch gets for a call.
async fn dossier_and_answer(server: &Server, number: &str) -> (Value, Value) {
    let path = format!("/v1/numbers/%2B{}", &number[1..]);
    let dossier = done(server, SOUTH, "GET", &path, Value::Null).await;
    let question = json!({ "number": number, "recordEvent": false });
    let answer = done(server, SOUTH_SWITCH, "POST", "/v1/lookup", question).await;
    (dossier, answer)
}

/// Checks that a dossier says what the switch is answered.
fn same_answer(for_calls: &Value, answer: &Value) {
    for field in [
        "action",
        "basis",
        "wouldAction",
        "wouldBasis",
        "reportCount",
        "reporterCount",
    ] {
        assert_eq!(for_calls[field], answer[field], "{field}: {for_calls} {answer}");
    }
    let score = &for_calls["score"];
    assert_eq!(score["riskLevel"], answer["riskLevel"], "{for_calls} {answer}");
    let codes = |reasons: &Value| {
        let reasons = reasons.as_array().cloned().unwrap_or_default();
        reasons.iter().map(|reason| reason["code"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        codes(&score["reasons"]),
        codes(&answer["reasons"]),
        "{for_calls} {answer}"
    );
    let of = |value: &Value| value.as_f64().unwrap_or(-1.0);
    assert!(
        (of(&score["numberScore"]) - of(&answer["riskScore"])).abs() < 0.1,
        "{for_calls} {answer}"
    );
}

#[tokio::test]
async fn an_analyst_sees_what_calls_are_answered_by() {
    let server = two_tenants().await;
    north_shares(&server).await;
    for n in 0..3 {
        let report = json!({
            "reportId": format!("r{n}"), "number": NUMBER, "reporterId": format!("user-{n}"), "category": "CATEGORY_PHISHING",
        });
        done(&server, NORTH, "POST", "/v1/reports", report).await;
    }
    let body = json!({
        "thing": {"reports": true}, "scope": "VISIBILITY_SCOPE_NAMED", "tenants": ["south"], "requestId": "s3",
    });
    done(&server, NORTH, "POST", "/v1/sharings:setVisibility", body).await;
    // What is not accepted counts for no call, and the dossier says nothing of it.
    for number in [NUMBER, NEVER_CALLS] {
        let (dossier, _) = dossier_and_answer(&server, number).await;
        assert_eq!(
            (&dossier["forCalls"], &dossier["reportCount"]),
            (&Value::Null, &Value::Null)
        );
    }

    accept(&server, SOUTH, "north", &["REPORTS"], "a1").await;
    let (dossier, answer) = dossier_and_answer(&server, NUMBER).await;
    let told = &dossier["forCalls"];
    same_answer(told, &answer);
    assert_eq!(told["reportCount"], 3, "{told}");
    let part = &told["parts"][0];
    assert_eq!((&part["tenant"], &part["reportCount"]), (&json!("north"), &json!(3)));
    assert_eq!(
        (&part["statuses"], &part["listed"], &told["parts"][1]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    // The own data stay apart, and the reports of others cannot be read.
    for field in [
        "reportCount",
        "categoryCounts",
        "sourceCounts",
        "latestReports",
        "statuses",
    ] {
        assert_eq!(dossier[field], Value::Null, "{field}");
    }

    accept(&server, SOUTH, "north", &["REPORTS", "STATUSES", "LISTS"], "a2").await;
    let (dossier, answer) = dossier_and_answer(&server, NUMBER).await;
    same_answer(&dossier["forCalls"], &answer);
    assert_eq!(dossier["forCalls"]["basis"], "BASIS_ANALYST");
    assert_eq!(
        dossier["forCalls"]["parts"][0]["statuses"],
        json!(["STATUS_KIND_BLOCKED"])
    );
    let (dossier, answer) = dossier_and_answer(&server, NEVER_CALLS).await;
    same_answer(&dossier["forCalls"], &answer);
    assert_eq!(dossier["forCalls"]["basis"], "BASIS_DNO");
    assert_eq!(dossier["forCalls"]["parts"][0]["listed"], true);

    // The decision of the own analysts stands.
    let status = json!({"kind": "STATUS_KIND_ALLOWED", "reason": "ours", "validFor": "86400s", "requestId": "st2"});
    done(&server, SOUTH, "POST", "/v1/numbers/+14155550199:setStatus", status).await;
    let (dossier, answer) = dossier_and_answer(&server, NUMBER).await;
    same_answer(&dossier["forCalls"], &answer);
    assert_eq!(dossier["forCalls"]["parts"][0]["statuses"], Value::Null);

    accept(&server, SOUTH, "north", &[], "a3").await;
    let (dossier, _) = dossier_and_answer(&server, NUMBER).await;
    assert_eq!(dossier["forCalls"], Value::Null);
    assert!(server.stop().await);
}

#[tokio::test]
async fn an_administrator_accepts_for_its_own_tenant_alone() {
    let server = two_tenants().await;
    let set = async |number: u8, body: Value| {
        send(&server, number, "POST", "/v1/sharings:setAcceptance", &body)
            .await
            .status
    };
    let lists = json!({"tenant": "north", "kinds": ["SHARED_KIND_LISTS"], "requestId": "r1"});
    assert_eq!(set(SOUTH_SWITCH, lists).await, 403);
    for body in [
        json!({"tenant": "south", "kinds": ["SHARED_KIND_LISTS"], "requestId": "r2"}),
        json!({"tenant": "", "kinds": ["SHARED_KIND_LISTS"], "requestId": "r3"}),
        json!({"tenant": "a b", "kinds": ["SHARED_KIND_LISTS"], "requestId": "r4"}),
        json!({"tenant": "north", "kinds": ["SHARED_KIND_UNSPECIFIED"], "requestId": "r5"}),
        json!({"tenant": "north", "kinds": [99], "requestId": "r6"}),
        json!({"tenant": "north", "kinds": ["SHARED_KIND_LISTS"]}),
    ] {
        assert_eq!(set(SOUTH, body.clone()).await, 400, "{body}");
    }
    // What south accepts says nothing of north.
    accept(&server, SOUTH, "north", &["STATUSES"], "a1").await;
    let body = json!({"thing": {"statuses": true}, "scope": "VISIBILITY_SCOPE_ALL", "requestId": "s1"});
    done(&server, SOUTH, "POST", "/v1/sharings:setVisibility", body).await;
    let status = json!({"kind": "STATUS_KIND_BLOCKED", "reason": "known", "requestId": "st1"});
    done(&server, SOUTH, "POST", "/v1/numbers/+14155550199:setStatus", status).await;
    let of_north = done(&server, NORTH_SWITCH, "POST", "/v1/lookup", json!({ "number": NUMBER })).await;
    assert_eq!(of_north["action"], "ACTION_ALLOW");
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_misspelt_tenant_is_told() {
    let server = two_tenants().await;
    let body = json!({
        "thing": {"reports": true}, "scope": "VISIBILITY_SCOPE_NAMED", "tenants": ["default", "nroth", "south"],
        "requestId": "s1",
    });
    let shared = done(&server, NORTH, "POST", "/v1/sharings:setVisibility", body).await;
    assert_eq!(shared["unknownTenants"], json!(["nroth"]));
    let unknown = accept(&server, SOUTH, "nroth", &["REPORTS"], "a1").await;
    assert_eq!(unknown["tenantIsUnknown"], true);
    let known = accept(&server, SOUTH, "north", &["REPORTS"], "a2").await;
    assert_eq!(known["tenantIsUnknown"], Value::Null);
    assert!(server.stop().await);
}

/// Neither the page of a list nor its token tells whether another tenant exists.
#[tokio::test]
async fn a_wrong_page_is_refused_alike_for_every_tenant() {
    let server = two_tenants().await;
    let case = json!({"caseId": "c", "title": "Two call centers", "requestId": "c1"});
    done(&server, NORTH, "POST", "/v1/cases", case).await;
    for path in [
        "/v1/sharedWithMe?pageSize=5000&tenant=",
        "/v1/sharedWithMe?pageToken=AAAA&tenant=",
        "/v1/notes?caseId=c&pageToken=AAAA&tenant=",
        "/v1/notes?caseId=c&pageSize=5000&tenant=",
        "/v1/notes?number=abc&tenant=",
    ] {
        let mut answers = Vec::new();
        for tenant in ["north", "none"] {
            let answer = send(&server, SOUTH, "GET", &format!("{path}{tenant}"), &Value::Null).await;
            answers.push((answer.status, answer.body));
        }
        assert!(answers[0].0 >= 400 && answers[0] == answers[1], "{path} {answers:?}");
    }
    assert!(server.stop().await);
}

#[tokio::test]
async fn the_operator_reads_the_audit_log_of_every_tenant_and_others_their_own() {
    let server = two_tenants().await;
    principal(
        &server,
        "operator",
        Role::Admin,
        ringwarden::domain::identity::Grants::default(),
        &key(OPERATOR),
    )
    .await;
    north_shares(&server).await;
    let of_north = done(&server, OPERATOR, "GET", "/v1/auditEvents?tenant=north", Value::Null).await;
    assert!(of_north.to_string().contains("SET_VISIBILITY"), "{of_north}");
    assert_eq!(
        done(&server, NORTH, "GET", "/v1/auditEvents?tenant=north", Value::Null).await,
        of_north
    );
    let nobody = done(&server, OPERATOR, "GET", "/v1/auditEvents?tenant=none", Value::Null).await;
    assert_eq!(nobody["events"], Value::Null);
    for tenant in ["north", "default", "none"] {
        let path = format!("/v1/auditEvents?tenant={tenant}");
        assert_eq!(
            send(&server, SOUTH, "GET", &path, &Value::Null).await.status,
            400,
            "{tenant}"
        );
    }
    assert!(server.stop().await);
}
