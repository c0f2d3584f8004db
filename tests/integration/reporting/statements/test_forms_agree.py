"""Every form of a statement has the same numbers: pages, API, CSV, Excel, JSON, logframe, IATI and the signed PDF."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
from lxml import etree, html

from services.reporting.disclosure import views as disclosure_views
from services.reporting.feeds.actions.files import KINDS
from services.reporting.indicators.model.catalogue import INDICATORS
from shared.contracts import EVENTS
from shared.contracts.codes import Role
from shared.identity import every_route
from shared.time import clock, dates
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.overview.test_report import words
from tests.integration.reporting.statements.test_statements import LABEL, LATE, RESTATEMENT, propose, restate
from tests.integration.reporting.world import COUNTRIES, WorldEvent, ident, world
from tests.integration.test_extreme_values import parameters
from tests.redteam.play import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import httpx2

    from tests.integration.reporting.conftest import House

Place = tuple[str, str, str]
"""Indicator, dimension (none: the total) and value; of a dimension that is withheld as a whole the value is `*`."""
Number = dict[str, Any]
"""The fields of a number that a form shows: value, numerator, denominator, hidden, events, digest; of a total also
version, waits, notes and cut_off."""
OF_A_PART = ("value", "numerator", "denominator", "hidden", "digest")
OF_A_TOTAL = (*OF_A_PART, "events", "version", "waits", "notes", "cut_off")
"""No part has a number of events: beside hidden parts it would tell how many these have."""


@dataclass(frozen=True)
class Form:
    """A form of a statement: how it is read, and what it leaves out or rounds, each with the reason.

    `read` takes its content and the figures as the API has them, from which it takes names, never a number.
    """

    read: Callable[[Any, list[dict[str, Any]]], dict[Place, Number]]
    leaves_out: dict[str, str] = field(default_factory=dict)
    one_decimal: str = ""


def _fields(number: dict[str, Any]) -> Number:
    """Return the fields of a number as the API and its rows in files name them."""
    decimals = ("value", "numerator", "denominator")
    return {
        **{name: Decimal(str(number[name])) if number[name] not in {None, ""} else None for name in decimals},
        "hidden": number["hidden"] or None,
        "events": int(number["events"]) if number["events"] not in {None, ""} else None,
        "digest": number["events_digest"] or None,
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(second=0, microsecond=0)


def of_api(figures: list[dict[str, Any]], _: object = None) -> dict[Place, Number]:
    """Return the numbers of figures as the API gives them: what all other forms are compared with."""
    found: dict[Place, Number] = {}
    for figure in figures:
        name = figure["indicator"]
        found[name, "", ""] = {
            **_fields(figure),
            "version": figure["definition"]["version"],
            "waits": figure["waits"],
            "notes": [f"{n['numerator']} of {n['denominator']} {n['text']}" for n in figure["notes"]],
            "cut_off": _moment(figure["cut_off"]),
        }
        for dimension, parts in figure["breakdowns"].items():
            for part in parts:
                found[name, dimension, part["value_of"]] = _fields(part)
        for dimension in figure["withheld"]:
            found[name, dimension, "*"] = {"hidden": "withheld"}
    return found


def _json(content: bytes, _: object) -> dict[Place, Number]:
    return of_api(json.loads(content)["figures"])


def _rows(rows: Iterator[dict[str, Any]]) -> dict[Place, Number]:
    found: dict[Place, Number] = {}
    for row in rows:
        if row["hidden"] == "withheld":
            found[row["indicator"], row["dimension"], "*"] = {"hidden": "withheld"}
            continue
        number = found[row["indicator"], row["dimension"] or "", row["dimension_value"] or ""] = _fields(row)
        if not row["dimension"]:
            number |= {
                "version": int(row["definition_version"]),
                "waits": str(row["waits"]).lower() == "true",
                "notes": row["notes"].split("; ") if row["notes"] else [],
                "cut_off": _moment(row["cut_off"]),
            }
    return found


def _csv(content: bytes, _: object) -> dict[Place, Number]:
    return _rows(csv.DictReader(io.StringIO(content.decode(), newline="")))


def _workbook(content: bytes) -> Iterator[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    return (dict(zip(map(str, head), row, strict=True)) for row in rows)


def _xlsx(content: bytes, _: object) -> dict[Place, Number]:
    return _rows(_workbook(content))


def _logframe(content: bytes, _: object) -> dict[Place, Number]:
    found: dict[Place, Number] = {}
    for row in _workbook(content):
        comments, value = row["Comments"] or "", row["Value in the period"]
        proof = re.search(
            r"(?:(\d+) events|Events), SHA-256 of their ids ([0-9a-f]{64})", row["Source of verification"]
        )
        hidden = {"few people stand behind": "protected", "nothing to divide by": "no_data"}
        found[row["Code"], "", ""] = {
            "value": None if value is None else Decimal(str(value)),
            "hidden": next((code for text, code in hidden.items() if text in comments), None),
            "events": int(proof[1]) if proof and proof[1] else None,
            "digest": proof[2] if proof else None,
            "waits": "A correction waits" in comments,
            "notes": re.findall(r"Also: ([^.]+)\.", comments),
        }
    return found


def _iati(content: bytes, figures: list[dict[str, Any]]) -> dict[Place, Number]:
    root: Any = etree.fromstring(content)
    found: dict[Place, Number] = {}
    for figure in figures:
        name, label = figure["indicator"], figure["period"]
        (indicator,) = root.xpath(f"//indicator[reference/@code='{name}']")
        description = indicator.xpath("string(description/narrative)")
        (period,) = indicator.xpath(
            f"period[period-start/@iso-date='{figure['start']}'][period-end/@iso-date='{figure['end']}']"
        )
        hidden = {r"is shown": "protected", r"nothing to divide": "no_data"}
        missing = [
            code
            for text, code in hidden.items()
            for said in re.findall(r"No value for ([^:.]*?)(?: is shown|: there is nothing to divide)", description)
            if label in said and re.search(rf"No value for [^.]*{label}[^.]*{text}", description)
        ]
        found[name, "", ""] = {"value": None, "digest": None, "events": None, "hidden": next(iter(missing), None)}
        for actual in period.xpath("actual"):
            (of,) = actual.xpath("dimension") or [None]
            comment = actual.xpath("string(comment/narrative)")
            proof = re.search(r"(?:(\d+) )?events, SHA-256 of their ids ([0-9a-f]{64})", comment)
            fraction = re.search(r"(?:([\d.]+)|median) of ([\d.]+)\.", comment)
            number = {
                "value": Decimal(actual.get("value")),
                "numerator": Decimal(fraction[1]) if fraction and fraction[1] else None,
                "denominator": Decimal(fraction[2]) if fraction else None,
                "events": int(proof[1]) if proof and proof[1] else None,
                "digest": proof[2] if proof else None,
                "hidden": None,
            }
            found[name, "" if of is None else of.get("name"), "" if of is None else of.get("value")] = number
        found[name, "", ""]["waits"] = bool(re.search(rf"A correction of [^.]*{label}", description))
    return found


_FRACTION = re.compile(r"(?:([\d.,]+)|median) of ([\d.,]+)")
_HIDDEN = {"not shown": "protected", "no data yet": "no_data"}
_VALUE = rf"{'|'.join(_HIDDEN)}|[\d.,]+(?: %)?"
_BASE = r"((?:[\d.,]*\d|median) of [\d.,]*\d)"


def _plain(text: str) -> Decimal:
    return Decimal(text.replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace("%", "").replace(",", ""))


def _read_number(value: str, rest: str) -> Number:
    """Return the fields of a number as people read it: its value, and what stands below."""
    if value in _HIDDEN:
        return {"value": None, "numerator": None, "denominator": None, "hidden": _HIDDEN[value]}
    fraction = _FRACTION.search(rest)
    return {
        "value": _plain(value),
        "numerator": _plain(fraction[1]) if fraction and fraction[1] else None,
        "denominator": _plain(fraction[2]) if fraction else None,
        "hidden": None,
    }


def _text(element: Any) -> str:
    return " ".join(element.text_content().split())


def _cell(element: Any) -> Number:
    value, *rest = element.xpath(".//strong | .//span")
    return _read_number(_text(value), " ".join(map(_text, rest)))


def _figure_page(pages: dict[str, str], figures: list[dict[str, Any]]) -> dict[Place, Number]:
    found: dict[Place, Number] = {}
    for figure in figures:
        name = figure["indicator"]
        page: Any = html.fromstring(pages[name])
        rows = {
            _text(row.xpath(".//dt")[0]): row.xpath(".//dd")[0]
            for row in page.xpath("//div[contains(@class, 'govuk-summary-list__row')]")
        }
        proof = rows["Events and their digest"]
        counted = re.match(r"(\d+) events?", _text(proof))
        paragraphs = [_text(each) for each in page.xpath("//main//p")]
        found[name, "", ""] = {
            **_cell(rows["Figure"]),
            "events": int(counted[1]) if counted else None,
            "digest": next(map(_text, proof.xpath(".//code")), None),
            "version": int(_text(rows["Version of the definition"])),
            "waits": any(each.startswith("A correction is waiting") for each in paragraphs),
            "notes": [
                each.removeprefix("Also: ").removesuffix(".") for each in paragraphs if each.startswith("Also: ")
            ],
            "cut_off": _text(rows["Facts up to"]),
        }
        for dimension in {*figure["breakdowns"], *figure["withheld"]}:
            title = disclosure_views.dimension(dimension)
            headings = [each for each in page.xpath("//h2") if _text(each) == f"By {title.lower()}"]
            if headings and "Not shown, because the parts are about too few people." in _text(headings[0].getnext()):
                found[name, dimension, "*"] = {"hidden": "withheld"}
            codes = {
                disclosure_views.value_of(dimension, p["value_of"]): p["value_of"]
                for p in figure["breakdowns"].get(dimension, ())
            }
            for row in page.xpath(f"//table[caption[normalize-space()='{title}']]/tbody/tr"):
                head, value, digest = row.xpath("th | td")
                label = (
                    _text(head.xpath(".//div")[0]) if not head.xpath(".//span") else head.xpath("string(.//div/text())")
                )
                found[name, dimension, codes[label.strip()]] = {
                    **_cell(value),
                    "digest": next((each.get("title") for each in digest.xpath(".//code")), None),
                }
    return found


def _statement_page(page: str, _: object) -> dict[Place, Number]:
    found: dict[Place, Number] = {}
    root: Any = html.fromstring(page)
    for row in root.xpath("//tr[.//a[starts-with(@href, 'indicators/')]]"):
        name = row.xpath(".//a")[0].get("href").removeprefix("indicators/")
        _, value, _, digest = row.xpath("th | td")
        found[name, "", ""] = {
            **_cell(value),
            "digest": next((each.get("title") for each in digest.xpath(".//code")), None),
            "waits": "Correction waiting" in _text(value),
        }
    return found


def _pdf(content: bytes, figures: list[dict[str, Any]]) -> dict[Place, Number]:
    text = words(content)
    text = text[text.index("Annex: each figure with its proof") :]
    text = re.sub(r"Figures of the programme, \S+\. Published, statement \d+\. \d+ / \d+ ?", "", text)
    starts = [text.index(f"{each['indicator']}, definition version") for each in figures]
    found: dict[Place, Number] = {}
    for figure, start in zip(figures, starts, strict=True):
        name = figure["indicator"]
        begins = text.rindex(f"{figure['title']}: ", 0, start)
        before = text[begins + len(figure["title"]) + 2 : start]
        after = text[start : min((each for each in starts if each > start), default=len(text))]
        value = re.match(rf"({_VALUE})\s*(?:{_BASE}\.)?", before)
        proof = re.match(
            rf"{name}, definition version (\d+) · facts up to ([^·]+?)(?: · (\d+) events?)?"
            r"(?: · digest ([0-9a-f]+))? http",
            after,
        )
        assert value is not None, before
        assert proof is not None, after
        found[name, "", ""] = {
            **_read_number(value[1], value[2] or ""),
            "events": int(proof[3]) if proof[3] else None,
            "digest": proof[4],
            "version": int(proof[1]),
            "waits": "A correction is waiting" in before,
            "notes": re.findall(r"Also: ([^.]+)\.", before),
            "cut_off": proof[2],
        }
        place = proof.end()
        for dimension, parts in figure["breakdowns"].items():
            if not parts:
                continue
            title = re.escape(disclosure_views.dimension(dimension))
            head = re.compile(rf"{title} Figure (?:Of how many )?Digest").search(after, place)
            assert head is not None, (name, dimension, after)
            place = head.end()
            for part in parts:
                label = re.escape(disclosure_views.value_of(dimension, part["value_of"]))
                row = re.compile(rf" {label} ({_VALUE})(?: {_BASE})?(?: ([0-9a-f]{{12}}))?(?= |$)").match(after, place)
                assert row is not None, (name, dimension, label, after[place:])
                found[name, dimension, part["value_of"]] = {**_read_number(row[1], row[2] or ""), "digest": row[3]}
                place = row.end()
        for dimension in figure["withheld"]:
            if (
                f"{disclosure_views.dimension(dimension)}: not shown, because its parts are based on few people."
                in after
            ):
                found[name, dimension, "*"] = {"hidden": "withheld"}
    return found


_AGREED = {"own figures": "It has the figures that were agreed with the donor."}
_ROUNDED = "People read one decimal; the files have two."
_BASE_IN_WORDS = "OPSYS has one value for each row. The column “How it is counted” names its base."
_ITS_PAGE = "It leads to the page of each figure."
FORMS: dict[str, Form] = {
    "/reporting/api/v1/figures": Form(lambda content, _: of_api(content["figures"]), _AGREED),
    "/reporting/api/v1/indicators/{indicator}": Form(lambda content, _: of_api(content)),
    "figures.json": Form(_json, _AGREED),
    "figures.csv": Form(_csv, _AGREED),
    "figures.xlsx": Form(_xlsx, _AGREED),
    "logframe.xlsx": Form(
        _logframe,
        leaves_out=_AGREED
        | {
            "parts": "OPSYS has a row for each indicator as a whole.",
            "numerator": _BASE_IN_WORDS,
            "denominator": _BASE_IN_WORDS,
            "version": "OPSYS has no place for it; the code stands for the indicator.",
            "cut_off": "OPSYS has the date of the value: the last day of the period.",
        },
    ),
    "iati-activities.xml": Form(
        _iati,
        leaves_out=_AGREED
        | {
            "hidden parts": "What is hidden has no `actual`; the description names the dimensions.",
            "version": "It is named where it changes between periods.",
            "cut_off": "The standard has the period's dates and when the file was made.",
            "notes": "A second number would read as another result of the indicator.",
        },
    ),
    "report.pdf": Form(_pdf, _AGREED, one_decimal=_ROUNDED),
    "/reporting/{period:stated}/{statement}/": Form(
        _statement_page,
        leaves_out=_AGREED
        | {
            "parts": _ITS_PAGE,
            "events": _ITS_PAGE,
            "version": _ITS_PAGE,
            "notes": _ITS_PAGE,
            "cut_off": "It has the newest; the page of each figure its own.",
        },
        one_decimal=_ROUNDED,
    ),
    "/reporting/{period:stated}/{statement}/indicators/{indicator}": Form(_figure_page, one_decimal=_ROUNDED),
}
WITHOUT_FIGURES = {
    "figures.csv-metadata.json": "describes the columns of the CSV file",
    "iati-organisation.xml": "says who reports",
    "/reporting/{period:stated}/{statement}/{name}": "gives the files",
    "/reporting/api/v1/feeds/{period:published}/{statement}/{name}": "gives the files",
    "/reporting/feeds/{period:published}/{statement}/{name}": "gives the files",
    "/reporting/api/v1/figures.csv": "gives the file",
    "/reporting/api/v1/iati.xml": "gives the file",
    "/reporting/api/v1/indicators/{indicator}/events": "lists events",
    "/reporting/api/v1/indicators/{indicator}/history": "lists statements, each of which has a form of its own",
    "/reporting/api/v1/needs": "is of the moment and refuses a statement",
    "/reporting/api/v1/needs.csv": "is of the moment and refuses a statement",
    "/reporting/{period:stated}/{statement}/indicators/{indicator}/events": "lists events",
    "/reporting/{period:stated}/{statement}/indicators/{indicator}/events.txt": "lists events",
    "/reporting/{period:stated}/{statement}/indicators/{indicator}/{dimension}/{value}/events": "lists events",
    "/reporting/{period:stated}/{statement}/indicators/{indicator}/{dimension}/{value}/events.txt": "lists events",
}
"""Files and routes of a statement that give none of its numbers, and why."""


def test_each_form_of_a_statement_is_compared(house: House) -> None:
    """A new file, page or API route of a statement fails this test until it is compared or has a reason."""
    routes = {
        str(route.path)
        for route, _ in every_route(house.app)
        if "GET" in (route.methods or ())
        and (
            "{statement}" in str(route.path)
            or ("/api/v1/" in str(route.path) and "statement" in dict(parameters(route.dependant)))
        )
    }
    assert {*KINDS, *routes} == FORMS.keys() | WITHOUT_FIGURES.keys()
    assert not FORMS.keys() & WITHOUT_FIGURES.keys()


def _evaluations(numbers: Iterable[int]) -> list[WorldEvent]:
    """Return the guests' evaluations of visits; every third one came too late."""
    event, found = EVENTS["EvaluationSubmitted"], []
    for n in numbers:
        at = datetime(2026, 3, 20, 16, tzinfo=UTC) + timedelta(weeks=n % 3, days=9 if n % 3 == 0 else 2)
        about = {"application_id": ident("application", n), "visit_id": ident("visit", n), "country": COUNTRIES[n % 4]}
        made = event.model_validate({**event.example, **about, "overall": 3 + n % 3})
        found.append(WorldEvent(made, ident("visit", n), at, ident("application", n)))
    return found


async def _content(donor: httpx2.AsyncClient, form: str, statement: int, names: list[str]) -> Any:
    """Return the content of a form of a statement as the donor gets it."""
    at = f"/reporting/{LABEL}/{statement}"
    query = {"period": LABEL, "statement": str(statement)}
    if form in KINDS:
        return (await donor.get(f"{at}/{form}")).content
    if form.endswith("/figures"):
        return (await donor.get(form, params=query)).json()
    if "/api/" in form:
        return [(await donor.get(form.format(indicator=name), params=query)).json() for name in names]
    if form.endswith("{indicator}"):
        return {name: (await donor.get(f"{at}/indicators/{name}")).text for name in names}
    return (await donor.get(f"{at}/")).text


def _expected(form: Form, place: Place, number: Number, seen: Number) -> Number | None:
    """Return what a form has of a number; None if it leaves it out."""
    if "own figures" in form.leaves_out and place[0] in OWN:
        return None
    if place[1] and ("parts" in form.leaves_out or (number["hidden"] and "hidden parts" in form.leaves_out)):
        return None
    if number["hidden"] == "withheld":
        return number
    wanted = {name: number[name] for name in (OF_A_PART if place[1] else OF_A_TOTAL) if name not in form.leaves_out}
    if form.one_decimal and number["value"] is not None:
        wanted["value"] = number["value"].quantize(Decimal("0.1"), ROUND_HALF_EVEN)
    if number["denominator"] is None and "numerator" in wanted and seen.get("numerator") is None:
        wanted["numerator"] = None  # of a plain number it is the value, so people read it once
    if isinstance(seen.get("cut_off"), str):
        wanted["cut_off"] = dates.moment(number["cut_off"])
    if seen.get("digest") and len(seen["digest"]) == 12:
        wanted["digest"] = wanted["digest"][:12]
    return wanted


async def test_all_forms_of_a_statement_have_the_same_numbers(house: House) -> None:
    """In three statements each number, base, count of events, mark and note is the same in all forms.

    The second statement has many more visits, the third a correction that waits.
    """
    await feed_events(house, [*world(24), *_evaluations(range(24))])
    await house.publish(LABEL)
    await propose(house)
    await feed_events(house, _evaluations(LATE))
    await restate(house)
    single = [each for each in world(62, running=0) if each.story == ident("application", 61)]
    await feed_events(house, [replace(each, at=clock.now()) if "Visit" in each.event.type else each for each in single])
    author = await house.grant(Role.EVALUATOR, name="author of figures")
    assert (await author.post(f"{RESTATEMENT}/propose", data={"reason": "late_facts"})).status_code == 303
    await restate(house)
    donor = await house.grant(Role.DONOR)
    kinds: set[str] = set()
    for statement in (1, 2, 3):
        query = {"period": LABEL, "statement": str(statement)}
        names = [*INDICATORS, *OWN]
        api = "/reporting/api/v1/indicators"
        figures = [(await donor.get(f"{api}/{name}", params=query)).json() for name in names]
        every = of_api(figures)
        kinds |= {str(number["hidden"]) for number in every.values()}
        kinds |= {name for number in every.values() for name in ("waits", "notes", "denominator") if number.get(name)}
        differing = []
        for name, form in FORMS.items():
            content = await _content(donor, name, statement, names)
            wanted_figures = [
                each for each in figures if each["indicator"] not in OWN or "own figures" not in form.leaves_out
            ]
            seen = form.read(content, wanted_figures)
            for place, number in every.items():
                wanted = _expected(form, place, number, seen.get(place, {}))
                found = seen.get(place)
                if wanted is not None and found is not None:
                    found = {each: found.get(each) for each in wanted}
                if wanted != found:
                    differing.append((name, statement, place, wanted, found))
            differing += [(name, statement, place, None, seen[place]) for place in seen.keys() - every.keys()]
        assert differing == [], differing[:12]
    assert kinds >= {"None", "protected", "no_data", "withheld", "waits", "notes", "denominator"}, (
        "each sort is compared"
    )
