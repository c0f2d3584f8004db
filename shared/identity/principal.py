"""Describe who makes a request and which roles that person or program holds at the moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime  # noqa: TC003 - pydantic reads the annotations of Grant
from typing import TYPE_CHECKING

from shared.contracts.codes import Role  # noqa: TC001 - pydantic reads the annotations of Grant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Grant:
    """One role that a person holds for a time, as AccessChanged states it (`lifecycles.md`, Access).

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
        """Return whether the grant counts on that day of domain time."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or program that signed in, with the grants that count at the moment of the request.

    The token proved the `subject`; the grants are what AccessChanged says about it. No grants means: known to the
    sign-in provider, but allowed nothing yet. `suspended` are grants that hold, but for a country whose partnership is
    suspended: they do not count. A sign-in or a token from before `not_before` does not count. `withheld` are roles
    that the person holds, but the scopes of the token do not name. `client` is a program that acts for nobody.
    """

    subject: str
    grants: tuple[Grant, ...] = ()
    suspended: tuple[Grant, ...] = ()
    not_before: datetime | None = None
    withheld: frozenset[Role] = frozenset()
    client: str | None = None

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
        """Return the principal with those of `grants` that are active on `day` and that no suspension blocks.

        `suspended` are the countries whose grants do not count, `cuts` when a country's sign-ins ended. A person who
        also holds a grant for another country, or for the programme, stays signed in with the rights of that grant.
        """
        active = tuple(grant for grant in grants if grant.active(day))
        ended = [(cuts or {}).get(grant.country or "") for grant in active]
        moments = [moment for moment in ended if moment is not None]
        return cls(
            subject,
            tuple(grant for grant in active if grant.country not in suspended),
            tuple(grant for grant in active if grant.country in suspended),
            min(moments) if active and len(moments) == len(active) else None,
        )

    def limited_to(self, roles: frozenset[Role] | None) -> Principal:
        """Return the principal with the grants for `roles` only; None keeps all."""
        if roles is None:
            return self
        return replace(
            self,
            grants=tuple(grant for grant in self.grants if grant.role in roles),
            suspended=tuple(grant for grant in self.suspended if grant.role in roles),
            withheld=self.roles - roles,
        )

    def counts(self, issued: float | None) -> bool:
        """Return whether a sign-in or token `issued` at that real time counts (None: it does not say when).

        One that does not say when it was issued could be from before a suspension: it counts again when that is over.
        """
        if self.not_before is None:
            return True
        if issued is None:
            return not self.suspended
        return issued >= self.not_before.timestamp()

    @property
    def roles(self) -> frozenset[Role]:
        """Return all roles that count, a deputy's included."""
        return frozenset(grant.role for grant in self.grants)

    def has(self, *roles: Role) -> bool:
        """Return whether at least one of `roles` counts."""
        return any(grant.role in roles for grant in self.grants)

    def countries(self, role: Role) -> frozenset[str]:
        """Return the countries for which `role` counts."""
        return frozenset(grant.country for grant in self.grants if grant.role is role and grant.country is not None)

    def organisations(self, role: Role) -> frozenset[str]:
        """Return the ids of the organisations for which `role` counts."""
        return frozenset(
            grant.organisation_id for grant in self.grants if grant.role is role and grant.organisation_id is not None
        )
