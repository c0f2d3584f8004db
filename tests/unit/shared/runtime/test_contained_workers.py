"""Each background loop of each service has a test that feeds it an impossible subject."""

from __future__ import annotations

import ast
import importlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[4]
SERVICES = ("applications", "matching", "notifications", "reporting")

APPLICATIONS = "tests/integration/applications/test_set_aside.py"
MATCHING = "tests/integration/matching/test_set_aside.py"
NOTIFICATIONS = "tests/integration/notifications/test_set_aside.py"
REPORTING = "tests/integration/reporting/test_set_aside.py"

CASES: dict[str, tuple[str, ...]] = {
    "applications.keep_deadlines": (
        f"{APPLICATIONS}::test_an_impossible_application_holds_up_no_withdrawal",
        f"{APPLICATIONS}::test_an_impossible_companion_holds_up_no_other",
    ),
    "applications.run_checks": (
        f"{APPLICATIONS}::test_an_impossible_placement_holds_up_no_check",
        f"{APPLICATIONS}::test_a_call_with_impossible_terms_holds_up_no_check",
    ),
    "applications.keep_partners": (f"{APPLICATIONS}::test_an_impossible_decision_holds_up_no_other",),
    "applications.keep_access": (f"{APPLICATIONS}::test_an_impossible_person_keeps_nobodys_access",),
    "applications.write_counted_attempts": (f"{APPLICATIONS}::test_an_impossible_attempt_holds_up_no_other",),
    "matching.match_live": (
        f"{MATCHING}::test_an_impossible_application_is_left_out_of_the_matching",
        f"{MATCHING}::test_an_impossible_place_is_left_out_of_the_matching",
        f"{MATCHING}::test_a_call_that_cannot_be_matched_holds_up_no_other",
    ),
    "matching.keep_deadlines": (f"{MATCHING}::test_an_impossible_match_holds_up_no_deadline",),
    "matching.look_for_dates": (f"{MATCHING}::test_an_impossible_visit_gets_no_dates_and_holds_up_no_other",),
    "matching.work_what_ifs": (f"{MATCHING}::test_an_impossible_what_if_holds_up_no_other",),
    "matching.work_options": (f"{MATCHING}::test_impossible_options_hold_up_no_others",),
    "matching.work_cohorts": (
        f"{MATCHING}::test_a_cohort_is_committed_without_an_impossible_application",
        f"{MATCHING}::test_an_impossible_cohort_job_holds_up_no_other",
    ),
    "notifications.send_mail": (f"{NOTIFICATIONS}::test_an_impossible_message_holds_up_no_other",),
    "notifications.watch_deadlines": (f"{NOTIFICATIONS}::test_an_impossible_deadline_holds_up_no_other",),
    "notifications.write_digests": (f"{NOTIFICATIONS}::test_an_impossible_place_holds_up_no_digest",),
    "notifications.send_webhooks": (f"{NOTIFICATIONS}::test_an_impossible_webhook_holds_up_no_other",),
    "notifications.receive_reports": (f"{NOTIFICATIONS}::test_an_impossible_report_holds_up_no_other",),
    "reporting.count_continuously": (
        f"{REPORTING}::test_an_impossible_fact_stops_no_figure",
        f"{REPORTING}::test_an_impossible_fact_stops_no_figure_of_a_large_programme",
    ),
    "reporting.look_after_answers": (
        f"{REPORTING}::test_an_impossible_session_holds_up_no_reminder",
        f"{REPORTING}::test_an_impossible_call_holds_up_no_closed_answer",
    ),
    "reporting.keep_older": (f"{REPORTING}::test_an_impossible_period_keeps_no_other_from_its_files",),
}
"""Loop -> the tests that feed it an impossible subject."""

WITHOUT_SUBJECTS = {
    "applications.first_start": "It gives one person access, once, and then rests.",
    "applications.forget_sessions": "It is one statement that deletes by time, and reads no row.",
    "matching.run_flow_process": "It waits, and keeps a process for those who ask it.",
}


def registered() -> dict[str, Callable[..., Any]]:
    """Return the loops that the four services register: service and function -> the function."""
    found: dict[str, Callable[..., Any]] = {}
    for name in SERVICES:
        settings = importlib.import_module(f"services.{name}.settings").Settings
        values = settings_for("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
        if name == "notifications":
            values |= {"bounce_port": 2525, "bounce_address": "bounces@tandem.example"}
        app = importlib.import_module(f"services.{name}.app").create_app(settings(**values), background=False)
        for worker in app.state.service.workers:
            function = worker.func if isinstance(worker, partial) else worker
            found[f"{name}.{function.__name__}"] = function
    return found


def function_of(case: str) -> ast.AsyncFunctionDef | ast.FunctionDef:
    """Return the test that a case names as `file::test`."""
    path, _, name = case.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = ast.AsyncFunctionDef | ast.FunctionDef
    (function,) = [node for node in tree.body if isinstance(node, kinds) and node.name == name]
    return function


def test_each_loop_is_fed_an_impossible_subject() -> None:
    """Each registered loop has a case, or works on no subjects; no case is about a loop that is not registered."""
    assert registered().keys() == CASES.keys() | WITHOUT_SUBJECTS.keys()
    assert not CASES.keys() & WITHOUT_SUBJECTS.keys()


@pytest.mark.parametrize("case", sorted({case for cases in CASES.values() for case in cases}))
def test_the_case_exists(case: str) -> None:
    """The named test is in the named file, and looks at what was set aside."""
    assert any(isinstance(node, ast.Assert) for node in ast.walk(function_of(case)))
