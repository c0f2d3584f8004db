"""Rules of clearance: the order of the two sides, and what each clearance releases of an identity.

Home first, then host (`lifecycles.md`, "Match"). Staged identity (`domain.md`): the home side's clearance shows the
vetting fields to the host national coordinator only; the host agency or the mentor sees the name when both have
cleared; before that, rank group, service, expertise and languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.transitions import NotNow, Recorded, refuse, refuse_recorded
from shared.contracts.codes import (
    ApplicationKind,
    IdentityField,
    LegalBasis,
    MatchState,
    Party,
    ReleasePurpose,
    Side,
)
from shared.contracts.participation import IdentityReleased
from shared.errors import ProblemCode
from shared.i18n import N_, gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shared.contracts.matches import Pairing

VETTING = (IdentityField.NAME, IdentityField.NATIONAL_RANK, IdentityField.UNIT)
"""The fields that a host country needs to vet a guest."""
MEETING = (*VETTING, IdentityField.SERVICE_EMAIL)
"""The fields that people who will meet need of each other."""


def applicant(kind: ApplicationKind) -> Party:
    """Return what the applicant of that kind is called in a match."""
    return Party.GUEST if kind is ApplicationKind.STUDY_VISIT else Party.MENTEE


def counterpart(kind: ApplicationKind) -> Party:
    """Return what the other side of a match of that kind is called."""
    return Party.HOST if kind is ApplicationKind.STUDY_VISIT else Party.MENTOR


CLEARED, REFUSED = "cleared", "refused"
"""The decisions of a side."""
MEANING = N_("To clear a match means that your country or agency agrees to it.")
"""The explanation beside the buttons."""
_DECIDED = {
    (Side.HOME, CLEARED): N_("The home country cleared this match on %(when)s."),
    (Side.HOME, REFUSED): N_("The home country refused to clear this match on %(when)s."),
    (Side.HOST, CLEARED): N_("The host country cleared this match on %(when)s."),
    (Side.HOST, REFUSED): N_("The host country refused to clear this match on %(when)s."),
}


def side_to_clear(state: MatchState, answers: Mapping[Side, Recorded]) -> Side | None:
    """Return the side that is asked, or None; `answers` says what each side decided."""
    if state is not MatchState.PROPOSED or any(decision.what == REFUSED for decision in answers.values()):
        return None
    return next((side for side in (Side.HOME, Side.HOST) if side not in answers), None)


def may_decide(
    state: MatchState, answers: Mapping[Side, Recorded], side: Side, decision: str, actor: str, *, shown: str = ""
) -> None:
    """Raise `AlreadyDone` where `actor` took that decision for the side, `NotNow` after another one or out of turn.

    `shown` is the state as pages show it, where that says more.
    """
    if side in answers:
        before = answers[side]
        raise refuse_recorded(before, decision, actor, _DECIDED[side, before.what])
    asked_side = side_to_clear(state, answers)
    if asked_side is None:
        raise refuse("match", shown or state)
    if asked_side is not side:
        raise NotNow(
            gettext("The home country clears first. You will see the case here after that."), ProblemCode.TOO_EARLY
        )


def releases(pairing: Pairing, side: Side) -> tuple[IdentityReleased, ...]:
    """Return what the clearance by `side` releases: one event for each party that sees something of another."""
    whose, other = applicant(pairing.kind), counterpart(pairing.kind)
    if side is Side.HOME:
        return (
            _release(
                pairing,
                whose,
                Party.HOST_COORDINATOR,
                VETTING,
                ReleasePurpose.VETTING,
                country=pairing.host_country,
                organisation=False,
            ),
        )
    purpose = ReleasePurpose.PREPARATION if other is Party.HOST else ReleasePurpose.MENTORING
    found = [_release(pairing, whose, other, MEETING, purpose, country=pairing.host_country, organisation=True)]
    if other is Party.MENTOR:
        found.append(_release(pairing, other, whose, MEETING, purpose, country=pairing.country, organisation=False))
    return tuple(found)


def _release(
    pairing: Pairing,
    of: Party,
    to: Party,
    fields: tuple[IdentityField, ...],
    purpose: ReleasePurpose,
    *,
    country: str,
    organisation: bool,
) -> IdentityReleased:
    return IdentityReleased(
        application_id=pairing.application_id,
        of=of,
        to=to,
        country=country,
        organisation_id=pairing.host_organisation_id if organisation else None,
        fields=fields,
        purpose=purpose,
        basis=LegalBasis.PUBLIC_TASK,
    )


def visible(
    viewer: Party, of: Party, released: Iterable[tuple[Party, Party, Iterable[str]]], travels: Party | None = None
) -> frozenset[str]:
    """Return the fields of `of`'s identity that `viewer` may see; `released`: the releases as (of, to, fields).

    The home coordinator knows the country's own officers by their applications; everybody sees their own identity.
    Where the mentor `travels` on a pair's visit, the mentor's country is the sending one and knows who travels.
    """
    own = viewer is Party.HOME_COORDINATOR and of in {Party.GUEST, Party.MENTEE}
    sent = viewer is Party.HOST_COORDINATOR and of is travels is Party.MENTOR
    if viewer is of or own or sent:
        return frozenset(IdentityField)
    return frozenset(field for whose, to, fields in released if whose is of and to is viewer for field in fields)
