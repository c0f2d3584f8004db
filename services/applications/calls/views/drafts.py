"""Read drafts of calls: as the API answers them, and with all that their pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue

from services.applications.calls import store
from services.applications.calls.model.copying import LeftOut
from services.applications.calls.model.entry import CallEntry, SectionChange, problems, section_of, sentences
from services.applications.calls.model.revision import differences
from services.applications.calls.views.facts import register_facts
from services.applications.calls.views.headings import CallHeading
from services.applications.calls.views.reading import CallReading, call_reading, title_of
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.i18n import gettext
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.calls.model.facts import Facts


class CallContent(CallEntry):
    """The content of a draft call, with every field."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class CallDraftHead(ReadModel):
    """A draft in the list."""

    id: UUID
    revises: Annotated[UUID | None, Field(description="The published call whose next revision it is.")]
    saved_at: AwareDatetime


class CallDraft(CallDraftHead):
    """A call that is being written, or the next revision of a published one."""

    copied: Annotated[UUID | None, Field(description="The call of an earlier year that it was taken from.")]
    left_out: list[LeftOut]
    entry: CallContent
    missing: Annotated[
        dict[str, str],
        Field(
            description="What is missing or contradicts itself, by field, with the remedy.",
            examples=[{"fund_id": "Choose the fund that pays"}],
        ),
    ]
    unaccepted: Annotated[
        dict[str, JsonValue],
        Field(
            description="What is no longer accepted, by field, as it was written; it reads as open in `entry`.",
            examples=[{"share_of_offer": 400}],
        ),
    ]
    sentences: Annotated[
        dict[str, list[str]],
        Field(
            description="Everything that it says, by section.",
            examples=[{"dates": ["It opens on 1 September 2026."]}],
        ),
    ]


async def page(session: AsyncSession, request: PageRequest) -> Page[CallDraftHead]:
    """Return a page of all drafts, the one that was written last first."""
    found = await store.latest_drafts(session, request)
    return page_of(found, request, CallDraftHead, _head, lambda row: (row.saved_at, row.id))


def _head(row: store.CallDraft) -> CallDraftHead:
    return CallDraftHead(id=row.id, revises=row.revises, saved_at=row.saved_at)


async def call_draft(session: AsyncSession, draft_id: UUID) -> CallDraft:
    """Return a draft with its sentences and what is missing. Raises `Refused` (404)."""
    row = await _row(session, draft_id)
    entry = CallContent.from_stored(row.entry_json)
    facts = await register_facts(session, entry)
    return CallDraft(
        id=row.id,
        revises=row.revises,
        saved_at=row.saved_at,
        copied=row.copied,
        left_out=list(row.omitted),
        entry=entry,
        missing=problems(entry, facts),
        unaccepted=entry.unaccepted,
        sentences=sentences(entry, facts),
    )


async def _row(session: AsyncSession, draft_id: UUID) -> store.CallDraft:
    row = await store.draft(session, draft_id)
    if row is None:
        raise not_found()
    return row


@dataclass(frozen=True, slots=True)
class DraftPage:
    """A draft with the register's facts, and, of a revision, the call that is published.

    `copied` is the call that it was taken from; `changed` are the sections in which a revision differs from the call.
    """

    id: UUID
    saved_by: str
    saved_at: datetime
    entry: CallEntry
    facts: Facts
    problems: Mapping[str, str]
    call: CallHeading | None
    changed: frozenset[str]
    copied: CallHeading | None
    left_out: Sequence[LeftOut]
    touched: Mapping[str, SectionChange]
    names: Mapping[str, str]

    @property
    def caption(self) -> str:
        """The caption above the heading of its pages."""
        if self.call is None:
            return gettext("Draft call")
        return gettext("Next revision of %(reference)s") % {"reference": self.call.reference}

    @property
    def reading(self) -> CallReading:
        """The call as its readers will see it."""
        return call_reading(self.entry)

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return title_of(self.entry)

    def of(self, section: str) -> list[str]:
        """Return what is missing or wrong in a section."""
        return [text for name, text in self.problems.items() if section_of(name) == section]


async def draft_page(session: AsyncSession, draft_id: UUID) -> DraftPage:
    """Return one draft for its pages. Raises `Refused` (404)."""
    row = await _row(session, draft_id)
    earlier_calls = await store.calls_by_id(session, {id_ for id_ in (row.revises, row.copied) if id_ is not None})
    call = None if row.revises is None else earlier_calls.get(row.revises)
    copied = None if row.copied is None else earlier_calls.get(row.copied)
    entry, left_out = row.entry, row.omitted
    needs = CallEntry(needs=tuple(gap.need for gap in left_out if gap.need is not None))
    facts = await register_facts(session, entry, needs, *([] if call is None else [call.terms]))
    writers = {row.saved_by, row.created_by} | {change.by for change in row.section_changes.values()}
    people = await entries.people_by_subject(session, writers)
    return DraftPage(
        id=row.id,
        saved_by=row.saved_by,
        saved_at=row.saved_at,
        entry=entry,
        facts=facts,
        problems=problems(entry, facts),
        call=None if call is None else CallHeading.of(call),
        changed=frozenset([] if call is None else (found.section for found in differences(call.terms, entry, facts))),
        copied=None if copied is None else CallHeading.of(copied),
        left_out=left_out,
        touched=row.section_changes,
        names={subject: person.name for subject, person in people.items()},
    )
