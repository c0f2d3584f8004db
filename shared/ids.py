"""How is a thing named so that its name is unique, sortable and, for reactions, always the same?"""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat

# The namespace of reactions. It must never change: a reaction done twice is recognised by its id.
_REACTIONS = UUID("5f2b8c1e-6d0f-5c0a-9a53-7a1d1f0e9b42")


def new_id() -> UUID:
    """A new uuid7 (RFC 9562): unique, and sortable by the real time at which it was made."""
    return uuid_utils.compat.uuid7()


def read_id(text: str | None) -> UUID | None:
    """The id that a text is, such as one from an address or a form; None for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def reaction_id(cause: UUID, type: str, subject: str) -> UUID:  # noqa: A002 - the word CloudEvents uses
    """The id of the fact `type` about `subject` that `cause` brings about: the same whenever it is worked out again."""
    return uuid_utils.compat.uuid5(_REACTIONS, f"{cause}/{type}/{subject}")
