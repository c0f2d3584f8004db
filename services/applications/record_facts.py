"""Say in words what the pages of the portal show of a record, for a form that rests on an older version of it.

What only some readers of a page may see has its roles. What one side answers or signs for itself is left out.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col

from services.applications.application.store.applications import Application, Step
from services.applications.application.store.companions import Companion
from services.applications.application.store.standings import Standing
from services.applications.application.views.answers import answer_facts
from services.applications.application.views.history import step_title
from services.applications.calls.model.entry import TITLES, sentences
from services.applications.calls.store import Call, CallDraft
from services.applications.calls.views.facts import register_facts
from services.applications.candidates.store import CandidateChoice
from services.applications.certificates.store import Certificate, Issue
from services.applications.matches.store.matches import Match
from services.applications.matches.store.participation import FOR_ONE_SIDE, PARTICIPATION, Clearance
from services.applications.mentors.store import Mentor
from services.applications.mentors.views.mentor import shown_rows
from services.applications.mentorships.views.facts import PAIR_FACTS
from services.applications.needs.store import Need, NeedImport
from services.applications.oversight.store.incidents import Incident, Note
from services.applications.partners.store import DecidedCase, Decision
from services.applications.placements.store import Offer
from services.applications.placements.views.names import names_of
from services.applications.placements.views.placement import rows as placement_rows
from services.applications.preparation.store import Cost, StoredSheet, TravelRule
from services.applications.register.store.entries import Exclusion, Fund, Organisation, Person
from services.applications.register.store.history import RegisterChange
from services.applications.register.store.proposals import Proposal
from services.applications.review.store import Appeal
from services.applications.visits.store import Agenda, Attendance, MoveRequest, Statement, Visit
from shared.contracts.codes import Role, Side
from shared.contracts.labels import country, label, tongue
from shared.i18n import N_, gettext
from shared.identity.record_facts import (
    Column,
    Facts,
    LastChange,
    RecordFacts,
    actors,
    columns,
    in_words,
    journal,
    latest,
    newest,
    newest_of,
    number,
)
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal

_PROGRAMME = frozenset({Role.PROGRAMME_COORDINATOR})
_STAFF = frozenset({Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR})
_SINCE, _DUE = N_("Since"), N_("Due")
_CHOICES = N_("Choices of candidates last saved")


def _organisation(key: Any) -> Any:
    """Return the name of the organisation with an id."""
    return sa.select(col(Organisation.name)).where(col(Organisation.id) == key).scalar_subquery()


def _change_of(kind: str) -> LastChange:
    """Return the query for the newest change of an entry of the register."""

    def last(name: Any) -> sa.Select[Any, Any]:
        found: sa.Select[Any, Any] = sa.select(col(RegisterChange.actor), col(RegisterChange.at))
        found = found.where(col(RegisterChange.kind) == kind, col(RegisterChange.key) == str(name))
        return found.order_by(col(RegisterChange.id).desc()).limit(1)

    return last


async def _of_applications(session: AsyncSession, reader: Principal | None, names: Collection[Any]) -> dict[Any, Facts]:
    """Return the step, deadline and appeal of applications; for their officer and who decides on them the answers."""
    rows = await session.scalars(sa.select(Application).where(col(Application.id).in_(names)))
    own = {row.id: row for row in rows}
    standings = {
        row.application_id: row
        for row in await session.scalars(sa.select(Standing).where(col(Standing.application_id).in_(own)))
    }
    taken = sa.select(Step).where(col(Step.application_id).in_(own)).order_by(col(Step.application_id), col(Step.id))
    steps = {row.application_id: row for row in await session.scalars(taken)}
    filed = sa.select(Appeal).where(col(Appeal.application_id).in_(own)).order_by(col(Appeal.filed_at))
    appeals = {row.application_id: row for row in await session.scalars(filed)}
    decides = reader is not None and any(map(reader.has, _STAFF))
    read = [row for row in own.values() if row.subject == _subject(reader) or (decides and row.submitted_at)]
    answers = await answer_facts(session, read) if read else {}
    found: dict[Any, Facts] = {}
    for id_, row in own.items():
        step, appeal, standing = steps.get(id_), appeals.get(id_), standings.get(id_)
        facts = [
            (gettext(_SINCE), dates.moment(row.since if standing is None else standing.since)),
            (gettext(_DUE), in_words(row.due if standing is None else standing.due_now)),
            (gettext("Last step"), "" if step is None else f"{step_title(step.event)}, {dates.moment(step.at)}"),
        ]
        if appeal is not None:
            facts.append((gettext("Appeal"), label(appeal.outcome) if appeal.outcome else gettext("Open")))
            facts.append((gettext("Answer to the appeal"), in_words(appeal.answer)))
        if row.profile is not None:
            facts.append((gettext("Alone or together"), label(row.profile.mode)))
        if id_ in answers:
            confirmed = [each["address"] for each in row.managers_confirmed]
            facts.append((gettext("Confirmed address of the line manager"), "; ".join(confirmed)))
        found[id_] = [*facts, *answers.get(id_, ())]
    return found


async def _choices_saved(session: AsyncSession, names: Collection[Any]) -> dict[Any, datetime]:
    """Return when hosts and mentors last saved their choices of candidates, by placement or profile."""
    which = sa.select(col(CandidateChoice.seat_id), col(CandidateChoice.saved_at))
    rows = await session.execute(which.where(col(CandidateChoice.seat_id).in_(names)))
    return {row.seat_id: row.saved_at for row in rows}


def _subject(reader: Principal | None) -> str:
    return "" if reader is None else reader.subject


async def _of_placements(session: AsyncSession, _: Principal | None, names: Collection[Any]) -> dict[Any, Facts]:
    """Return the deadline and the fields of placements."""
    found: dict[Any, Facts] = {}
    offers = list(await session.scalars(sa.select(Offer).where(col(Offer.id).in_(names))))
    named, chosen = await names_of(session, [offer.entry for offer in offers]), await _choices_saved(session, names)
    for offer in offers:
        found[offer.id] = [
            (gettext(_SINCE), dates.moment(offer.since)),
            (gettext(_DUE), in_words(offer.due)),
            (gettext("Last day"), in_words(offer.last_day)),
            (gettext(_CHOICES), in_words(chosen.get(offer.id))),
            *((row.key, row.value or "") for row in placement_rows(offer.entry, named)),
        ]
    return found


async def _of_mentors(session: AsyncSession, reader: Principal | None, names: Collection[Any]) -> dict[Any, Facts]:
    """Return the deadline and the fields of mentors' profiles, as far as the page shows them to the reader."""
    chosen = await _choices_saved(session, names)
    return {
        mentor.id: [
            (gettext(_SINCE), dates.moment(mentor.since)),
            (gettext(_DUE), in_words(mentor.due)),
            (gettext("Last day"), in_words(mentor.last_day)),
            (gettext(_CHOICES), in_words(chosen.get(mentor.id))),
            *((row.key, row.value or "") for row in (shown_rows(reader, mentor) if reader is not None else ())),
        ]
        for mentor in await session.scalars(sa.select(Mentor).where(col(Mentor.id).in_(names)))
    }


async def _of_calls(session: AsyncSession, _: Principal | None, names: Collection[Any]) -> dict[Any, Facts]:
    """Return the dates, the revision and the content of calls."""
    calls = list(await session.scalars(sa.select(Call).where(col(Call.id).in_(names))))
    known = await register_facts(session, *(call.terms for call in calls))
    return {
        call.id: [
            (gettext("Opens"), in_words(call.opens)),
            (gettext("Deadline"), in_words(call.deadline)),
            (gettext("Revision"), in_words(call.revision)),
            (gettext("Closed"), in_words(call.closed_at)),
            *_sections(sentences(call.terms, known)),
        ]
        for call in calls
    }


async def _of_call_drafts(session: AsyncSession, _: Principal | None, names: Collection[Any]) -> dict[Any, Facts]:
    """Return the content of drafts of calls, and when they were saved."""
    drafts = list(await session.scalars(sa.select(CallDraft).where(col(CallDraft.id).in_(names))))
    known = await register_facts(session, *(draft.entry for draft in drafts))
    return {
        draft.id: [
            (gettext("Last saved"), in_words(draft.saved_at)),
            (gettext("Sections changed"), "; ".join(map(label, draft.section_changes))),
            *_sections(sentences(draft.entry, known)),
        ]
        for draft in drafts
    }


def _sections(found: Mapping[str, Sequence[str]]) -> Facts:
    """Return the sections of a call in words."""
    return [(gettext(TITLES[code]), " ".join(words)) for code, words in found.items()]


def _clearance(side: Side) -> Any:
    """Return the decision of a side of a match with the capacity in which it was taken, and its moment."""
    return (
        sa.select(sa.func.jsonb_build_array(col(Clearance.granted), col(Clearance.acting_as), col(Clearance.at)))
        .where(col(Clearance.match_id) == col(Match.id), col(Clearance.side) == side)
        .scalar_subquery()
    )


def _decision(value: Any) -> str:
    """Return the decision of a side of a match in words."""
    granted, acting_as, at = value
    sentence = N_("Cleared by %(who)s, %(when)s") if granted else N_("Refused by %(who)s, %(when)s")
    return gettext(sentence) % {"who": label(acting_as), "when": dates.moment(datetime.fromisoformat(at))}


_VISIT = col(Visit.id)
_PROPOSED = newest(col(Agenda.text), col(Agenda.visit_id), _VISIT, col(Agenda.version))


def _days(found: Any) -> str:
    """Return the recorded days of a visit in words."""
    texts = {True: N_("%(day)s: present"), False: N_("%(day)s: absent")}
    return "; ".join(
        gettext(texts[there]) % {"day": dates.day(date.fromisoformat(day))} for day, there in sorted(found)
    )


def _dates_of(proposal: Any) -> str:
    """Return the proposed dates of a visit in words."""
    return "" if proposal is None else dates.span(proposal.start, proposal.end)


_ATTENDED = (
    sa.select(
        sa.func.jsonb_agg(sa.func.jsonb_build_array(sa.cast(col(Attendance.day), sa.Text), col(Attendance.present)))
    )
    .where(col(Attendance.visit_id) == _VISIT)
    .scalar_subquery()
)
_EXCLUDED = (
    sa.select(sa.func.jsonb_agg(aggregate_order_by(col(Organisation.name), col(Organisation.name))))
    .where(col(Exclusion.organisations).op("?")(sa.cast(col(Organisation.id), sa.Text)))
    .scalar_subquery()
)


def _labels(codes: Sequence[str]) -> str:
    return ", ".join(map(label, codes))


def _countries(codes: Sequence[str]) -> str:
    return ", ".join(map(country, codes))


FACTS: dict[str, RecordFacts] = {
    "application": RecordFacts(
        N_("Application"), _of_applications, actors(col(Step.application_id), (col(Step.actor), col(Step.at)))
    ),
    "companion": RecordFacts(
        N_("Companion"),
        columns(
            col(Companion.id),
            Column(N_("Asked"), col(Companion.asked_at)),
            Column(N_("Answered"), col(Companion.answered_at)),
            Column(N_("You have not named each other"), col(Companion.mismatch)),
        ),
    ),
    "match": RecordFacts(
        N_("Match"),
        columns(
            col(Match.id),
            Column(_SINCE, col(Match.since)),
            Column(_DUE, col(Match.due)),
            Column(N_("Home country"), _clearance(Side.HOME), _decision, _STAFF),
            Column(N_("Host country"), _clearance(Side.HOST), _decision, _STAFF),
            Column(N_("Answered too late"), col(Match.late), _labels),
        ),
        newest_of(
            journal(PARTICIPATION, leaving_out=FOR_ONE_SIDE),
            actors(col(Clearance.match_id), (col(Clearance.actor), col(Clearance.at))),
        ),
    ),
    "offer": RecordFacts(N_("Placement"), _of_placements, journal("exchange.offers")),
    "mentor": RecordFacts(N_("Mentor profile"), _of_mentors, journal("mentoring.mentors")),
    "visit": RecordFacts(
        N_("Visit"),
        columns(
            _VISIT,
            Column(_SINCE, col(Visit.since)),
            Column(N_("First day"), col(Visit.start)),
            Column(N_("Last day"), col(Visit.end)),
            Column(N_("Ended on"), col(Visit.ended_on)),
            Column(N_("Agenda due"), col(Visit.agenda_due)),
            Column(N_("Agenda"), _PROPOSED),
            Column(N_("Proposed dates"), col(Visit.proposal), _dates_of),
            Column(N_("Proposals of other dates"), col(Visit.moves)),
            Column(
                N_("Other dates requested"),
                newest(col(MoveRequest.at), col(MoveRequest.visit_id), _VISIT, col(MoveRequest.at)),
            ),
            Column(N_("Attendance"), _ATTENDED, _days),
            Column(N_("Working days"), col(Visit.required_days)),
            Column(N_("Parts prepared"), number(col(StoredSheet.visit_id), _VISIT)),
            Column(N_("Preparation last saved"), latest(col(StoredSheet.visit_id), _VISIT, col(StoredSheet.at))),
            Column(N_("Reports"), number(col(Statement.match_id), col(Visit.match_id))),
            Column(N_("Last report"), latest(col(Statement.match_id), col(Visit.match_id), col(Statement.at))),
        ),
        newest_of(
            journal(PARTICIPATION, subject=(col(Visit.match_id), _VISIT), leaving_out=FOR_ONE_SIDE),
            actors(col(Agenda.visit_id), (col(Agenda.actor), col(Agenda.at))),
            actors(col(Attendance.visit_id), (col(Attendance.actor), col(Attendance.at))),
        ),
    ),
    "cost": RecordFacts(
        N_("Cost"),
        columns(
            col(Cost.id),
            Column(N_("Item"), col(Cost.item), label),
            Column(N_("Note"), col(Cost.note)),
            Column(N_("Paid by"), col(Cost.payer), label),
            Column(N_("Currency"), col(Cost.currency)),
            Column(N_("Planned"), col(Cost.planned)),
            Column(N_("Actual"), col(Cost.actual)),
        ),
        actors(col(Cost.id), (col(Cost.actor), col(Cost.at))),
    ),
    "rule": RecordFacts(
        N_("Question before travel"),
        columns(
            col(TravelRule.id),
            Column(N_("Item"), col(TravelRule.item), label),
            Column(N_("Required"), col(TravelRule.required)),
            Column(N_("Country"), col(TravelRule.country), country),
            Column(N_("Host country"), col(TravelRule.host_country), country),
        ),
        actors(col(TravelRule.id), (col(TravelRule.actor), col(TravelRule.at))),
    ),
    **PAIR_FACTS,
    "incident": RecordFacts(
        N_("Incident"),
        columns(
            col(Incident.id),
            Column(_SINCE, col(Incident.since)),
            Column(N_("Category"), col(Incident.category), label),
            Column(N_("Notes"), number(col(Note.incident_id), col(Incident.id))),
            Column(N_("Last note"), latest(col(Note.incident_id), col(Incident.id), col(Note.at))),
            Column(N_("Answer"), col(Incident.answer)),
        ),
        actors(col(Note.incident_id), (col(Note.actor), col(Note.at))),
    ),
    "organisation": RecordFacts(
        N_("Organisation"),
        columns(
            col(Organisation.id),
            Column(N_("Name"), col(Organisation.name)),
            Column(N_("Kind"), col(Organisation.kind), label),
            Column(N_("Country"), col(Organisation.country), country),
            Column(N_("City"), col(Organisation.city)),
            Column(N_("Domains of its email addresses"), col(Organisation.domains)),
        ),
        _change_of("organisation"),
    ),
    "person": RecordFacts(
        N_("Person"),
        columns(
            col(Person.id),
            Column(N_("Name"), col(Person.name)),
            Column(N_("Name in their own script"), col(Person.own_name)),
            Column(N_("Sex"), col(Person.sex), label),
            Column(N_("Contact language"), col(Person.language), tongue),
            Column(N_("Language of messages"), col(Person.mail_language), tongue),
            Column(N_("Service email"), col(Person.email)),
            Column(N_("New service email, to be confirmed"), col(Person.email_wanted)),
            Column(N_("Address verified"), col(Person.email_verified_at)),
            Column(N_("Unit"), col(Person.unit)),
            Column(N_("Rank group"), col(Person.rank_group), label),
            Column(N_("National rank"), col(Person.national_rank)),
            Column(N_("Years in the field"), col(Person.years_in_field)),
            Column(N_("Access confirmed"), col(Person.confirmed_on)),
            Column(N_("Access ended"), col(Person.lapsed_on)),
            Column(N_("Moves on"), col(Person.moves_on)),
            Column(N_("Organisation"), _organisation(col(Person.organisation_id))),
            Column(N_("Next organisation"), _organisation(col(Person.moves_to))),
            Column(N_("Service"), col(Person.service), label),
            Column(N_("Country"), col(Person.country), country),
        ),
        _change_of("person"),
    ),
    "country": RecordFacts(
        N_("Partner"),
        columns(
            col(Decision.country),
            Column(N_("Decision"), col(Decision.status), label),
            Column(N_("Decision from"), col(Decision.since)),
            Column(N_("State of the decision"), col(Decision.state), label),
            Column(N_("Why"), col(Decision.note), None, _PROGRAMME),
            Column(N_("Decided"), col(Decision.decided_at)),
            Column(N_("Took effect"), col(Decision.effective_at)),
            Column(N_("Withdrawn"), col(Decision.withdrawn_at)),
            newest=col(Decision.decided_at),
        ),
        actors(
            col(Decision.country),
            (col(Decision.decided_by), col(Decision.decided_at)),
            (col(Decision.withdrawn_by), col(Decision.withdrawn_at)),
        ),
    ),
    "decision": RecordFacts(
        N_("Decision"),
        columns(
            col(Decision.id),
            Column(N_("Decision"), col(Decision.status), label),
            Column(N_("From"), col(Decision.since)),
            Column(N_("State"), col(Decision.state), label),
            Column(N_("Took effect"), col(Decision.effective_at)),
            Column(N_("Withdrawn"), col(Decision.withdrawn_at)),
            Column(N_("Why"), col(Decision.note), None, _PROGRAMME),
            Column(N_("Cases"), number(col(DecidedCase.decision_id), col(Decision.id))),
            Column(
                N_("Changed cases"),
                number(col(DecidedCase.decision_id), col(Decision.id), col(DecidedCase.changed_by).is_not(None)),
            ),
            Column(
                N_("Cases last changed"), latest(col(DecidedCase.decision_id), col(Decision.id), col(DecidedCase.at))
            ),
        ),
        actors(
            col(Decision.id),
            (col(Decision.decided_by), col(Decision.decided_at)),
            (col(Decision.withdrawn_by), col(Decision.withdrawn_at)),
        ),
    ),
    "fund": RecordFacts(
        N_("Fund"),
        columns(
            col(Fund.id),
            Column(N_("Name"), col(Fund.name)),
            Column(N_("Paid by"), col(Fund.payer)),
            Column(N_("From"), col(Fund.since)),
            Column(N_("Until"), col(Fund.until)),
            Column(N_("In use"), col(Fund.active)),
        ),
        _change_of("fund"),
    ),
    "exclusion": RecordFacts(
        N_("Exclusion"),
        columns(
            col(Exclusion.id),
            Column(N_("Countries"), col(Exclusion.countries), _countries, _PROGRAMME),
            Column(N_("Organisations"), _EXCLUDED, None, _PROGRAMME),
            Column(N_("Confidential"), col(Exclusion.confidential), None, _PROGRAMME),
            Column(N_("From"), col(Exclusion.since)),
            Column(N_("Until"), col(Exclusion.until)),
        ),
        _change_of("exclusion"),
    ),
    "proposal": RecordFacts(
        N_("Proposal"),
        columns(
            col(Proposal.id),
            Column(N_("Name"), col(Proposal.name)),
            Column(N_("Note"), col(Proposal.note)),
            Column(N_("Proposed"), col(Proposal.proposed_at)),
            Column(N_("Settled"), col(Proposal.settled_at)),
            Column(N_("Reason"), col(Proposal.reason), label),
            Column(N_("Text"), col(Proposal.text)),
        ),
        actors(
            col(Proposal.id),
            (col(Proposal.proposed_by), col(Proposal.proposed_at)),
            (col(Proposal.settled_by), col(Proposal.settled_at)),
        ),
    ),
    "need": RecordFacts(
        N_("Need"),
        columns(
            col(Need.id),
            Column(N_("Topic"), col(Need.topic_code), label),
            Column(N_("Area"), col(Need.area), label),
            Column(N_("Level"), col(Need.level)),
            Column(N_("Number"), col(Need.quantity)),
            Column(N_("From"), col(Need.since)),
            Column(N_("Until"), col(Need.until)),
            Column(N_("Last changed"), col(Need.changed_at)),
        ),
        _change_of("need"),
    ),
    "import": RecordFacts(
        N_("Table of needs"),
        columns(
            col(NeedImport.id),
            Column(N_("File"), col(NeedImport.filename)),
            Column(N_("Uploaded"), col(NeedImport.uploaded_at)),
            Column(N_("Kept until"), col(NeedImport.expires_at)),
        ),
    ),
    "number": RecordFacts(
        N_("Certificate"),
        columns(
            col(Certificate.number),
            Column(
                N_("Name"),
                newest(col(Issue.name), col(Issue.granted), col(Certificate.number), col(Issue.version)),
            ),
            Column(N_("Granted"), col(Certificate.granted_at)),
            Column(N_("Revoked"), col(Certificate.revoked_at)),
            Column(N_("Issues"), number(col(Issue.granted), col(Certificate.number))),
        ),
    ),
    "call": RecordFacts(N_("Call"), _of_calls, journal("exchange.calls")),
    "draft": RecordFacts(
        N_("Draft of a call"),
        _of_call_drafts,
        actors(col(CallDraft.id), (col(CallDraft.saved_by), col(CallDraft.saved_at))),
    ),
}
