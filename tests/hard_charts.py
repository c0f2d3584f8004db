"""Provide the charts that are hardest to draw on a phone: each kind with names and numbers at their longest."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from services.matching.board.pages import supply
from shared.web.graphics.charts import Bar, Chart, Pair, Series, bars, lines, pairs
from shared.web.graphics.heat_maps import Cell, heat

TONGUES = ["Romanian", "Ukrainian", "Azerbaijani", "Belarusian", "Georgian", "Armenian"]
COUNTRIES = ["Republic of Moldova", "Bosnia & Herzegovina", "Azerbaijan", "North Macedonia", "Luxembourg", "Ukraine",
             "Not stated"]  # fmt: skip
TOPICS = ["Seizing and managing crypto-assets in joint teams", "Online fraud", "Trafficking in human beings"]


def wide_maps() -> list[Chart]:
    """Return heat maps of place languages and of countries without a match, with more and more digits."""
    made = []
    for title, columns, texts in (
        ("Two and three digits", TONGUES, ["120 / 45", "–", "3 / 0"]),  # noqa: RUF001 - a dash for "neither"
        ("Four digits", TONGUES, ["1,200 / 450", "99 / 1", "0 / 1,999"]),
        ("Six digits", TONGUES, ["120,000 / 45,000", "888,888 / 888,888", "0 / 1"]),
        ("Countries", COUNTRIES, ["123", "-", "7"]),
        ("Countries with six digits", COUNTRIES, ["123,456", "888,888", "-"]),
        ("One column", ["Language of the host"], ["120,000 / 45,000", "1 / 1", "-"]),
    ):
        rows = [
            (topic, [Cell(texts[(n + place) % 3], (1, 0, -1)[(n + place) % 3]) for place in range(len(columns))])
            for n, topic in enumerate(TOPICS)
        ]
        made.append(heat(title, columns, rows, label="Topic"))
    return made


def supply_map() -> Chart:
    """Return the map as services/matching draws it: six languages, "120 / 45"."""
    tongues = ["ro", "uk", "az", "be", "ka", "hy"]
    wanted = Counter({(topic, tongue): 120 + n for n, tongue in enumerate(tongues) for topic in ("drugs", "fraud")})
    free = Counter({(topic, tongue): 45 - n for n, tongue in enumerate(tongues) for topic in ("drugs", "fraud")})
    return supply.chart(wanted, free, "")


def other_charts() -> list[Chart]:
    """Return bars, pairs and lines: long names, six digits, a day or a quarter per point."""
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(91)]
    quarters = [f"20{year}-Q{quarter}" for year in (25, 26) for quarter in (1, 2, 3, 4)]
    steps = ["Submitted", "Endorsed", "Eligible", "Matched", "Confirmed", "Completed"]
    title = "Participants whose post-visit test score exceeds pre-visit score"

    def by_day(share: float) -> list[tuple[str, float | None]]:
        return [(f"{day:%-d %b}", round(888_888 * share * (n % 13) / 12)) for n, day in enumerate(days)]

    def by_quarter(share: float) -> list[tuple[str, float | None]]:
        return [(quarter, 111_111 * share * n) for n, quarter in enumerate(quarters, 1)]

    return [
        bars("Bars", [Bar(TOPICS[0], 120_000, marked=True), Bar(f"{TOPICS[0]}, {COUNTRIES[0]}, {COUNTRIES[1]}", 3)],
             label="Topic", value="Number"),
        bars("Funnel", [Bar(step, 888_888 - 140_000 * n, marked=n == 3) for n, step in enumerate(steps)],
             label="Step", value="Applications"),
        bars("Who owes whom", [Bar(f"{COUNTRIES[0]} → {COUNTRIES[1]}", 88_888, marked=True), Bar("A → B", 0)],
             label="Owes → is owed", value="Days"),
        pairs("Target against actual", [Pair(title, 888_888, 120_000), Pair("Visits", 0, 654_321)],
              label="Indicator", names=("target", "actual")),
        pairs("Shares", [Pair(title, 90, 88.9), Pair("Follow-up after six months", 85, 100)],
              label="Answers", names=("wanted", "answered"), write=lambda share: f"{share} %"),
        pairs("Long names", [Pair(TOPICS[0], 60, 35)], label="Topic", names=("in the last period", "in this period")),
        lines("Days", [Series("Sent", by_day(1)), Series("Not delivered", by_day(0.1)), Series("Waiting", by_day(0))],
              label="Day"),
        lines("Hours", [Series("Half", by_day(0.0001)), Series("Nine in ten", by_day(0.0003))],
              label="Day", write=lambda hours: f"{hours:.1f} h"),
        lines("Quarters", [Series("target", by_quarter(1)), Series("actual", by_quarter(0.99))], label="Period"),
        lines("Years", [Series(TOPICS[0], [("2025", 1), ("2026", 3)]), Series("Gap", [("2025", 4), ("2026", None)])],
              label="Year"),
    ]  # fmt: skip


def all_charts() -> list[Chart]:
    """Return one chart of each kind, each with its own title."""
    return [*other_charts(), supply_map(), *wide_maps()]
