"""Define the order of the journey: a small call, one application, one mentorship, and the clean-up."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING

from deploy.cli.client import People, Refused
from deploy.cli.journey.cast import OFFICER
from deploy.cli.journey.mail import invitation, quiet_until
from deploy.cli.journey.mentoring import mentoring
from deploy.cli.journey.register import complete, leave
from deploy.cli.journey.steps import PORTAL, PROGRAMME, Journey
from deploy.cli.journey.visit import apply, host_publishes, matched, takes_place
from deploy.cli.system import Failed

if TYPE_CHECKING:
    from deploy.cli.answers import Record
    from deploy.cli.system import System

FIRST_FIGURE, LAST_FIGURE = "TOPCOP-IN-01", "TOPCOP-OP-02"
"""Applications received, and visits completed; each with the event of an application that it counts."""
COUNTED = {FIRST_FIGURE: "ApplicationSubmitted", LAST_FIGURE: "VisitCompleted"}
# Short notice, so that the clock has to be moved by two or three weeks only: timers are the call's to set.
TIMERS = {"notice_weeks": 1, "agenda_weeks": 0}


async def journey(system: System, *, with_clock: bool, keep: bool) -> None:
    """Go the whole journey and print each step. Raises `Failed` at the first step that fails."""
    async with People(system) as people:
        if system.local:  # elsewhere only those act who have been given a token
            people.subjects[OFFICER] = f"{OFFICER}-{token_hex(4)}"
        now, movable = await _clock(people)
        walk = Journey(people, movable=movable and with_clock)
        try:
            quiet = None if system.local else quiet_until(now)  # a local run has no quiet hours
            await _through(walk, now, system.env.get("TANDEM_MAIL_URL"), quiet, keep=keep)
        except Failed:
            if not keep:
                await walk.take_out_what_can_be()
            raise
        print(f"All {walk.steps} steps happened, in {monotonic() - walk.began:.1f} s.")


async def _through(walk: Journey, now: datetime, catcher: str | None, quiet: datetime | None, *, keep: bool) -> None:
    async with walk.step("The register knows everybody who takes part"):
        fund = await complete(walk, now.date().isoformat())
    before = {name: await walk.figure(name) for name in (FIRST_FIGURE, LAST_FIGURE)}
    call = await _open_call(walk, now, fund)
    application = await apply(walk, call, now.date())
    async with walk.step("The first figure moved: applications received"):
        await walk.counts(FIRST_FIGURE, application["id"], COUNTED[FIRST_FIGURE])
        now_received = await walk.figure(FIRST_FIGURE)
    walk.note(f"{FIRST_FIGURE}: {before[FIRST_FIGURE]} before, {now_received} now")
    await host_publishes(walk, call, now.date())
    visit = await matched(walk, call, application)
    await invitation(walk, catcher, application["reference"], quiet)
    await mentoring(walk, call, now.date())
    if walk.movable:
        await takes_place(walk, visit, application)
        async with walk.step("The figure moved: visits completed"):
            await walk.counts(LAST_FIGURE, application["id"], COUNTED[LAST_FIGURE])
            now_completed = await walk.figure(LAST_FIGURE)
        walk.note(f"{LAST_FIGURE}: {before[LAST_FIGURE]} before, {now_completed} now")
    else:
        walk.note("The clock stays where it is: the journey ends with the visit scheduled and the first figure.")
    if not keep:
        async with walk.step("Its records are removed as a test, and closed"):
            await walk.take_out()
        async with walk.step("Its people no longer have access"):
            ended, _ = await _clock(walk.people)
            await leave(walk, ended.date().isoformat())
        async with walk.step("The figures no longer count it"):
            for indicator, type_ in COUNTED.items():
                if walk.movable or indicator == FIRST_FIGURE:
                    await walk.counts(indicator, application["id"], type_, wanted=False)


async def _clock(people: People) -> tuple[datetime, bool]:
    """Return the installation's time, and whether its clock can be moved: elsewhere that route does not exist."""
    try:
        answer = await people.get(PROGRAMME, f"{PORTAL}/clock")
    except Refused as error:
        if error.status != 404:
            raise
        return datetime.now(UTC), False
    return datetime.fromisoformat(answer["now"]), True


async def _open_call(walk: Journey, now: datetime, fund: str) -> Record:
    """Return a call for the journey alone."""
    today: date = now.date()
    title = f"Smoke test {now:%d %B %Y %H:%M}"
    body = {
        "kinds": ["study_visit", "mentee"],
        "texts": [{"language": "en", "title": title, "summary": "Made by tandem journey."}],
        "scheme": "empact-2026",
        "topics": ["online_crime", "criminal_networks"],
        "opens": today.isoformat(),
        "deadline": datetime.combine(today + timedelta(days=30), time(22, 59, 59), UTC).isoformat(),
        "closes": (today + timedelta(days=180)).isoformat(),
        "visit_periods": [{"start": today.isoformat(), "end": (today + timedelta(days=70)).isoformat()}],
        "rules": {"countries": ["AM", "GE"]},
        "fund_id": fund,
        "timers": TIMERS,
    }
    async with walk.step("The programme coordinator publishes a call of its own"):
        call: Record = await walk.people.post(PROGRAMME, f"{PORTAL}/calls", body)
    walk.undo.append((PROGRAMME, f"{PORTAL}/calls/{call['id']}/close", None))
    walk.note(f"{call['reference']}: {title}")
    return call
