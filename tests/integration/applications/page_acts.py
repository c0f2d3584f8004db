"""The actions on each kind of record by the forms of pages: who may do each, on which page, and what is typed there."""

from __future__ import annotations

from datetime import timedelta

from shared.time import clock
from tests.integration.applications.acts import Act
from tests.integration.applications.pairs import ONCE_MORE, UNASKED

P = "/applications"
LEFT_OUT = {
    "a copy or an addition, which changes nothing that is there": {
        f"{P}/asked-before-travel",
        f"{P}/calls/new",
        f"{P}/calls/{{call_id}}/apply",
        f"{P}/calls/{{call_id}}/copy",
        f"{P}/incidents/{{incident_id}}/notes",
        f"{P}/matches/{{match_id}}/incident",
        f"{P}/mentors/new",
        f"{P}/mentorships/{{mentorship_id}}/goals",
        f"{P}/mentorships/{{mentorship_id}}/goals/{{goal_id}}/notes",
        f"{P}/mentorships/{{mentorship_id}}/meetings",
        f"{P}/mentorships/{{mentorship_id}}/sessions",
        f"{P}/mine/{{application_id}}/again",
        f"{P}/mine/{{application_id}}/company",
        f"{P}/offers/new",
        f"{P}/offers/{{offer_id}}/copy",
        f"{P}/register/deputies",
        f"{P}/register/exclusions/new",
        f"{P}/register/funds/new",
        f"{P}/register/needs/import",
        f"{P}/register/needs/new",
        f"{P}/register/organisations/new",
        f"{P}/register/people/new",
        f"{P}/visits/{{visit_id}}/costs",
    },
    "nothing is decided: a preview, or what is read with a trace": {
        f"{P}/partners/{{country}}/suspend",
        f"{P}/verify",
        f"{P}/visits/{{visit_id}}/emergency",
    },
    "the person's own, of which the last word counts": {
        f"{P}/account/address",
        f"{P}/account/sessions/end-others",
        f"{P}/account/sessions/{{browser_session_id}}/end",
        f"{P}/calls/{{call_id}}/places/{{kind}}/wish",
        f"{P}/cases/views",
        f"{P}/choices",
        f"{P}/inbox/read",
        f"{P}/subscription/end",
        f"{P}/subscription/make",
        "/sign-out",
    },
    "opened by a link for one person, and answered once": {
        f"{P}/address/{{token}}",
        f"{P}/available",
        f"{P}/line-manager",
        f"{P}/line-manager/renewal",
    },
    "no form of a page: asked by other services": {
        f"{P}/internal/contacts",
        f"{P}/internal/contacts/many",
        f"{P}/internal/objectives",
        f"{P}/internal/own-cases",
        f"{P}/internal/override-reasons",
        f"{P}/internal/sessions/check",
    },
    "it only ends something, which a repeat leaves as it is": {f"{P}/register/deputies/end"},
    "moves the clock of a trial, as often as it is sent": {f"{P}/clock"},
    "settles dead letters by their ids, which are no records of the portal": {f"{P}/dead-letters"},
}
"""Routes of pages that are in no pair, by the reason."""

Typed = dict[str, list[str]]


def _forms(
    base: str,
    *acts: tuple[str, str, str | None, Typed]
    | tuple[str, str, str | None, Typed, str]
    | tuple[str, str, str | None, Typed, str, str],
) -> tuple[Act, ...]:
    """Return actions below `base`: who, address, page of the form (None: that address), what is typed, and words.

    The words are those of `Act`: `word` and `does`.
    """
    made = []
    for who, path, on, typed, *words in acts:
        word, does = [*words, "", ""][:2]
        page = path if on is None else on
        made.append(Act(who, f"{base}{path}", typed, "POST", word, f"{base}{page}", does))
    return tuple(made)


def _date(name: str, days: int) -> Typed:
    day = clock.today() + timedelta(days=days)
    return {f"{name}-day": [str(day.day)], f"{name}-month": [str(day.month)], f"{name}-year": [str(day.year)]}


def page_acts() -> dict[str, tuple[Act, ...]]:
    """Return the actions on each kind of record."""
    why: Typed = {"reason": ["operational_duty"]}
    span = _date("periods-0-start", 100) | _date("periods-0-end", 140)
    decision = "/decisions/{decision_id}"
    person = "/register/people/{person_id}"
    goal, session, meeting = "/goals/{goal_id}", "/sessions/{session_id}", "/meetings/{meeting_id}"
    language: Typed = {"languages-0-level": ["C1"]}
    unsuitable: Typed = {"not_suitable-0-candidate": ["{candidate}"], "not_suitable-0-reason": ["other"]}
    return {
        "application": (
            *_forms(
                f"{P}/mine/{{application_id}}",
                ("ani", "/{code}", None, language),
                ("ani", "/{code}/draft", "/{code}", language),
                ("ani", "/check", None, {}),
                ("ani", "/change/{code}", None, {**language, "change_reason": ["other"]}),
                ("ani", "/withdraw", None, why),
                ("ani", "/appeal", None, {"text": ["The level of my English is B2, see the test."]}),
                ("ani", "/line-manager", None, {"line_manager_email": ["chief@police.example"]}),
            ),
            *_forms(
                f"{P}/cases/{{application_id}}",
                ("tigran", "/line-manager", None, {}),
                ("tigran", "/endorse", None, {}),
                ("deputy", "/endorse", None, {}),
                ("tigran", "/not-endorse", None, why),
                ("tigran", "/return", None, {"languages": ["Which test?"]}),
                ("programme", "/eligibility", None, {}, "", "eligible"),
                ("programme", "/cancel", None, {"reason": ["funding"]}),
                ("programme", "/void", None, {"reason": ["test"], "known": ["y"]}),
                ("deputy", "/appeal", None, {"outcome": ["upheld"], "answer": ["The test counts."]}, "upheld"),
                ("deputy", "/appeal", None, {"outcome": ["dismissed"], "answer": ["It does not."]}, "dismissed"),
            ),
            *_forms(
                f"{P}/cases/decide",
                ("tigran", "", "?act=endorse&case={application_id}", {}, "several", "endorse"),
                ("tigran", "", "?act=not_endorse&case={application_id}", why, "several", "not-endorse"),
                ("programme", "", "?act=eligibility&case={application_id}", {}, "eligible", "eligible"),
            ),
        ),
        "placement": (
            *_forms(
                f"{P}/offers/{{offer_id}}",
                ("claire", "/edit", "/edit?step=when", {"part": ["when"], "places": ["3"], "told": ["yes"]}),
                ("claire", "/submit", "", {}),
                ("luc", "/endorse", "", {}),
                ("luc", "/return", None, {"places": ["How many?"]}),
                ("claire", "/publish", "", {}),
                ("claire", "/pause", "", {}),
                ("claire", "/resume", "", {}),
                ("claire", "/available", "", {}, UNASKED),
                ("claire", "/candidates", None, unsuitable),
                ("claire", "/close", "", {}),
                ("claire", "/withdraw", None, {"reason": ["funding"]}),
                ("programme", "/void", None, {"reason": ["test"]}),
            ),
            *_forms(
                f"{P}/offers/decide",
                ("luc", "", "?act=endorse&offer={offer_id}", {}, "several", "endorse"),
            ),
        ),
        "mentor": _forms(
            f"{P}/mentors/{{mentor_id}}",
            ("jonas", "/edit", None, {"capacity": ["3"], "told": ["yes"]}),
            ("jonas", "/publish", "", {}),
            ("jonas", "/pause", "", {}),
            ("jonas", "/resume", "", {}),
            ("jonas", "/candidates", None, unsuitable),
            ("jonas", "/available", "", {}, UNASKED),
            ("jonas", "/close", "", {}),
        ),
        "match": (
            *_forms(
                f"{P}/matches/{{match_id}}",
                ("tigran", "/clear", "", {"side": ["home"]}, "home"),
                ("deputy", "/clear", "", {"side": ["home"]}, "home"),
                ("tigran", "/refuse", None, {"reason": ["clearance"]}, "home"),
                ("luc", "/clear", "", {"side": ["host"]}, "host"),
                ("luc", "/refuse", None, {"reason": ["clearance"]}, "host"),
                ("ani", "/answer", "", {"answer": ["accept"]}, "accept"),
                ("ani", "/answer", "", {"answer": ["decline"], **why}, "decline"),
                ("claire", "/answer", "", {"answer": ["accept"]}, "accept"),
                ("claire", "/answer", "", {"answer": ["decline"], **why}, "decline"),
                ("ani", "/cancel", None, why),
                ("tigran", "/cancel", None, why),
            ),
            *_forms(f"{P}/matches/clear", ("tigran", "", "?match={match_id}", {}, "several", "clear")),
        ),
        "visit": _forms(
            f"{P}/visits/{{visit_id}}",
            ("claire", "/agenda", "", {"text": ["Monday: safety."]}),
            ("ani", "/agenda/agree", "", {}),
            ("claire", "/agenda/agree", "", {}),
            ("ani", "/move", None, {"reason": ["timetable_conflict"], **span}),
            ("claire", "/move", None, {"reason": ["timetable_conflict"], **span}),
            ("ani", "/moves/{proposal}", None, {"answer": ["accept"]}, "accept"),
            ("ani", "/moves/{proposal}", None, {"answer": ["decline"], **why}, "decline"),
            ("claire", "/moves/{proposal}", None, {"answer": ["accept"]}, "accept"),
            ("claire", "/no-show", None, {}),
            ("claire", "/attendance", "", {"day-FIRST": ["yes"]}, "present"),
            ("claire", "/attendance", "", {"day-FIRST": ["no"]}, "absent"),
            ("claire", "/early-return", None, {"last_day": ["FIRST"]}),
            ("claire", "/letters/{letter}", "/letters", {}),
            ("tigran", "/preparation/authorisation", None, {"reference": ["12/2026"], **_date("given_on", 0)}),
            ("ani", "/preparation/visa", None, {"result": ["not_needed"]}),
            (
                "ani",
                "/preparation/insurance",
                None,
                {
                    "insurer": ["Ingo"],
                    "policy_number": ["4711"],
                    **_date("valid_from", 0),
                    **_date("valid_until", 300),
                },
            ),
            (
                "ani",
                "/preparation/emergency_contact",
                None,
                {"name": ["Aram"], "relation": ["Brother"], "phone": ["+374 10 123456"]},
            ),
            ("ani", "/preparation/access_needs", None, {"text": ["A lift."]}),
            ("claire", "/preparation/arrival", None, {"place": ["The gate."], "at": ["09:00"]}),
            ("claire", "/costs/{cost_id}", None, {"planned": ["70"]}),
            ("claire", "/costs/{cost_id}/remove", "/costs/{cost_id}", {}),
            ("tigran", "/costs-settled", "/costs", {}),
        ),
        "mentorship": _forms(
            f"{P}/mentorships/{{mentorship_id}}",
            ("nino", "/agreement/propose", None, {"rhythm": ["weekly"], "aims": ["Read charts."], "step": ["sign"]}),
            ("nino", "/sign", "/agreement", {}),
            ("jonas", "/sign", "/agreement", {}),
            ("nino", "/agreement/versions/{version}/take-back", "/agreement", {}),
            ("nino", "/pause", None, why),
            ("jonas", "/pause", None, why),
            ("nino", "/resume", "", {}),
            ("nino", "/end", None, why),
            ("jonas", "/complete", None, {}),
            ("nino", "/visits/{pair_visit_id}/cancel", None, why),
            ("jonas", "/visit", None, {"guest": ["mentee"], "days": ["3"], **span}),
            ("nino", "/visit/{request_id}/answer", "/visit", {"answer": ["accept"]}, "accept"),
            ("nino", "/visit/{request_id}/answer", "/visit", {"answer": ["decline"], "text": ["No week."]}, "decline"),
            ("jonas", "/visit/{request_id}/withdraw", "/visit", {}),
            ("nino", f"{goal}/close", goal, {"met": ["yes"]}, "met"),
            ("nino", f"{goal}/close", goal, {"met": ["no"], "reason": ["It is not needed."]}, "not met"),
            ("jonas", f"{goal}/take-up", goal, {}),
            ("jonas", session, None, {"minutes": ["90"]}),
            ("nino", f"{session}/confirm", session, {}),
            ("nino", f"{session}/dispute", session, {"text": ["We did not meet."]}),
            ("jonas", f"{session}/withdraw", session, {}),
            ("nino", meeting, None, {"clock": ["11:00"]}),
            ("jonas", f"{meeting}/cancel", meeting, {}),
        ),
        "companion": _forms(
            P,
            ("davit", "/companions/{companion_id}/answer", "/companions", {"answer": ["yes"]}, "yes"),
            ("davit", "/companions/{companion_id}/answer", "/companions", {"answer": ["no"]}, "no"),
            ("davit", "/companions/{companion_id}/leave", "/companions", {}, UNASKED, "leave"),
            ("davit", "/mine/{member}/company/{companion_id}/leave", "/mine/{member}/company", {}),
            ("ani", "/mine/{leader}/company/{companion_id}/remove", "/mine/{leader}/company", {}),
        ),
        "group": (
            *_forms(
                f"{P}/mine",
                ("davit", "/{member}/company/{companion_id}/leave", "/{member}/company", {}),
                ("ani", "/{leader}/company/{companion_id}/remove", "/{leader}/company", {}),
                ("ani", "/{leader}/withdraw", None, why),
                ("davit", "/{member}/withdraw", None, why),
            ),
            *_forms(
                f"{P}/cases",
                ("tigran", "/{leader}/not-endorse", None, why),
                ("programme", "/{member}/void", None, {"reason": ["test"], "known": ["y"]}),
            ),
        ),
        "officer": _forms(
            f"{P}{person}",
            ("tigran", "/leave", None, _date("last_day", 3), "proposed"),
            ("tigran", "/leave", None, _date("last_day", 5), "proposed for another day"),
            ("deputy", "/leave", None, _date("last_day", 3), "proposed"),
            ("programme", "/leave", None, _date("last_day", 3)),
        ),
        "office": _forms(
            f"{P}{person}",
            (
                "programme",
                "/leave",
                None,
                {"successor": ["{successor}"], **_date("last_day", 3)},
                "with a successor",
            ),
            ("programme", "/leave", None, _date("last_day", 3), "with nobody"),
            ("programme", "/edit", None, {"unit": ["Cybercrime"]}),
        ),
        "incident": _forms(
            f"{P}/incidents/{{incident_id}}",
            ("programme", "/acknowledge", "", {}),
            ("programme", "/close", "", {"text": ["Settled with both agencies."]}),
        ),
        "proposal": (
            *_forms(
                f"{P}/register/proposals/{{proposal_id}}",
                ("programme", "/approve", "", {}),
                ("programme", "/refuse", None, {"reason": ["incomplete"]}),
                ("tigran", "/take-back", "", {}),
            ),
            *_forms(
                f"{P}/register/proposals/several",
                ("programme", "", "?proposal={proposal_id}", {}, "several", "approve"),
            ),
        ),
        "register": _forms(
            P,
            ("tigran", "/register/needs/{need_id}/edit", None, {"quantity": ["5"]}),
            ("tigran", "/register/needs/{need_id}/withdraw", "/register/needs/{need_id}", {}),
            ("tigran", "/register/needs/import/{import_id}/confirm", "/register/needs/import/{import_id}", {}),
            ("tigran", "/register/needs/import/{import_id}/discard", "/register/needs/import/{import_id}", {}),
            ("programme", "/register/exclusions/{exclusion_id}", None, _date("until", 30)),
            (
                "programme",
                "/register/exclusions/{exclusion_id}/end",
                "/register/exclusions/{exclusion_id}",
                {},
            ),
            ("programme", "/register/funds/{fund_id}", None, {"name": ["TOPCOP III"]}),
            ("programme", "/asked-before-travel/{rule_id}/take-back", "/asked-before-travel", {}),
            ("programme", "/register/organisations/{organisation_id}/edit", None, {"city": ["Gyumri"]}),
            ("programme", "/register/organisations/{organisation_id}/activity", None, {}, ONCE_MORE),
            ("programme", "/register/people/{person_id}/edit", None, {"unit": ["Cybercrime"]}),
            ("programme", "/register/people/{person_id}/leave", None, _date("last_day", 1)),
            (
                "programme",
                "/register/people/{person_id}/transfer",
                None,
                {"organisation_id": ["{other_organisation}"], **_date("day", 3)},
            ),
            (
                "programme",
                "/register/people/{person_id}/confirm",
                "/register/people/{person_id}",
                {},
                UNASKED,
                "confirm",
            ),
            ("programme", f"{person}/address", person, {}),
            ("programme", "/register/access/confirm", "/register/access/confirm?person={person_id}", {}, "", "confirm"),
        ),
        "call": (
            *_forms(
                f"{P}/calls",
                ("programme", "/drafts/{draft_id}/{code}", None, {"texts-0-title": ["Exchange of experts 2"]}),
                ("programme", "/drafts/{draft_id}/publish", "/drafts/{draft_id}", {}),
                ("programme", "/drafts/{draft_id}/discard", None, {}),
                ("programme", "/drafts/{draft_id}/revise", "/drafts/{draft_id}/effects", {"favour": ["no"]}),
                (
                    "programme",
                    "/drafts/{draft_id}/questions/new",
                    None,
                    {"kind": ["text"], "texts-0-question": ["Which unit?"]},
                    ONCE_MORE,
                ),
                (
                    "programme",
                    "/drafts/{draft_id}/questions/{place}",
                    None,
                    {"texts-0-question": ["Which unit is it?"]},
                ),
                (
                    "programme",
                    "/drafts/{draft_id}/questions/{place}/{verb}",
                    "/drafts/{draft_id}/questions",
                    {},
                    ONCE_MORE,
                ),
                ("programme", "/{call_id}/close", None, {}),
                ("programme", "/{call_id}/revise", "/{call_id}", {}),
            ),
        ),
        "certificate": _forms(
            f"{P}/certificates/{{number}}",
            ("ani", "/renew", "", {}),
            ("tigran", "/renew", "", {}),
        ),
        "partner": _forms(
            f"{P}/partners/{{country}}",
            ("programme", "/suspend/confirm", "/suspend/preview?{choices}", {}, "", "suspend"),
            ("programme", "/reinstate", None, {}),
            ("programme", f"{decision}/withdraw", decision, {}),
            # A reinstatement takes each notice back too.
            ("programme", f"{decision}/cases/{{case_id}}/keep", decision, {}, "", "reinstate"),
        ),
    }
