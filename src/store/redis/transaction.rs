//! Calls that the server runs in one transaction.
//!
//! With `appendfsync always` Redis forces its log to disk after every few kilobytes of calls, but only once for a
//! `MULTI`: a batch then waits for the disk once and not hundreds of times. The store does not need the calls to be one
//! atomic step. A node of a cluster refuses a transaction over several slots; the calls are then sent one by one.

use redis::{Cmd, Pipeline, Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::reply;

/// Sends calls in one transaction, and returns an answer for each, which may be the server's error.
pub(super) async fn ask(
    connection: &ServerConnection,
    calls: &[Cmd],
    deadline: CallDeadline,
) -> Result<Vec<Value>, RedisFailure> {
    if calls.len() > 1 {
        // Not with the driver's transactions: they do not tell which call was refused, nor what ran if `MULTI` was.
        let commands = [cmd("MULTI")].into_iter().chain(calls.iter().cloned());
        let answers = connection
            .ask(&pipeline(commands.chain([cmd("EXEC")])), deadline)
            .await?;
        if !answers.last().is_some_and(is_cross_slot) {
            return each(answers);
        }
    }
    connection.ask(&pipeline(calls.iter().cloned()), deadline).await
}

fn pipeline(commands: impl Iterator<Item = Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

/// Whether a transaction was refused as a whole because its keys are of several slots.
fn is_cross_slot(executed: &Value) -> bool {
    matches!(executed, Value::ServerError(error) if error.code() == "CROSSSLOT")
}

/// The answers to the calls, from the answers to `MULTI`, the calls and `EXEC`.
fn each(answers: Vec<Value>) -> Result<Vec<Value>, RedisFailure> {
    let malformed = || RedisFailure::Malformed { wanted: "transaction" };
    let mut answers = answers.into_iter();
    let begun = answers.next().ok_or_else(malformed)?;
    let executed = answers.next_back().ok_or_else(malformed)?;
    let queued: Vec<Value> = answers.collect();
    if reply::failure(&begun).is_some() {
        return Ok(queued); // there was no transaction, the server ran or refused each call as it came
    }
    if reply::failure(&executed).is_none() {
        let results = reply::list(executed)?;
        return if results.len() == queued.len() {
            Ok(results)
        } else {
            Err(malformed())
        };
    }
    // Nothing was run: one call was refused, or the whole transaction.
    let refused = |queued| {
        if reply::failure(&queued).is_some() {
            queued
        } else {
            executed.clone()
        }
    };
    Ok(queued.into_iter().map(refused).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(lines: &str) -> Vec<String> {
        let lines = lines.split_inclusive('|').map(|line| line.trim_end_matches('|'));
        let values = lines.map(|line| redis::parse_redis_value(line.as_bytes()).unwrap());
        let answers = each(values.collect()).unwrap();
        answers.iter().map(|answer| format!("{answer:?}")).collect()
    }

    #[test]
    fn results_are_those_of_the_execution() {
        let found = answers("+OK\r\n|+QUEUED\r\n|+QUEUED\r\n|*2\r\n:1\r\n-NOSCRIPT none\r\n");
        assert_eq!(found[0], "int(1)");
        assert!(found[1].contains("NOSCRIPT"), "{found:?}");
    }

    #[test]
    fn a_refused_call_refuses_all_of_them() {
        let found = answers("+OK\r\n|+QUEUED\r\n|-OOM full\r\n|-EXECABORT discarded\r\n");
        assert!(found[0].contains("EXECABORT") && found[1].contains("OOM"), "{found:?}");
    }

    #[test]
    fn without_a_transaction_each_call_has_its_own_answer() {
        let found = answers("-NOPERM no multi\r\n|:1\r\n|:2\r\n|-ERR EXEC without MULTI\r\n");
        assert_eq!(found, ["int(1)", "int(2)"]);
    }

    #[test]
    fn an_answer_short_of_results_is_malformed() {
        let values =
            ["+OK\r\n", "+QUEUED\r\n", "*0\r\n"].map(|line| redis::parse_redis_value(line.as_bytes()).unwrap());
        assert!(each(values.to_vec()).is_err_and(|failure| failure.outcome_unknown()));
    }
}
