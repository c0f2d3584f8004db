"""The sentences that say what is true now, each with the query that tells whether it is.

A refusal names the present state of a record in its address, in the words of `shared/web/states.py`, or one of these.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.time import clock
from shared.web.states import state as in_words
from tests.integration.applications.acts import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SESSION = (
    "CASE WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN confirmed_at IS NOT NULL THEN 'confirmed'"
    " WHEN disputed_at IS NOT NULL THEN 'disputed' ELSE 'logged' END"
)
_APPLICATION = (
    "CASE WHEN state = 'eligible' THEN"
    " coalesce((SELECT s.state FROM standing s WHERE s.application_id = application.id), 'in_matching') ELSE state END"
)
_MATCH = "CASE WHEN reserve AND state IN ('proposed', 'cleared', 'offered') THEN 'reserve_' || state ELSE state END"
STATES = {
    "application_id": ("application", "application", _APPLICATION),
    "offer_id": ("offer", "offer", "state"),
    "mentor_id": ("mentor", "mentor", "state"),
    "match_id": ("match", "match", _MATCH),
    "visit_id": ("visit", "visit", "state"),
    "mentorship_id": ("mentorship", "mentorship", "state"),
    "goal_id": ("goal", "goal", "CASE WHEN met IS NULL THEN 'open' WHEN met THEN 'met' ELSE 'given_up' END"),
    "session_id": ("session", "session", _SESSION),
    "request_id": ("pair_visit", "pair_visit", "state"),
    "incident_id": ("incident", "incident", "state"),
    "proposal_id": ("proposal", "proposal", "state"),
    "draft_id": ("call", "call_draft", "'draft'"),
    "call_id": ("call", "call", "state"),
    "exclusion_id": (
        "term",
        "exclusion",
        "CASE WHEN since > '{today}' THEN 'planned' WHEN until < '{today}' THEN 'ended' ELSE 'current' END",
    ),
    "need_id": ("need", "need", "CASE WHEN withdrawn THEN 'withdrawn' ELSE 'open' END"),
    "organisation_id": ("organisation", "organisation", "CASE WHEN active THEN 'active' ELSE 'inactive' END"),
}
"""By parameter: the kind of state, the table, and the expression for the state of its record."""

_CLEARED = "SELECT count(*) > 0 FROM clearance WHERE side = '{}' AND granted IS {}"
_ANSWERED = "SELECT count(*) > 0 FROM answer WHERE answer = '{}'"
_GOAL = "SELECT count(*) > 0 FROM goal WHERE met IS {}"
_COMPANION = "SELECT count(*) > 0 FROM companion WHERE state = '{}'"
_REQUEST = "SELECT count(*) > 0 FROM pair_visit WHERE state = '{}'"
_CONFIRMED = "confirmed_at IS NOT NULL AND withdrawn_at IS NULL"
_IMPORT = "SELECT count(*) > 0 FROM need_import WHERE state = '{}'"
_EVENT = "SELECT count(*) > 0 FROM journal WHERE type IN ({})"
_SUSPENDED = "SELECT coalesce((SELECT status = 'suspended' FROM partner ORDER BY since DESC LIMIT 1), false)"
FACTS = {
    r"The home country cleared this match on": _CLEARED.format("home", "true"),
    r"The home country refused to clear this match on": _CLEARED.format("home", "false"),
    r"The host country cleared this match on": _CLEARED.format("host", "true"),
    r"The host country refused to clear this match on": _CLEARED.format("host", "false"),
    r"The home country clears first\.": "SELECT count(*) = 0 FROM clearance",
    r"accepted this offer on": _ANSWERED.format("accept"),
    r"declined this offer on": _ANSWERED.format("decline"),
    r"Your side asked to cancel this on": _EVENT.format("'CancellationRequested'"),
    r"closed as met on|This goal is closed\.": "SELECT count(*) > 0 FROM goal WHERE met IS NOT NULL",
    r"given up on": _GOAL.format("false"),
    r"This goal is still open\.": _GOAL.format("NULL"),
    r"A pause was requested on": _EVENT.format("'PauseRequested'"),
    r"A request to resume the mentorship was made on": _EVENT.format("'ResumeRequested'"),
    r"You asked to (complete the mentorship|end the mentorship early) on": _EVENT.format("'EndRequested'"),
    r"This visit was agreed on|You agreed on a visit": _REQUEST.format("agreed"),
    r"This visit was refused on": _REQUEST.format("refused"),
    r"A visit is already proposed": _REQUEST.format("asked"),
    r"already answered with “yes”": _COMPANION.format("confirmed"),
    r"already answered with “no”": _COMPANION.format("declined"),
    r"This has not been answered yet\.": _COMPANION.format("asked"),
    r"one of you has left": _COMPANION.format("left"),
    r"no longer apply together because this was withdrawn": _COMPANION.format("removed"),
    r"This proposal is already approved|This table has already been imported": (
        "SELECT (SELECT count(*) FROM proposal WHERE state = 'approved') + "
        "(SELECT count(*) FROM need_import WHERE state = 'done') > 0"
    ),
    r"This proposal is already refused": "SELECT count(*) > 0 FROM proposal WHERE state = 'refused'",
    r"The proposer has withdrawn this proposal": "SELECT count(*) > 0 FROM proposal WHERE state = 'taken_back'",
    r"Your side accepted these dates on": "SELECT count(*) > 0 FROM move_answer WHERE answer = 'accept'",
    r"Your side refused these dates on": "SELECT count(*) > 0 FROM move_answer WHERE answer = 'decline'",
    r"Other dates were already requested": "SELECT count(*) > 0 FROM move_request",
    r"Other dates are already proposed": "SELECT count(*) > 0 FROM visit WHERE proposal IS NOT NULL",
    r"The agenda has changed since you opened it\. Read version \d": "SELECT count(*) > 0 FROM agenda",
    r"The visit starts on": "SELECT count(*) > 0 FROM visit WHERE start IS NOT NULL AND state = 'scheduled'",
    r"You recorded that the guest was there\.": "SELECT count(*) > 0 FROM attendance WHERE present",
    r"and now has \d+ line": "SELECT count(*) > 0 FROM cost",
    r"Enter at least one line first\.": "SELECT count(*) = 0 FROM cost",
    r"You can complete it after \d more session": f"SELECT count(*) < 3 FROM session WHERE {_CONFIRMED}",
    r"You already have a visit ahead\.": "SELECT count(*) > 0 FROM visit WHERE state = 'scheduled'",
    r"This version is “In force”": "SELECT count(DISTINCT party) = 2 FROM signature WHERE version = 1",
    r"You have already appealed against this decision": "SELECT count(*) > 0 FROM appeal",
    r"This version is “Lapsed”": "SELECT count(*) > 1 OR bool_or(lapsed_at IS NOT NULL) FROM agreement",
    r"The officer has named another line manager": (
        "SELECT count(*) > 0 FROM application WHERE answers ->> 'line_manager_email' = 'chief@police.example'"
    ),
    "It is now “No answer yet”": _COMPANION.format("asked"),
    r"It is now “Said yes”": _COMPANION.format("confirmed"),
    r"It is now “Said no”": _COMPANION.format("declined"),
    r"It is now “Has left”": _COMPANION.format("left"),
    r"It is now “Taken back”": (
        "SELECT (SELECT count(*) FROM companion WHERE state = 'removed') +"
        " (SELECT count(*) FROM proposal WHERE state = 'taken_back') +"
        " (SELECT count(*) FROM session WHERE withdrawn_at IS NOT NULL) +"
        " (SELECT count(*) FROM pair_visit WHERE state = 'withdrawn') > 0"
    ),
    r"Version \d+ can no longer be signed\. Read version \d+, which is waiting for you": (
        "SELECT count(*) > 1 FROM agreement"
    ),
    r"This session is cancelled\.": "SELECT count(*) > 0 FROM meeting WHERE cancelled_at IS NOT NULL",
    r"This table was discarded": _IMPORT.format("discarded"),
    r"A proposal about .* is already waiting": "SELECT count(*) > 0 FROM proposal WHERE state = 'waits'",
    r"This address is already confirmed": "SELECT count(*) > 0 FROM person WHERE email_verified_at IS NOT NULL",
    r"This is a revision of a published call": "SELECT count(*) > 0 FROM call_draft WHERE revises IS NOT NULL",
    r"This partner is not suspended": f"SELECT NOT ({_SUSPENDED})",
    r"It has taken effect, so it can no longer": "SELECT count(*) > 0 FROM partner_decision WHERE state = 'taken'",
    r"This call is closed": "SELECT count(*) > 0 FROM call WHERE state = 'closed'",
}
"""Sentences about what was done, with the query that is true exactly then."""


_CLEARANCE = "SELECT count(*) > 0 FROM clearance WHERE match_id = '{{match_id}}' AND side = '{}' AND granted IS {}"
_APPLICATION_IS = "SELECT state {} FROM application WHERE id = '{{application_id}}'"
_ANSWER = "SELECT count(*) > 0 FROM answer WHERE match_id = '{{match_id}}' AND party = '{}' AND answer = '{}'"
_SUBMITTED = "NOT IN ('draft', 'returned_for_information', 'withdrawn', 'cancelled', 'voided')"
_ENDORSED = "IN ('endorsed', 'eligible', 'ineligible')"
_C1 = "SELECT answers -> 'languages' -> 0 ->> 'level' = 'C1' FROM application WHERE id = '{application_id}'"
_SIGNED = "SELECT count(*) > 0 FROM signature WHERE mentorship_id = '{{mentorship_id}}' AND party = '{}'"
_OFFER_IS = "SELECT state {} FROM offer WHERE id = '{{offer_id}}'"
_MENTOR_IS = "SELECT state {} FROM mentor WHERE id = '{{mentor_id}}'"
_COMPANION_IS = "SELECT state = '{}' FROM companion WHERE id = '{{companion_id}}'"
_PROPOSAL_IS = "SELECT state = '{}' FROM proposal WHERE id = '{{proposal_id}}'"
_IMPORT_IS = "SELECT state = '{}' FROM need_import WHERE id = '{{import_id}}'"
_NEW_PLACES = "SELECT entry ->> 'places' = '3' FROM offer WHERE id = '{offer_id}'"
_NEW_CAPACITY = "SELECT entry ->> 'capacity' = '3' FROM mentor WHERE id = '{mentor_id}'"
_UNSUITABLE = (
    "SELECT count(*) > 0 FROM candidate_choice WHERE seat_id = '{{{}}}' AND choices ->> 'not_suitable' LIKE '%other%'"
)
_NEW_QUANTITY = "SELECT quantity = 5 FROM need WHERE id = '{need_id}'"
_NO_RULE = "SELECT count(*) = 0 FROM preparation_rule WHERE id = '{rule_id}'"
_NO_DRAFT = "SELECT count(*) = 0 FROM call_draft WHERE id = '{draft_id}'"
_CONFIRMED_TODAY = "SELECT confirmed_on >= '{FIRST}' FROM person WHERE id = '{person_id}'"
# As the table of forms has it (`page_acts.py`), which is made at this moment too.
_IN_A_MONTH = clock.today() + timedelta(days=30)
_SUBMITTED_OFFER = _OFFER_IS.format("NOT IN ('draft', 'returned', 'withdrawn', 'voided')")
_ENDORSED_OFFER = _OFFER_IS.format("IN ('endorsed', 'published', 'paused', 'closed')")
_SUSPENSION = (
    "SELECT count(*) > 0 FROM partner_decision"
    " WHERE country = '{country}' AND status = 'suspended' AND state <> 'withdrawn'"
)
AIMS = {
    "renew": "SELECT count(*) > 0 FROM certificate_issue WHERE version > 1",
    "offer_id/{offer_id}": _NEW_PLACES,
    "offer_id/edit": _NEW_PLACES,
    "offer_id/submit": _SUBMITTED_OFFER,
    "offer_id/endorse": _ENDORSED_OFFER,
    "luc endorse several": _ENDORSED_OFFER,
    "offer_id/return": _OFFER_IS.format("= 'returned'"),
    "offer_id/publish": _OFFER_IS.format("= 'published'"),
    "offer_id/pause": _OFFER_IS.format("= 'paused'"),
    "offer_id/resume": _OFFER_IS.format("= 'published'"),
    "offer_id/available": _OFFER_IS.format("= 'published' AND due IS NULL"),
    "offer_id/close": _OFFER_IS.format("= 'closed'"),
    "offer_id/withdraw": _OFFER_IS.format("= 'withdrawn'"),
    "offer_id/void": _OFFER_IS.format("= 'voided'"),
    "offer_id/candidates": _UNSUITABLE.format("offer_id"),
    "mentor_id/candidates": _UNSUITABLE.format("mentor_id"),
    "mentor_id/{mentor_id}": _NEW_CAPACITY,
    "mentor_id/edit": _NEW_CAPACITY,
    "mentor_id/publish": _MENTOR_IS.format("= 'published'"),
    "mentor_id/pause": _MENTOR_IS.format("= 'paused'"),
    "mentor_id/resume": _MENTOR_IS.format("= 'published'"),
    "mentor_id/available": _MENTOR_IS.format("= 'published' AND due IS NULL"),
    "mentor_id/close": _MENTOR_IS.format("= 'closed'"),
    "companion_id/answer no": _COMPANION_IS.format("declined"),
    "companion_id/leave": _COMPANION_IS.format("left"),
    "companion_id/leave unasked": _COMPANION_IS.format("left"),
    "companion_id/remove": _COMPANION_IS.format("removed"),
    "proposal_id/approve": _PROPOSAL_IS.format("approved"),
    "approve several": _PROPOSAL_IS.format("approved"),
    "proposal_id/refuse": _PROPOSAL_IS.format("refused"),
    "proposal_id/take-back": _PROPOSAL_IS.format("taken_back"),
    "need_id/{need_id}": _NEW_QUANTITY,
    "need_id/edit": _NEW_QUANTITY,
    "need_id/withdraw": "SELECT withdrawn FROM need WHERE id = '{need_id}'",
    "import_id/confirm": _IMPORT_IS.format("done"),
    "import_id/discard": _IMPORT_IS.format("discarded"),
    "exclusion_id/{exclusion_id}": f"SELECT until = '{_IN_A_MONTH}' FROM exclusion WHERE id = '{{exclusion_id}}'",
    "exclusion_id/end": "SELECT until <= '{FIRST}' FROM exclusion WHERE id = '{exclusion_id}'",
    "rule_id/{rule_id} remove": _NO_RULE,
    "rule_id/take-back": _NO_RULE,
    "fund_id/{fund_id}": "SELECT name = 'TOPCOP III' FROM fund WHERE id = '{fund_id}'",
    "organisation_id/edit": "SELECT city = 'Gyumri' FROM organisation WHERE id = '{organisation_id}'",
    "person_id/edit": "SELECT unit = 'Cybercrime' FROM person WHERE id = '{person_id}'",
    "person_id/leave": "SELECT count(*) > 0 FROM register_change WHERE key = '{person_id}' AND action = 'left'",
    "person_id/transfer": (
        "SELECT '{other_organisation}' IN (moves_to::text, organisation_id::text) FROM person WHERE id = '{person_id}'"
    ),
    "person_id/confirm unasked": _CONFIRMED_TODAY,
    "confirm": _CONFIRMED_TODAY,
    "person_id/address": (
        "SELECT count(*) > 0 FROM address_check c JOIN person p USING (subject) WHERE p.id = '{person_id}'"
    ),
    "draft_id/{draft_id}": (
        "SELECT coalesce(entry ->> 'reserves', entry -> 'rules' ->> 'reserves') = '2'"
        " FROM call_draft WHERE id = '{draft_id}'"
    ),
    "draft_id/{code}": (
        "SELECT entry -> 'texts' -> 0 ->> 'title' = 'Exchange of experts 2' FROM call_draft WHERE id = '{draft_id}'"
    ),
    "draft_id/{place}": (
        "SELECT position('Which unit is it?' in entry ->> 'questions') > 0 FROM call_draft WHERE id = '{draft_id}'"
    ),
    "draft_id/{draft_id} discard": _NO_DRAFT,
    "draft_id/discard": _NO_DRAFT,
    "draft_id/publish": "SELECT count(*) > 0 FROM call WHERE id = '{draft_id}'",
    "draft_id/revise": "SELECT count(*) > 0 FROM call_revision WHERE draft_id = '{draft_id}'",
    "call_id/close": "SELECT state = 'closed' FROM call WHERE id = '{call_id}'",
    "suspend": _SUSPENSION,
    "reinstate": f"SELECT NOT ({_SUSPENDED})",
    "decision_id/withdraw": "SELECT state = 'withdrawn' FROM partner_decision WHERE id = '{decision_id}'",
    "case_id/reinstate": "SELECT state <> 'notice' FROM partner_case WHERE id = '{case_id}'",
    "nino mentorship_id/sign": _SIGNED.format("mentee"),
    "jonas mentorship_id/sign": _SIGNED.format("mentor"),
    "application_id/return": _APPLICATION_IS.format("= 'returned_for_information'"),
    "application_id/endorse": _APPLICATION_IS.format(_ENDORSED),
    "endorse several": _APPLICATION_IS.format(_ENDORSED),
    "person_id/leave with nobody": "SELECT count(*) > 0 FROM register_change WHERE action = 'left'",
    "companion_id/answer yes": "SELECT state = 'confirmed' FROM companion WHERE id = '{companion_id}'",
    "call_id/revise": "SELECT count(*) > 0 FROM call_draft WHERE revises = '{call_id}'",
    "incident_id/acknowledge": "SELECT state = 'acknowledged' FROM incident WHERE id = '{incident_id}'",
    "application_id/not-endorse": _APPLICATION_IS.format("= 'not_endorsed'"),
    "not-endorse several": _APPLICATION_IS.format("= 'not_endorsed'"),
    "application_id/appeal": "SELECT count(*) > 0 FROM appeal WHERE application_id = '{application_id}'",
    "application_id/{code}": _C1,
    "application_id/draft": _C1,
    "ani match_id/answer accept": _ANSWER.format("guest", "accept"),
    "claire match_id/answer accept": _ANSWER.format("host", "accept"),
    "application_id/check": _APPLICATION_IS.format(
        "NOT IN ('draft', 'returned_for_information', 'withdrawn', 'cancelled', 'voided')"
    ),
    "application_id/submit": _APPLICATION_IS.format(
        "NOT IN ('draft', 'returned_for_information', 'withdrawn', 'cancelled', 'voided')"
    ),
    "match_id/clear home": _CLEARANCE.format("home", "true"),
    "match_id/clear host": _CLEARANCE.format("host", "true"),
    "clear several": _CLEARANCE.format("home", "true"),
    "match_id/refuse home": _CLEARANCE.format("home", "false"),
    "match_id/refuse host": _CLEARANCE.format("host", "false"),
}
"""The query that is true where an action has been brought about, by what `aim_of` makes of its address and word.

An action with such a query may find nothing to do, as where the same person has done it before the scene begins.
"""


def aim_of(who: str, path: str, word: str, does: str = "") -> str:
    """Return the query for what an action brings about; empty where each of its requests has an effect."""
    names = [name for name in re.findall(r"{(\w+)}", path) if "_id" in ALIASES.get(name, name)]
    kind = f"{ALIASES.get(names[-1], names[-1])}/" if names else ""
    key = f"{kind}{does or path.rsplit('/', 1)[-1]} {word}".strip()
    return AIMS.get(f"{who} {key}") or AIMS.get(key, "")


def state_words(kind: str, code: str) -> set[str]:
    """Return the words for a state, to the person concerned and to others."""
    found = in_words(kind, code)
    return {found.word, found.for_others.word}


def facts_in(text: str) -> Iterator[str]:
    """Return the queries of the facts that a text names."""
    return (query for sentence, query in FACTS.items() if re.search(sentence, text))


def states_named(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return for each record in an address, by parameter and id, its kind of state and the query for it."""
    own = [
        (kind, f"SELECT {column.format(today=clock.today())} FROM \"{table}\" WHERE id = '{names[parameter]}'")
        for parameter, (kind, table, column) in STATES.items()
        if parameter in names
    ]
    if "application_id" in names:
        own.append(("application", f"SELECT state FROM application WHERE id = '{names['application_id']}'"))
    if "country" in names:
        newest = f"SELECT status FROM partner WHERE country = '{names['country']}' ORDER BY since DESC LIMIT 1"
        own.append(("partner", newest))
    if "companion_id" in names:
        of_companion = f"FROM companion WHERE companion.id = '{names['companion_id']}'"
        own += [
            ("application", f"SELECT {_APPLICATION} FROM application WHERE id = (SELECT {column} {of_companion})")
            for column in ("application_id", "named_id")
        ]
    return own
