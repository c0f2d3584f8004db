"""The values that follow from the columns of a message, however it was read."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from services.notifications.cases.model import Case, id_of
from services.notifications.messages.model.rule import NamedAudience
from services.notifications.messages.model.table import BY_NAME
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.notifications import Audience

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import JsonValue

    from services.notifications.messages.model.rule import Rule

CASE_FIELDS = tuple(field.name for field in fields(Case))
_IDS = tuple(name for name in CASE_FIELDS if name.endswith("id"))


class Derived:
    """The values derived from the columns of a message, however it was read."""

    if TYPE_CHECKING:
        rule: str
        application_id: UUID | None
        audience_json: dict[str, JsonValue]
        case_json: dict[str, Any]
        facts: dict[str, JsonValue]

    @property
    def row(self) -> Rule:
        """The message's row of the table."""
        return BY_NAME[self.rule]

    @property
    def answers(self) -> bool:
        """Return whether its link answers it: it asks about availability, or reminds of that question.

        The link also answers every reminder to a line manager, who has no account.
        """
        managed = self.audience.kind is AudienceKind.LINE_MANAGER
        reminds = managed or self.facts.get("deadline") == DeadlineKind.AVAILABILITY
        return self.row.answers or (reminds and self.row.to is NamedAudience.OWNER)

    @property
    def deputy_informed(self) -> bool:
        """Return whether the deputy gets a message of their own about the same missed date."""
        return self.row.to is NamedAudience.OWNER and self.facts.get("next_due") is not None

    @cached_property
    def audience(self) -> Audience:
        """The audience."""
        return Audience.model_validate(self.audience_json)

    @cached_property
    def case(self) -> Case:
        """The case as it was when the message was queued."""
        ids = self.case_json
        return Case(**{**ids, **{name: id_of(ids[name]) for name in _IDS if ids.get(name) is not None}})

    @property
    def root(self) -> UUID:
        """The case by which inbox and emails group it (`Case.root`)."""
        return self.application_id or self.case.root

    @property
    def story(self) -> UUID:
        """The thread and correlation that mails of one story share: the application, else placement or mentor."""
        return self.application_id or self.case.id
