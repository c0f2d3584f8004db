"""Each request that writes names the version that its sender read, or stands here with the reason why it need not."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.identity import every_route
from shared.identity.refusals import SAFE_METHODS
from shared.identity.versions import changes_record, names_record, service_records
from shared.web.items import takes_versions
from shared.web.several import decisions_on_several
from tests.integration.applications import page_acts as portal_forms
from tests.integration.applications import test_several_forms as of_applications
from tests.integration.matching import acts as matching_acts
from tests.integration.matching import test_several_forms as of_matching
from tests.integration.notifications import test_pairs_of_actions as mail_pairs
from tests.integration.reporting import test_pairs_of_actions as reporting_pairs
from tests.integration.reporting.targets import test_several_forms as of_reporting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from fastapi import FastAPI
    from fastapi.routing import RouteContext

SERVICES = ("applications", "matching", "notifications", "reporting")
STAND_IN = "postgresql://document@127.0.0.1:1/document"
"""A value for a setting on which routes do not depend."""

P, M, N, R = (f"/{service}" for service in SERVICES)
A = f"{P}/api/v1"

MAKES = "makes something new, and changes nothing that is there"
LOOKS = "computes or reads something, and writes nothing"
TICKED = "names records, and their versions, in fields of its form"
OWN = "is about the sender alone: own settings, addresses, sign-ins and subscriptions, of which the last word counts"
LINK = "is opened by a link for one person and answered once: the first answer counts"
DRAFT = "saves or submits the one form of a ticket: fields are merged, and the first submission counts"
INTERNAL = "comes from another service, which asks or repeats what happened"
ENDS = "only ends something: again, or after any change, it means the same"
FORGETS = "erases, whatever has been written meanwhile"
LATEST = "acts on what is there now, and says so: it starts a computation or a reminder"
PLAN = "names a finished plan, which never changes; each visit must be as the plan saw it"
SETTLES = "settles dead letters by their ids: one that was settled already is left"

REASONS: dict[str, tuple[str, ...]] = {
    MAKES: (
        f"POST {A}/applications",
        f"POST {A}/asked-before-travel",
        f"POST {A}/call-drafts",
        f"POST {A}/calls",
        f"POST {A}/mentors",
        f"POST {A}/offers",
        f"POST {A}/register/deputies",
        f"POST {A}/register/needs/imports",
        f"POST {A}/tickets",
        f"POST {P}/asked-before-travel",
        f"POST {P}/calls/new",
        f"POST {P}/mentors/new",
        f"POST {P}/offers/new",
        f"POST {P}/register/deputies",
        f"POST {P}/register/exclusions/new",
        f"POST {P}/register/funds/new",
        f"POST {P}/register/needs/import",
        f"POST {P}/register/needs/new",
        f"POST {P}/register/organisations/new",
        f"POST {P}/register/people/new",
        f"POST {M}/api/v1/options",
        f"POST {M}/api/v1/what-ifs",
        f"POST {M}/options/{{call_id}}",
        f"POST {M}/what-ifs/new",
        f"POST {N}/api/v1/webhooks",
        f"POST {N}/webhooks/new",
        f"POST {R}/api/v1/feeds/tokens",
        f"POST {R}/api/v1/questions",
        f"POST {R}/api/v1/targets",
        f"POST {R}/api/v1/targets/import",
        f"POST {R}/api/v1/tests",
        f"POST {R}/feeds/tokens",
        f"POST {R}/outcomes/{{visit_id}}/waiver",
        f"POST {R}/questions/new/{{kind}}",
        f"POST {R}/targets",
        f"POST {R}/targets/import",
        f"POST {R}/tests",
        f"POST {R}/waves/closings",
    ),
    LOOKS: (
        f"POST {P}/verify",
        f"POST {M}/api/v1/rings/price",
        f"POST {M}/cohorts/{{call_id}}",
        f"POST {M}/rings/{{call_id}}",
        f"POST {M}/sheets",
    ),
    TICKED: (
        f"POST {P}/cases/decide",
        f"POST {P}/matches/clear",
        f"POST {P}/offers/decide",
        f"POST {P}/register/access/confirm",
        f"POST {P}/register/proposals/several",
        f"POST {M}/cohorts/{{call_id}}/commit",
        f"POST {M}/rings/{{call_id}}/propose",
        f"POST {R}/targets/approve",
        f"POST {R}/evaluations/{{subject}}/words",
        f"POST {R}/follow-ups/{{subject}}/words",
        f"POST {R}/reports/{{subject}}/words",
    ),
    OWN: (
        f"DELETE {A}/sessions/{{browser_session_id}}",
        f"POST {A}/register/own-address",
        f"POST {A}/sessions/end-others",
        f"POST {P}/account/address",
        f"POST {P}/account/sessions/end-others",
        f"POST {P}/account/sessions/{{browser_session_id}}/end",
        f"POST {P}/cases/views",
        f"POST {P}/choices",
        f"POST {P}/inbox/read",
        f"POST {P}/subscription/end",
        f"POST {P}/subscription/make",
        f"POST {N}/choice/{{token}}",
        "POST /sign-out",
    ),
    LINK: (
        f"POST {P}/address/{{token}}",
        f"POST {P}/available",
        f"POST {P}/line-manager",
        f"POST {P}/line-manager/renewal",
    ),
    DRAFT: (
        f"POST {R}/api/v1/cascades/{{subject}}",
        f"POST {R}/api/v1/evaluations/{{subject}}",
        f"POST {R}/api/v1/follow-ups/{{subject}}",
        f"POST {R}/api/v1/reports/{{subject}}",
        f"POST {R}/api/v1/test-after/{{subject}}",
        f"POST {R}/api/v1/test-before/{{subject}}",
        f"POST {R}/cascades/{{subject}}",
        f"POST {R}/evaluations/{{subject}}",
        f"POST {R}/evaluations/{{subject}}/draft",
        f"POST {R}/follow-ups/{{subject}}",
        f"POST {R}/follow-ups/{{subject}}/draft",
        f"POST {R}/reports/{{subject}}",
        f"POST {R}/reports/{{subject}}/draft",
        f"POST {R}/test-after/{{subject}}",
        f"POST {R}/test-after/{{subject}}/draft",
        f"POST {R}/test-before/{{subject}}",
        f"POST {R}/test-before/{{subject}}/draft",
        f"PUT {R}/api/v1/test-after/{{subject}}",
        f"PUT {R}/api/v1/test-before/{{subject}}",
    ),
    INTERNAL: (
        f"POST {P}/internal/contacts",
        f"POST {P}/internal/contacts/many",
        f"POST {P}/internal/objectives",
        f"POST {P}/internal/own-cases",
        f"POST {P}/internal/override-reasons",
        f"POST {P}/internal/sessions/check",
        f"POST {N}/internal/feed",
        f"POST {N}/internal/feed/revoke",
        f"POST {N}/internal/inbox/read",
        f"POST {R}/internal/words",
    ),
    ENDS: (
        f"POST {A}/register/deputies/end",
        f"POST {P}/register/deputies/end",
        f"POST {M}/api/v1/calls/{{call_id}}/plan/stop",
        f"POST {M}/plans/{{call_id}}/stop",
    ),
    FORGETS: (f"POST {R}/words/{{application_id}}/erasure",),
    LATEST: (
        f"POST {M}/api/v1/calls/{{call_id}}/plan",
        f"POST {M}/plans/{{call_id}}",
        f"POST {R}/waves/remind",
    ),
    PLAN: (f"POST {M}/api/v1/calls/{{call_id}}/plan/propose", f"POST {M}/plans/{{call_id}}/propose"),
    SETTLES: tuple(f"POST {service}/dead-letters" for service in (P, M, N, R)),
}

ONE_RECORD = {f"POST {R}/{form}/{{subject}}/words" for form in ("evaluations", "follow-ups", "reports")}
"""The forms with a version in a field of their own that are about one record."""

PREVIEWS = {
    f"{P}/partners/{{country}}/suspend",
    f"{P}/visits/{{visit_id}}/emergency",
    f"{M}/applications/{{application_id}}/override",
}
"""The forms with a version that are in no pair of actions: they decide nothing."""

FILES = {
    "services/applications/certificates/templates/verify.html": f"{P}/verify",
    "services/applications/needs/forms.py": f"{P}/register/needs/import",
    "services/matching/sheets/templates/sheets.html": f"{M}/sheets",
    "services/reporting/targets/templates/import_file.html": f"{R}/targets/import",
}
"""The files of the source with a field for a file, and the addresses of their forms."""

ADDITIONS = {
    "again": MAKES,
    "apply": MAKES,
    "companions": MAKES,
    "company": MAKES,
    "copy": MAKES,
    "costs": MAKES,
    "differences": LOOKS,
    "goals": MAKES,
    "incident": MAKES,
    "incidents": MAKES,
    "meetings": MAKES,
    "notes": MAKES,
    "preview": LOOKS,
    "receipt": MAKES,
    "redeliver": LATEST,
    "sessions": MAKES,
    "test": LATEST,
    "tickets": MAKES,
    "wish": LATEST,
}
"""Last words of addresses below a record that only add something to it, with the reason."""


@pytest.fixture(scope="module")
def apps() -> list[FastAPI]:
    """The four services, on no database."""
    made = []
    for service in SERVICES:
        settings = importlib.import_module(f"services.{service}.settings").Settings
        required = [name for name, field in settings.model_fields.items() if field.is_required()]
        values: dict[str, Any] = dict.fromkeys(required, STAND_IN)
        values |= {"oidc_issuer": "https://sign-in.example", "origin": "https://tandem.example"}
        values |= {"session_key": "A" * 43, "local": False}
        made.append(importlib.import_module(f"services.{service}.app").create_app(settings(**values), background=False))
    return made


def writes(app: FastAPI) -> Iterator[tuple[str, RouteContext]]:
    """Return each route that may write: method and address, and the route."""
    for route, _ in every_route(app):
        for method in sorted((route.methods or set()) - SAFE_METHODS):
            yield f"{method} {route.path_format}", route


def test_each_write_names_what_it_rests_on(apps: list[FastAPI]) -> None:
    """A writing route takes If-Match (a form its hidden field), or versions in its body, or has a reason not to."""
    listed = [route for routes in REASONS.values() for route in routes]
    assert sorted(listed) == sorted(set(listed))
    found, without = 0, set()
    for app in apps:
        records = service_records(app)
        for name, route in writes(app):
            found += 1
            path = str(route.path_format)
            if changes_record(records, path) or takes_versions(route):
                continue
            if names_record(records, path):
                assert path.rsplit("/", 1)[-1] in ADDITIONS, f"{name} only adds something: say here why it may"
                continue
            without.add(name)
    assert found > 380
    assert sorted(without - set(listed)) == [], "have it name a version, or say here why it need not"
    assert sorted(set(listed) - without) == [], "it names a version now, or is gone: take it out of the list"


def test_each_form_about_several_records_is_tried(apps: list[FastAPI]) -> None:
    """Each decision of each form that names several records has a scenario in which one is changed meanwhile."""
    found, named = set(), set()
    for app in apps:
        for name, route in writes(app):
            endpoint = getattr(route, "original_route", route).endpoint
            found |= {(str(route.path_format), decision) for decision in decisions_on_several(endpoint)}
            if decisions_on_several(endpoint):
                named.add(name)
    assert sorted(found) == sorted({*of_applications.SCENARIOS, *of_matching.SCENARIOS, *of_reporting.SCENARIOS})
    assert sorted(set(REASONS[TICKED]) - named) == sorted(ONE_RECORD)


def test_each_addition_has_its_reason(apps: list[FastAPI]) -> None:
    """The words that services call additions are those that stand here."""
    words = {word for app in apps for word in service_records(app).additions}
    assert words == ADDITIONS.keys()


def test_each_form_with_a_version_is_tried_in_pairs(apps: list[FastAPI]) -> None:
    """A form that names a version is in the pairs of actions, which ask a stale one for a choice or a reason."""
    modules = (portal_forms, matching_acts, mail_pairs, reporting_pairs)
    tables: list[Mapping[str, Collection[Any]]] = [module.LEFT_OUT for module in modules]
    left: set[str] = set()
    for app, table in zip(apps, tables, strict=True):
        routes = [route for found in table.values() for route in found]
        paths = {each if isinstance(each, str) else each[1] for each in routes}
        left |= {path for path in paths if "/api/" not in path and changes_record(service_records(app), path)}
    assert left == PREVIEWS


def test_no_form_with_a_file_can_be_stale(apps: list[FastAPI]) -> None:
    """Each form with a file adds something or writes nothing: files are kept nowhere, and none is lost to a version."""
    root = Path(__file__).parents[2]
    sources = [
        *root.glob("services/**/*.html"),
        *root.glob("services/**/*.py"),
        *root.glob("shared/**/templates/*.html"),
    ]
    field = re.compile(r'type="file"|govukFileUpload\(|FileField\(')
    found = {str(each.relative_to(root)) for each in sources if field.search(each.read_text())}
    assert found == {*FILES, "shared/web/templates/outdated.html"}
    routes = {name.removeprefix("POST "): app for app in apps for name, _ in writes(app)}
    assert not [path for path in FILES.values() if names_record(service_records(routes[path]), path)]
