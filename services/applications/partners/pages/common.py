"""Show cases, decisions and paused placements or mentors on a partner's pages."""

from urllib.parse import urlencode

from markupsafe import Markup

from services.applications.display import tag
from services.applications.partners import model
from services.applications.partners.views import PartnerCase, PartnerDecision
from shared.contracts import labels
from shared.contracts.codes import PartnerStatus
from shared.i18n import gettext
from shared.time import dates
from shared.web.lists import Cell, Link


def at(country: str, *further: object) -> str:
    """Return the address of a partner's page, or of one below it."""
    return "/".join(["/applications/partners", country, *(str(part) for part in further)])


def decision_title(decision: PartnerDecision) -> str:
    """Return what was decided, and from which day."""
    sentence = gettext("Suspended from %(day)s")
    if decision.status is PartnerStatus.REINSTATED:
        sentence = gettext("Reinstated from %(day)s")
    return sentence % {"day": dates.day(decision.since)}


def open_case_rows(open_cases: model.OpenCases) -> list[list[Cell]]:
    """Return the rows of open cases by group, then by state and country of the other side."""
    rows = []
    for side, stage in open_cases.groups:
        cases = open_cases.of(side, stage)
        for state in sorted({case.state for case in cases}):
            in_state = [case for case in cases if case.state == state]
            by_other = model.by_other(in_state)
            others = ", ".join(
                f"{labels.country(code) if code else gettext('not known yet')}: {count}"
                for code, count in by_other.items()
                if any(by_other)
            )
            query = urlencode({"side": side.value, "stage": stage.value, "state": state})
            number = Link(str(len(in_state)), at(open_cases.country, "cases") + "?" + query)
            rows.append([model.group_name(side, stage), state_tag(stage, in_state[0]), number, others or None])
    return rows


def state_tag(stage: model.Stage, case: model.OpenCase) -> Markup:
    """Return a tag with the state of a case as people see it."""
    kind = {
        model.Stage.WAITING: "application",
        model.Stage.MENTORSHIP: "mentorship",
        model.Stage.UNDER_WAY: "visit",
        model.Stage.SCHEDULED: "match" if case.visit_id is None else "visit",
    }.get(stage, "match")
    return tag(kind, case.state)


def supply(item: model.Supply) -> str:
    """Return the kind of a paused placement or mentor, in words."""
    return gettext("Placement") if item.kind == "offer" else gettext("Mentor")


def supply_row(item: model.Supply, *, linked: bool) -> list[Cell]:
    """Return a placement or mentor as a row: reference and kind; `linked` for a reader who may open it."""
    folder = "offers" if item.kind == "offer" else "mentors"
    name = Link(item.reference, f"/applications/{folder}/{item.id}") if linked else item.reference
    return [name, supply(item)]


def decision_state(decision: PartnerDecision) -> str:
    """Return the state of a decision in words."""
    return {
        model.DecisionState.WAITING: gettext("Not in effect yet"),
        model.DecisionState.TAKEN: gettext("In effect"),
        model.DecisionState.WITHDRAWN: gettext("Withdrawn"),
    }[decision.state]


def reference(case: model.OpenCase) -> Link:
    """Return the case's reference as a link."""
    if case.match_id is None:
        return Link(case.reference, f"/applications/cases/{case.application_id}")
    return Link(case.reference, f"/applications/matches/{case.match_id}")


def _address(case: PartnerCase) -> str:
    """Return the address of a decided case."""
    folder = {"application": "cases", "match": "matches", "offer": "offers", "mentor": "mentors"}[case.kind]
    return f"/applications/{folder}/{case.id}"


def decided_row(case: PartnerCase, funds: dict[str, str], *, linked: bool) -> list[Cell]:
    """Return a case of a decision as a row: reference, group, other side, result, since when.

    `linked` for a reader who may open the case itself.
    """
    words = {
        model.CaseState.GOES_ON: gettext("Continues"),
        model.CaseState.NOTICE: gettext("Ends on %(day)s"),
        model.CaseState.CANCELLED: gettext("Cancelled"),
        model.CaseState.TAKEN_BACK: gettext("Notice withdrawn, case continues"),
        model.CaseState.OVER: gettext("Ended or in progress before its day"),
        model.CaseState.PAUSED: gettext("Paused"),
    }
    result = words[case.state]
    if case.ends_on is not None and case.state is model.CaseState.NOTICE:
        result %= {"day": dates.day(case.ends_on)}
    if case.fund_id is not None:
        result = gettext("Continues under %(fund)s") % {"fund": funds.get(str(case.fund_id), "")}
    group = gettext("Placement") if case.kind == "offer" else gettext("Mentor")
    if case.stage is not None:
        group = model.group_name(case.side, case.stage)
    name = Link(case.reference, _address(case)) if linked else case.reference
    return [name, group, case.other and labels.country(case.other), result, dates.moment(case.at)]
