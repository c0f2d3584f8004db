"""Define the events on `exchange.counting`: keys to count people without knowing them, read by reporting only."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.base import Event, Example
from shared.contracts.codes import N_, Sex


class CountingEvent(Event):
    """An event on `exchange.counting`, key the application."""

    topic: ClassVar[str] = "exchange.counting"


class CountingKeyAssigned(CountingEvent):
    """The key by which an application's person is counted once in a programme, and the person's sex if given.

    By the portal, when an application is first submitted. The key is valid for one programme and means nothing
    elsewhere; matching needs neither.
    """

    label: ClassVar[str] = N_("Person counted in the figures")

    counting_key: Annotated[str, Field(pattern=r"^[0-9a-f]{32,64}$", description="The same for all of one person's")]
    sex: Sex | None = None

    example: ClassVar[Example] = {"counting_key": "5f0c6e3a9b1d4c7e8a2f1b0d9c8e7f6a", "sex": "female"}
