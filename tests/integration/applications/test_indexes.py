"""The queries of pages and sweeps use an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from services.applications.mentors.store import Mentor
from services.applications.placements.store import Offer
from services.applications.register.store.entries import PERSON_WORDS
from shared.contracts.lifecycle.state_sets import MENTOR_OPEN, OFFER_OPEN, in_sql
from tests.support import owner_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.applications.availability.store import Supply
    from shared.contracts.codes import Code


async def test_pages_and_sweeps_read_by_index(portal: FastAPI) -> None:
    """Queue, own applications, history, silence and people are found without reading whole tables."""
    queries = {
        "application_country_state": "SELECT * FROM application WHERE country = 'AM' AND state = 'endorsed'",
        "application_call_state": "SELECT * FROM application WHERE call_id = :id AND state = 'endorsed'",
        "application_subject": "SELECT * FROM application WHERE subject = 'ani'",
        "application_returned_due": "SELECT * FROM application WHERE state = 'returned_for_information'"
        " AND due < now() ORDER BY due",
        "application_step_story": "SELECT * FROM application_step WHERE application_id = :id ORDER BY id DESC LIMIT 9",
        "appeal_application": "SELECT * FROM appeal WHERE application_id = :id ORDER BY filed_at DESC",
        "appeal_open": "SELECT * FROM appeal WHERE outcome IS NULL ORDER BY due, id",
        "offer_asked": "SELECT * FROM offer WHERE state = 'published' AND due < now() ORDER BY id LIMIT 100",
        "offer_call_state": "SELECT * FROM offer WHERE call_id = :id AND state = 'draft'",
        "offer_saved_at": "SELECT * FROM offer WHERE saved_at >= now() - interval '1 hour'",
        "mentor_saved_at": "SELECT * FROM mentor WHERE saved_at >= now() - interval '1 hour'",
        "mentor_asked": "SELECT * FROM mentor WHERE state = 'published' AND due < now() ORDER BY id LIMIT 100",
        "mentor_call_state": "SELECT * FROM mentor WHERE call_id = :id AND state = 'draft'",
        "match_offer_id": "SELECT count(*) FROM match WHERE offer_id = :id AND state = 'confirmed'",
        "match_mentor_id": "SELECT count(*) FROM match WHERE mentor_id = :id AND state = 'confirmed'",
        "match_country_state": "SELECT state, count(*) FROM match WHERE country = 'AM' GROUP BY state",
        "match_host_organisation_state": "SELECT * FROM match WHERE host_organisation_id = :id"
        " AND state IN ('confirmed', 'declined') ORDER BY id DESC LIMIT 50",
        "visit_offer_id": "SELECT * FROM visit WHERE offer_id = :id AND state NOT IN ('cancelled', 'voided')",
        "availability_question_about": "DELETE FROM availability_question WHERE about = :id AND due < now()",
        "application_submitted_due": "SELECT * FROM application WHERE state = 'submitted' AND due < now()",
        "application_organisation_id": "SELECT * FROM application WHERE organisation_id = :id",
        "partner_decision_country": "SELECT * FROM partner_decision WHERE country = 'BY' ORDER BY decided_at DESC",
        "partner_decision_waiting": "SELECT id FROM partner_decision WHERE state = 'waiting' AND since <= current_date",
        "partner_decision_at": "SELECT * FROM partner_decision ORDER BY decided_at DESC, id DESC LIMIT 50",
        "attempt_at": "SELECT * FROM attempt ORDER BY at DESC, id DESC LIMIT 50",
        "attempt_subject": "SELECT * FROM attempt WHERE subject = 'ani' ORDER BY at DESC LIMIT 50",
        "attempt_reason": "SELECT * FROM attempt WHERE reason = 'role' ORDER BY at DESC LIMIT 50",
        "release_at": "SELECT * FROM release ORDER BY at DESC, match_id DESC LIMIT 50",
        "access_log_at": "SELECT * FROM access_log ORDER BY at DESC, id DESC LIMIT 50",
        "partner_case_notice": "SELECT * FROM partner_case WHERE state = 'notice' AND ends_on <= current_date",
        "partner_case_application": "SELECT * FROM partner_case WHERE application_id = :id",
        "partner_case_match": "SELECT * FROM partner_case WHERE match_id = :id",
        "visit_country_start": "SELECT * FROM visit WHERE country = 'AM' ORDER BY start",
        "mentorship_country": "SELECT * FROM mentorship WHERE country = 'AM' ORDER BY started_on",
        "mentorship_mentor_country": "SELECT * FROM mentorship WHERE mentor_country = 'LT' ORDER BY started_on",
        "call_revision_pkey": "SELECT * FROM call_revision WHERE call_id = :id ORDER BY revision DESC",
        "call_revision_draft_id_key": "SELECT * FROM call_revision WHERE draft_id = :id",
        "call_draft_revises_key": "SELECT * FROM call_draft WHERE revises = :id",
        "answer_pkey": "SELECT application_id FROM match JOIN answer ON match_id = match.id"
        " WHERE application_id = :id AND answer = 'accept'",
        "person_name": "SELECT * FROM person ORDER BY name LIMIT 50",
        "person_words": "SELECT * FROM person WHERE " + PERSON_WORDS + " @@ to_tsquery('simple', 'ani')",
        "person_email_key": "SELECT subject FROM person WHERE lower(email) = 'ani@police.example'",
        "person_confirmed_on": "SELECT * FROM person WHERE lapsed_on IS NULL AND confirmed_on < '2026-01-01'",
        "person_moves_on": "SELECT * FROM person WHERE moves_on <= '2026-01-01'",
        "proposal_about": "SELECT * FROM proposal WHERE about = 'ani' AND state = 'waits'",
        "proposal_country": "SELECT * FROM proposal WHERE country = 'AM'",
        "register_change_entry": "SELECT * FROM register_change WHERE kind = 'person' AND key = 'x'",
        "address_check_subject": "SELECT * FROM address_check WHERE subject = 'ani' ORDER BY asked_at DESC LIMIT 1",
        "need_once": "SELECT * FROM need WHERE country = 'AM'",
        "need_topic_code": "SELECT * FROM need WHERE topic_code = 'online_crime'",
        "need_import_subject": "SELECT * FROM need_import WHERE subject = 'tigran' ORDER BY uploaded_at DESC",
        "need_import_expires_at": "DELETE FROM need_import WHERE expires_at <= now()",
        "certificate_application_id": "SELECT * FROM certificate WHERE application_id = :id",
        "access_grants": """SELECT subject FROM access WHERE grants @> '[{"role": "officer"}]'""",
        "cost_visit": "SELECT * FROM cost WHERE visit_id = :id ORDER BY visit_id, id",
        "incident_readers": """SELECT * FROM incident WHERE readers @> '["programme"]'""",
        "incident_reporter": "SELECT * FROM incident WHERE reporter = 'ani' ORDER BY id DESC LIMIT 9",
        "incident_note_of": "SELECT * FROM incident_note WHERE incident_id = :id ORDER BY id",
        "letter_visit": "SELECT number FROM letter WHERE visit_id = :id ORDER BY kind, version DESC",
        "sheet_pkey": "SELECT * FROM sheet WHERE visit_id = :id",
        "meeting_stands": "SELECT * FROM meeting WHERE mentorship_id IN (:id) AND cancelled_at IS NULL"
        " AND begins_at > now() ORDER BY begins_at DESC",
        "agreement_pkey": "SELECT * FROM agreement WHERE mentorship_id = :id ORDER BY version",
        "signature_pkey": "SELECT * FROM signature WHERE mentorship_id = :id ORDER BY at",
        "goal_number": "SELECT * FROM goal WHERE mentorship_id = :id ORDER BY number",
        "goal_note_of_mentorship": "SELECT * FROM goal_note WHERE mentorship_id = :id ORDER BY at",
        "session_of_mentorship": "SELECT * FROM session WHERE mentorship_id = :id ORDER BY held_on DESC",
        "pause_of_mentorship": "SELECT * FROM pause WHERE mentorship_id = :id ORDER BY at DESC LIMIT 1",
        "pair_visit_of_mentorship": "SELECT * FROM pair_visit WHERE mentorship_id = :id ORDER BY at DESC",
        "certificate_visit_id": "SELECT * FROM certificate WHERE visit_id = :id",
        "certificate_issue_granted": "SELECT * FROM certificate_issue WHERE granted = 'x' ORDER BY version DESC",
        "certificate_document_digest": "SELECT number FROM certificate_document WHERE digest = 'x' LIMIT 1",
        "visit_mentorship_id": "SELECT * FROM visit WHERE mentorship_id = :id",
        "move_request_visit": "SELECT * FROM move_request WHERE visit_id = :id ORDER BY id DESC LIMIT 1",
    }
    nobody = "'00000000-0000-0000-0000-000000000000'"
    for index, query in queries.items():
        async with portal.state.service.bus.read() as session:
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            explain = sa.text(f"EXPLAIN {query.replace(':id', nobody)}".replace(":", r"\:"))
            plan = "\n".join(row[0] for row in (await session.execute(explain)).all())
        assert index in plan, plan


@pytest.mark.parametrize(("table", "open_"), [(Offer, OFFER_OPEN), (Mentor, MENTOR_OPEN)])
async def test_expired_entries_are_found_by_an_index_of_open_ones(
    portal: FastAPI, table: type[Supply], open_: tuple[Code, ...]
) -> None:
    """Among thousands that are closed, the open ones whose last day is over are read by an index of open ones.

    Those that officers browse are read by an index in the order of the list.
    """
    name, index = str(table.__tablename__), f"{table.__tablename__}_last_day"
    rows = sa.text(
        f"INSERT INTO {name} SELECT (jsonb_populate_record(NULL::{name}, jsonb_build_object('id', gen_random_uuid(),"
        " 'subject', n, 'reference', n, 'call_id', gen_random_uuid(), 'organisation_id', gen_random_uuid(),"
        " 'country', 'LT', 'state', CASE n % 100 WHEN 0 THEN 'published' ELSE 'closed' END, 'since', now(),"
        " 'version', 1, 'entry', CAST('{}' AS jsonb), 'remarks', CAST('[]' AS jsonb), 'created_by', n,"
        " 'created_at', now(), 'saved_at', now(),"
        " 'last_day', current_date - n % 3000))).* FROM generate_series(1, 5000) n"
    )
    query = f"SELECT * FROM {name} WHERE state IN ({in_sql(open_)}) AND last_day < '2020-01-01' ORDER BY id LIMIT 100"
    browse = (
        f"SELECT * FROM {name} WHERE call_id = (SELECT call_id FROM {name} LIMIT 1) AND state = 'published'"
        " ORDER BY reference LIMIT 50"
    )
    async with owner_of(portal.state.service.bus) as owner, owner.transaction("test") as tx:
        await tx.session.execute(rows)
        await tx.session.execute(sa.text(f"ANALYZE {name}"))
        plan, browsing = [
            "\n".join(row[0] for row in (await tx.session.execute(sa.text(f"EXPLAIN {each}"))).all())
            for each in (query, browse)
        ]
    assert index in plan, plan
    assert f"{name}_call_state" in browsing, browsing
    assert "Sort" not in browsing, browsing
