//! What one instance has created is found on the other at once.

use serde_json::json;
use tokio::time::Instant;

use super::{DURABLE, Round};
use crate::link::Link;
use crate::outcome::Outcome;
use crate::scene::Scene;
use crate::support::program::Program;
use crate::support::redis_server::RedisServer;

/// Cases, lists and notes of a round, and of one in which the network is away: then each question takes about a second.
const OF_ROUND: usize = 4;
const OF_ROUND_AWAY: usize = 1;

/// Cases, notes and lists are created on one instance and asked for on the other one. In every other round, the network of
/// the other one is away: it may say that it cannot know, but never that there is nothing.
pub async fn at_once(round: Round) -> Outcome {
    let redis = RedisServer::start(&DURABLE);
    let link = Link::to(redis.port()).await;
    let mut scene = Scene::of_two([link.url(), redis.url()], round.seed).await;
    let mut found = 0;
    for number in 0..round.rounds {
        scene.wait(100, 500).await;
        let (other, one) = (&scene.instances[0], &scene.instances[1]);
        let is_away = number % 2 == 1;
        let mut wrong = Vec::new();
        for item in 0..if is_away { OF_ROUND_AWAY } else { OF_ROUND } {
            let id = format!("r{number}-{item}");
            let paths = created(one, &id).await;
            link.black_hole(is_away);
            for path in paths {
                match other.get(&path).await {
                    (200, _) => found += 1,
                    // The latter is no answer within two seconds, on a busy machine.
                    (503 | 0, _) => {}
                    (status, body) => wrong.push(format!("{path}: {status} {body}")),
                }
            }
            // Each item meets the fault anew, since the instance soon knows that the store is away.
            link.black_hole(false);
        }
        for wrong in wrong {
            scene.expect(false, || wrong);
        }
        scene.heal(Instant::now()).await;
    }
    scene.expect(found > 0, || "nothing was found".to_owned());
    scene.end().await
}

/// Creates a case, a note on it, and a list; returns where they are to be found.
async fn created(instance: &Program, id: &str) -> [String; 3] {
    let case =
        json!({"caseId": id, "title": "calls", "category": "CATEGORY_PHISHING", "actor": "ana", "requestId": id});
    let note = json!({"caseId": id, "text": "a note", "actor": "ana", "requestId": format!("n-{id}")});
    let list = json!({
        "head": {"kind": "LIST_KIND_DO_NOT_ORIGINATE", "actor": "ana", "requestId": format!("l-{id}")},
        "entries": [{"number": "+14155550199", "source": "registry", "enteredAt": "2020-11-01T00:00:00Z"}],
    });
    for (method, path, body) in [
        ("POST", "/v1/cases".to_owned(), case),
        ("POST", "/v1/notes".to_owned(), note),
        ("PUT", format!("/v1/lists/{id}"), list),
    ] {
        let is_done = async || instance.request(method, &path, &body.to_string()).await.0 == 200;
        instance.wait_for(&path, is_done).await;
    }
    [
        format!("/v1/cases/{id}"),
        format!("/v1/notes?caseId={id}"),
        format!("/v1/lists/{id}"),
    ]
}
