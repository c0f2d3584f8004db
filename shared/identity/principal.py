"""Who is asking, and which roles does that person or program hold right now?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations of Grant
from typing import TYPE_CHECKING

from shared.contracts.codes import Role  # noqa: TC001 - pydantic reads the annotations of Grant

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Grant:
    """One role that somebody holds for a while, as AccessChanged says it (`lifecycles.md`, Access).

    `country` is ISO 3166-1 alpha-2 or `EU`; `until` is the first moment at which the grant is over, None means open
    end; `deputy_for` is the sign-in subject whose place a deputy takes between `since` and `until`.
    """

    role: Role
    since: datetime
    country: str | None = None
    organisation_id: str | None = None
    until: datetime | None = None
    deputy_for: str | None = None

    def active(self, at: datetime) -> bool:
        """Whether the grant holds at that moment of domain time."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who signed in, with the grants that hold at the moment of the request.

    The token proved the `subject`; the grants are what AccessChanged says about it. No grants means: known to the
    sign-in provider, but allowed nothing yet.
    """

    subject: str
    grants: tuple[Grant, ...] = ()

    @classmethod
    def at(cls, subject: str, grants: Iterable[Grant], moment: datetime) -> Principal:
        """The principal with those of `grants` that are active at `moment`."""
        return cls(subject, tuple(grant for grant in grants if grant.active(moment)))

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

    def deputises(self, role: Role) -> frozenset[str]:
        """The sign-in subjects in whose place this principal holds `role`."""
        return frozenset(
            grant.deputy_for for grant in self.grants if grant.role is role and grant.deputy_for is not None
        )
