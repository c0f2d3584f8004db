"""Grant and revoke certificates of attendance as events arrive."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.answers.model.certificates import earned, granted
from services.reporting.answers.store import answers
from services.reporting.cases import views as cases_views
from shared.contracts import outcomes, visits
from shared.contracts.codes import RevocationReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Envelope, Tx

_COMPLETES = (outcomes.EvaluationSubmitted, outcomes.ReportSubmitted, outcomes.EvaluationWaived)


async def grant_certificates(tx: Tx, events: Sequence[Envelope]) -> None:
    """Grant a visit its certificate with the last form that was missing; the `react` of exchange.outcomes."""
    causes = {UUID(event.subject): event for event in events if isinstance(event.data, _COMPLETES)}
    if not causes:
        return
    found = await cases_views.cases(tx.session, sorted(causes))
    for case_id in causes.keys() - found.keys():
        data = causes[case_id].data
        if isinstance(data, outcomes.OutcomeEvent) and data.visit_id is not None:
            await tx.wait(causes[case_id], visits.VisitEvent.topic, case_id)
    certified = await answers.certificates(tx.session, list(found))
    received = await answers.received(tx.session, list(found))
    due = [each.id for each in found.values() if each.id not in certified and earned(each, received.get(each.id, {}))]
    by_year: dict[int, list[UUID]] = {}
    for case_id in due:
        by_year.setdefault(causes[case_id].time.astimezone(UTC).year, []).append(case_id)
    for year, ids in sorted(by_year.items()):
        for case_id, number in (await answers.number(tx.session, ids, year)).items():
            await tx.react(causes[case_id], granted(found[case_id], number), case_id)


async def revoke_certificates(tx: Tx, events: Sequence[Envelope]) -> None:
    """Revoke the certificates of visits that were entered in error."""
    voided = {UUID(event.subject): event for event in events if isinstance(event.data, visits.VisitVoided)}
    if not voided:
        return
    for visit_id, certificate in (await answers.certificates(tx.session, list(voided))).items():
        event = voided[visit_id]
        if certificate.revoked or not isinstance(event.data, visits.VisitVoided):
            continue
        plan = event.data.plan
        revoked = outcomes.CertificateRevoked(
            application_id=plan.application_id,
            visit_id=visit_id,
            country=plan.country,
            topic_code=plan.topic,
            number=certificate.number,
            reason=RevocationReason.VISIT_VOIDED,
        )
        await tx.react(event, revoked, visit_id)
