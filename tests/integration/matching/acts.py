"""The actions on what matching owns: requests of coordinators by API and page, and events of the portal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from services.matching.scheduling.actions.plans import SECONDS
from shared.contracts import applications, participation
from shared.contracts.codes import Answer, Party, Reason, Side
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.contracts import Event

M = "/matching"
API = "/matching/api/v1"
LEFT_OUT = {
    "it computes or shows something, and changes nothing": {
        f"{M}/applications/{{application_id}}/override",
        f"{M}/cohorts/{{call_id}}",
        f"{M}/rings/{{call_id}}",
        f"{M}/sheets",
        f"{API}/rings/price",
    },
    "it settles dead letters, which are no records of matching": {f"{M}/dead-letters"},
}
"""Writing routes that are in no pair, by the reason."""
ENDS = {"stop"}
"""The actions that only end something, and mean the same for everybody."""


@dataclass(frozen=True)
class Opened:
    """A reading of the scene: the ids of the scene by their names, and the versions of those that are records."""

    ids: Mapping[str, Any]
    versions: Mapping[str, str]

    def pair(self, application: str, seat: str) -> dict[str, str]:
        """Return a pair as the API takes it."""
        ids = {"application_id": str(self.ids[application]), "version": self.versions[application]}
        return ids | {"seat_id": str(self.ids[seat])}

    def leg(self, application: str, seat: str) -> dict[str, str]:
        """Return a leg of a ring as the API takes it."""
        pair = self.pair(application, seat)
        return pair | {"offer_id": pair.pop("seat_id")}

    def ticked(self, *pairs: tuple[str, str]) -> list[str]:
        """Return pairs as a form names them."""
        return [f"{self.ids[application]}/{self.ids[seat]}/{self.versions[application]}" for application, seat in pairs]


Body = Callable[[Opened], dict[str, Any]]


@dataclass(frozen=True)
class Act:
    """A request, or an event of the portal; `record` is the name of the record in the address.

    Requests of a person with the same `word` are the same action, by API or page. `aim` is a query that is true where
    that is so which a request is to bring about: after each answer that it is done.
    """

    word: str
    who: str = ""
    path: str = ""
    body: Body | None = field(default=None, hash=False, compare=False)
    record: str = ""
    event: Callable[[Mapping[str, Any]], tuple[Event, UUID]] | None = field(default=None, hash=False, compare=False)
    aim: str = field(default="", hash=False, compare=False)

    def __str__(self) -> str:
        """Return it as a finding names it."""
        return f"[{self.who or 'event'} {self.word} {'page' if self.is_page else ''}]".replace(" ]", "]")

    @property
    def is_page(self) -> bool:
        """Return whether it is the form of a page."""
        return bool(self.path) and not self.path.startswith(API)

    def same_as(self, other: Act) -> bool:
        """Return whether the same person does the same by it."""
        return bool(self.path) and self.word == other.word and (self.who == other.who or self.word in ENDS)

    def address(self, ids: Mapping[str, Any]) -> str:
        """Return the address of its record."""
        known = dict(ids) | ({} if not self.record else {re.findall(r"{(\w+)}", self.path)[-1]: ids[self.record]})
        return re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), self.path)


def _by(who: str, word: str, path: str, body: Body | None = None, *, record: str = "", aim: str) -> Act:
    """Return a request by API."""
    return Act(word, who, API + path, body, record, aim=aim)


def _both(word: str, path: str, body: Body | None = None, *, record: str = "", aim: str) -> tuple[Act, ...]:
    """Return a request of carla's and the same of another coordinator's."""
    return tuple(_by(who, word, path, body, record=record, aim=aim) for who in ("carla", "bruno"))


def _page(word: str, path: str, body: Body | None = None, *, record: str = "", aim: str, who: str = "carla") -> Act:
    return Act(word, who, M + path, body or (lambda _: {}), record, aim=aim)


def _choice(who: str, kind: str, application: str, seat: str = "") -> Act:
    """Return the form that notes a choice for the next cohort."""

    def body(opened: Opened) -> dict[str, Any]:
        place = {"seat": str(opened.ids[seat])} if seat else {}
        return {"application": str(opened.ids[application]), "choice": kind, "reason": "operational_duty", **place}

    wanted = f"choices -> '{{{application}}}' ->> 'kind' = '{kind}'"
    place = f" AND choices -> '{{{application}}}' ->> 'seat_id' = '{{{seat}}}'" if seat else ""
    aim = f"SELECT count(*) > 0 FROM cohort_draft WHERE call_id = '{{call_id}}' AND {wanted}{place}"
    return _page(f"{kind} {application}", "/cohorts/drafts/{draft_id}", body, record="draft", aim=aim, who=who)


def _event(word: str, kind: type[Event], subject: str, **values: Any) -> Act:
    """Return an event of the portal; values that are names of the scene stand for its ids."""

    def event_of(ids: Mapping[str, Any]) -> tuple[Event, UUID]:
        known = {
            name: ids[value] if isinstance(value, str) and value in ids else value for name, value in values.items()
        }
        return kind.model_validate(known), ids[subject]

    return Act(word, event=event_of)


def _withdrawn(application: str) -> Act:
    return _event(
        f"{application} withdraws",
        applications.ApplicationWithdrawn,
        application,
        by=Party.GUEST,
        reason="operational_duty",
    )


def _commit(*pairs: tuple[str, str], reserves: bool = False) -> Callable[[Opened], dict[str, Any]]:
    return lambda opened: {
        "call_id": str(opened.ids["call_id"]),
        "pairs": [opened.pair(*pair) for pair in pairs],
        "reserves": reserves,
    }


def _override(application: str, seat: str, reason: str = "operational_duty", instead: str = "") -> Any:
    return lambda opened: {
        "application_id": str(opened.ids[application]),
        "version": opened.versions[application],
        "seat_id": str(opened.ids[seat]),
        "reason": reason,
        "text": "As the host asked.",
        "instead": str(opened.ids[instead]) if instead else None,
    }


def _override_form(seat: str, instead: str = "") -> Any:
    return lambda opened: {
        "seat": str(opened.ids[seat]),
        "reason": "operational_duty",
        "text": "As the host asked.",
        **({"instead": str(opened.ids[instead])} if instead else {}),
    }


def _ring(*legs: tuple[str, str]) -> Any:
    return lambda opened: {"call_id": str(opened.ids["call_id"]), "pairs": [opened.leg(*leg) for leg in legs]}


def _week(name: str, reason: str = "timetable_conflict") -> Any:
    return lambda opened: {"week": str(opened.ids[name]), "reason": reason}


def _plan(reason: str = "timetable_conflict") -> Any:
    return lambda opened: {"plan_id": str(opened.ids["plan"]), "reason": reason}


def _plan_form(opened: Opened) -> dict[str, Any]:
    return {"plan": str(opened.ids["plan"]), "visit": str(opened.ids["m1"]), "reason": "timetable_conflict"}


def _what_if(ceiling: int) -> Any:
    return lambda opened: {
        "call_id": str(opened.ids["call_id"]),
        "terms": {"quotas": [{"country": "MD", "ceiling": ceiling}]},
    }


def _pairs(*pairs: tuple[str, str]) -> str:
    """Return pairs as the tables hold them."""
    listed = ", ".join(f"'{{{application}}}', '{{{seat}}}'" for application, seat in pairs)
    return f"jsonb_build_object({listed})"


def _cohort(*pairs: tuple[str, str], more: str = "") -> str:
    """Return the query whether a cohort of just these pairs was committed, with a match for each."""
    return (
        "SELECT count(*) > 0 FROM cohort c WHERE call_id = '{call_id}'"
        f" AND pairs = {_pairs(*pairs)} {more}"
        " AND (SELECT count(*) FROM match m JOIN jsonb_each_text(c.matches) made ON made.value = m.id::text"
        f" WHERE c.pairs ->> m.application_id::text = m.seat_id::text) = {len(pairs)}"
    )


def _job_for(*pairs: tuple[str, str]) -> str:
    """Return the query whether a job is to commit just these pairs, or has done so."""
    return (
        "SELECT count(*) > 0 FROM cohort_job WHERE call_id = '{call_id}'"
        f" AND state NOT IN ('refused', 'failed', 'cancelled') AND chosen = {_pairs(*pairs)}"
    )


_OPEN = "state IN ('proposed', 'cleared', 'offered', 'confirmed') AND NOT reserve"


def _put(application: str, seat: str, *ended: str) -> str:
    """Return the query whether an application has an open match with a place, and some matches are open no more."""
    gone = "".join(f" AND NOT EXISTS (SELECT FROM match WHERE id = '{{{match}}}' AND {_OPEN})" for match in ended)
    return (
        f"SELECT count(*) > 0 FROM match WHERE application_id = '{{{application}}}' AND seat_id = '{{{seat}}}'"
        f" AND {_OPEN}{gone}"
    )


def _moved(week: str) -> str:
    """Return the query whether a visit is in that week, or guest and host are asked about it."""
    return (
        f"SELECT count(*) > 0 FROM visit WHERE match_id = '{{m1}}' AND date_trunc('week', '{{{week}}}'::date)"
        " IN (date_trunc('week', start), date_trunc('week', (proposal -> 'days' ->> 0)::date))"
    )


def _planned(seconds: int) -> str:
    return (
        "SELECT count(*) > 0 FROM date_plan WHERE call_id = '{call_id}' AND state <> 'cancelled'"
        f" AND seconds = {seconds}"
    )


def _tried(ceiling: int) -> str:
    return (
        "SELECT count(*) > 0 FROM what_if WHERE call_id = '{call_id}' AND state <> 'cancelled'"
        f" AND (other -> 'quotas' -> 0 ->> 'ceiling')::int = {ceiling}"
    )


_STOPPED = "SELECT state <> 'searching' FROM date_plan WHERE id = '{plan}'"
_PROPOSED = (
    "SELECT bool_and(v.proposal -> 'days' = change -> 'after') FROM date_plan p, jsonb_array_elements(p.changes) change"
    " JOIN visit v ON v.match_id::text = change ->> 'match_id' WHERE p.id = '{plan}'"
)
_PROPOSAL = _commit(("a1", "s1"), ("a2", "s2"))
_COMMITTED = _cohort(("a1", "s1"), ("a2", "s2"))
_GONE = {"application_id": "a1", "reason": Reason.OPERATIONAL_DUTY}


def commits() -> tuple[Act, ...]:
    """Return what can be done with provisional matches."""
    return (
        *_both("commit", "/cohorts", _PROPOSAL, aim=_COMMITTED),
        _page(
            "commit",
            "/cohorts/{call_id}/commit",
            lambda opened: {"pair": opened.ticked(("a1", "s1"), ("a2", "s2"))},
            aim=_COMMITTED,
        ),
        _by(
            "carla",
            "commit with reserves",
            "/cohorts",
            _commit(("a1", "s1"), ("a2", "s2"), reserves=True),
            aim=_cohort(("a1", "s1"), ("a2", "s2"), more="AND reserves IS NOT NULL"),
        ),
        _by("carla", "commit one", "/cohorts", _commit(("a1", "s1")), aim=_cohort(("a1", "s1"))),
        _by("carla", "commit nobody", "/cohorts", _commit(), aim=_cohort()),
        *_both("put a3 to s1", "/overrides", _override("a3", "s1"), aim=_put("a3", "s1")),
        _withdrawn("a1"),
    )


def first_choices() -> tuple[Act, ...]:
    """Return what can be done while no choice is noted for a cohort."""
    return (
        _choice("carla", "hold_back", "a1"),
        _choice("bruno", "pin", "a2", "s2"),
        _page_commit(),
        _by("bruno", "commit", "/cohorts", _PROPOSAL, aim=_COMMITTED),
    )


def more_choices() -> tuple[Act, ...]:
    """Return what can be done while a place is pinned for a cohort."""
    removed = "SELECT count(*) = 0 FROM cohort_draft WHERE call_id = '{call_id}' AND choices -> '{a2}' IS NOT NULL"
    return (
        _choice("carla", "hold_back", "a1"),
        _choice("bruno", "move", "a3", "s1"),
        _page(
            "remove choice",
            "/cohorts/drafts/{draft_id}",
            lambda opened: {"undo": str(opened.ids["a2"])},
            record="draft",
            aim=removed,
        ),
        _page_commit(),
        _withdrawn("a1"),
    )


def _page_commit() -> Act:
    """Return the form that commits a cohort with the choices that its page showed."""
    return _page(
        "commit",
        "/cohorts/{call_id}/commit",
        lambda opened: {"pair": opened.ticked(("a1", "s1"), ("a2", "s2"))},
        record="draft",
        aim=_COMMITTED,
    )


def matches() -> tuple[Act, ...]:
    """Return what can be done with proposed matches."""
    clear = {"application_id": "a1"}
    other = _put("a1", "s2", "m1", "m2")
    home, host = clear | {"side": Side.HOME, "country": "MD"}, clear | {"side": Side.HOST, "country": "FR"}
    return (
        *_both("put a3 to s1", "/overrides", _override("a3", "s1", instead="m1"), aim=_put("a3", "s1", "m1")),
        _by(
            "carla",
            "put a3 to s1 for another reason",
            "/overrides",
            _override("a3", "s1", "other", "m1"),
            aim=_put("a3", "s1", "m1"),
        ),
        _page(
            "put a3 to s1",
            "/applications/{application_id}/override/commit",
            _override_form("s1", "m1"),
            record="a3",
            aim=_put("a3", "s1", "m1"),
        ),
        _by("carla", "put a1 to s2", "/overrides", _override("a1", "s2", instead="m2"), aim=other),
        _by("carla", "commit again", "/cohorts", _PROPOSAL, aim=_COMMITTED),
        _event("home clears", participation.ClearanceGiven, "m1", **home),
        _event("home refuses", participation.ClearanceRefused, "m1", **home, reason="personal"),
        _event("host clears", participation.ClearanceGiven, "m1", **host),
        _event("guest cancels", participation.CancellationRequested, "m1", **_GONE, by=Party.GUEST),
        _withdrawn("a1"),
    )


def answers() -> tuple[Act, ...]:
    """Return what can be done with an offered match."""
    own, other = {"application_id": "a1"}, _put("a1", "s2", "m1", "m2")
    return (
        *_both("put a3 to s1", "/overrides", _override("a3", "s1", instead="m1"), aim=_put("a3", "s1", "m1")),
        _by("carla", "put a1 to s2", "/overrides", _override("a1", "s2", instead="m2"), aim=other),
        _event("guest accepts", participation.AnswerGiven, "m1", **own, by=Party.GUEST, answer=Answer.ACCEPT),
        _event("host accepts", participation.AnswerGiven, "m1", **own, by=Party.HOST, answer=Answer.ACCEPT),
        _event(
            "host declines",
            participation.AnswerGiven,
            "m1",
            **own,
            by=Party.HOST,
            answer=Answer.DECLINE,
            reason="not_available",
        ),
        _event("guest cancels", participation.CancellationRequested, "m1", **_GONE, by=Party.GUEST),
        _withdrawn("a1"),
    )


def rings() -> tuple[Act, ...]:
    """Return what can be done with a possible exchange ring."""
    legs = (("a1", "s2"), ("a2", "s1"))
    proposed = _cohort(*legs, more="AND ring IS NOT NULL")
    return (
        *_both("ring", "/rings", _ring(*legs), aim=proposed),
        _page("ring", "/rings/{call_id}/propose", lambda opened: {"pair": opened.ticked(*legs)}, aim=proposed),
        _by(
            "carla",
            "commit the places",
            "/cohorts",
            _commit(("a3", "s1"), ("a4", "s2")),
            aim=_cohort(("a3", "s1"), ("a4", "s2")),
        ),
        _withdrawn("a1"),
    )


def visits() -> tuple[Act, ...]:
    """Return what can be done with a planned visit."""
    own, move = {"application_id": "a1", "visit_id": "v1"}, "/visits/{match_id}/move"
    return (
        *_both("move", move, _week("week"), record="m1", aim=_moved("week")),
        _by("carla", "move for another reason", move, _week("week", "other"), record="m1", aim=_moved("week")),
        _by("carla", "move elsewhere", move, _week("later"), record="m1", aim=_moved("later")),
        _page("move", move, _week("week"), record="m1", aim=_moved("week")),
        _event("guest accepts", participation.MoveAccepted, "m1", **own, by=Party.GUEST, move=1),
        _event("host accepts", participation.MoveAccepted, "m1", **own, by=Party.HOST, move=1),
        _event(
            "guest refuses", participation.MoveRefused, "m1", **own, by=Party.GUEST, move=1, reason="timetable_conflict"
        ),
        _event("guest cancels", participation.CancellationRequested, "m1", **_GONE, by=Party.GUEST),
        _event(
            "guest asks for dates",
            participation.MoveRequested,
            "m1",
            **own,
            by=Party.GUEST,
            periods=[],
            reason="personal",
        ),
        _event("guest does not come", participation.NoShowReported, "m1", **own),
    )


def plans() -> tuple[Act, ...]:
    """Return what can be done with a plan of dates."""
    plan = "/calls/{call_id}/plan"
    return (
        *_both("plan", plan, lambda _: {"seconds": 5}, aim=_planned(5)),
        _by("carla", "plan for longer", plan, lambda _: {"seconds": 9}, aim=_planned(9)),
        _page("plan as usual", "/plans/{call_id}", aim=_planned(SECONDS)),
        *_both("stop", f"{plan}/stop", lambda opened: {"plan_id": str(opened.ids["plan"])}, aim=_STOPPED),
        _page("stop", "/plans/{call_id}/stop", lambda opened: {"plan": str(opened.ids["plan"])}, aim=_STOPPED),
        *_both("propose", f"{plan}/propose", _plan(), aim=_PROPOSED),
        _by("carla", "propose for another reason", f"{plan}/propose", _plan("other"), aim=_PROPOSED),
        _page("propose", "/plans/{call_id}/propose", _plan_form, aim=_PROPOSED),
        _by("carla", "move", "/visits/{match_id}/move", _week("later"), record="m1", aim=_moved("later")),
        _event("guest cancels", participation.CancellationRequested, "m1", **_GONE, by=Party.GUEST),
    )


def mentorships() -> tuple[Act, ...]:
    """Return what the portal says about a mentorship."""
    own = {"application_id": "a1", "mentorship_id": "t1"}
    signed = own | {"version": 1, "document": "0" * 64}
    return (
        _event("mentee signs", participation.AgreementSigned, "m1", **signed, by=Party.MENTEE),
        _event("mentor signs", participation.AgreementSigned, "m1", **signed, by=Party.MENTOR),
        _event("mentor pauses", participation.PauseRequested, "m1", **own, by=Party.MENTOR, reason="operational_duty"),
        _event("mentee resumes", participation.ResumeRequested, "m1", **own, by=Party.MENTEE),
        _event("mentee ends", participation.EndRequested, "m1", **own, by=Party.MENTEE, reason="operational_duty"),
        _event("mentor cancels", participation.CancellationRequested, "m1", **_GONE, by=Party.MENTOR),
        _event(
            "fund changes",
            participation.FundChangeRequested,
            "m1",
            application_id="a1",
            fund_id=new_id(),
            reason="funding",
        ),
        _withdrawn("a1"),
    )


def what_ifs() -> tuple[Act, ...]:
    """Return what can be done with a what-if."""
    cancelled = "SELECT state = 'cancelled' FROM what_if WHERE id = '{what_if}'"
    return (
        *_both("try", "/what-ifs", _what_if(0), aim=_tried(0)),
        _page("try", "/what-ifs/new?call={call_id}", lambda opened: opened.ids["form"], aim=_tried(0)),
        _by("carla", "try another", "/what-ifs", _what_if(1), aim=_tried(1)),
        *_both("cancel", "/what-ifs/{what_if_id}/cancel", record="what_if", aim=cancelled),
        _page("cancel", "/what-ifs/{what_if_id}/cancel", record="what_if", aim=cancelled),
    )


def calculations() -> tuple[Act, ...]:
    """Return what can be done with options that wait to be calculated."""
    calculated = "SELECT count(*) > 0 FROM option_set WHERE call_id = '{call_id}' AND state <> 'cancelled'"
    cancelled = "SELECT state = 'cancelled' FROM option_set WHERE id = '{options}'"
    return (
        *_both("calculate", "/options", lambda opened: {"call_id": str(opened.ids["call_id"])}, aim=calculated),
        _page("calculate", "/options/{call_id}", aim=calculated),
        *_both("cancel", "/options/{options_id}/cancel", record="options", aim=cancelled),
        _page("cancel", "/options/{options_id}/cancel", record="options", aim=cancelled),
    )


def options() -> tuple[Act, ...]:
    """Return what can be done with calculated options."""

    def chosen(opened: Opened) -> dict[str, Any]:
        option = {"options_id": str(opened.ids["options_id"]), "option": opened.ids["option"]}
        return _PROPOSAL(opened) | {"option": option}

    return (
        *_both("commit option", "/cohorts", chosen, aim=_COMMITTED),
        _page(
            "commit option",
            "/options/{options_id}/options/{option}/commit",
            lambda opened: {"pair": opened.ticked(("a1", "s1"), ("a2", "s2"))},
            aim=_COMMITTED,
        ),
        _withdrawn("a1"),
    )


def jobs() -> tuple[Act, ...]:
    """Return what can be done with the job of a large cohort."""
    cancelled = "SELECT state = 'cancelled' FROM cohort_job WHERE id = '{job}'"
    return (
        *_both("commit", "/cohorts", _PROPOSAL, aim=_job_for(("a1", "s1"), ("a2", "s2"))),
        _by("carla", "commit one", "/cohorts", _commit(("a1", "s1")), aim=_job_for(("a1", "s1"))),
        *_both("cancel", "/jobs/{job_id}/cancel", record="job", aim=cancelled),
        _page("cancel", "/cohorts/jobs/{job_id}/cancel", record="job", aim=cancelled),
        _withdrawn("a1"),
    )


def day(weeks: int) -> str:
    """Return a day some weeks from today."""
    return str(clock.today().fromordinal(clock.today().toordinal() + 7 * weeks))
