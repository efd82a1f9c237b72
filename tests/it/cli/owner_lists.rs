//! Lists of known owners: `import list --kind known-owner`, what it refuses, and the list as commands and JSON show it.

use ringwarden::cli::import::ImportError;
use ringwarden::domain::kinds::OwnerCalls;
use ringwarden::domain::list::{ListedCaller, Owner};
use ringwarden::wire::v1::ListKind;
use serde_json::json;

use super::lists::{ask, entries_of, listed};
use crate::support::server::Server;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/demo/data/known-owners.csv");
const IMPORT: [&str; 8] = [
    "import",
    "list",
    "-",
    "--kind",
    "known-owner",
    "--list-id",
    "owners",
    "--json",
];
const HEADER: &str = "number,organisation,brand,calls,source,date,expires";

fn owner(server: &Server, number: &str) -> Option<std::sync::Arc<Owner>> {
    let caller = ListedCaller::Number(number.parse().unwrap());
    server.instance.index.owner_of(caller, server.instance.clock.now())
}

/// The packaged example is a file for the command, as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_packaged_example_is_imported() {
    let server = Server::start().await;
    let mut import = IMPORT;
    import[2] = EXAMPLE;
    let answer = ask(&server, &import, b"").json();
    assert_eq!(
        (&answer["rows"], &answer["list"]["entryCount"]),
        (&20.into(), &20.into())
    );
    assert_eq!(ask(&server, &import, b"").json()["changed"], false);
    let medicare = owner(&server, "+18004478477").unwrap();
    assert_eq!(
        medicare.organisation.as_str(),
        "Centers for Medicare and Medicaid Services"
    );
    assert_eq!(medicare.brand.as_ref().unwrap().as_str(), "Medicare");
    assert_eq!(medicare.calls, OwnerCalls::Yes);
    assert!(owner(&server, "+14155550100").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_owners_is_imported_and_shown() {
    let server = Server::start().await;
    let file = format!(
        "{HEADER}\n+14155550100,First Bank,First Card,signed,registry,2026-01-01,2031-01-01\n\
         +1415555*,First Bank,,YES,registry,2026-01-01,\nshort:2001,First Bank,,never,registry,2026-01-01,\n"
    );
    ask(&server, &IMPORT, file.as_bytes()).json();
    let hit = listed(&server, "+14155550100").known_owner.unwrap();
    assert!(hit.calls == OwnerCalls::Signed && hit.expires_at.is_some());
    assert_eq!(
        listed(&server, "+14155550101").known_owner.unwrap().calls,
        OwnerCalls::Yes
    );

    let shown = ask(&server, &["list", "show", "owners", "--json"], b"").json();
    assert_eq!(shown["list"]["kind"], "LIST_KIND_KNOWN_OWNER");
    let owners: Vec<_> = (0..3).map(|n| &shown["entries"][n]["owner"]).collect();
    let owner = |calls: &str| json!({ "organisation": "First Bank", "calls": calls });
    let mut branded = owner("OWNER_CALLS_SIGNED");
    branded["brand"] = json!("First Card");
    assert_eq!(owners[0], &owner("OWNER_CALLS_YES"), "the prefix comes first");
    assert_eq!(owners[1], &branded);
    assert_eq!(owners[2], &owner("OWNER_CALLS_NEVER"));
    let table = ask(&server, &["list", "show", "owners"], b"").out;
    for word in [
        "organisation",
        "First Bank",
        "First Card",
        "SIGNED",
        "NEVER",
        "registry",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(!table.contains("action"), "{table}");
    let all = ask(&server, &["list", "ls"], b"").out;
    assert!(all.contains("owners") && all.contains("KNOWN_OWNER"), "{all}");

    let got = server.get("/v1/lists/owners").await.json();
    assert_eq!(got["entries"], shown["entries"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_file_of_owners_is_refused_by_line_and_column() {
    let server = Server::start().await;
    let long = "x".repeat(121);
    let file = format!(
        "{HEADER}\n+14155550100,First Bank,,yes,registry,2026-01-01,\n+14155550101,,,yes,registry,2026-01-01,\n\
         +14155550102,First Bank,,,registry,2026-01-01,\n+14155550103,First Bank,,always,registry,2026-01-01,\n\
         +14155550104,{long},,yes,registry,2026-01-01,\n+14155550105,First Bank,{long},yes,registry,2026-01-01,\n\
         anonymous,First Bank,,yes,registry,2026-01-01,\n"
    );
    let refused = ask(&server, &IMPORT, file.as_bytes());
    assert!(!refused.is_ok, "{}", refused.out);
    for said in [
        "line 3: organisation: must be set in a list of kind KNOWN_OWNER",
        "line 4: calls: must be set in a list of kind KNOWN_OWNER",
        "line 5: calls: must be one of NEVER, SIGNED, YES",
        "line 6: organisation: must have at most 120 bytes",
        "line 7: brand: must have at most 64 bytes",
        "line 8: number: anonymous cannot be listed",
        "6 of 7 rows are malformed: nothing was sent",
    ] {
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
    assert!(listed(&server, "+14155550100").known_owner.is_none());
}

#[test]
fn the_columns_of_owners_are_for_lists_of_owners() {
    let least = "number,organisation,calls,source,date\n+14155550100,First Bank,yes,registry,2026-01-01\n";
    let found = entries_of(least, ListKind::KnownOwner).unwrap();
    assert_eq!((found.entries.len(), found.rejects.len()), (1, 0));
    for (header, kind) in [
        ("number,source,date", ListKind::KnownOwner),
        ("number,organisation,source,date", ListKind::KnownOwner),
        ("number,calls,source,date", ListKind::KnownOwner),
        ("number,organisation,calls,source,date,action", ListKind::KnownOwner),
        ("number,organisation,calls,source,date", ListKind::DoNotOriginate),
        ("number,brand,source,date", ListKind::Protected),
    ] {
        let refused = entries_of(header, kind);
        assert!(matches!(refused, Err(ImportError::Columns { .. })), "{header}");
    }
}

/// JSON clients state an owner in an object of its own, and a violation names its field.
#[tokio::test]
async fn owners_are_replaced_over_http() {
    let server = Server::start().await;
    let put = |kind: &str, owner: serde_json::Value| {
        let head = json!({ "kind": kind, "requestId": format!("{kind} {owner}"), "actor": "ana" });
        let mut entry = json!({ "number": "+14155550100", "source": "registry", "enteredAt": "2026-01-01T00:00:00Z" });
        entry["owner"] = owner;
        json!({ "head": head, "entries": [entry] }).to_string()
    };
    let bank = json!({ "organisation": "First Bank", "calls": "OWNER_CALLS_NEVER" });
    let body = put("LIST_KIND_KNOWN_OWNER", bank.clone());
    let replaced = server.request("PUT", "/v1/lists/owners", &body).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    assert_eq!(owner(&server, "+14155550100").unwrap().calls, OwnerCalls::Never);
    for (kind, owner, field) in [
        ("LIST_KIND_DO_NOT_ORIGINATE", bank, "entries[0].owner.organisation"),
        (
            "LIST_KIND_KNOWN_OWNER",
            json!({ "organisation": "First Bank" }),
            "entries[0].owner.calls",
        ),
        ("LIST_KIND_KNOWN_OWNER", json!(null), "entries[0].owner.organisation"),
    ] {
        let refused = server.request("PUT", "/v1/lists/owners", &put(kind, owner)).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.body.contains(field), "{field}: {refused:?}");
    }
}
