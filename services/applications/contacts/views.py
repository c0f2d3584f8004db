"""The answers to other services: recipients of messages, objectives, and the cases of a person."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.web.read_models import ReadModel


class Recipient(ReadModel):
    """A person to whom a message goes, at the moment of sending."""

    recipient: Annotated[UUID, Field(description="The opaque id.")]
    name: Annotated[str, Field(description="Empty where the mail may reach a stranger.")]
    address: str
    language: str
    timezone: str
    link: Annotated[
        str | None, Field(description="A path by which this person alone answers, once; a secret that is not stored.")
    ] = None


class Recipients(ReadModel):
    """The recipients of one message."""

    recipients: tuple[Recipient, ...]


class RecipientsOfMany(ReadModel):
    """The recipients of many messages, in their order; `erased`: the places of erased people, from 0."""

    answers: tuple[tuple[Recipient, ...], ...]
    erased: tuple[int, ...]


class Objective(ReadModel):
    """One objective of an application."""

    number: int
    text: str


class Objectives(ReadModel):
    """The objectives of an application, and the plan to pass on what was learnt."""

    application_id: UUID
    reference: str | None
    objectives: tuple[Objective, ...]
    cascade_plan: str | None


class CasesOfPerson(ReadModel):
    """A person's applications and mentor's profiles."""

    applications: tuple[UUID, ...]
    mentors: tuple[UUID, ...]
