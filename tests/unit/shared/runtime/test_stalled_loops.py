"""Each background loop of each service has a test in which one process stalls and another takes over."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from services.reporting.app import create_app
from services.reporting.settings import Settings
from shared.runtime.service import loops_of
from tests.support import settings_for
from tests.unit.shared.runtime.test_contained_workers import function_of, registered

ROOT = Path(__file__).parents[4]
APPLICATIONS = "tests/integration/applications/test_stalled.py"
MATCHING = "tests/integration/matching/test_stalled.py"
NOTIFICATIONS = "tests/integration/notifications/test_stalled.py"
REPORTING = "tests/integration/reporting/test_stalled.py"
BOUNCES = "tests/integration/notifications/mail/test_bounces.py"
FLOWS = "tests/unit/matching/background/test_flows.py"
BUS = "tests/integration/shared/bus"

CASES: dict[str, tuple[str, ...]] = {
    "applications.keep_deadlines": (f"{APPLICATIONS}::test_a_sweep_of_deadlines_that_slept_withdraws_nothing_twice",),
    "applications.run_checks": (f"{APPLICATIONS}::test_a_sweep_that_slept_does_nothing_twice",),
    "applications.keep_partners": (f"{APPLICATIONS}::test_a_sweep_that_slept_does_nothing_twice",),
    "applications.keep_access": (f"{APPLICATIONS}::test_a_sweep_that_slept_does_nothing_twice",),
    "applications.first_start": (f"{APPLICATIONS}::test_a_first_start_that_slept_gives_access_to_nobody_else",),
    "applications.forget_sessions": (f"{APPLICATIONS}::test_a_process_that_slept_forgets_no_session_of_later",),
    "applications.write_counted_attempts": (
        f"{APPLICATIONS}::test_a_process_that_slept_writes_its_counted_attempts_once",
    ),
    "matching.match_live": (f"{MATCHING}::test_the_matching_of_a_call_that_slept_writes_nothing",),
    "matching.keep_deadlines": (f"{MATCHING}::test_a_sweep_of_deadlines_that_slept_ends_nothing_twice",),
    "matching.look_for_dates": (f"{MATCHING}::test_a_search_for_dates_that_slept_gives_no_dates_twice",),
    "matching.work_what_ifs": (f"{MATCHING}::test_an_instance_that_slept_ends_no_job_twice",),
    "matching.work_options": (f"{MATCHING}::test_an_instance_that_slept_ends_no_job_twice",),
    "matching.work_cohorts": (f"{MATCHING}::test_an_instance_that_slept_ends_no_job_twice",),
    "matching.run_flow_process": (f"{FLOWS}::test_a_child_that_stalls_is_ended",),
    "notifications.send_mail": (f"{NOTIFICATIONS}::test_a_mail_sender_that_slept_sends_nothing_more",),
    "notifications.watch_deadlines": (
        f"{NOTIFICATIONS}::test_a_sweep_of_deadlines_that_slept_announces_nothing_twice",
    ),
    "notifications.write_digests": (f"{NOTIFICATIONS}::test_a_writer_of_digests_that_slept_writes_none_twice",),
    "notifications.send_webhooks": (f"{NOTIFICATIONS}::test_a_webhook_sender_that_slept_repeats_one_delivery_a_slot",),
    "notifications.receive_reports": (f"{BOUNCES}::test_a_report_that_slept_is_taken_once",),
    "reporting.count_continuously": (f"{REPORTING}::test_a_count_that_slept_stores_nothing_older",),
    "reporting.look_after_answers": (f"{REPORTING}::test_a_look_at_answers_that_slept_asks_nobody_twice",),
    "reporting.keep_older": (f"{REPORTING}::test_a_process_that_slept_makes_no_files_again",),
    "each.Relay.run": (
        f"{BUS}/test_stalled_relay.py::test_a_relay_that_slept_before_it_sent_sends_nothing",
        f"{BUS}/test_stalled_relay.py::test_of_a_compacted_topic_the_newest_state_stays_last",
        f"{BUS}/test_stalled_relay.py::test_a_relay_that_stops_in_a_transaction_is_followed_all_the_same",
    ),
    "each.Reader.run": (
        f"{BUS}/test_stalled_reader.py::test_a_reader_that_slept_applies_nothing_twice",
        f"{BUS}/test_stalled_reader.py::test_a_member_of_a_group_that_slept_applies_nothing_twice",
    ),
    "each.anchor_daily": (f"{BUS}/test_anchors.py::test_a_process_that_slept_writes_no_second_file_of_anchors",),
}
"""Loop -> the tests that stall a process in it; `each` is every service."""

NOBODY_TAKES_OVER = {
    "each.LogWatch.run": (
        "It writes nowhere: it keeps the moment of Kafka's last answer for the readiness of its own process, which"
        " after a stall says 503 until Kafka has answered again."
    ),
    "each._count": "It writes nowhere: it sets gauges of its own process from one query, and again ten seconds later.",
}


def _everywhere() -> set[str]:
    """Return the loops that each service runs besides its own."""
    settings = Settings(**settings_for("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", anchors="anchors"))
    service = replace(create_app(settings, background=False).state.service, workers=())
    found: set[str] = set()
    for loop in loops_of(service):
        names = [name for name in loop.__code__.co_names if name in {"_count", "anchor_daily"}]
        found |= {f"each.{name}" for name in names or [loop.__qualname__]}
    return found


def test_each_loop_is_stalled_in_a_test() -> None:
    """Each loop has a case, or a reason why nobody takes over; no case is about a loop that is not run."""
    assert registered().keys() | _everywhere() == CASES.keys() | NOBODY_TAKES_OVER.keys()
    assert not CASES.keys() & NOBODY_TAKES_OVER.keys()


@pytest.mark.parametrize("case", sorted({case for cases in CASES.values() for case in cases}))
def test_the_case_stops_a_process(case: str) -> None:
    """The named test is in the named file, stops a process, and lets it go on or has it ended; and it compares."""
    function = function_of(case)
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    }
    assert {"stalled", "go_on"} <= called or case.startswith(FLOWS)
    assert any(isinstance(node, ast.Assert) for node in ast.walk(function))


def test_the_table_of_sweeps_and_jobs_has_each_of_them() -> None:
    """A loop whose test takes its cases from a table stands in that table."""
    for path, table in ((APPLICATIONS, "SWEEPS"), (MATCHING, "JOBS")):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        (entries,) = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == table
        ]
        assert isinstance(entries, ast.Dict)
        named = {key.value for key in entries.keys if isinstance(key, ast.Constant)}
        tests = ("test_a_sweep_that_slept_does_nothing_twice", "test_an_instance_that_slept_ends_no_job_twice")
        cases = {f"{path}::{test}" for test in tests}
        assert named == {loop.partition(".")[2] for loop, its in CASES.items() if cases & set(its)}
