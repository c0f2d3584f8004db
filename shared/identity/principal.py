"""Describe who makes a request and which roles that person or program holds at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - pydantic reads the annotations of Grant
from typing import TYPE_CHECKING

from shared.contracts.codes import Role  # noqa: TC001 - pydantic reads the annotations of Grant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Grant:
    """One role that somebody holds for a while, as AccessChanged says it (`lifecycles.md`, Access).

    `since` and `until` are its first and its last day, None means open end; `country` is ISO 3166-1 alpha-2 or `EU`;
    `deputy_for` is the sign-in subject of the person stood in for on those days.
    """

    role: Role
    since: date
    country: str | None = None
    organisation_id: str | None = None
    until: date | None = None
    deputy_for: str | None = None

    def active(self, on: date) -> bool:
        """Whether the grant holds on that day of domain time."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who signed in, with the grants that hold at the moment of the request.

    The token proved the `subject`; the grants are what AccessChanged says about it. No grants means: known to the
    sign-in provider, but allowed nothing yet. `suspended` are grants that hold, but for a country whose partnership is
    suspended: they do not count. A sign-in or a token from before `not_before` does not count.
    """

    subject: str
    grants: tuple[Grant, ...] = ()
    suspended: tuple[Grant, ...] = ()
    not_before: datetime | None = None

    @classmethod
    def on(
        cls,
        subject: str,
        grants: Iterable[Grant],
        day: date,
        *,
        suspended: frozenset[str] = frozenset(),
        cuts: Mapping[str, datetime] | None = None,
    ) -> Principal:
        """The principal with those of `grants` that are active on `day`, as far as no suspension keeps them from it.

        `suspended` are the countries whose grants do not count, `cuts` when a country's sign-ins ended. Whoever also
        holds a grant for another country, or for the programme, stays signed in: the rest of what they may goes on.
        """
        held = tuple(grant for grant in grants if grant.active(day))
        ended = [(cuts or {}).get(grant.country or "") for grant in held]
        known = [moment for moment in ended if moment is not None]
        return cls(
            subject,
            tuple(grant for grant in held if grant.country not in suspended),
            tuple(grant for grant in held if grant.country in suspended),
            min(known) if held and len(known) == len(held) else None,
        )

    def counts(self, issued: float | None) -> bool:
        """Whether a sign-in or token that was `issued` at that real time (None: it does not say when) counts.

        One that does not say when it was issued could be from before a suspension: it counts again when that is over.
        """
        if self.not_before is None:
            return True
        if issued is None:
            return not self.suspended
        return issued >= self.not_before.timestamp()

    @property
    def roles(self) -> frozenset[Role]:
        """All roles that hold, a deputy's included."""
        return frozenset(grant.role for grant in self.grants)

    def has(self, *roles: Role) -> bool:
        """Whether at least one of `roles` holds."""
        return any(grant.role in roles for grant in self.grants)

    def countries(self, role: Role) -> frozenset[str]:
        """The countries for which `role` holds."""
        return frozenset(grant.country for grant in self.grants if grant.role is role and grant.country is not None)

    def organisations(self, role: Role) -> frozenset[str]:
        """The ids of the organisations for which `role` holds."""
        return frozenset(
            grant.organisation_id for grant in self.grants if grant.role is role and grant.organisation_id is not None
        )
