"""The agreement of a pair: its text, its versions, and the rules to propose, sign and take back one.

The first version is the programme's. Either side proposes the next one; it is in force once both have signed it, and
lapses when it is taken back, when another is proposed in its place, or when its time to be signed is over. The text
names nobody, since its digest stands in an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from services.applications.mentorships.model.pair import ONGOING, PAIR
from services.applications.transitions import NotNow, WrongValue, refuse, state_word
from shared.contracts.codes import LANGUAGES, Code, MentorshipState, Party
from shared.errors import ProblemCode
from shared.i18n import N_, gettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.mentorships import MentorshipPlan

FIRST_VERSION = 1
MOST_VERSIONS = 50
LONGEST_TEXT = 1000
LONGEST = timedelta(days=731)
"""The greatest distance in time at which a pair may plan the end of its mentorship."""


class Rhythm(Code):
    """The rhythm of a pair's meetings."""

    REGULAR = "regular", N_("Regularly")
    WEEKLY = "weekly", N_("Every week")
    FORTNIGHTLY = "fortnightly", N_("Every two weeks")
    MONTHLY = "monthly", N_("Every month")
    AS_NEEDED = "as_needed", N_("When the mentee asks for it")


class Meeting(Code):
    """The way of meeting: on site, remote, or both."""

    BOTH = "both", N_("On site or by video")
    REMOTE = "remote", N_("By video or telephone")
    ON_SITE = "on_site", N_("On site")


def _printable(text: str) -> str:
    characters = "".join(
        character for character in text.replace("\r\n", "\n") if character == "\n" or character.isprintable()
    )
    return characters.strip()


Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_printable)]


class Terms(BaseModel):
    """The terms that the pair adds to the programme's text; empty terms are those of the first version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rhythm: Rhythm = Rhythm.REGULAR
    meeting: Meeting = Meeting.BOTH
    aims: Text = ""
    confidentiality: Text = ""
    until: date | None = None


# Not translated: both sides sign the same words, and the digest is of these.
_RHYTHMS = {
    Rhythm.REGULAR: "regularly",
    Rhythm.WEEKLY: "every week",
    Rhythm.FORTNIGHTLY: "every two weeks",
    Rhythm.MONTHLY: "every month",
    Rhythm.AS_NEEDED: "when the mentee asks for it",
}
_MEETINGS = {
    Meeting.BOTH: "on site or by video",
    Meeting.REMOTE: "by video or telephone",
    Meeting.ON_SITE: "on site",
}


def agreement(reference: str, plan: MentorshipPlan, terms: Terms, version: int = FIRST_VERSION) -> str:
    """Return the text of a version of the agreement; `reference` is that of the mentee's application."""
    language = LANGUAGES.get(plan.language, plan.language)
    until = f"until {_day(terms.until)}" if terms.until else "until the end of the periods that both have named"
    clauses = [
        f"Mentor and mentee meet {_RHYTHMS[terms.rhythm]}, {_MEETINGS[terms.meeting]}, in {language}.",
        f"Their subject is {plan.topic.replace('_', ' ')}. The mentee sets the goals together with the mentor.",
        *([f"They aim at this:\n{terms.aims}"] if terms.aims else []),
        "Each session is logged by one side and confirmed by the other.",
        "What is said stays between them. Classified or case-related personal data is not shared.",
        *([f"On confidentiality they add:\n{terms.confidentiality}"] if terms.confidentiality else []),
        f"The mentorship lasts {until}.",
        "Either side may pause or end the mentorship, and says why.",
        "At the end both evaluate it.",
    ]
    numbered = [f"{number}. {clause}" for number, clause in enumerate(clauses, start=1)]
    return "\n".join([_title(version), "", *numbered, "", f"Mentorship of {reference}", ""])


def _title(version: int) -> str:
    return f"Mentoring agreement, version {version}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def clauses(text: str) -> list[str]:
    """Return the lines that can differ between two versions: no title, no foot, no clause numbers."""
    found = []
    for line in text.splitlines()[1:-1]:
        number, point, rest = line.partition(". ")
        found.append(rest if point and number.isdigit() else line)
    return [line for line in found if line]


def digest(text: str) -> str:
    """Return the SHA-256 of the signed text in hexadecimal, which stands for it in the event."""
    return sha256(text.encode()).hexdigest()


class VersionState(StrEnum):
    """The state of a version (its words are in `shared.web.states`, kind `agreement`)."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Version:
    """A version: its deadline to sign, whether it was taken back or replaced, who signed it, and which end it names."""

    number: int
    due: datetime | None
    lapsed: bool = False
    signed: frozenset[Party] = frozenset()
    until: date | None = None

    @property
    def complete(self) -> bool:
        """Return whether both have signed it."""
        return self.signed >= set(PAIR)


def states(versions: Sequence[Version], now: datetime, *, over: bool = False) -> dict[int, VersionState]:
    """Return the state of each version, by number; `over`: the mentorship has ended, nothing can be signed any more."""
    newest_complete = max((version.number for version in versions if version.complete), default=None)
    waits = max(
        (version.number for version in versions if not over and _can_wait(version, newest_complete, now)), default=None
    )
    found = {}
    for version in versions:
        if version.number == newest_complete:
            found[version.number] = VersionState.IN_FORCE
        elif version.complete:
            found[version.number] = VersionState.REPLACED
        else:
            found[version.number] = VersionState.PROPOSED if version.number == waits else VersionState.LAPSED
    return found


def _can_wait(version: Version, newest_complete: int | None, now: datetime) -> bool:
    """Return whether a version may still be signed: the programme's own one until another is in force."""
    later = newest_complete is None or version.number > newest_complete
    return later and not version.complete and not version.lapsed and (version.due is None or now <= version.due)


def in_force(versions: Sequence[Version]) -> int | None:
    """Return the number of the version in force: the newest that both have signed."""
    return max((version.number for version in versions if version.complete), default=None)


def to_sign(versions: Sequence[Version], now: datetime) -> int | None:
    """Return the number of the version that waits for a signature."""
    return next((number for number, state in states(versions, now).items() if state is VersionState.PROPOSED), None)


def may_sign(state: MentorshipState, versions: Sequence[Version], number: int, party: Party, now: datetime) -> None:
    """Raise `AlreadyDone` where that side has signed the version, `NotNow` where it cannot be signed (any more)."""
    version = next((candidate for candidate in versions if candidate.number == number), None)
    if version is not None and party in version.signed:
        raise refuse("mentorship", state, done=True)
    if state not in ONGOING:
        raise refuse("mentorship", state)
    waits = to_sign(versions, now)
    if waits is None:
        raise NotNow(gettext("No version is waiting for a signature."))
    if number != waits:
        raise NotNow(
            gettext("Version %(old)s can no longer be signed. Read version %(new)s, which is waiting for you.")
            % {"old": number, "new": waits},
            ProblemCode.EDIT_CONFLICT,
            present={"version": str(waits)},
        )


def may_propose(state: MentorshipState, versions: Sequence[Version], based_on: int, terms: Terms, today: date) -> None:
    """Raise `NotNow` where the agreement cannot be changed, or has a version that the writer has not read.

    Raises `WrongValue` for an end that is out of range.
    """
    if state not in ONGOING:
        raise refuse("mentorship", state)
    newest = max(version.number for version in versions)
    if based_on != newest:
        raise NotNow(
            gettext(
                "Version %(new)s was written after you opened this page. Read it first. We have kept what you wrote."
            )
            % {"new": newest},
            ProblemCode.EDIT_CONFLICT,
            present={"version": str(newest)},
        )
    if newest >= MOST_VERSIONS:
        raise NotNow(
            gettext("This agreement already has %(most)s versions, the highest number allowed.")
            % {"most": MOST_VERSIONS},
            ProblemCode.LIMIT_REACHED,
        )
    if problem := wrong_end(terms.until, today):
        raise WrongValue({"until": problem})


def wrong_end(until: date | None, today: date) -> str | None:
    """Return what is wrong with an agreed end of the mentorship; None where it is possible or left open."""
    if until is None or today < until <= today + LONGEST:
        return None
    bounds = {"first": dates.day(today + timedelta(days=1)), "last": dates.day(today + LONGEST)}
    return gettext("The end must be from %(first)s to %(last)s") % bounds


def may_take_back(state: MentorshipState, version: Version, state_of: VersionState, own: bool) -> None:  # noqa: FBT001 - pure
    """Raise `NotNow` unless it is one's proposal and still waits; nobody takes back the programme's version."""
    if version.lapsed:
        raise refuse("mentorship", state, done=True)
    if state_of is not VersionState.PROPOSED or version.number == FIRST_VERSION:
        text = gettext("This version is “%(state)s”. Only a proposal that is waiting for a signature can be withdrawn.")
        raise NotNow(text % {"state": state_word("agreement", state_of)})
    if not own:
        raise NotNow(
            gettext("Only the side that proposed a version can withdraw it. You can propose another version."),
            ProblemCode.SECOND_PERSON_NEEDED,
        )
