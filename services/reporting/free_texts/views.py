"""Show what people wrote about an application in their own words, and who accessed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field

from services.reporting.answers.model.forms import ERASED
from shared.i18n import gettext
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.reporting.free_texts.store import AccessLog


@dataclass(frozen=True, slots=True)
class Written:
    """The texts of one respondent in one form: (name, question, text) each; `draft`: it is not submitted yet."""

    form: str
    respondent: str
    at: datetime
    texts: tuple[tuple[str, str, str], ...]
    draft: bool = False

    @property
    def erased(self) -> bool:
        """Return whether all of it is erased."""
        return bool(self.texts) and all(text == ERASED for _, _, text in self.texts)


@dataclass(frozen=True, slots=True)
class Words:
    """All that was written about one application, and who accessed it."""

    application_id: UUID
    reference: str
    written: list[Written] = field(default_factory=list)
    log: list[AccessLog] = field(default_factory=list)


class WrittenText(ReadModel):
    """One text, with the question in words."""

    name: str
    question: str
    text: str


class WrittenForm(ReadModel):
    """The texts of one respondent in one form."""

    form: str
    respondent: str
    at: AwareDatetime
    draft: Annotated[bool, Field(description="Whether it is not submitted yet.")]
    texts: list[WrittenText]


class WrittenForms(ReadModel):
    """All that was written about one application."""

    written: list[WrittenForm]


def written_forms(found: Sequence[Written]) -> WrittenForms:
    """Return what was written, with the questions in the reader's language."""
    return WrittenForms(
        written=[
            WrittenForm(
                form=each.form,
                respondent=each.respondent,
                at=each.at,
                draft=each.draft,
                texts=[WrittenText(name=name, question=gettext(ask), text=text) for name, ask, text in each.texts],
            )
            for each in found
        ]
    )
