"""What may a person choose about mails that are not mandatory? The choices, and the signed link to them (RFC 8058)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.table.digest import DIGEST
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
    """What signs the links, and tells whether a signature is ours."""

    def sign(self, text: str) -> str:
        """Return the signature of a text."""

    def signed(self, text: str, digest: str) -> bool:
        """Return whether a signature is that of the text."""


class Choice(Code):
    """How somebody gets what is not mandatory; whatever is chosen, all of it stands in the portal."""

    EACH = "each", N_("Each by itself")
    DIGEST = "digest", N_("None by itself; what waits for me once a day, where there is something")
    NONE = "none", N_("None at all; I read them in the portal")

    def wants(self, rule: Rule) -> bool:
        """Whether a message of that row goes out as a mail."""
        return rule.mandatory or self is Choice.EACH or (self is Choice.DIGEST and rule.name == DIGEST)


def optional(to: Collection[AudienceKind] | None = None) -> list[str]:
    """The subjects of what is not mandatory, in English and the table's order: all, or those `to` some audiences."""
    return list(
        dict.fromkeys(
            rule.subject
            for rule in RULES
            if not rule.mandatory and "%(" not in rule.subject and (to is None or _concerns(rule, to))
        )
    )


def _concerns(rule: Rule, to: Collection[AudienceKind]) -> bool:
    """Whether a row may be told to one of these; what waits is told to coordinators."""
    return rule.to in to or (rule.name == DIGEST and not _COORDINATORS.isdisjoint(to))


def link(seal: LinkSeal, origin: str, recipient: UUID) -> str:
    """The address of a person's choice: who holds it sees and changes that choice, and learns nothing else."""
    return f"{origin}{_PATH}{recipient.hex}.{seal.sign(recipient.hex)}"


def recipient_in(seal: LinkSeal, token: str) -> UUID | None:
    """Whose choice a link is; None for one that we did not make."""
    id_, _, digest = token.partition(".")
    if not seal.signed(id_, digest):
        return None
    return UUID(hex=id_)
