"""The choices about mails that are not mandatory, and the signed link to them (RFC 8058)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.table.deadlines import DIGEST
from shared.contracts.codes import AudienceKind, Code
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.notifications.messages.model.rule import Rule

_PATH = "/notifications/choice/"
_COORDINATORS = frozenset(
    {AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR, AudienceKind.PROGRAMME_COORDINATOR}
)


class LinkSeal(Protocol):
    """The seal of links: it signs them, and tells whether a signature is ours."""

    def sign(self, text: str) -> str:
        """Return the signature of a text."""

    def signed(self, text: str, digest: str) -> bool:
        """Return whether a signature is that of the text."""


class Choice(Code):
    """The way in which somebody gets what is not mandatory; all of it is in the portal in any case."""

    EACH = "each", N_("Each email separately")
    DIGEST = "digest", N_("One email a day about what is waiting for me, if there is anything")
    NONE = "none", N_("No emails. I read the messages in Tandem")

    def wants(self, rule: Rule) -> bool:
        """Return whether a message of that row is mailed."""
        return rule.mandatory or self is Choice.EACH or (self is Choice.DIGEST and rule.name == DIGEST)


def optional(to: Collection[AudienceKind] | None = None) -> list[str]:
    """Return the subjects of optional messages, in English and the table's order, for some audiences or all."""
    return list(
        dict.fromkeys(
            rule.subject
            for rule in RULES
            if not rule.mandatory and "%(" not in rule.subject and (to is None or _concerns(rule, to))
        )
    )


def _concerns(rule: Rule, to: Collection[AudienceKind]) -> bool:
    """Return whether a row may go to one of these; the digest goes to coordinators."""
    return rule.to in to or (rule.name == DIGEST and not _COORDINATORS.isdisjoint(to))


def link(seal: LinkSeal, origin: str, recipient: UUID) -> str:
    """Return the address of a person's choice: its holder sees and changes that choice, and learns nothing else."""
    return f"{origin}{_PATH}{recipient.hex}.{seal.sign(recipient.hex)}"


def recipient_in(seal: LinkSeal, token: str) -> UUID | None:
    """Return whose choice a link is; None for one that we did not make."""
    id_, _, digest = token.partition(".")
    if not seal.signed(id_, digest):
        return None
    return UUID(hex=id_)
