"""The result of a decision for the API, and the selected cases of a decision on several, with names."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.application.store import applications as store
from services.applications.application.views.answers import answer_facts
from services.applications.display import tag
from services.applications.register.store import entries
from shared.contracts.codes import ApplicationState
from shared.web.decisions import Item
from shared.web.read_models import ReadModel


class DecidedApplication(ReadModel):
    """An application after a decision: its state, and until when the next step is asked for."""

    id: UUID
    reference: Annotated[str | None, Field(examples=["AM-2026-0042"])]
    state: ApplicationState
    due: AwareDatetime | None


def decided(application: store.Application) -> DecidedApplication:
    """Return an application after a decision."""
    return DecidedApplication(
        id=application.id, reference=application.reference, state=application.own_state, due=application.due
    )


async def selected_items(
    session: AsyncSession, texts: Sequence[tuple[store.Application, str, Sequence[str]]]
) -> list[Item]:
    """Return selected applications with the officers' names and their answers, each with a sentence and notes."""
    selected = [application for application, _, _ in texts]
    names, answers = await names_of(session, selected), await answer_facts(session, selected)
    return [
        Item(
            application.id,
            application.reference or "",
            application.answers.name or names.get(application.subject, ""),
            tag("application", application.state),
            text,
            tuple(notes),
            answers[application.id],
        )
        for application, text, notes in texts
    ]


async def names_of(session: AsyncSession, applications: Iterable[store.Application]) -> dict[str, str]:
    """Return the officers' names as the register has them, by subject."""
    people = await entries.people_by_subject(session, [application.subject for application in applications])
    return {subject: person.name for subject, person in people.items()}
