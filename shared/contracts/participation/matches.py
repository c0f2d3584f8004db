"""Define the events about a match itself: clearance, release of names, answer, and requests to matching."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from shared.contracts import _examples as ex
from shared.contracts.base import Country, Due
from shared.contracts.codes import N_, ActingAs, Answer, IdentityField, LegalBasis, Party, Reason, ReleasePurpose, Side
from shared.contracts.participation.base import OF_VISIT, ParticipationEvent


class ClearanceGiven(ParticipationEvent):
    """A national coordinator (or an EU agency's clearance officer) clears the match; home first, then host.

    `host_due` comes with the home side's: when the host country, `host_country`, must clear.
    """

    label: ClassVar[str] = N_("Clearance given")

    side: Side
    country: Country
    acting_as: ActingAs = ActingAs.COORDINATOR
    host_due: Due | None = None
    host_country: Country | None = None

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "side": "home",
        "country": "MD",
        "acting_as": "coordinator",
        "host_due": "2026-02-27T23:00:00Z",
        "host_country": "FR",
    }


class ClearanceRefused(ParticipationEvent):
    """A national coordinator does not clear the match; matching cancels it."""

    label: ClassVar[str] = N_("Clearance refused")

    side: Side
    country: Country
    reason: Reason
    acting_as: ActingAs = ActingAs.COORDINATOR

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "side": "host",
        "country": "FR",
        "reason": "personal",
        "acting_as": "coordinator",
    }


class IdentityReleased(ParticipationEvent):
    """The portal shows fields of a person's identity to another: which, to whom, for what, on what legal basis.

    Never the values.
    """

    label: ClassVar[str] = N_("Identity released")

    of: Party
    to: Party
    country: Country
    organisation_id: UUID | None = None
    fields: tuple[IdentityField, ...]
    purpose: ReleasePurpose
    basis: LegalBasis

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "of": "guest",
        "to": "host_coordinator",
        "country": "FR",
        "organisation_id": None,
        "fields": ["name", "national_rank", "unit"],
        "purpose": "vetting",
        "basis": "public_task",
    }


class AnswerGiven(ParticipationEvent):
    """Officer or mentee, host agency or mentor answers an offered match: a request until matching confirms it."""

    label: ClassVar[str] = N_("Answer given")

    by: Party
    answer: Answer
    reason: Reason | None = None

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "by": "guest",
        "answer": "accept",
        "reason": None,
    }


class CancellationRequested(ParticipationEvent):
    """A person requests that a match, with its visit or mentorship if any, be cancelled."""

    label: ClassVar[str] = N_("Cancellation requested")

    by: Party
    reason: Reason
    visit_id: UUID | None = None
    mentorship_id: UUID | None = None

    example: ClassVar[Mapping[str, Any]] = {
        **OF_VISIT,
        "by": "guest",
        "reason": "visa_refused",
        "mentorship_id": None,
    }


class FundChangeRequested(ParticipationEvent):
    """The programme coordinator requests another fund for a match and its visit or mentorship; matching changes it.

    Where a partner is suspended, matches in progress may continue under another fund.
    """

    label: ClassVar[str] = N_("Another fund requested")

    fund_id: UUID
    reason: Reason

    example: ClassVar[Mapping[str, Any]] = {
        "application_id": ex.APPLICATION,
        "fund_id": ex.FUND,
        "reason": "partner_suspended",
    }
