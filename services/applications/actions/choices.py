"""What does a person choose for the own messages, of what the portal keeps itself?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.store import register

if TYPE_CHECKING:
    from shared.bus import Bus
    from shared.identity import Principal


async def write_in(bus: Bus, principal: Principal, code: str) -> None:
    """Write to whoever is signed in, from now on, in that language (ISO 639-1).

    It goes before what the register and an application say. Does nothing for
    whom the register does not know.
    """
    async with bus.transaction(principal.subject) as tx:
        person = await register.person(tx.session, principal.subject)
        if person is not None and person.mail_language != code:
            person.mail_language = code
            tx.session.add(person)
