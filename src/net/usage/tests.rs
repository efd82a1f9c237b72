//! Tests of idle connections and of those that hold up others.

use std::net::IpAddr;
use std::task::Waker;

use tokio::time::{sleep, timeout};

use super::*;
use crate::net::open::{OpenConnections, Place, RECHECK};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

async fn places<const N: usize>(connections: &OpenConnections) -> [Place; N] {
    let mut places = Vec::new();
    for _ in 0..N {
        places.push(connections.place(HOME).await.unwrap());
    }
    places.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_longest_idle_connection_makes_room() {
    let connections = OpenConnections::new(ConnectionLimits::of(3));
    let [first, second, third] = places(&connections).await;
    sleep(IDLE_MIN).await;
    let call = first.usage().begin_call();
    third.usage().took();
    let mut further = std::pin::pin!(connections.place(HOME));
    assert!(timeout(4 * RECHECK, &mut further).await.is_err());
    let closing = [&first, &second, &third].map(|place| place.usage().is_closing());
    assert_eq!(closing, [false, true, false]);
    drop(second);
    drop((further.await, call));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_begins_first_keeps_its_connection() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let cx = Context::from_waker(Waker::noop());
    sleep(IDLE_MIN).await;
    place.usage().close();
    let call = place.usage().begin_call();
    assert!(!place.usage().poll_closing(&cx));
    drop(call);
    sleep(IDLE_MIN).await;
    assert!(!place.usage().poll_closing(&cx), "the request to close was taken back");
    place.usage().close();
    assert!(place.usage().poll_closing(&cx));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_no_call_in_progress() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let usage = place.usage();
    let _call = usage.begin_call();
    let wait = usage.wait_for_body();
    for _ in 0..4 {
        sleep(BODY_PAUSE_MAX * 3 / 4).await;
        assert_eq!(usage.closable_for(), None, "bytes still arrive");
        usage.heard();
    }
    sleep(BODY_PAUSE_MAX).await;
    assert!(usage.closable_for().is_some());
    drop(wait);
    assert_eq!(usage.closable_for(), None, "the call is being answered");
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_message_makes_room_however_often_its_client_answers_pings() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let usage = place.usage();
    let _call = usage.begin_call();
    let silent = usage.silent_stream();
    assert_eq!(usage.closable_for(), None, "it has just begun");
    for _ in 0..8 {
        sleep(SILENT_MAX / 8).await;
        usage.heard();
    }
    assert!(usage.closable_for().is_some());
    drop(silent);
    assert_eq!(usage.closable_for(), None, "a message is being answered");
    let _silent = usage.silent_stream();
    assert_eq!(usage.closable_for(), None, "the client has just sent one");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_may_be_a_request_keep_their_connection_for_a_while() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let cx = Context::from_waker(Waker::noop());
    sleep(100 * IDLE_MIN).await;
    place.usage().heard();
    place.usage().close();
    assert!(!place.usage().poll_closing(&cx), "the bytes have not been read yet");
    assert!(place.usage().closable_for().is_none());
    sleep(IDLE_MIN).await;
    assert!(place.usage().closable_for().is_some());
    let begin = Instant::now();
    while place.usage().closable_for().is_none() || begin.elapsed().is_zero() {
        place.usage().heard();
        sleep(RECHECK).await;
    }
    let kept = begin.elapsed();
    let most = NO_REQUEST_MAX + IDLE_MIN;
    assert!((most..most + 2 * RECHECK).contains(&kept), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_is_taken_stops_counting() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let usage = place.usage();
    let mut call = usage.begin_call();
    sleep(2 * UNREAD_MAX).await;
    assert!(usage.closable_for().is_none(), "the handler takes its time");
    call.untaken(true);
    // The client answers pings, and so does the server.
    for _ in 0..9 {
        sleep(UNREAD_MAX / 10).await;
        usage.heard();
        usage.blocked(false);
    }
    assert!(usage.closable_for().is_none(), "the client may be slow");
    usage.took();
    sleep(UNREAD_MAX / 2).await;
    assert!(usage.closable_for().is_none(), "the client takes some");
    sleep(UNREAD_MAX / 2).await;
    assert!(usage.closable_for().is_some());
    let further = usage.begin_call();
    assert!(usage.closable_for().is_none(), "another call is in progress");
    drop(further);
    assert!(usage.closable_for().is_some());
    call.untaken(false);
    assert!(usage.closable_for().is_none(), "the client takes the answer");
    drop(call);
    assert!(usage.closable_for().is_none());
    sleep(IDLE_MIN).await;
    assert!(usage.closable_for().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_calls_and_for_answers_that_are_being_taken() {
    let connections = OpenConnections::new(ConnectionLimits::of(3));
    let [silent, calling, reading] = places(&connections).await;
    let call = calling.usage().begin_call();
    reading.usage().blocked(true);
    let mut end = std::pin::pin!(connections.close_when_idle());
    assert!(timeout(4 * IDLE_MIN, &mut end).await.is_err());
    let closing = [&silent, &calling, &reading].map(|place| place.usage().is_closing());
    assert_eq!(closing, [true, false, false]);
    drop((silent, call));
    assert!(timeout(UNREAD_MAX, &mut end).await.is_err());
    assert!(calling.usage().is_closing() && reading.usage().is_closing());
    drop((calling, reading));
    end.await;
}

/// The server pings a client that is silent, and the client answers: it is idle all the same.
#[tokio::test(start_paused = true)]
async fn only_a_call_keeps_a_connection_from_being_idle() {
    let limits = ConnectionLimits {
        idle_timeout: Duration::from_secs(60),
        ..ConnectionLimits::of(2)
    };
    let connections = OpenConnections::new(limits);
    let [pinging, calling] = places(&connections).await;
    let cx = Context::from_waker(Waker::noop());
    let use_both = async {
        for _ in 0..70 {
            sleep(Duration::from_secs(1)).await;
            pinging.usage().heard();
            pinging.usage().blocked(false);
            drop(calling.usage().begin_passing_call());
        }
    };
    tokio::select! {
        () = use_both => {}
        never = connections.drop_idle_and_stalled() => match never {},
    }
    assert!(pinging.usage().poll_closing(&cx));
    assert!(!calling.usage().poll_closing(&cx), "its checks are calls");
}

/// Answers to pings are written to a client that takes nothing of its answer.
#[tokio::test(start_paused = true)]
async fn pings_do_not_pass_for_a_client_that_takes_its_answer() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let usage = place.usage();
    let mut call = usage.begin_call();
    call.untaken(true);
    for _ in 0..STALLED_MAX.as_secs() {
        assert!(!usage.is_stalled());
        sleep(Duration::from_secs(1)).await;
        usage.heard();
        usage.blocked(false);
    }
    sleep(Duration::from_secs(1)).await;
    assert!(usage.is_stalled());
}

/// A watch of health, or reflection, is cut off.
#[tokio::test(start_paused = true)]
async fn a_passing_call_keeps_no_connection() {
    let connections = OpenConnections::new(ConnectionLimits::of(1));
    let [place] = places(&connections).await;
    let mut call = place.usage().begin_passing_call();
    call.untaken(true);
    sleep(IDLE_MIN).await;
    assert!(place.usage().closable_for().is_some());
    let mut end = std::pin::pin!(connections.close_when_idle());
    assert!(timeout(2 * IDLE_MIN, &mut end).await.is_err());
    assert!(place.usage().is_closing());
    drop((call, place));
    end.await;
}

/// The idle connections of an address begin a call at the moment in which they should make room.
#[tokio::test(start_paused = true)]
async fn calls_at_the_right_moment_do_not_pass_the_limit_of_an_address() {
    let limits = ConnectionLimits {
        per_address: 2,
        ..ConnectionLimits::of(10)
    };
    let connections = OpenConnections::new(limits);
    let [first, second] = places(&connections).await;
    let cx = Context::from_waker(Waker::noop());
    sleep(IDLE_MIN).await;
    let third = connections.place(HOME).await.unwrap();
    let calls = [&first, &second].map(|place| place.usage().begin_call());
    let closing = [&first, &second].map(|place| place.usage().poll_closing(&cx));
    assert_eq!(
        closing.iter().filter(|closing| **closing).count(),
        1,
        "the one that made room"
    );
    let _call = third.usage().begin_call();
    assert!(connections.place(HOME).await.is_none(), "none of the others is idle");
    let other = "192.0.2.7".parse().unwrap();
    assert!(connections.place(other).await.is_some());
    drop(calls);
}
