"""The table of planted bugs: each with the test that must find it, by the part of the project that it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.planted_bugs.planting import PlantedBug

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUS = "tests/integration/shared/bus"
_DELIVERY = f"{_BUS}/test_delivery.py"
_DEAD_LETTERS = f"{_BUS}/test_dead_letters.py"
_PAUSE = f"{_BUS}/test_pause.py"
_HEADS = f"{_BUS}/test_heads.py"
_ADMISSION = "tests/unit/shared/bus/test_admission.py"
_SIMULATION = "tests/simulation/test_bus.py::test_any_interleaving_ends_with_every_event_applied_once"
_MATCHING = "tests/integration/matching"
_LIFE = f"{_MATCHING}/lifecycle/test_life_of_a_match.py"
_MENTORSHIPS = f"{_MATCHING}/lifecycle/test_mentorships.py"
_PORTAL = "tests/integration/applications"
_PARTNERS = f"{_PORTAL}/partners/test_partners.py"
_AVAILABILITY = f"{_PORTAL}/availability/test_availability.py"
_LEASES = "tests/simulation/test_leases.py::test_at_most_one_process_acts_under_a_lease"
_NOTIFICATIONS = "tests/integration/notifications"
_DISCLOSURE = "tests/unit/reporting/disclosure"
_READING = "tests/integration/reporting/disclosure/test_reading.py"
_SERVICES = "tests/simulation/test_services.py::test_the_services_heal_by_themselves_and_do_nothing_twice"
_LEAKS = "tests/redteam/test_attacks.py"
_GROUPINGS = "tests/integration/reporting/groupings/test_choice.py"

OUTBOX = (
    PlantedBug(
        "relay-settles-without-lease",
        "shared.bus.outbox.relay:Relay._settle_sent",
        'transaction("system:relay", lease)',
        'transaction("system:relay")',
        f"{_DEAD_LETTERS}::test_a_relay_without_its_lease_settles_nothing",
    ),
    PlantedBug(
        "relay-sends-although-it-slept",
        "shared.bus.outbox.relay:Relay._send",
        "                    await leases.ensure(self._bus, lease)\n",
        "                    pass\n",
        f"{_BUS}/test_stalled_relay.py::test_a_relay_that_slept_before_it_sent_sends_nothing",
    ),
    PlantedBug(
        "relay-deletes-up-to-the-highest-acknowledged",
        "shared.bus.outbox.relay:_SETTLE",
        "position = ANY($1::bigint[])",
        "position <= (SELECT max(given) FROM unnest($1::bigint[]) AS given)",
        f"{_DEAD_LETTERS}::test_unacknowledged_events_stay_in_the_outbox",
    ),
    PlantedBug(
        "relay-acknowledges-behind-a-failure-of-a-compacted-topic",
        "shared.bus.outbox.relay:Relay._answers",
        'or not TOPICS[row["aggregatetype"]].compacted',
        "or True",
        f"{_DEAD_LETTERS}::test_a_compacted_topic_ends_with_the_newest_state_although_a_record_failed",
    ),
    PlantedBug(
        "relay-sends-what-is-being-settled-again",
        "shared.bus.outbox.relay:_FETCH",
        " AND (position < $4 OR position > $5)",
        " AND (position < $4 OR position > $5 OR true)",
        f"{_DEAD_LETTERS}::test_a_batch_being_settled_is_not_sent_again",
    ),
    PlantedBug(
        "relay-sends-out-of-order",
        "shared.bus.outbox.relay:_FETCH",
        "ORDER BY position LIMIT $1",
        "ORDER BY position DESC LIMIT $1",
        f"{_DEAD_LETTERS}::test_a_batch_being_settled_is_not_sent_again",
    ),
    PlantedBug(
        "relay-goes-on-after-a-batch-that-was-not-settled",
        "shared.bus.outbox.relay:Relay.send_on",
        "            acknowledged = await self._send(lease, rows)\n            await self.settled()\n",
        "            acknowledged = await self._send(lease, rows)\n",
        f"{_DEAD_LETTERS}::test_events_behind_an_unsettled_batch_are_sent_again_after_it",
    ),
    PlantedBug(
        "relay-does-not-look-for-losses-when-it-takes-over",
        "shared.bus.outbox.relay:Relay._take_over",
        "        await self._losses.look()\n",
        "",
        f"{_BUS}/test_losses.py::test_a_lost_tail_is_sent_again_whole",
    ),
    PlantedBug(
        "loss-one-short",
        "shared.bus.outbox.lost_records:LostRecords._requeue",
        '"offset" >= $3',
        '"offset" > $3',
        f"{_BUS}/test_losses.py::test_a_lost_tail_is_sent_again_whole",
    ),
    PlantedBug(
        "loss-unseen-in-acknowledgements",
        "shared.bus.outbox.lost_records:LostRecords.notice",
        "each.offset <= self._highest.get(key, -1)",
        "each.offset < self._highest.get(key, -1)",
        f"{_BUS}/test_losses.py::test_a_new_record_in_the_place_of_a_lost_one_shows_the_loss",
    ),
    PlantedBug(
        "compacted-loss-resends-the-oldest",
        "shared.bus.outbox.lost_records:LostRecords._requeue",
        "ORDER BY aggregateid, sequence DESC",
        "ORDER BY aggregateid, sequence",
        f"{_BUS}/test_losses.py::test_a_compacted_topic_gets_the_newest_state_of_each_key",
    ),
    PlantedBug(
        "missing-topic-is-created-empty",
        "shared.bus.outbox.upkeep:Upkeep.restore",
        "            count = await self._requeue(lease, name, range(BUCKETS))\n",
        "            count = 0\n",
        f"{_HEADS}::test_a_missing_topic_is_created_and_its_journal_put_into_the_outbox",
    ),
    PlantedBug(
        "requests-of-readers-are-not-served",
        "shared.bus.outbox.upkeep:Upkeep.serve",
        "events = await self._requeue(lease, topic, request.buckets)",
        "events = 0",
        f"{_HEADS}::test_a_request_is_served_once_and_by_the_relay_alone",
    ),
    PlantedBug(
        "upkeep-sends-again-without-lease",
        "shared.bus.outbox.upkeep:Upkeep._requeue",
        'transaction("system:relay", lease)',
        'transaction("system:relay")',
        f"{_HEADS}::test_a_request_is_served_once_and_by_the_relay_alone",
    ),
    PlantedBug(
        "heads-are-published-once-only",
        "shared.bus.outbox.upkeep:Upkeep._is_due",
        "digest != head.digest or ",
        "not digest or ",
        f"{_HEADS}::test_only_heads_that_have_changed_are_published_and_all_now_and_then",
    ),
    PlantedBug(
        "journal-without-optimistic-lock",
        "shared.bus.db.journal:_row",
        "fact.expected is not None and fact.expected != head.sequence",
        "fact.expected is not None and fact.expected > head.sequence",
        f"{_DELIVERY}::test_two_writers_of_one_aggregate_cannot_pass_each_other",
    ),
    PlantedBug(
        "journal-chain-ignores-what-was-before",
        "shared.bus.db.journal:_WRITE_ONE",
        "sha256(a.hash || $11::bytea)",
        "sha256($12::bytea || $11::bytea)",
        f"{_DELIVERY}::test_facts_written_alone_and_together_make_one_chain",
    ),
    PlantedBug(
        "journal-repeats-a-reaction",
        "shared.bus.db.journal:_already_written",
        "if fact.id.version == 5",
        "if fact.id.version == 6",
        f"{_BUS}/test_journal.py::test_a_reaction_that_is_repeated_is_the_same_fact",
    ),
    PlantedBug(
        "journal-replays-by-time",
        "shared.bus.db.journal:IN_ORDER",
        "max(recorded_at) OVER (PARTITION BY aggregatetype, aggregateid ORDER BY sequence)",
        "recorded_at",
        f"{_BUS}/test_losses.py::test_the_number_decides_and_not_when_a_transaction_began",
    ),
    PlantedBug(
        "partition-of-another-hash",
        "shared.bus.db.journal:murmur2",
        "0x9747B28C ^ length",
        "0x9747B28D ^ length",
        "tests/unit/shared/bus/test_partitions.py::test_the_hash_is_kafkas",
    ),
)

INBOX = (
    PlantedBug(
        "reader-without-fence",
        "shared.bus.log.offsets:lock",
        " ORDER BY topic, partition FOR UPDATE OF read_position",
        " ORDER BY topic, partition",
        f"{_BUS}/test_fence.py::test_of_two_readers_of_a_partition_one_waits_and_finds_its_records_applied",
    ),
    PlantedBug(
        "reader-applies-what-was-read-before",
        "shared.bus.log.offsets:fresh",
        "    return [record for record in records if record.offset >= at[record.topic, record.partition].next_offset]",
        "    return records",
        f"{_BUS}/test_fence.py::test_records_below_the_place_are_not_given_to_handlers",
    ),
    PlantedBug(
        "reader-does-not-compare-its-last-record",
        "shared.bus.log.offsets:_compare",
        "    if position.next_offset == 0:",
        "    if position.next_offset >= 0:",
        f"{_BUS}/test_fence.py::test_a_log_that_is_not_the_one_that_was_read_is_noticed",
    ),
    PlantedBug(
        "reader-does-not-compare-its-last-record-again",
        "shared.bus.log.offsets:_compare_again",
        "                if position.last_ce_id is not None and ce_id_of(record) != position.last_ce_id:\n"
        "                    raise LogChanged(partition)\n",
        "",
        f"{_BUS}/test_fence.py::test_a_batch_that_begins_below_the_place_is_compared_again",
    ),
    PlantedBug(
        "reader-does-not-look-at-ends",
        "shared.bus.inbox.reader:Reader._look_at_ends",
        "if end < ours[partition.topic, partition.partition]:",
        "if end < 0:",
        f"{_BUS}/test_ends.py::test_a_log_that_ends_before_what_was_read_is_read_from_its_start",
    ),
    PlantedBug(
        "reader-never-asks-the-broker-for-ends",
        "shared.bus.inbox.reader:Reader._look_at_ends",
        "self._asked_for_ends, suspects = now, list(ours)",
        "self._asked_for_ends, suspects = now, []",
        f"{_BUS}/test_ends.py::test_a_log_that_ends_before_what_was_read_is_read_from_its_start",
    ),
    PlantedBug(
        "missing-events-are-not-noted",
        "shared.bus.inbox.missing:Missing._note",
        "elif topic in self._suspected:",
        "elif topic in before:",
        f"{_HEADS}::test_events_that_are_missing_twice_in_a_row_are_requested",
    ),
    PlantedBug(
        "events-on-their-way-are-asked-for",
        "shared.bus.inbox.missing:Missing._note",
        "elif topic in self._suspected:",
        "else:",
        f"{_HEADS}::test_events_that_are_missing_twice_in_a_row_are_requested",
    ),
    PlantedBug(
        "heads-are-compared-at-the-end-only",
        "shared.bus.inbox.missing:Missing._comparable",
        "            if mark.is_passed(read):\n",
        "            if present.is_passed(read):\n",
        f"{_HEADS}::test_a_topic_that_is_never_read_to_its_end_is_compared",
    ),
    PlantedBug(
        "heads-are-compared-before-all-was-read",
        "shared.bus.inbox.missing:Mark.is_passed",
        "read.get(partition, 0) >= end",
        "read.get(partition, end) >= end",
        f"{_HEADS}::test_a_head_is_not_compared_before_all_that_it_counts_was_read",
    ),
    PlantedBug(
        "missing-events-are-not-in-the-metric",
        "shared.bus.inbox.missing:Missing._note",
        ".set(self.lacks[topic].events if topic in self.lacks else 0)",
        ".set(0)",
        f"{_HEADS}::test_events_that_are_missing_twice_in_a_row_are_requested",
    ),
    PlantedBug(
        "reader-passes-over-a-set-back",
        "shared.bus.log.offsets:refuse_set_back",
        "    if back:",
        "    if len(back) > 1:",
        f"{_BUS}/test_gathering.py::test_a_record_in_hand_does_not_pass_over_a_rebuild",
    ),
    PlantedBug(
        "reader-passes-over-a-failed-batch",
        "shared.bus.inbox.reader:Reader._attempt",
        "            await asyncio.sleep(AGAIN_SECONDS)\n            self._intake.rewind()\n",
        "            await asyncio.sleep(AGAIN_SECONDS)\n",
        f"{_BUS}/test_prefetch.py::test_a_batch_read_ahead_of_one_that_fails_comes_again_in_its_turn",
    ),
    PlantedBug(
        "gap-is-applied",
        "shared.bus.inbox.admission:Standing.judge",
        "return Verdict.APPLY if in_turn else Verdict.GAP",
        "return Verdict.APPLY",
        f"{_ADMISSION}::test_events_are_applied_in_the_order_one_two_three",
    ),
    PlantedBug(
        "fork-is-dropped",
        "shared.bus.inbox.admission:Standing.judge",
        "return Verdict.DROP if same else Verdict.FORK",
        "return Verdict.DROP",
        f"{_ADMISSION}::test_another_event_with_a_number_that_is_taken_is_a_fork",
    ),
    PlantedBug(
        "later-events-pass-a-dead-letter",
        "shared.bus.inbox.admission:Standing.judge",
        "            return Verdict.BEHIND",
        "            return Verdict.APPLY",
        f"{_ADMISSION}::test_a_subject_with_a_dead_letter_waits_behind_it_unless_the_missing_one_arrives",
    ),
    PlantedBug(
        "gap-stays-when-the-missing-event-arrives",
        "shared.bus.inbox.apply:Applier._admit",
        "return standing.dead_letter == Verdict.GAP and not compacted",
        "return False",
        f"{_DELIVERY}::test_a_gap_is_healed_by_the_owners_replay",
    ),
    PlantedBug(
        "reaction-of-a-rebuild-is-repeated",
        "shared.bus.inbox.apply:Applier._run",
        "if each.sequence > batch.standings[topic, each.source, each.subject].reacted",
        "if each.sequence > 0",
        f"{_DELIVERY}::test_a_rebuild_evolves_and_does_not_react",
    ),
    PlantedBug(
        "facts-of-a-failed-event-stay",
        "shared.bus.inbox.apply:Applier._run_one_by_one",
        "                tx.forget_after(mark)\n",
        "",
        f"{_DEAD_LETTERS}::test_a_reaction_that_fails_leaves_no_fact",
    ),
    PlantedBug(
        "passing-error-becomes-a-dead-letter",
        "shared.bus.inbox.apply:Applier._run_one_by_one",
        "                if is_transient(wrong):\n                    raise\n",
        "",
        f"{_DEAD_LETTERS}::test_a_passing_error_makes_no_dead_letter",
    ),
    PlantedBug(
        "deadlock-counts-as-lasting",
        "shared.bus.db.transient_errors:_PASSING",
        "    driver.TransactionRollbackError,\n",
        "",
        f"{_DEAD_LETTERS}::test_a_deadlock_passes",
    ),
    PlantedBug(
        "sweep-of-deferred-reactions-finds-nothing",
        "shared.bus.inbox.deferred_reactions:overdue",
        "a.subject = w.for_subject)",
        "a.subject = w.for_subject AND false)",
        f"{_BUS}/test_deferred_reactions.py::test_the_sweep_finds_what_two_instances_missed",
    ),
    PlantedBug(
        "deferred-reaction-is-not-released",
        "shared.bus.inbox.apply:Applier._run",
        "            if batch.any_waits:\n",
        "            if False:\n",
        f"{_BUS}/test_deferred_reactions.py::test_a_reaction_waits_for_its_subject",
    ),
    PlantedBug(
        "no-pause-when-all-fail",
        "shared.bus.inbox.failures:FailuresInARow.fail",
        "if len(self.subjects) >= self.most:",
        "if False:",
        f"{_PAUSE}::test_three_hundred_bad_events_in_a_row_pause_the_reader",
    ),
    PlantedBug(
        "no-limit-of-dead-letters-of-a-subject",
        "shared.bus.dead_letters.letters:_check_limits",
        'worst["count"] > a_subject',
        'worst["count"] > 10 * a_subject',
        f"{_PAUSE}::test_more_dead_letters_of_a_subject_than_the_limit_pause_the_reader",
    ),
    PlantedBug(
        "no-limit-of-dead-letters-in-all",
        "shared.bus.dead_letters.letters:_check_limits",
        "if total > in_all:",
        "if total > 10 * in_all:",
        f"{_PAUSE}::test_more_dead_letters_in_all_than_the_limit_pause_the_reader",
    ),
    PlantedBug(
        "forged-records-count-to-the-limits",
        "shared.bus.dead_letters.letters:_check_limits",
        "SELECT count(*) FROM dead_letter WHERE {HOLDS_BACK}",
        "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL",
        f"{_PAUSE}::test_forged_records_never_pause_the_reader",
    ),
    PlantedBug(
        "forged-records-are-kept-without-end",
        "shared.bus.dead_letters.letters:_room_for_others",
        "max(0, MOST_OF_OTHERS - int(count))",
        "MOST_OF_OTHERS + int(count)",
        f"{_PAUSE}::test_a_flood_of_forged_records_does_not_fill_the_table",
    ),
    PlantedBug(
        "source-is-not-compared-with-the-owner",
        "shared.bus.log.envelope:_read",
        " or told_by != claimed",
        "",
        f"{_BUS}/test_forgery.py::test_a_forged_withdrawal_is_a_dead_letter_and_the_owners_events_go_on",
    ),
    PlantedBug(
        "foreign-source-is-applied",
        "shared.bus.dead_letters.letters:HOLDS_BACK",
        " AND reason <> '{NOT_THE_OWNER}'",
        "",
        f"{_BUS}/test_forgery.py",
    ),
)

LEASES = (
    PlantedBug(
        "lease-keeps-its-epoch",
        "shared.bus.db.leases:_TAKE",
        "epoch = l.epoch + 1",
        "epoch = l.epoch",
        _LEASES,
    ),
    PlantedBug(
        "lease-prolonged-by-who-has-lost-it",
        "shared.bus.db.leases:_PROLONG",
        " AND lease.epoch = mine.epoch AND lease.holder = :holder",
        " AND :holder IS NOT NULL",
        _LEASES,
    ),
    PlantedBug(
        "commit-without-the-epoch",
        "shared.bus.db.lease_epoch:_CHECK",
        " AND epoch = :epoch",
        " AND :epoch > 0",
        f"{_DEAD_LETTERS}::test_a_relay_without_its_lease_settles_nothing",
    ),
    PlantedBug(
        "effect-without-a-sure-lease",
        "shared.bus.db.leases:ensure",
        "    if not lease.sure:\n        raise LeaseLost(lease.name)\n",
        "",
        f"{_BUS}/test_stalled_relay.py::test_a_relay_that_slept_before_it_sent_sends_nothing",
    ),
    PlantedBug(
        "portal-withdraws-without-lease",
        "services.applications.application.actions.deadlines:_withdraw",
        'transaction("system:clock", lease)',
        'transaction("system:clock")',
        f"{_PORTAL}/test_stalled.py",
    ),
    PlantedBug(
        "figures-are-counted-without-lease",
        "services.reporting.figures.actions.counting:recount_stale",
        'transaction("system:figures", lease)',
        'transaction("system:figures")',
        "tests/integration/reporting/test_stalled.py",
    ),
    PlantedBug(
        "dates-are-given-without-lease",
        "services.matching.scheduling.actions.planner:_retry",
        'transaction("system:matching", lease)',
        'transaction("system:matching")',
        f"{_MATCHING}/test_stalled.py::test_a_search_for_dates_that_slept_gives_no_dates_twice",
    ),
    PlantedBug(
        "overdue-matches-end-without-lease",
        "services.matching.lifecycle.actions.deadlines:_end",
        'transaction("system:clock", lease)',
        'transaction("system:clock")',
        f"{_MATCHING}/test_stalled.py::test_a_sweep_of_deadlines_that_slept_ends_nothing_twice",
    ),
    PlantedBug(
        "lease-outlasts-the-holders-clock",
        "shared.bus.db.lease_epoch:Lease.sure",
        "self.ends - _MARGIN * self.seconds",
        "self.ends + self.seconds",
        _LEASES,
    ),
)

SENDERS = (
    PlantedBug(
        "mail-has-a-third-copy",
        "services.notifications.messages.store.messages:_CLAIMED",
        "SET open_attempts = open_attempts + 1",
        "SET open_attempts = open_attempts",
        f"{_NOTIFICATIONS}/mail/test_killed.py::test_kills_at_the_same_set_make_no_third_copy",
    ),
    PlantedBug(
        "mail-sent-again-where-clocks-differ",
        "services.notifications.mail.sending.dispatch:Dispatcher._beside",
        "if message.id not in round_.begun]",
        "]",
        f"{_NOTIFICATIONS}/mail/test_mail.py::test_a_message_from_a_machine_whose_clock_is_ahead_is_one_email",
    ),
    PlantedBug(
        "second-mail-of-a-case-within-the-hour",
        "services.notifications.mail.sending.pacing:_within",
        "now < moment + HOUR",
        "now < moment",
        f"{_NOTIFICATIONS}/mail/test_hour.py::test_messages_within_the_hour_are_one_email_at_its_end",
    ),
    PlantedBug(
        "later-messages-are-marked-as-read",
        "services.notifications.inbox.store:mark_read",
        "added_at) <= seen",
        "added_at) >= seen",
        f"{_NOTIFICATIONS}/inbox/test_inbox.py::test_later_messages_stay_unread",
    ),
    PlantedBug(
        "mail-claimed-under-a-lost-lease",
        "services.notifications.mail.sending.delivery_log:DeliveryLog.record",
        "transaction(ACTOR, self.lease)",
        "transaction(ACTOR)",
        f"{_NOTIFICATIONS}/mail/test_mail.py::test_nothing_is_claimed_once_another_process_has_taken_over",
    ),
    PlantedBug(
        "paused-webhook-is-announced-again-and-again",
        "services.notifications.webhooks.worker:Courier._failing",
        "        if paused:\n",
        "        if paused and test:\n",
        f"{_NOTIFICATIONS}/webhooks/test_breaker.py::test_ten_refusals_at_once_are_one_notice",
    ),
    PlantedBug(
        "failing-webhook-is-paused-without-a-warning",
        "services.notifications.webhooks.model.webhook:pause_time",
        "max(failing_since + dead, now + dead * LEAST_NOTICE)",
        "failing_since + dead",
        f"{_NOTIFICATIONS}/webhooks/test_breaker.py::test_nothing_is_paused_without_a_warning",
    ),
    PlantedBug(
        "failing-webhook-is-announced-with-each-probe",
        "services.notifications.webhooks.worker:Courier._failing",
        "elif endpoint.pauses_at is None:\n",
        "elif endpoint.pauses_at is None or clock.now() < endpoint.pauses_at:\n",
        f"{_NOTIFICATIONS}/webhooks/test_breaker.py::test_a_pause_is_announced_once_well_before_it",
    ),
    PlantedBug(
        "failing-webhook-gets-its-queue-and-no-probe",
        "services.notifications.webhooks.store.deliveries:_EVENTS",
        "e.state IN ('active', 'recovering')",
        "e.state IN ('active', 'recovering', 'failing')",
        f"{_NOTIFICATIONS}/webhooks/test_breaker.py"
        "::test_a_receiver_that_was_killed_gets_one_probe_at_a_time_then_the_queue",
    ),
    PlantedBug(
        "email-of-several-messages-is-claimed-one-by-one",
        "services.notifications.mail.sending.dispatch:Email.claims",
        "mail_id = self.id if len(self.parts) > 1 else None",
        "mail_id = None",
        f"{_NOTIFICATIONS}/mail/test_killed.py::test_an_email_of_several_messages_survives_two_kills_at_each_step",
    ),
    PlantedBug(
        "body-is-parsed-before-the-token-is-judged",
        "services.notifications.mail.bounces.reports:take_report",
        "report = None if found is None else await asyncio.to_thread(report_in, raw)",
        "report = await asyncio.to_thread(report_in, raw)",
        f"{_NOTIFICATIONS}/mail/test_bounces.py::test_the_body_of_a_forged_report_is_not_parsed",
    ),
    PlantedBug(
        "deadline-is-announced-again",
        "services.notifications.deadlines.store.deadlines:claim",
        "if (entry.id, what) in new]",
        "]",
        f"{_NOTIFICATIONS}/reminders/test_deadlines.py",
    ),
)

MATCHING = (
    PlantedBug(
        "freed-place-goes-to-nobody",
        "services.matching.lifecycle.actions.unit_of_work:UnitOfWork._match",
        "if before.takes_place and not match.takes_place and fact:",
        "if before.takes_place and not match.takes_place and not fact:",
        f"{_LIFE}::test_declined_goes_to_the_next_in_line_at_once",
    ),
    PlantedBug(
        "reserve-stays-when-its-application-is-placed",
        "services.matching.lifecycle.actions.unit_of_work:UnitOfWork.propose",
        "if before is not None and not new.reserve and self.matches[before].in_reserve:",
        "if before is not None and new.reserve and self.matches[before].in_reserve:",
        f"{_MATCHING}/provisional/test_reserves.py::test_a_place_elsewhere_ends_the_reserve",
    ),
    PlantedBug(
        "match-is-not-saved",
        "services.matching.lifecycle.actions.unit_of_work:UnitOfWork._match",
        "            self._changed.add(match.id)\n",
        "",
        f"{_LIFE}::test_whole_story_from_events_to_a_completed_visit",
    ),
    PlantedBug(
        "call-is-not-matched-again",
        "services.matching.lifecycle.actions.unit_of_work:UnitOfWork.save",
        "        await facts_actions.match_again(session, touched)\n",
        "",
        f"{_LIFE}::test_silence_expires_an_offer_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "calls-are-not-locked-first",
        "services.matching.lifecycle.actions.unit_of_work:UnitOfWork.load",
        "        await store.hold(session, match_ids)\n",
        "",
        f"{_MATCHING}/lifecycle/test_locks.py::test_a_clearance_holds_the_call_before_its_match",
    ),
    PlantedBug(
        "visit-of-a-no-show-keeps-its-place",
        "services.matching.lifecycle.actions.unit_of_work:UnitOfWork._visit",
        "visit.state is VisitState.NO_SHOW",
        "visit.state is VisitState.COMPLETED",
        f"{_MATCHING}/provisional/test_replacements.py::test_a_reserve_takes_the_place_of_a_no_show_at_once",
    ),
    PlantedBug(
        "answer-in-time-comes-too-late",
        "services.matching.lifecycle.actions.deadlines:_look_at",
        "now > match.due + timedelta(seconds=timers.answer_grace_seconds)",
        "now > match.due",
        f"{_LIFE}::test_an_answer_given_in_time_counts_within_the_grace",
    ),
    PlantedBug(
        "free-place-is-filled-again-and-again",
        "services.matching.provisional.next_in_line:promote",
        "            await store.settle(tx.session, [vacancy.match_id for vacancy in snapshot.vacancies])\n",
        "",
        f"{_LIFE}::test_declined_goes_to_the_next_in_line_at_once",
    ),
    PlantedBug(
        "matching-writes-without-lease",
        "services.matching.provisional.worker:_write",
        'transaction("system:matching", lease)',
        'transaction("system:matching")',
        f"{_MATCHING}/test_stalled.py",
    ),
)

WAITING = (
    PlantedBug(
        "offer-expires-before-what-arrived-is-answered",
        "services.matching.lifecycle.actions.deadlines:sweep",
        "now, today = settled(), settled_on()",
        "now, today = clock.now(), settled_on()",
        f"{_LIFE}::test_an_answer_given_in_time_counts_within_the_grace",
    ),
    PlantedBug(
        "proposed-dates-expire-before-what-arrived-is-answered",
        "services.matching.lifecycle.actions.deadlines:sweep",
        "now, today = settled(), settled_on()",
        "now, today = clock.now(), settled_on()",
        f"{_MATCHING}/lifecycle/test_moves.py::test_silence_leaves_the_old_dates",
    ),
    PlantedBug(
        "visit-ends-before-recorded-attendance-is-answered",
        "services.matching.lifecycle.actions.deadlines:sweep",
        "now, today = settled(), settled_on()",
        "now, today = settled(), clock.today()",
        f"{_LIFE}::test_attendance_may_be_recorded_until_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "mentorship-ends-before-a-signature-is-answered",
        "services.matching.lifecycle.actions.transitions:Transitions.progressed",
        "now=settled()",
        "now=now",
        f"{_MENTORSHIPS}::test_an_agreement_may_be_signed_until_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "mentorship-is-over-before-a-session-is-answered",
        "services.matching.lifecycle.actions.transitions:Transitions.progressed",
        "                today = settled_on()\n",
        "",
        f"{_MENTORSHIPS}::test_a_mentorship_is_over_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "application-is-withdrawn-before-its-answer-is-answered",
        "services.applications.application.actions.deadlines:withdraw_silent",
        "    until = settled()\n",
        "    from shared.time import clock\n\n    until = clock.now()\n",
        f"{_PORTAL}/application/test_journey.py::test_a_returned_application_is_withdrawn_after_ten_working_days",
    ),
    PlantedBug(
        "access-lapses-before-its-confirmation-is-answered",
        "services.applications.access.actions.yearly_confirmation:lapse",
        "times.lapsed_before(settled_on())",
        "times.lapsed_before(clock.today())",
        f"{_PORTAL}/access/test_access.py::test_access_lapses_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "upload-is-deleted-before-its-confirmation-is-answered",
        "services.applications.needs.actions.imports:forget_imports",
        "settled()",
        "clock.now()",
        f"{_PORTAL}/needs/test_needs.py::test_an_upload_is_deleted_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "saved-views-go-before-what-arrived-is-answered",
        "services.applications.saved_views.actions:forget_views",
        "settled_on() - KEPT_FOR",
        "clock.today() - KEPT_FOR",
        f"{_PORTAL}/saved_views/test_saved_views.py::test_views_go_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "notice-ends-before-its-withdrawal-is-answered",
        "services.applications.partners.actions.notices:end_all_due",
        "today = settled_on()",
        "today = clock.today()",
        f"{_PARTNERS}::test_a_notice_ends_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "notice-ends-another-case",
        "services.applications.partners.actions.notices:_end_due",
        "by_application.get((Side(case.side), case.application_id))",
        "next(iter(by_application.values()), None)",
        f"{_PARTNERS}::test_a_notice_that_has_run_out_ends_no_other_case",
    ),
    PlantedBug(
        "placement-closes-before-its-revision-is-answered",
        "services.applications.availability.actions.checks:Checks.run",
        "store.ended(settled_on())",
        "store.ended(clock.today())",
        f"{_AVAILABILITY}::test_a_placement_closes_once_all_that_arrived_in_time_is_answered",
    ),
    PlantedBug(
        "placement-pauses-before-its-answer-is-answered",
        "services.applications.availability.actions.checks:Checks.run",
        "store.unanswered(settled())",
        "store.unanswered(clock.now())",
        f"{_AVAILABILITY}::test_a_placement_is_checked_after_sixty_days_and_paused_after_silence",
    ),
    PlantedBug(
        "deadline-is-announced-before-what-arrived-is-answered",
        "services.notifications.reminders.actions.deadlines:watch_deadlines",
        "until = settled()",
        "until = clock.now()",
        f"{_NOTIFICATIONS}/reminders/test_deadlines.py::test_the_loop_feels_a_moved_clock_within_seconds",
    ),
    PlantedBug(
        "draft-is-deleted-before-its-form-is-answered",
        "services.reporting.answers.actions.drafts:forget",
        "settled() - timedelta(days=days)",
        "clock.now() - timedelta(days=days)",
        "tests/integration/reporting/answers/test_drafts.py"
        "::test_a_draft_is_deleted_once_all_that_arrived_in_time_is_answered",
    ),
)
"""The clock closes nothing before all that arrived in time is answered (`shared.time.arrival`)."""

DISCLOSURE = (
    PlantedBug(
        "threshold-one-lower",
        "services.reporting.disclosure.model.tables:is_few",
        "return 0 < cell.contributors < THRESHOLD",
        "return 0 < cell.contributors < THRESHOLD - 1",
        f"{_DISCLOSURE}/test_disclosure.py::test_no_small_cell_is_shown",
    ),
    PlantedBug(
        "share-without-its-rest",
        "services.reporting.disclosure.model.tables:is_few",
        " or 0 < rest < THRESHOLD",
        "",
        f"{_DISCLOSURE}/test_disclosure.py::test_a_share_of_a_part_hides_small_numerators_and_rests",
    ),
    PlantedBug(
        "restatement-shows-one",
        "services.reporting.disclosure.model.tables:_moved_by_few",
        "return now.value != (before.value if before else none) and",
        "return False and",
        f"{_DISCLOSURE}/test_attack.py::test_a_correction_of_days_waits",
    ),
    PlantedBug(
        "statements-are-not-compared",
        "services.reporting.disclosure.model.attack:Attack._difference",
        "        self._rest(later, [earlier], left)\n",
        "",
        f"{_DISCLOSURE}/test_attack.py::test_rows_that_stay_do_not_reveal_those_that_move",
    ),
    PlantedBug(
        "hidden-numbers-are-shown-later",
        "services.reporting.disclosure.model.tables:_rows",
        "row.shown = not (row.few or hidden)",
        "row.shown = not row.few",
        f"{_DISCLOSURE}/test_attack.py::test_hidden_rows_stay_hidden",
    ),
    PlantedBug(
        "few-beside-a-total-are-shown",
        "services.reporting.disclosure.model.tables:total_is_few",
        "    return is_few(definition, total)\n",
        "    return bool(definition.minimum) and (total.denominator or 0) < (definition.minimum or 0)\n",
        f"{_DISCLOSURE}/test_disclosure.py::test_a_share_hides_a_small_numerator_and_its_complement",
    ),
    PlantedBug(
        "attack-forgets-periods",
        "services.reporting.disclosure.model.attack:Attack._leave",
        "            self._rest(parent, children, left, parent.smallest)\n",
        "            pass\n",
        f"{_DISCLOSURE}/test_attack.py::test_a_year_does_not_reveal_its_other_half",
    ),
    PlantedBug(
        "attack-forgets-the-total",
        "services.reporting.disclosure.model.attack:Attack._margins",
        "            if abs(real - total) < _CLOSE:\n",
        "            if abs(real - total) < _CLOSE:\n                continue\n            if abs(real - total) < 0:\n",
        f"{_DISCLOSURE}/test_attack.py::test_an_unsafe_table_is_found",
    ),
    PlantedBug(
        "two-values-are-enough",
        "services.reporting.disclosure.model.attack:POSSIBLE",
        "POSSIBLE = 3",
        "POSSIBLE = 2",
        f"{_DISCLOSURE}/test_attack.py::test_a_hidden_number_needs_three_possible_values",
    ),
    PlantedBug(
        "unsafe-figures-are-released",
        "services.reporting.disclosure.model.gate:_protect_totals",
        "            raise NotSafe(found)\n",
        "            return\n",
        f"{_DISCLOSURE}/test_attack.py::test_figures_that_cannot_be_made_safe_are_not_released",
    ),
    PlantedBug(
        "hidden-share-of-a-shown-figure",
        "services.reporting.disclosure.model.gate:_pattern",
        "            values_by_indicator[share] = {TOTAL: frozenset()}\n",
        "            pass\n",
        f"{_DISCLOSURE}/test_attack.py::test_a_share_of_hidden_rows_is_hidden",
    ),
    PlantedBug(
        "published-rows-are-hidden-later",
        "services.reporting.disclosure.model.gate:_protect_totals",
        "            if not table.fixed and table.rows[TOTAL].shown\n",
        "            if table.rows[TOTAL].shown\n",
        f"{_DISCLOSURE}/test_attack.py::test_figures_that_cannot_be_made_safe_are_not_released",
    ),
    PlantedBug(
        "links-between-figures-are-forgotten",
        "services.reporting.disclosure.model.attack:Attack.__init__",
        "in linked(self.tables):",
        "in linked([]):",
        f"{_DISCLOSURE}/test_joint_attack.py::test_tables_of_two_figures_together_reveal_no_number",
    ),
)

SIMULATED = (
    PlantedBug(
        "deferred-reaction-stays-when-it-is-released",
        "shared.bus.inbox.deferred_reactions:release",
        '        "DELETE FROM deferred_reaction w USING unnest($1::text[], $2::text[]) AS a(topic, subject)"\n'
        '        " WHERE w.for_topic = a.topic AND w.for_subject = a.subject RETURNING w.*",\n',
        '        "SELECT w.* FROM deferred_reaction w JOIN unnest($1::text[], $2::text[]) AS a(topic, subject)"\n'
        '        " ON w.for_topic = a.topic AND w.for_subject = a.subject",\n',
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "deferred-reaction-runs-twice",
        "shared.bus.inbox.apply:Applier._react_late",
        "                await react(tx, [event])\n",
        "                await react(tx, [event])\n                await react(tx, [event])\n",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "reaction-without-its-cause",
        "shared.bus.db.transaction:Tx.react",
        "correlation or cause.correlationid, cause)",
        "correlation or cause.correlationid, None)",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "messages-behind-an-event-that-waits-are-forgotten",
        "services.notifications.consumers:react",
        "            continue\n",
        "            break\n",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "emails-are-handed-over-again-after-they-were-recorded",
        "services.notifications.messages.store.messages:_ENDED",
        "WHERE n.id = e.id AND n.state = 'waiting' RETURNING n.id",
        "WHERE n.id = e.id AND n.state = 'waiting' AND n.mail_id IS NULL RETURNING n.id",
        _SERVICES,
        seed=1,
    ),
)

LEAKS = (
    PlantedBug(
        "open-periods-are-read",
        "services.reporting.disclosure.actions:readable_period",
        "return approval, steers or approval.state is PeriodState.PUBLISHED",
        "return approval, True",
        f"{_READING}::test_before_the_first_publication_every_route_says_so",
        only="donor",
    ),
    PlantedBug(
        "days-of-the-programme-are-read",
        "services.reporting.disclosure.actions:readable_period",
        "        raise _closed()\n",
        "        pass\n",
        f"{_READING}::test_before_the_first_publication_every_route_says_so",
        only="donor",
    ),
    PlantedBug(
        "other-periods-are-forgotten",
        "services.reporting.disclosure.actions:release_statement",
        "        for label, statement, pattern in await store.releases(session)\n",
        "        for label, statement, pattern in await store.releases(session)\n"
        "        if label == approval.period.label\n",
        f"{_LEAKS}::test_a_programme_and_periods_reveal_nobody",
    ),
    PlantedBug(
        "earlier-statements-are-forgotten",
        "services.reporting.disclosure.actions:release_statement",
        "        for label, statement, pattern in await store.releases(session)\n",
        "        for label, statement, pattern in await store.releases(session)\n"
        "        if label != approval.period.label\n",
        f"{_LEAKS}::test_b_rows_that_stay_do_not_reveal_those_that_move",
    ),
    PlantedBug(
        "a-restatement-by-one-does-not-wait",
        "services.reporting.disclosure.model.gate:_is_lost",
        "return shown and",
        "return False and",
        f"{_LEAKS}::test_c_a_restatement_by_one_does_not_tell_an_answer",
    ),
    PlantedBug(
        "readers-compare-calls",
        "services.reporting.overview.pages.comparison:compare_calls",
        "_: Steerer",
        "_: Reader",
        f"{_LEAKS}::test_d_calls_do_not_tell_what_periods_hide",
    ),
    PlantedBug(
        "readers-download-calls",
        "services.reporting.overview.pages.comparison:calls_as_csv",
        "_: Steerer",
        "_: Reader",
        f"{_LEAKS}::test_d_calls_do_not_tell_what_periods_hide",
    ),
    PlantedBug(
        "days-have-a-number-of-events",
        "services.reporting.disclosure.model.gate:_released_total",
        "    events = total.count if total.count in {total.value, total.denominator} else None\n"
        "    if figure.definition.id not in _AN_EVENT_EACH:\n"
        "        events = None\n",
        "    events = total.count\n",
        f"{_LEAKS}::test_e_numbers_of_events_do_not_tell_hidden_visits",
    ),
    PlantedBug(
        "parts-have-a-number-of-events",
        "services.reporting.disclosure.model.gate:_released_part",
        "cell.denominator, None, cell.digest",
        "cell.denominator, cell.count, cell.digest",
        f"{_LEAKS}::test_e_numbers_of_events_do_not_tell_hidden_visits",
    ),
    PlantedBug(
        "totals-of-few-are-shown",
        "services.reporting.disclosure.model.tables:total_tables",
        "    few = total_is_few(figure) or (",
        "    few = False or (",
        f"{_LEAKS}::test_f_totals_of_few_and_few_beside_a_total_are_hidden",
    ),
    PlantedBug(
        "periods-that-end-together-are-not-compared",
        "services.reporting.disclosure.model.attack:Attack._ends",
        "                if first.start != other.start:  # statements of one period are compared as such\n",
        "                if first.start > other.start:\n",
        f"{_DISCLOSURE}/test_period_ends.py::test_periods_that_end_together_do_not_tell_a_late_fact",
    ),
    PlantedBug(
        "statements-of-quarters-are-not-mixed",
        "services.reporting.disclosure.model.attack:Attack._periods",
        "for children in product(*some):",
        "for children in zip(*some):",
        f"{_DISCLOSURE}/test_period_ends.py::test_earlier_statements_of_a_quarter_are_compared_with_its_half",
    ),
)

GROUPINGS = (
    PlantedBug(
        "groupings-change-after-publication",
        "services.reporting.groupings.actions.choice:choose",
        "            choosable(await periods_store.approvals(tx.session))\n",
        "            pass\n",
        f"{_GROUPINGS}::test_groupings_stay_once_figures_are_submitted",
    ),
    PlantedBug(
        "groups-are-counted-as-values",
        "services.reporting.groupings.model:Levels.group",
        "if level == VALUES or value == UNSAID:",
        "if True:",
        f"{_GROUPINGS}::test_all_that_is_read_has_the_chosen_groups",
    ),
)
"""A grouping that changes between two releases, or is not applied, tells the values behind a group."""


def _all() -> Iterator[PlantedBug]:
    for group in (OUTBOX, INBOX, LEASES, SENDERS, MATCHING, WAITING, DISCLOSURE, SIMULATED, LEAKS, GROUPINGS):
        yield from group


BUGS = tuple(_all())
