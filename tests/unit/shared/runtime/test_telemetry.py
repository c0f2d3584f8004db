"""Test that logs and spans say what happened and nothing about the people concerned."""

from __future__ import annotations

import json
import logging
import re
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.bus.log.tracing import open_span
from shared.runtime import telemetry
from shared.settings import ServiceSettings
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]


@pytest.fixture
def written() -> Iterator[StringIO]:
    """Return where the logs of a service go."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    lines = StringIO()
    with redirect_stdout(lines):
        telemetry.configure("test", ServiceSettings(**settings_for("postgresql://nowhere/none"))).shutdown()
    structlog.configure(cache_logger_on_first_use=False)  # later tests log elsewhere
    lines.seek(0)
    lines.truncate()  # that a process has one provider of traces only, which other tests may have set
    yield lines
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def _fails(name: str) -> None:
    raise ArithmeticError(f"{name} is not allowed")


def lines_of(written: StringIO) -> list[dict[str, Any]]:
    """Return the log lines as they can be read by a program."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_traceback_holds_places_and_no_values(written: StringIO) -> None:
    """An error's traceback names places in the code; neither values at hand there nor the error's text are written."""
    try:
        _fails("Ana Example")
    except ArithmeticError as error:
        structlog.get_logger().exception("it failed", reason=error)
    (line,) = lines_of(written)
    assert "_fails" in line["exception"][0]["frames"][-1]
    assert line["exception"][0]["error"] == line["reason"] == "ArithmeticError"
    assert "Ana" not in written.getvalue()


def test_libraries_log_warnings_without_what_was_sent(written: StringIO) -> None:
    """Lines of libraries pass through the same rule; below a warning, where addresses are, they write nothing."""
    logging.getLogger("httpx2").info("HTTP Request: GET http://portal/applications/available?key=hidden")
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task exception=ValueError('hidden')>"
    )
    server = logging.getLogger("uvicorn.error")
    server.setLevel(logging.NOTSET)  # a server that ran in this process before may have raised it
    try:
        _fails("hidden")
    except ArithmeticError:
        server.exception("Exception in ASGI application\n")
    logging.getLogger("somewhere").warning("no answer from https://ana:hidden@host/way?key=hidden")
    assert "hidden" not in written.getvalue()
    assert [line["event"] for line in lines_of(written)] == [
        "Task exception was never retrieved",
        "Exception in ASGI application",
        "no answer from https://host",
    ]


def test_a_line_has_its_time_in_utc_and_cannot_be_split(written: StringIO) -> None:
    """A text from outside cannot begin a line of its own or steer a terminal, and each line has its time in UTC."""
    planted = 'first\n{"event": "planted"}\r\x1b[2J'
    structlog.get_logger().warning(planted, error=planted)
    logging.getLogger("somewhere").warning(planted)
    assert len(written.getvalue().splitlines()) == 2
    assert not {"\r", "\x1b"} & set(written.getvalue())
    for line in lines_of(written):
        assert line["event"] != "planted"
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_errors_of_connections_keep_their_text(written: StringIO) -> None:
    """The text of an error outside of the service can be seen, so that somebody can mend it."""
    structlog.get_logger().warning("waits", reason=ConnectionRefusedError(111, "Connection refused"))
    assert lines_of(written)[0]["reason"] == "ConnectionRefusedError: [Errno 111] Connection refused"


def test_exported_spans_have_listed_attributes_only() -> None:
    """A span that a library makes of its own is exported without address, name and error; ours keep their route."""
    exported = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(telemetry.RedactedSpans(exported)))
    with (
        pytest.raises(ValueError, match="hidden"),
        provider.get_tracer("library").start_as_current_span(
            "GET /address/hidden", attributes={"url.full": "http://x/?key=hidden", "http.route": "/address/{token}"}
        ),
    ):
        raise ValueError("hidden")
    with (
        pytest.raises(ValueError, match="hidden"),
        open_span(provider.get_tracer("tandem.web"), "GET /here", attributes={"http.route": "/here"}),
    ):
        raise ValueError("hidden")
    library, ours = exported.get_finished_spans()
    assert "hidden" not in library.to_json() + ours.to_json()
    assert dict(library.attributes or {}) == {"http.route": "/address/{token}"}
    assert ours.name == "GET /here"
    assert dict(ours.attributes or {}) == {"http.route": "/here", "error.type": "ValueError"}


def test_no_log_call_formats_an_error_itself() -> None:
    """No log call writes `repr` or `str` of an error, which would bypass the rule for such texts."""
    call = re.compile(r"\b_?log\.\w+\([^)]*\b(?:repr|str)\((?:error|wrong|exc|failure|e)\)")
    files = [file for place in ("shared", "services") for file in (ROOT / place).rglob("*.py")]
    assert len(files) > 100
    assert [file.name for file in files if call.search(file.read_text("utf-8"))] == []
