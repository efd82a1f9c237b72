//! The contract of every store, as tests over a [`Place`](crate::support::backends::Place).
//!
//! `store_contract!(name, place)` makes a module `name` with these tests. `place` is an expression that awaits a fresh
//! place for a store.

pub mod commits;
pub mod erasing;
pub mod events;
pub mod following;
pub mod life;
pub mod model;
pub mod reading;
pub mod side_records;
pub mod tenants;

/// Makes the tests of the contract for one store.
#[macro_export]
macro_rules! store_contract {
    ($store:ident, $place:expr) => {
        mod $store {
            #[allow(unused_imports, reason = "the place may be named by a path of its own")]
            use super::*;

            $crate::store_contract!(@tests $place; commits:
                versions_start_at_one_and_rise_by_one,
                a_write_needs_the_version_that_is_stored,
                a_conflict_in_one_record_writes_nothing_at_all,
                a_deleted_record_is_gone_and_its_version_is_not_used_again,
                buckets_lie_beside_records,
                shards_of_one_call_are_independent,
                commits_of_one_shard_in_one_call_run_in_order,
                nothing_is_lost_among_concurrent_writers,
                limits_are_refused,
                the_largest_value_is_taken,
                an_empty_commit_does_nothing,
                a_retry_of_what_was_written_conflicts,
            );
            $crate::store_contract!(@tests $place; following:
                entries_carry_header_and_state,
                entries_start_where_they_are_asked_for,
                heads_tell_sequence_and_nonce,
                a_sweep_tells_the_heads_that_changed,
                the_log_is_trimmed_to_the_newest,
                one_commit_can_be_longer_than_the_log,
                a_commit_notifies_after_it_is_there,
                a_failed_commit_does_not_notify,
                another_instance_sees_writes_and_gets_notifications,
            );
            $crate::store_contract!(@tests $place; reading:
                reads_answer_in_the_order_of_the_keys,
                any_bytes_come_back_as_they_were,
                scans_are_complete_and_of_one_table,
                records_of_all_kinds_are_apart,
                a_scan_survives_writes_between_its_pages,
                tables_start_empty,
                buckets_of_a_number_are_read_at_once,
            );
            $crate::store_contract!(@tests $place; side_records:
                a_side_record_has_versions_of_its_own_and_makes_no_entry,
                a_stale_side_record_stops_the_whole_commit,
                a_stale_record_stops_its_side_records,
                side_records_of_all_kinds_are_apart,
                side_records_are_kept_when_the_store_is_opened_again,
                a_side_record_named_twice_or_too_large_is_refused,
            );
            $crate::store_contract!(@tests $place; events:
                events_are_written_with_the_change,
                a_conflict_leaves_no_event,
                events_are_read_by_time_newest_first,
                old_events_are_dropped_in_small_steps,
                several_instances_drop_what_is_old_alone,
                events_are_kept_when_the_store_is_opened_again,
                a_large_state_is_not_in_the_log,
            );
            $crate::store_contract!(@tests $place; erasing:
                a_log_is_forgotten_up_to_an_entry,
                a_forgotten_log_goes_on,
                an_event_gets_other_bytes,
            );
            $crate::store_contract!(@tests $place; tenants:
                the_same_ids_of_two_tenants_are_apart,
                a_commit_for_two_tenants_is_refused,
            );
            $crate::store_contract!(@tests $place; life:
                a_new_store_is_ready_and_has_a_name_of_its_own,
                a_store_opened_again_is_the_same,
                the_evidence_version_is_kept,
            );
            $crate::store_contract!(@tests $place; model: behaves_as_the_reference_does,);
        }
    };
    (@tests $place:expr; $part:ident: $($test:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let place = $place;
                $crate::store::contract::$part::$test(&place).await;
            }
        )+
    };
}
