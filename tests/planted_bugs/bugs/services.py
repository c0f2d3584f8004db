"""Planted bugs of the services: emails and webhooks, the matching, sweeps that wait for late requests."""

from tests.planted_bugs.planting import PlantedBug

_MATCHING = "tests/integration/matching"
_LIFE = f"{_MATCHING}/lifecycle/test_life_of_a_match.py"
_MENTORSHIPS = f"{_MATCHING}/lifecycle/test_mentorships.py"
_PORTAL = "tests/integration/applications"
_PARTNERS = f"{_PORTAL}/partners/test_partners.py"
_AVAILABILITY = f"{_PORTAL}/availability/test_availability.py"
_NOTIFICATIONS = "tests/integration/notifications"

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
        "known = round_.begun | round_.taken",
        "known = round_.taken",
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
        "services.notifications.mail.sending.emails:Email.claims",
        "mail_id = self.id if len(self.parts) > 1 else None",
        "mail_id = None",
        f"{_NOTIFICATIONS}/mail/test_killed.py::test_an_email_of_several_messages_survives_two_kills_at_each_step",
    ),
    PlantedBug(
        "second-attempt-brings-what-was-refused-since",
        "services.notifications.mail.sending.delivery_log:_fixed",
        "wants(message.row):",
        "wants(message.row) and not row.open_attempts:",
        f"{_NOTIFICATIONS}/mail/test_one_email.py::test_a_second_attempt_leaves_out_a_message_that_was_refused_since",
    ),
    PlantedBug(
        "email-without-an-answer-holds-up-others",
        "services.notifications.mail.sending.dispatch:Dispatcher.send_due",
        "timeout=self.slow_seconds",
        "timeout=None",
        f"{_NOTIFICATIONS}/mail/test_slow_server.py::test_one_email_without_an_answer_holds_up_no_other_and_goes_once",
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
