"""Judge what a rush showed: a table of findings, each beside its aim, and a plot."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lxml import etree

from tests.load.rush import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.load.rush import Outcome, Submission, Usage

_TOLERANCE = 0.5
"""Seconds before the deadline: who sends later may arrive after it."""
_GROWTH = 1.3
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 360, 60, 30, 56, 58
_BLUE, _ORANGE, _INK, _QUIET, _GRID = "#0072b2", "#d55e00", "#16202a", "#4d5a66", "#cfd6dc"
_BINS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding with its aim. `timed` says that it depends on how fast the machine is."""

    name: str
    value: str
    aim: str
    met: bool
    timed: bool = False


def findings(outcome: Outcome) -> list[Finding]:
    """Return all findings of a rush."""
    in_time = [each for each in outcome.submissions if 0 < each.sent <= outcome.deadline - _TOLERANCE]
    late = [each for each in outcome.submissions if each.sent > outcome.deadline]
    taken = [each for each in in_time if each.accepted is not None]
    took = [each.accepted - each.sent for each in taken if each.accepted is not None]
    acknowledged = sum(each.accepted is not None for each in outcome.submissions)
    last = max((each.accepted or 0.0 for each in taken), default=0.0) - outcome.deadline
    calm = _calm(outcome, taken)
    missing = Counter(each.refused for each in in_time if each.accepted is None)
    never = sum(each.sent == 0 for each in outcome.submissions)
    stored_in_time = outcome.last_stored is None or outcome.last_stored <= datetime.fromtimestamp(outcome.deadline, UTC)
    return [
        Finding(
            "sent in time and accepted",
            f"{len(taken):,} of {len(in_time):,}" + (f" ({_words(missing)})" if missing else ""),
            "all",
            len(taken) == len(in_time),
        ),
        Finding(
            "sent late and accepted",
            f"{sum(each.accepted is not None for each in late)} of {len(late)}",
            "none",
            not any(each.accepted for each in late),
        ),
        Finding("never came to submit", str(never), "none", never == 0),
        Finding(
            "accepted and in the database",
            f"{outcome.stored:,} of {acknowledged:,}",
            "the same number",
            outcome.stored == acknowledged,
        ),
        Finding("in the database, arrived by the deadline", "yes" if stored_in_time else "no", "all", stored_in_time),
        Finding(
            "errors that people met",
            _words(outcome.troubles.errors) or "none",
            "none but 502 at the kill" if outcome.plan.kill else "none",
            all(outcome.plan.kill and ": 502 " in error for error in outcome.troubles.errors),
        ),
        Finding("answers “busy, send again”", f"{outcome.troubles.busy:,}", "any", met=True),
        Finding(
            "last one accepted after the deadline",
            f"{max(last, 0):.0f} s",
            f"at most {PATIENCE:.0f} s",
            last <= PATIENCE,
            timed=True,
        ),
        Finding(
            "submit, median and p95",
            f"{_at(took, 0.5):.2f} s, {_at(took, 0.95):.2f} s",
            "shown only",
            met=True,
            timed=True,
        ),
        Finding(
            "submit before the last tenth, p95",
            f"{_at(calm, 0.95):.2f} s",
            "at most 3 s",
            _at(calm, 0.95) <= 3,
            timed=True,
        ),
        Finding(
            "other people's pages, p95 and longest",
            f"{_at(outcome.others, 0.95):.2f} s, {max(outcome.others, default=0):.2f} s",
            "at most 1 s",
            max(outcome.others, default=0) <= 1,
            timed=True,
        ),
        *(_memory(name, usage) for name, usage in sorted(outcome.usage.items()) if usage.memory),
        *_processor(outcome, len(taken)),
        Finding(
            "this client came late to its own work, p99 and longest",
            f"{_at(outcome.lags, 0.99) * 1000:.0f} ms, {max(outcome.lags, default=0) * 1000:.0f} ms",
            "p99 at most 100 ms, else it measured itself",
            _at(outcome.lags, 0.99) <= 0.1,
            timed=True,
        ),
    ]


def _calm(outcome: Outcome, taken: Iterable[Submission]) -> list[float]:
    begins = outcome.deadline - outcome.plan.seconds / 10
    return [each.accepted - each.sent for each in taken if each.accepted is not None and each.sent < begins]


def _at(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of all lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def _words(counted: Counter[str]) -> str:
    return ", ".join(f"{count} times {what}" for what, count in counted.most_common())


def _memory(name: str, usage: Usage) -> Finding:
    early = usage.memory[len(usage.memory) // 4]
    return Finding(
        f"memory of {name}, at a quarter of the time and at the end",
        f"{early:.0f} MB, {usage.memory[-1]:.0f} MB",
        f"at most {_GROWTH:g} times",
        usage.memory[-1] <= early * _GROWTH,
        timed=True,
    )


def _processor(outcome: Outcome, taken: int) -> list[Finding]:
    whole = sum(usage.processor for usage in outcome.usage.values())
    each = 1000 * whole / max(taken, 1)
    parts = ", ".join(f"{name} {usage.processor:.0f} s" for name, usage in sorted(outcome.usage.items()))
    return [
        Finding(
            "processor time of all services for an officer, pages and other people included",
            f"{each:.0f} ms ({parts})",
            "shown only",
            met=True,
            timed=True,
        )
    ]


def table(found: Sequence[Finding]) -> str:
    """Return the findings as a table in Markdown."""
    rows = [f"| {each.name} | {each.value} | {each.aim} | {'yes' if each.met else 'no'} |" for each in found]
    return "\n".join(["| finding | value | aim | met |", "|---|--:|---|---|", *rows, ""])


def plot(outcome: Outcome) -> str:
    """Return a plot as SVG: submissions sent and accepted over the time, and the deadline."""
    end = max(outcome.deadline, *(each.accepted or each.sent for each in outcome.submissions)) + 1
    width = (end - outcome.begun) / _BINS
    sent = _bins((each.sent for each in outcome.submissions if each.sent), outcome.begun, width)
    taken = _bins((each.accepted for each in outcome.submissions if each.accepted), outcome.begun, width)
    highest = max(*sent, *taken, 1)
    root = etree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "role": "img",
            "font-family": "Noto Sans, Helvetica, Arial, sans-serif",
        },
    )
    title = f"{len(outcome.submissions):,} officers submit before a deadline"
    etree.SubElement(root, "title").text = title
    etree.SubElement(root, "rect", width=str(_WIDTH), height=str(_HEIGHT), fill="#ffffff")
    _text(root, title, _LEFT - 40, 26, size="17")
    _text(root, f"in {width:.0f} s: sent", _LEFT, 46, colour=_ORANGE)
    _text(root, "accepted", _LEFT + 120, 46, colour=_BLUE)
    for part in range(5):
        y = _up(highest * part / 4, highest)
        _line(root, [(_LEFT, y), (_WIDTH - _RIGHT, y)], _GRID)
        _text(root, f"{highest * part / 4:.0f}", _LEFT - 8, y + 5, anchor="end", colour=_QUIET)
    across = (_WIDTH - _LEFT - _RIGHT) / (end - outcome.begun)
    at = _LEFT + (outcome.deadline - outcome.begun) * across
    _line(root, [(at, _TOP), (at, _HEIGHT - _BOTTOM)], _INK, dash="6 5")
    _text(root, "deadline", at - 6, _TOP + 12, anchor="end", colour=_INK)
    for counts, colour in ((sent, _ORANGE), (taken, _BLUE)):
        points = [(_LEFT + (number + 0.5) * width * across, _up(count, highest)) for number, count in enumerate(counts)]
        _line(root, points, colour, width="2.5")
    for second in range(0, int(end - outcome.begun) + 1, max(1, round((end - outcome.begun) / 6))):
        x = _LEFT + second * across
        _text(root, f"{second} s", x, _HEIGHT - _BOTTOM + 22, anchor="middle", colour=_QUIET)
    return etree.tostring(root, pretty_print=True, encoding="unicode")


def _bins(moments: Iterable[float], begun: float, width: float) -> list[int]:
    counts = Counter(min(int((moment - begun) / width), _BINS - 1) for moment in moments)
    return [counts[number] for number in range(_BINS)]


def _up(value: float, highest: float) -> float:
    return _HEIGHT - _BOTTOM - value / highest * (_HEIGHT - _TOP - _BOTTOM)


def _text(
    root: Any, text: str, x: float, y: float, *, anchor: str = "start", size: str = "14", colour: str = _INK
) -> None:
    given = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": size, "fill": colour}
    etree.SubElement(root, "text", given).text = text


def _line(root: Any, points: Sequence[tuple[float, float]], colour: str, *, width: str = "1", dash: str = "") -> None:
    given = {"points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points), "fill": "none", "stroke": colour}
    etree.SubElement(root, "polyline", given | {"stroke-width": width} | ({"stroke-dasharray": dash} if dash else {}))
