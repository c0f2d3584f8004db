"""Turn an application into a visit, and the visit into a certificate: the journey's part of officer and host."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from deploy.cli.client import Refused
from deploy.cli.journey.cast import HOME, HOST, HOST_COUNTRY, OFFICER
from deploy.cli.journey.steps import PORTAL, PROGRAMME, Journey, accept
from deploy.cli.outcomes import evaluate, form, report
from deploy.cli.system import Failed

if TYPE_CHECKING:
    from deploy.cli.answers import ProvisionalMatch, Record, Submitted, Visit

_NATIVE = {"language": "hy", "level": "NS"}
ANSWERS: dict[str, object] = {
    "name": "Test Officer",
    "expertise": [{"area": "analysis", "level": 2, "years": 6}],
    "languages": [_NATIVE, {"language": "en", "level": "B1"}],
    "topics": ["online_crime"],
    "objectives": ["Follow a seizure of devices from the search to the report", "Learn how platforms answer"],
    "cascade_committed": True,
    "cascade_plan": "A half-day training for my unit",
    "line_manager_name": "Head of Unit",
    "line_manager_email": "head.of.unit@police.example",
}


def period(today: date, first: int = 0, last: int = 70) -> dict[str, str]:
    """Return a period between two days, counted from today."""
    return {"start": (today + timedelta(days=first)).isoformat(), "end": (today + timedelta(days=last)).isoformat()}


async def apply(walk: Journey, call: Record, today: date) -> Submitted:
    """Draft, submit, return, correct, endorse and confirm an application; return it."""
    people = walk.people
    async with walk.step("The officer begins an application and saves it half done"):
        draft = await people.post(OFFICER, f"{PORTAL}/applications", {"call_id": call["id"], "kind": "study_visit"})
        walk.void_when_done(draft["id"])
        at = f"{PORTAL}/applications/{draft['id']}"
        saved = await people.put(OFFICER, f"{at}/answers", {"topics": ANSWERS["topics"]})
        if not saved["missing"]:
            raise Failed("a half-done application says that nothing is missing")
    async with walk.step("It cannot be submitted like that"):
        try:
            await people.post(OFFICER, f"{at}/submit")
        except Refused as error:
            if error.status != 422:
                raise
        else:
            raise Failed("it was taken although answers are missing")
    async with walk.step("The officer completes it and submits it"):
        answers = ANSWERS | {"periods": [period(today)]}
        body = {"call_id": call["id"], "kind": "study_visit", "answers": answers, "privacy": True, "submit": True}
        application: Submitted = await people.post(OFFICER, f"{PORTAL}/applications", body) or await people.get(
            OFFICER, at
        )
    walk.note(f"Application {application['reference']}: {application['holder']}, next: {application['next']}")
    async with walk.step("The home national coordinator asks for one thing more"):
        body = {"remarks": {"languages": "At which level did you pass the test in spring?"}}
        await people.post(HOME, f"{at}/return", body)
        await walk.state(at, OFFICER, "returned_for_information")
    async with walk.step("The officer corrects it and submits it again"):
        languages = [_NATIVE, {"language": "en", "level": "B2"}]
        await people.put(OFFICER, f"{at}/answers", {"languages": languages})
        await people.post(OFFICER, f"{at}/submit")
    async with walk.step("The home national coordinator confirms the line manager's address"):
        address = (await people.get(HOME, f"{PORTAL}/cases/{draft['id']}"))["line_manager_to_confirm"]
        if address is not None:  # no email domain of the agency
            await people.post(HOME, f"{at}/line-manager/confirm", {"email": address})
    async with walk.step("The home national coordinator endorses it"):
        await people.post(HOME, f"{at}/endorse", {"note": ""})
        await walk.state(at, OFFICER, "endorsed")
    return application


async def host_publishes(walk: Journey, call: Record, today: date) -> None:
    """Write, submit, endorse and publish a placement."""
    people = walk.people
    entry = {
        "title": "A week with the cybercrime unit",
        "city": "Lyon",
        "outline": "Seizure of devices, the laboratory, a closed case.",
        "topics": ["online_crime"],
        "expertise": ["analysis", "cybercrime_investigation"],
        "places": 1,
        "periods": [period(today) | {"places_per_week": 1}],
        "languages": [{"language": "en", "level": "B2"}],
        "days": 2,
    }
    async with walk.step("The host agency writes a placement and submits it"):
        offer = await people.post(
            HOST, f"{PORTAL}/offers", {"call_id": call["id"], "entry": entry, "submit": True}
        ) or await _own_offer(walk, call)
    at = f"{PORTAL}/offers/{offer['id']}"
    walk.void_offer_when_done(offer["id"])
    async with walk.step("The host national coordinator endorses the placement"):
        await people.post(HOST_COUNTRY, f"{at}/endorse")
    async with walk.step("The host agency publishes it"):
        await people.post(HOST, f"{at}/publish")
        await walk.state(at, HOST, "published")


async def _own_offer(walk: Journey, call: Record) -> Record:
    """Return the placement that was created although the answer got lost."""
    found = await walk.people.items(HOST, f"{PORTAL}/offers", call_id=call["id"])
    placement: Record = next(each for each in found if each["state"] == "submitted")
    return placement


async def eligible(walk: Journey, call: Record, application_id: str) -> None:
    """Confirm, as the programme coordinator, what the call's rules say."""

    def ours(answer: Any) -> Any:
        return [item for item in answer["items"] if item["id"] == application_id]

    found = await walk.wait_for(
        "the application among those to be judged",
        PROGRAMME,
        f"{PORTAL}/eligibility",
        ours,
        params={"call_id": call["id"]},
    )
    if not found[0]["eligible"]:
        raise Failed(f"the rules do not hold: {found[0]['checks']}")
    body = {"applications": [{"id": application_id, "version": found[0]["version"]}]}
    await walk.people.post(PROGRAMME, f"{PORTAL}/eligibility/confirm", body)


async def provisional(walk: Journey, call: Record, application_id: str) -> ProvisionalMatch:
    """Return the application's provisional match on the board."""
    found: ProvisionalMatch = await walk.wait_for(
        "a provisional match on the board",
        PROGRAMME,
        "/matching/api/v1/provisional",
        lambda answer: next((item for item in answer["items"] if item["id"] == application_id), None),
        params={"call_id": call["id"], "limit": 200},
    )
    return found


async def proposed(walk: Journey, call: Record, pair: ProvisionalMatch) -> str:
    """Commit the cohort of that pair; return the match's id once both countries see it."""
    chosen = {"application_id": pair["id"], "seat_id": pair["seat_id"], "version": pair["version"]}
    body = {"call_id": call["id"], "pairs": [chosen]}
    await walk.people.post(PROGRAMME, "/matching/api/v1/cohorts", body)
    found = await walk.wait_for(
        "the match in the portal",
        PROGRAMME,
        f"{PORTAL}/matches",
        lambda answer: [item for item in answer["items"] if item["application_id"] == pair["id"]],
        params={"state": ["proposed"], "limit": 200},
    )
    return str(found[0]["id"])


async def matched(walk: Journey, call: Record, application: Record) -> Visit:
    """Go from eligible to a visit with dates; return the visit."""
    people = walk.people
    async with walk.step("The programme coordinator confirms that it is eligible"):
        await eligible(walk, call, application["id"])
    async with walk.step("A provisional match is on the board, with its receipt"):
        pair = await provisional(walk, call, application["id"])
        receipt = await people.get(PROGRAMME, f"/matching/api/v1/receipts/{application['id']}")
        if not receipt["provisional"] or not receipt["provisional"]["points"]:
            raise Failed("the receipt names no points")
    async with walk.step("The programme coordinator commits the cohort"):
        match_id = await proposed(walk, call, pair)
    at = f"{PORTAL}/matches/{match_id}"
    async with walk.step("The home national coordinator clears the match"):
        await people.post(HOME, f"{at}/clear")
    async with walk.step("The host national coordinator clears it, and it is offered"):
        await people.post(HOST_COUNTRY, f"{at}/clear")
        await walk.state(at, OFFICER, "offered")
    async with walk.step("Officer and host accept, and the match is confirmed"):
        await accept(people, match_id, OFFICER, HOST)
        await walk.state(at, OFFICER, "confirmed")
    async with walk.step("The visit dates are set"):
        visit_id = await walk.wait_for("a visit", OFFICER, at, lambda match: match["visit_id"])
        at_visit = f"{PORTAL}/visits/{visit_id}"
        await walk.state(at_visit, OFFICER, "scheduled")
        visit: Visit = await people.get(OFFICER, at_visit)
    walk.note(f"{visit['start']} to {visit['end']}")
    return visit


async def takes_place(walk: Journey, visit: Visit, application: Record) -> None:
    """Go through agenda, visit days, evaluations and report to the certificate."""
    people, at = walk.people, f"{PORTAL}/visits/{visit['id']}"
    async with walk.step("Guest and host agree on the agenda, the guest is prepared"):
        await people.post(HOST, f"{at}/agenda/agree")
        await people.post(OFFICER, f"{at}/agenda/agree")
        await people.put(OFFICER, f"{at}/preparation/visa", {"details": {"result": "not_needed"}})
    async with walk.step("The clock is moved to the evening of the last day"):
        evening = datetime.combine(date.fromisoformat(visit["end"]), time(17), UTC)
        now = datetime.fromisoformat((await people.get(PROGRAMME, f"{PORTAL}/clock"))["now"])
        await walk.move_clock(max(evening - now, timedelta()))
    async with walk.step("The host records attendance, and the visit is completed"):
        await people.post(HOST, f"{at}/attendance", {"days": dict.fromkeys(visit["days"], True)})
        await walk.state(at, OFFICER, "completed")
    async with walk.step("The guest evaluates"):
        await _once_open(walk, visit["id"], OFFICER)
        await evaluate(people, OFFICER, "visits", visit["id"])
    async with walk.step("The host evaluates"):
        await evaluate(people, HOST, "visits", visit["id"])
    async with walk.step("The guest reports, and a certificate is granted"):
        await report(people, OFFICER, visit["id"])
        await walk.wait_for(
            "the certificate",
            PROGRAMME,
            f"/reporting/api/v1/journey/{application['id']}",
            lambda answer: [event for event in answer["events"] if event["type"] == "CertificateGranted"],
        )


async def _once_open(walk: Journey, visit_id: str, person: str) -> None:
    """Reporting asks for the evaluation once it knows that the visit is over."""
    people = walk.people

    async def look() -> bool:
        return bool((await form(people, person, "visits", visit_id))["open"])

    await people.until("the evaluation form is open", look)
