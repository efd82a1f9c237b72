//! Parameters of a query that are wrong: the answer names what is accepted, and no list is empty without its reason.

use crate::support::server::Server;

#[tokio::test]
async fn a_wrong_parameter_is_told_what_is_accepted() {
    let server = Server::start().await;
    for (path, status, parts) in [
        (
            "/v1/numbers?category=bank_impersonatio",
            400,
            &["category: must be one of", "the nearest one is BANK_IMPERSONATION"][..],
        ),
        (
            "/v1/numbers?category=bnk",
            400,
            &["category: must be one of", "CATEGORY_PHISHING"],
        ),
        ("/v1/numbers?minScore=high", 400, &["minScore: must be a number"]),
        ("/v1/numbers?ascending=yes", 400, &["ascending: must be true or false"]),
        ("/v1/numbers?sort=SCORE&sort=REPORTS", 400, &["sort: is set twice"]),
        (
            "/v1/numbers?minScore=90&maxScore=10",
            400,
            &["minScore: must not be above `maxScore`"],
        ),
        ("/v1/numbers?caseId=nowhere", 404, &["the case does not exist"]),
        ("/v1/search?text=415", 400, &["text: must have at least 4 digits"]),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        for part in parts {
            assert!(answer.body.contains(part), "{part}: {path}: {}", answer.body);
        }
    }
    for path in ["/v1/search?text=4155", "/v1/search?text=no+such+case"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
}
