/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases that are in other files than the list of them (cases.c). */
#ifndef TESTS_CONFORMANCE_CASES_H
#define TESTS_CONFORMANCE_CASES_H

#include "conformance/steps.h"

/* cases_work.c, cases_tree.c */
void test_a_drained_actor_handles_what_waits_and_refuses_the_rest(void **state);
void test_who_is_never_idle_can_be_stopped_and_killed(void **state);
void test_replies_keep_their_place_among_messages(void **state);
void test_a_ref_to_a_node_that_nobody_knows_is_unreachable_at_once(void **state);
void test_two_who_saturate_each_other_with_asks_make_progress(void **state);
void test_an_actor_that_is_full_does_not_hold_up_its_neighbours(void **state);
void test_a_supervised_child_keeps_its_ref_for_those_elsewhere(void **state);
void test_a_supervisor_that_gives_up_is_seen_from_elsewhere(void **state);
void test_a_child_started_elsewhere_is_run_again_after_a_crash_and_a_lost_node(void **state);
void test_a_node_that_stops_lets_its_actors_say_their_last_word(void **state);

/* cases_ask.c */
void test_asks_are_answered_once_each(void **state);
void test_an_ask_that_nobody_answers_times_out(void **state);
void test_an_ask_that_is_answered_with_a_failure_fails_with_it(void **state);
void test_an_ask_whose_callee_ends_is_broken(void **state);

/* cases_name.c */
void test_a_name_is_found_wherever_it_lives(void **state);
void test_a_search_waits_for_who_registers_later_and_gives_up_in_time(void **state);
void test_who_follows_a_name_sees_it_come_and_go(void **state);
void test_a_failed_init_leaves_no_name_and_a_name_has_one_holder(void **state);
void test_a_name_that_is_claimed_twice_gets_one_holder(void **state);
void test_only_who_is_exported_is_reached_from_elsewhere(void **state);

/* cases_group.c */
void test_both_places_see_who_joins_leaves_and_ends(void **state);
void test_the_members_of_a_node_that_crashes_are_gone(void **state);

/* cases_policy.c */
void test_who_conflates_gets_the_latest_of_each_key(void **state);
void test_what_is_too_much_goes_to_another(void **state);
void test_a_margin_leaves_places_to_who_wants_none(void **state);
void test_what_a_mailbox_drops_is_told_as_dead_letters_and_not_to_the_sender(void **state);
void test_what_has_expired_does_not_reach_the_handler(void **state);
void test_what_waits_in_the_mailbox_of_who_ends_comes_back_as_gone(void **state);

/* cases_link.c */
void test_an_abnormal_end_ends_who_is_linked(void **state);
void test_neither_a_normal_end_nor_that_of_an_unlinked_ends_another(void **state);
void test_a_link_to_who_has_ended_says_no_process(void **state);
void test_the_crash_of_the_other_node_ends_who_is_linked_there(void **state);

/* cases_large.c */
void test_large_messages_arrive_whole_in_order_and_once(void **state);
void test_more_than_sixteen_mebibytes_are_too_big(void **state);
void test_large_messages_are_written_in_place_shared_and_kept(void **state);
void test_small_messages_pass_among_large_ones(void **state);
void test_a_node_that_dies_half_way_leaves_no_large_message_behind(void **state);

#endif
