"""One answer names all faults of a form: those that it finds by itself, and those that only the model finds."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from starlette.datastructures import FormData

import services
from services.applications.application.forms.tasks import TASK_FORMS
from services.applications.calls.forms.sections import SECTION_FORMS
from services.applications.mentors.forms import MentorForm
from services.applications.mentorships import forms as mentorships
from services.applications.needs.forms import NeedForm
from services.applications.oversight.forms import IncidentForm
from services.applications.placements.forms import OfferForm
from services.applications.preparation import forms as preparation
from services.applications.register import forms as register
from services.applications.visits.forms import MoveForm
from services.reporting.assessments.model.bank import QuestionKind
from services.reporting.assessments.pages.bank import _form_class
from services.reporting.cascades.pages import SessionForm as CascadeForm
from services.reporting.feeds.pages.tokens import TokenForm
from services.reporting.targets.pages.targets import TargetForm
from shared.time import clock
from shared.web.forms import Form, RadioField, SelectField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Typed = dict[str, str]
_LONG = "x" * 6000


def day(name: str, days: int = 0) -> Typed:
    """Return a date field as it is typed, so many days from now."""
    moment: date = clock.today() + timedelta(days=days)
    return {f"{name}-day": str(moment.day), f"{name}-month": str(moment.month), f"{name}-year": str(moment.year)}


def no_day(name: str) -> Typed:
    """Return a date field in which no date is typed."""
    return {f"{name}-day": "99", f"{name}-month": "1", f"{name}-year": "2027"}


@dataclass(frozen=True)
class Case:
    """A form as it is rightly filled in, and faults: each is what is typed instead, by the field that it is about."""

    form: type[Form]
    good: Typed
    faults: Mapping[str, Typed]
    check: Callable[[Form], object] = field(default=lambda _form: None)


def _cases() -> Iterator[Case]:
    """Return forms with a fault of their own and one of the model at least."""
    yield Case(
        preparation.AuthorisationForm,
        {"reference": "Order 1", **day("given_on")},
        {"reference": {"reference": ""}, "given_on": day("given_on", 3)},
    )
    yield Case(
        preparation.VisaForm,
        {"result": "granted", **day("decided_on"), **day("valid_from"), **day("valid_until", 30)},
        {"applied_on": no_day("applied_on"), "decided_on": day("decided_on", 9), "valid_until": day("valid_until", -9)},
    )
    yield Case(
        preparation.InsuranceForm,
        {"insurer": "Ingo", "policy_number": "A-1", **day("valid_from"), **day("valid_until", 30)},
        {"insurer": {"insurer": ""}, "valid_until": day("valid_until", -1)},
    )
    yield Case(
        preparation.EmergencyForm,
        {"name": "Aram", "phone": "+374 10 123456"},
        {"name": {"name": ""}, "phone": {"phone": "home"}, "relation": {"relation": "x" * 101}},
    )
    yield Case(preparation.AccessForm, {"text": "A step-free way"}, {"text": {"text": _LONG}})
    yield Case(
        preparation.ArrivalForm,
        {"contact_name": "Claire", "place": "Main gate", "at": "09:30"},
        {"place": {"place": ""}, "at": {"at": "morning"}, "contact_email": {"contact_email": "claire"}},
    )
    yield Case(
        preparation.ChangeCostForm,
        {"payer": "sender", "planned": "12", "currency": "EUR"},
        {"payer": {"payer": ""}, "planned": {"planned": "much"}, "actual": {"actual": "less"}},
    )
    yield Case(
        preparation.TravelRuleForm,
        {"item": "visa", "required": "yes", "country": "AM", "host_country": "FR"},
        {"required": {"required": ""}, "host_country": {"host_country": "AM"}},
    )
    yield Case(
        OfferForm,
        {"title": "A week", "places": "2"},
        {
            "title": {"title": _LONG},
            "places": {"places": "0"},
            "periods": {**day("periods-0-start", 9), **day("periods-0-end", 2), "periods-0-places_per_week": "1"},
        },
    )
    yield Case(
        MentorForm,
        {"capacity": "1"},
        {"capacity": {"capacity": "many"}, "periods": day("periods-0-start", 9) | day("periods-0-end", 2)},
    )
    organisation = {"name": "Police", "kind": "agency", "country": "AM"}
    yield Case(
        register.OrganisationForm,
        organisation,
        {"name": {"name": ""}, "domains": {"domains": "not a domain!"}, "city": {"city": "x" * 101}},
    )
    yield Case(
        register.PersonForm,
        {"subject": "ani", "name": "Ani", "email": "ani@police.example", "language": "en"},
        {"name": {"name": ""}, "email": {"email": "ani"}, "years_in_field": {"years_in_field": "99"}},
    )
    fund = {"name": "ISF", "payer": "CEPOL", **day("since"), **day("until", 9)}
    yield Case(register.FundForm, fund, {"payer": {"payer": ""}, "until": day("until", -9)})
    pair = {"between": "countries", "first_country": "AM", "second_country": "GE", **day("since"), **day("until", 9)}
    yield Case(
        register.ExclusionForm,
        pair,
        {"second_country": {"second_country": "AM"}, "until": day("until", -9)},
    )
    yield Case(
        NeedForm,
        {"country": "AM", "topic": "x", "level": "1", "quantity": "3", **day("since"), **day("until", 9)},
        {"level": {"level": ""}, "quantity": {"quantity": "0"}, "until": day("until", -9)},
    )
    yield Case(
        IncidentForm,
        {"category": "other", "text": "A thing", "readers": "programme"},
        {"category": {"category": ""}, "happened_on": day("happened_on", 9)},
    )
    yield Case(
        MoveForm,
        {"reason": "other", **day("periods-0-start", 50), **day("periods-0-end", 60)},
        {"reason": {"reason": ""}, "periods": day("periods-0-start", -9) | day("periods-0-end", -2)},
    )
    yield Case(
        mentorships.TermsForm,
        {"rhythm": "weekly", "meeting": "online"},
        {"aims": {"aims": _LONG}, "until": day("until", -9)},
    )
    yield Case(
        mentorships.SessionForm,
        {"minutes": "60", **day("held_on")},
        {"held_on": no_day("held_on"), "minutes": {"minutes": "9999"}},
    )
    yield Case(
        mentorships.SessionForm,
        {"minutes": "60", **day("held_on")},
        {"note": {"note": _LONG}, "next_on": day("next_on", -9)},
    )
    yield Case(
        mentorships.MeetingForm,
        {"clock": "14:30", "minutes": "60", **day("day", 9)},
        {"clock": {"clock": "noon"}, "minutes": {"minutes": "9999"}},
    )
    yield Case(
        mentorships.VisitForm,
        {"guest": "mentee", "days": "3", **day("periods-0-start", 90), **day("periods-0-end", 99)},
        {"note": {"note": _LONG}, "periods": day("periods-0-end", 80)},
    )
    yield Case(
        CascadeForm,
        {"format": "training", "attendees": "9", "about": "Methods", **day("held_on")},
        {"about": {"about": ""}, "held_on": day("held_on", 9), "attendees": {"attendees": "0"}},
    )
    yield Case(
        _form_class(QuestionKind.TRUE_FALSE),
        {"topic": "online_crime", "text": "Is it?", "points": "1", "right": "0"},
        {"right": {"right": ""}, "text": {"text": _LONG}, "points": {"points": "99"}},
    )
    yield Case(
        TargetForm,
        {"indicator": "TOPCOP-OP-02", "kind": "target", "value": "9", "source": "Report 1", **day("day", 9)},
        {"source": {"source": ""}, "value": {"value": "-1"}},
    )
    yield Case(
        TokenForm,
        {"consumer": "OPSYS", **day("expires", 9)},
        {"consumer": {"consumer": ""}, "expires": day("expires", -9)},
    )
    dates = SECTION_FORMS["dates"]
    yield Case(
        dates.form(),
        day("deadline", 9),
        {
            "deadline": no_day("deadline"),
            "visit_periods": day("visit_periods-0-start", 9) | day("visit_periods-0-end", 2),
        },
        dates.check,
    )
    periods = TASK_FORMS["periods"]
    yield Case(
        periods.form,
        day("periods-0-start", 50) | day("periods-0-end", 60),
        {"periods": day("periods-0-end", 40), "blackouts": day("blackouts-0-start", 9) | day("blackouts-0-end", 2)},
        periods.check,
    )


CASES = list(_cases())


def _sentences(errors: Any) -> Iterator[str]:
    """Yield the sentences of a field's errors, those of its rows too."""
    for each in errors.values() if isinstance(errors, dict) else errors:
        if isinstance(each, dict | list | tuple):
            yield from _sentences(each)
        else:
            yield str(each)


def errors(case: Case, *faults: Typed) -> dict[str, set[str]]:
    """Return the errors of a form with these faults, by the field's name."""
    typed = case.good
    for fault in faults:
        typed = typed | fault
    form = case.form(FormData(list(typed.items())))
    for each in form:
        if isinstance(each, SelectField | RadioField) and not each.choices:
            each.validate_choice = False  # its choices are known at run time only
    assert form.validate() == (not form.problems())
    case.check(form)
    found = {each.short_name: set(_sentences(each.errors)) for each in form if each.errors}
    assert {sentence for _, sentence in form.problems()} == set().union(*found.values()), "the summary names all"
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.form.__name__)
def test_one_answer_names_all_faults(case: Case) -> None:
    """Each fault has an error of its own at its field; all faults at once have the same errors, in one answer."""
    before = errors(case)
    for name, fault in case.faults.items():
        assert errors(case, fault).get(name, set()) - before.get(name, set()), f"{name} alone is not refused"
    together = errors(case, *case.faults.values())
    assert set(case.faults) <= set(together)
    for name, fault in case.faults.items():
        assert errors(case, fault)[name] == together[name]


def _all_forms(of: type[Form]) -> Iterator[type[Form]]:
    for form in of.__subclasses__():
        yield form
        yield from _all_forms(form)


def test_every_form_with_rules_of_its_own_is_tried() -> None:
    """Each form of the services that asks its model for more faults is in the table above."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith((".forms", ".pages")) or ".pages." in module.name or ".forms." in module.name:
            importlib.import_module(module.name)
    own = {form for form in _all_forms(Form) if "faults" in vars(form) and form.__module__.startswith("services.")}
    assert len(own) >= 20
    tried = {base for case in CASES for base in case.form.__mro__}
    assert sorted(form.__qualname__ for form in own - tried) == []
