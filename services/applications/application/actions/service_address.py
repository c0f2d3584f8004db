"""Check that an application names the service address that its officer has confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from services.applications.application.model.answers import Answers
    from services.applications.register.store.entries import Person


def check_service_address(person: Person | None, answers: Answers) -> None:
    """Raise `Refused` (422, at the address) unless the answers name the address that the officer has confirmed.

    Messages go to that address, and the other side of a match is shown it. `person` is the officer in the register.
    """
    if person is None:
        return
    sentence = _problem(person, (answers.email or "").lower())
    if sentence:
        raise Refused(sentence, 422, {"email": sentence})


def _problem(person: Person, written: str) -> str:
    if person.reachable and written == person.email.lower():
        return ""
    unconfirmed = person.unconfirmed_address
    if unconfirmed is not None and written == unconfirmed.lower():
        return gettext(
            "Confirm your service email first. Open the link that we sent to %(address)s, or send it again "
            "from your account."
        ) % {"address": unconfirmed}
    if person.reachable:
        return gettext(
            "Enter your confirmed service email, %(address)s. Your national coordinator can change it in the register."
        ) % {"address": person.email}
    return gettext(
        "Enter your service email as in the register, %(address)s, and confirm it. Your national coordinator "
        "can change it."
    ) % {"address": person.email}
