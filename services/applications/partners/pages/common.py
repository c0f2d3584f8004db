"""How are cases, decisions and what a country offers shown on a partner's pages?"""

from typing import Any
from urllib.parse import urlencode

from services.applications.display import tag
from services.applications.partners import model, store
from shared.contracts import labels
from shared.contracts.codes import Side
from shared.i18n import gettext
from shared.time import dates


def at(country: str, *further: object) -> str:
    """The address of a partner's page, or of one below it."""
    return "/".join(["/applications/partners", country, *(str(one) for one in further)])


def later(decision: store.Decision) -> str:
    """What was decided, from which day."""
    sentence = gettext("Suspended from %(day)s")
    if decision.status == "reinstated":
        sentence = gettext("Reinstated from %(day)s")
    return sentence % {"day": dates.day(decision.since)}


def flight_rows(flight: model.Flight) -> list[list[Any]]:
    """What is in flight by group, then by state and country of the other side."""
    rows = []
    for side, stage in flight.groups:
        cases = flight.of(side, stage)
        for state in sorted({one.state for one in cases}):
            held = [one for one in cases if one.state == state]
            others = ", ".join(
                f"{labels.country(code) if code else gettext('not known yet')}: {count}"
                for code, count in model.by_other(held).items()
            )
            query = urlencode({"side": side.value, "stage": stage.value, "state": state})
            number = {"text": str(len(held)), "href": at(flight.country, "cases") + "?" + query}
            rows.append([model.group_name(side, stage), state_tag(stage, held[0]), number, others])
    return rows


def state_tag(stage: model.Stage, one: model.InFlight) -> Any:
    """The state of a case as people see it."""
    kind = {
        model.Stage.WAITING: "application",
        model.Stage.MENTORSHIP: "mentorship",
        model.Stage.UNDER_WAY: "visit",
        model.Stage.SCHEDULED: "match" if one.visit_id is None else "visit",
    }.get(stage, "match")
    return tag(kind, one.state)


def supply(one: model.Supply) -> str:
    """What pauses, in words."""
    return gettext("Placement") if one.kind == "offer" else gettext("Mentor")


def supply_way(one: model.Supply) -> dict[str, str]:
    """The way to what pauses."""
    place = "offers" if one.kind == "offer" else "mentors"
    return {"text": gettext("Open"), "href": f"/applications/{place}/{one.id}"}


def state_of(one: store.Decision) -> str:
    """Where a decision stands."""
    return {
        store.WAITING: gettext("Its day has not come"),
        store.TAKEN: gettext("In effect"),
        store.WITHDRAWN: gettext("Withdrawn"),
    }[one.state]


def reference(one: model.InFlight) -> dict[str, str]:
    """The case's reference, with the way to it."""
    if one.match_id is None:
        return {"text": one.reference, "href": f"/applications/cases/{one.application_id}"}
    return {"text": one.reference, "href": f"/applications/matches/{one.match_id}"}


def _way(one: store.DecidedCase) -> str:
    """Where a decided thing is."""
    place = {"application": "cases", "match": "matches", "offer": "offers", "mentor": "mentors"}[one.kind]
    return f"/applications/{place}/{one.id}"


def decided(one: store.DecidedCase, funds: dict[str, str], *, linked: bool) -> list[Any]:
    """One case of a decision as a row: reference, group, other side, what became of it, since when.

    `linked` for a reader who may go to the case itself.
    """
    named = {
        model.CaseState.GOES_ON: gettext("Goes on"),
        model.CaseState.NOTICE: gettext("Ends on %(day)s"),
        model.CaseState.CANCELLED: gettext("Cancelled"),
        model.CaseState.TAKEN_BACK: gettext("Notice taken back: goes on"),
        model.CaseState.OVER: gettext("Was over or under way before its day"),
        model.CaseState.PAUSED: gettext("Paused"),
    }
    became = named[model.CaseState(one.state)]
    if one.ends_on is not None and one.state == model.CaseState.NOTICE:
        became %= {"day": dates.day(one.ends_on)}
    if one.fund_id is not None:
        became = gettext("Goes on under %(fund)s") % {"fund": funds.get(str(one.fund_id), "")}
    group = gettext("Placement") if one.kind == "offer" else gettext("Mentor")
    if one.stage is not None:
        group = model.group_name(Side(one.side), model.Stage(one.stage))
    name: Any = {"text": one.reference, "href": _way(one)} if linked else one.reference
    return [name, group, one.other and labels.country(one.other), became, dates.moment(one.at)]
