//! Which calls have a place in the limit, and until when.

use super::*;

/// How long the clients wait.
const TIMEOUT: Option<Duration> = Some(Duration::from_millis(60));

/// Opens lookups on a connection, and begins each 31 ms later.
async fn begin_late(pair: &mut Pair, flags: u8) {
    for round in 0..5 {
        for number in 0..10 {
            let stream = 2 * (10 * round + number) + 1;
            pair.read(&frame(HEADERS, flags, stream, BLOCK), 8_192).await;
        }
        tokio::time::advance(Duration::from_millis(31)).await;
        for _ in 0..10 {
            pair.shed.usage.begins(now(), TIMEOUT, true);
        }
    }
}

/// Calls begin in tasks of their own, so in any order.
#[tokio::test(start_paused = true)]
async fn calls_that_begin_in_another_order_leave_nothing_behind() {
    let mut pair = Pair::new(&limits()).await;
    pair.read(PREFACE, 8_192).await;
    for round in 0..2_000 {
        let streams = [1, 3, 5].map(|stream| stream + 6 * round);
        pair.read(&streams.map(head).concat(), 8_192).await;
        for stream in [streams[2], streams[0], streams[1]] {
            pair.shed.usage.begins(now(), TIMEOUT, true);
            pair.send(&frame(HEADERS, END_HEADERS, stream, BLOCK)).await;
        }
        pair.answers().await;
        assert!(!pair.shed.usage.has_waiting(now()), "{round}");
    }
}

/// Each round leaves an entry behind, and there is room for a thousand.
#[tokio::test(start_paused = true)]
async fn calls_that_are_reset_in_another_order_do_not_pile_up() {
    let mut pair = Pair::new(&limits()).await;
    pair.read(PREFACE, 8_192).await;
    for round in 0..1_500 {
        let [first, second] = [1, 3].map(|stream| stream + 4 * round);
        pair.read(&[head(first), head(second)].concat(), 8_192).await;
        pair.shed.usage.begins(now(), TIMEOUT, true);
        pair.read(&frame(RST_STREAM, 0, second, &[0; 4]), 8_192).await;
        pair.shed.usage.begins(now(), TIMEOUT, true);
        pair.send(&frame(HEADERS, END_HEADERS, first, BLOCK)).await;
        pair.answers().await;
        tokio::time::advance(Duration::from_millis(200)).await;
    }
    assert_eq!(pair.read(&call(9_001), 8_192).await, call(9_001));
    assert!(pair.shed.usage.has_waiting(now()), "the call has an entry");
}

/// Its client decides when the rest comes: it could make the server look late, and take the places of others.
#[tokio::test(start_paused = true)]
async fn a_call_whose_header_fields_come_in_parts_has_no_place() {
    for (flags, is_late) in [(END_HEADERS, true), (0, false)] {
        let limits = limits();
        let mut pair = Pair::new(&limits).await;
        pair.shed.usage.known();
        pair.read(PREFACE, 8_192).await;
        begin_late(&mut pair, flags).await;
        assert_eq!(limits.is_late(now()), is_late);
    }
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    pair.read(&frame(HEADERS, 0, 1, BLOCK), 8_192).await;
    assert_eq!(pair.read(&call(3), 8_192).await, call(3));
}

#[tokio::test(start_paused = true)]
async fn calls_of_strangers_do_not_say_that_the_server_is_late() {
    let limits = limits();
    let mut pair = Pair::new(&limits).await;
    pair.read(PREFACE, 8_192).await;
    begin_late(&mut pair, END_HEADERS).await;
    assert!(!limits.is_late(now()));
}

#[tokio::test(start_paused = true)]
async fn calls_that_must_be_taken_up_leave_the_places_of_lone_calls() {
    let limits = late(2);
    let mut pair = Pair::new(&limits).await;
    pair.read(PREFACE, 8_192).await;
    assert_eq!(pair.read(&inserting(20), 8_192).await, inserting(20));
    let mut other = Pair::new(&limits).await;
    other.read(PREFACE, 8_192).await;
    assert_eq!(other.read(&call(1), 8_192).await, call(1));
    assert_eq!(other.read(&call(3), 8_192).await, b"", "the first is not answered");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_has_no_place_while_the_server_waits_for_its_client() {
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    pair.read(&head(1), 8_192).await;
    let lookup = pair.shed.usage.begins(now(), TIMEOUT, true).lookup.unwrap();
    assert_eq!(pair.read(&call(3), 8_192).await, b"");
    pair.shed.usage.waits_for_client(lookup);
    assert_eq!(pair.read(&call(5), 8_192).await, call(5));
}

#[tokio::test(start_paused = true)]
async fn a_lookup_counts_until_it_is_answered_and_another_call_until_it_begins() {
    let reset = |stream| frame(RST_STREAM, 0, stream, &[0; 4]);
    let mut pair = Pair::new(&late(1)).await;
    pair.read(PREFACE, 8_192).await;
    assert_eq!(pair.read(&call(1), 8_192).await, call(1));
    pair.shed.usage.begins(now(), TIMEOUT, true);
    assert_eq!(pair.read(&call(3), 8_192).await, b"", "the lookup is not answered");
    pair.send(&frame(HEADERS, END_HEADERS, 1, BLOCK)).await;
    assert_eq!(pair.read(&call(5), 8_192).await, call(5));
    pair.shed.usage.begins(now(), TIMEOUT, false);
    assert_eq!(pair.read(&call(7), 8_192).await, call(7), "the other call has begun");
    pair.shed.usage.begins(now(), TIMEOUT, true);
    let sent = [reset(7), call(9)].concat();
    assert_eq!(pair.read(&sent, 8_192).await, sent, "nobody waits for the lookup");
    // HTTP/2 hands it over all the same, and it is that which begins next.
    assert_eq!(pair.read(&[reset(9), call(11)].concat(), 8_192).await, reset(9));
    pair.shed.usage.begins(now(), TIMEOUT, false);
    assert_eq!(pair.read(&call(13), 8_192).await, call(13));
}

/// Those that came last have the most time left.
#[tokio::test(start_paused = true)]
async fn of_calls_that_are_read_together_the_last_ones_are_taken_up() {
    let mut pair = Pair::new(&late(2)).await;
    pair.read(PREFACE, 8_192).await;
    let sent = [1, 3, 5, 7].map(call).concat();
    assert_eq!(pair.read(&sent, 8_192).await, [5, 7].map(call).concat());
    assert_eq!(pair.answers().await, [refusal(1), refusal(3), window(14)].concat());
}
