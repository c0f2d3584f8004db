"""The actions on each kind of record by API: who may do each, and with what body; and what an action is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.time import clock

API = "/applications/api/v1"
ALIASES = {"leader": "application_id", "member": "application_id"}
"""Names for further records of a kind in one scene, with the parameter of their kind."""
LEFT_OUT = {
    "a copy or an addition, which changes nothing that is there": {
        "/applications/{application_id}/again",
        "/applications/{application_id}/companions",
        "/offers/{offer_id}/copy",
        "/calls/{call_id}/copy",
        "/matches/{match_id}/incidents",
        "/incidents/{incident_id}/notes",
        "/mentorships/{mentorship_id}/goals",
        "/mentorships/{mentorship_id}/goals/{goal_id}/notes",
        "/mentorships/{mentorship_id}/meetings",
        "/mentorships/{mentorship_id}/sessions",
        "/visits/{visit_id}/costs",
    },
    "nothing is decided: a ticket, a preview, or what is read with a trace": {
        "/matches/{match_id}/receipt",
        "/mentorships/{mentorship_id}/tickets",
        "/visits/{visit_id}/tickets",
        "/visits/{visit_id}/emergency-contact",
        "/offers/{offer_id}/differences",
        "/partners/{country}/suspension/preview",
    },
    "the person's own, which nobody else changes": {"/sessions/{browser_session_id}"},
    "tried where partners are suspended, with the decision that was previewed": {
        "/partners/{country}/suspension",
        "/partners/{country}/reinstatement",
        "/partners/{country}/decisions/{decision_id}/withdraw",
        "/partners/{country}/decisions/{decision_id}/cases/{case_id}/keep",
    },
}
"""Routes that name a record and are in no pair, by the reason."""


@dataclass(frozen=True)
class Act:
    """An action of a person on a record: a route, and what is sent to it.

    `on` is the page that holds its form, `body` then what is typed there beside what the page has filled in; None for
    an action by API. `does` is the word for what it does, where that is not the last one of its address: two actions of
    one person with the same word are the same action.
    """

    who: str
    path: str
    body: Any = field(default=None, hash=False)
    method: str = "POST"
    word: str = ""
    on: str | None = None
    does: str = ""

    def is_again(self, other: Act) -> bool:
        """Return whether it is the same action of the same person as another one."""
        mine, theirs = ((act.who, act.does or act.path.rsplit("/", 1)[-1], act.word) for act in (self, other))
        return self == other or ((self.does != "" or other.does != "") and mine[:2] == theirs[:2])

    @property
    def route(self) -> str:
        """Its path as the route declares it, with the parameter of each record's kind."""
        return re.sub(r"{(\w+)}", lambda found: f"{{{ALIASES.get(found[1], found[1])}}}", self.path)

    def __str__(self) -> str:
        """Return it as a finding names it."""
        method = self.method if self.on is None else "FORM"
        return f"{self.who} {method} {self.path} {self.word}".strip()

    @property
    def names(self) -> list[str]:
        """The names of the parameters in its address, or in that of its page where its own has none."""
        return re.findall(r"{(\w+)}", self.path) or re.findall(r"{(\w+)}", self.on or "")

    def shares_record(self, other: Act) -> bool:
        """Return whether both change one record, or one changes a record that the other one's belongs to."""
        own, others = (frozenset(name for name in act.names if name.endswith("_id")) for act in (self, other))
        return own <= others or others <= own


def _of(base: str, *acts: tuple[Any, ...]) -> tuple[Act, ...]:
    """Return actions on addresses below `base`: who, address, and the other parts of each."""
    return tuple(Act(who, f"{base}{path}", *rest) for who, path, *rest in acts)


def _day(count: int) -> str:
    return str(clock.today() + timedelta(days=count))


def _reason(word: str = "operational_duty") -> dict[str, str]:
    return {"reason": word}


ACCEPT, DECLINE = {"answer": "accept"}, {"answer": "decline", "reason": "operational_duty"}


def acts() -> dict[str, tuple[Act, ...]]:
    """Return the actions on each kind of record."""
    span = {"start": _day(100), "end": _day(140)}
    unsuitable = {"not_suitable": [{"application_id": "{candidate}", "reason": "other"}]}
    change = {"expertise": [{"area": "forensics", "level": 1, "years": 1}]}
    need = {
        "country": "AM",
        "topic_code": "online_crime",
        "level": 2,
        "quantity": 5,
        "since": _day(0),
        "until": _day(9),
    }
    goal = "/mentorships/{mentorship_id}/goals/{goal_id}"
    session = "/mentorships/{mentorship_id}/sessions/{session_id}"
    meeting = "/mentorships/{mentorship_id}/meetings/{meeting_id}"
    request = "/mentorships/{mentorship_id}/visit"
    return {
        "application": _of(
            "/applications/{application_id}",
            ("ani", "/answers", {"years_in_field": 9}, "PUT"),
            ("ani", "/submit"),
            ("ani", "/change", {"answers": change, "reason": "other"}),
            ("ani", "/withdraw", _reason()),
            ("ani", "/appeal", {"text": "The level of my English is B2, see the test."}),
            ("ani", "/line-manager", {"name": "Vardan Sargsyan", "email": "chief@police.example"}, "PUT"),
            ("tigran", "/line-manager/confirm", {"email": "vardan@mail.example"}),
            ("tigran", "/endorse", {"note": ""}),
            ("deputy", "/endorse", {"note": ""}),
            ("tigran", "/not-endorse", _reason()),
            ("tigran", "/return", {"remarks": {"languages": "Which test?"}}),
            ("programme", "/cancel", _reason("funding")),
            ("programme", "/void", _reason("test")),
            ("deputy", "/appeal/decide", {"outcome": "upheld", "answer": "The test counts."}, "POST", "upheld"),
            ("deputy", "/appeal/decide", {"outcome": "dismissed", "answer": "It does not."}, "POST", "dismissed"),
        ),
        "placement": _of(
            "/offers/{offer_id}",
            ("claire", "", {"entry": {"places": 3}}, "PUT"),
            ("claire", "/submit"),
            ("luc", "/endorse"),
            ("luc", "/return", {"remarks": {"places": "How many?"}}),
            ("claire", "/publish"),
            ("claire", "/pause"),
            ("claire", "/resume"),
            ("claire", "/candidates", unsuitable, "PUT"),
            ("claire", "/available"),
            ("claire", "/close", {}),
            ("claire", "/withdraw", _reason("funding")),
            ("programme", "/void", _reason("test")),
        ),
        "mentor": _of(
            "/mentors/{mentor_id}",
            ("jonas", "", {"entry": {"capacity": 3}}, "PUT"),
            ("jonas", "/publish"),
            ("jonas", "/pause"),
            ("jonas", "/resume"),
            ("jonas", "/candidates", unsuitable, "PUT"),
            ("jonas", "/available"),
            ("jonas", "/close"),
        ),
        "match": _of(
            "/matches/{match_id}",
            ("tigran", "/clear", {"side": "home"}, "POST", "home"),
            ("deputy", "/clear", {"side": "home"}, "POST", "home"),
            ("tigran", "/refuse", {"reason": "clearance", "side": "home"}, "POST", "home"),
            ("luc", "/clear", {"side": "host"}, "POST", "host"),
            ("luc", "/refuse", {"reason": "clearance", "side": "host"}, "POST", "host"),
            ("ani", "/answer", ACCEPT, "POST", "accept"),
            ("ani", "/answer", DECLINE, "POST", "decline"),
            ("claire", "/answer", ACCEPT, "POST", "accept"),
            ("claire", "/answer", DECLINE, "POST", "decline"),
            ("ani", "/cancel", _reason()),
            ("tigran", "/cancel", _reason()),
        ),
        "visit": _of(
            "/visits/{visit_id}",
            ("claire", "/agenda", {"text": "Monday: safety."}, "PUT"),
            ("ani", "/agenda/agree", {"version": 1}),
            ("claire", "/agenda/agree", {"version": 1}),
            ("ani", "/moves", {**_reason("timetable_conflict"), "periods": [span]}),
            ("claire", "/moves", {**_reason("timetable_conflict"), "periods": [span]}),
            ("ani", "/moves/{proposal}/answer", ACCEPT, "POST", "accept"),
            ("ani", "/moves/{proposal}/answer", DECLINE, "POST", "decline"),
            ("claire", "/moves/{proposal}/answer", ACCEPT, "POST", "accept"),
            ("claire", "/no-show", {}),
            ("claire", "/attendance", {"days": {"FIRST": True}}, "POST", "present"),
            ("claire", "/attendance", {"days": {"FIRST": False}}, "POST", "absent"),
            ("claire", "/early-return", {"last_day": "FIRST"}),
            ("claire", "/letters/{letter}"),
            ("ani", "/preparation/{item}", {"details": {}}, "PUT"),
            ("claire", "/costs/{cost_id}", {"payer": "host", "planned": "70"}, "PUT"),
            ("claire", "/costs/{cost_id}", None, "DELETE"),
            ("tigran", "/costs-settled", {"lines": "LINES"}),
        ),
        "mentorship": (
            *_of(
                "/mentorships/{mentorship_id}",
                ("nino", "/sign", {"version": 1}),
                ("jonas", "/sign", {"version": 1}),
                ("nino", "/agreement", {"terms": {"rhythm": "weekly", "aims": "Read charts."}, "based_on": 1}),
                ("nino", "/agreement/versions/{version}/take-back"),
                ("nino", "/pause", _reason()),
                ("jonas", "/pause", _reason()),
                ("nino", "/resume"),
                ("nino", "/end", _reason(), "POST", "early"),
                ("jonas", "/end", None, "POST", "completed"),
                ("nino", "/visits/{pair_visit_id}/cancel", _reason()),
            ),
            Act("jonas", request, {"guest": "mentee", "days": 3, "periods": [span]}),
            Act("nino", request + "/{request_id}/answer", {"answer": "accept"}, word="accept"),
            Act("nino", request + "/{request_id}/answer", {"answer": "decline"}, word="decline"),
            Act("jonas", request + "/{request_id}/withdraw"),
            Act("nino", goal + "/close", {"met": True}, word="met"),
            Act("nino", goal + "/close", {"met": False, "reason": "other"}, word="not met"),
            Act("jonas", goal + "/take-up", {}),
            Act("jonas", session, {"held_on": _day(0), "minutes": 90}, "PUT"),
            Act("nino", session + "/confirm"),
            Act("nino", session + "/dispute", {"text": "We did not meet."}),
            Act("jonas", session + "/withdraw"),
            Act("nino", meeting, {"day": _day(12), "time": "11:00", "minutes": 30}, "PUT"),
            Act("jonas", meeting + "/cancel", {}),
        ),
        "companion": _of(
            "/companions/{companion_id}",
            ("davit", "/answer", {"yes": True}, "POST", "yes"),
            ("davit", "/answer", {"yes": False}, "POST", "no"),
            ("davit", "/leave"),
            ("ani", "/remove"),
        ),
        "group": (
            *_of("/companions/{companion_id}", ("davit", "/leave"), ("ani", "/remove")),
            *_of(
                "/applications",
                ("ani", "/{leader}/withdraw", _reason()),
                ("davit", "/{member}/withdraw", _reason()),
                ("tigran", "/{leader}/endorse", {"note": ""}),
                ("tigran", "/{leader}/not-endorse", _reason()),
                ("tigran", "/{member}/not-endorse", _reason()),
                ("programme", "/{leader}/cancel", _reason("funding")),
                ("programme", "/{member}/void", _reason("test")),
            ),
        ),
        "incident": _of(
            "/incidents/{incident_id}",
            ("programme", "/acknowledge"),
            ("programme", "/close", {"text": "Settled with both agencies."}),
        ),
        "proposal": _of(
            "/register/proposals/{proposal_id}",
            ("programme", "/approve", {}),
            ("programme", "/refuse", {"reason": "incomplete"}),
            ("tigran", "/take-back"),
        ),
        "register": (
            Act("tigran", "/register/needs/{need_id}", {"need": need}),
            Act("tigran", "/register/needs/{need_id}/withdraw"),
            Act("tigran", "/register/needs/imports/{import_id}/confirm", {}),
            Act("tigran", "/register/needs/imports/{import_id}/discard"),
            Act("programme", "/register/exclusions/{exclusion_id}/end"),
            Act("programme", "/asked-before-travel/{rule_id}", None, "DELETE", "remove"),
            Act("programme", "/register/people/{person_id}/address"),
        ),
        "call": (
            Act("programme", "/call-drafts/{draft_id}", {"entry": {"reserves": 2}}, "PATCH"),
            Act("programme", "/call-drafts/{draft_id}", None, "DELETE", "discard"),
            Act("programme", "/call-drafts/{draft_id}/publish"),
            Act("programme", "/call-drafts/{draft_id}/revise", {"favour": True}),
            Act("programme", "/calls/{call_id}/revise"),
            Act("programme", "/calls/{call_id}/close"),
        ),
    }
