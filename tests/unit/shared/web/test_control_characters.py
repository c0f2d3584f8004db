"""Test that characters nobody can see are refused wherever they come in, with field and remedy named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import FormData

from shared.attempts import AttemptKind, collect_attempts
from shared.errors import Refused
from shared.web import control_characters
from shared.web.forms import sent

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

REMEDY = "Type it again"


@given(st.text())
def test_cleaned_text_can_be_shown(text: str) -> None:
    """Nothing that is refused is left after cleaning, and nothing else is taken away."""
    left = control_characters.without_control_characters(text)
    assert not control_characters.UNSHOWN.search(left)
    assert bool(control_characters.UNSHOWN.search(text)) == (left != text)
    left.encode()


def test_ordinary_text_passes() -> None:
    """Tabs, line ends, emoji and letters of all scripts are text."""
    assert not control_characters.UNSHOWN.search("Անի\tნინო\r\nქეთი \U0001f600 \u200d")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "a\x00b"}, "/name"),
        ({"answers": {"languages": [{"level": "B1"}, {"level": "\x07"}]}}, "/answers/languages/1/level"),
        ({"a\x00": 1}, ""),
        (["\x1b"], "/0"),
    ],
)
async def test_a_json_body_is_refused(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    """On every route the field is named and the remedy given, as a problem document."""
    answer = await client.post(
        "/draft", content=json.dumps(body), headers={"content-type": "application/json", "accept": "application/json"}
    )
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert REMEDY in answer.json()["errors"][0]["detail"]


async def test_half_a_letter_in_json_is_refused(client: httpx.AsyncClient) -> None:
    """Half of a surrogate pair could not be stored; a whole one is a letter and arrives unchanged."""
    sending = {"content-type": "application/json"}
    assert (await client.post("/draft", content=rb'{"a": "\ud83d"}', headers=sending)).status_code == 422
    assert (await client.post("/draft", content=rb'{"a": "\ud83d\ude00"}', headers=sending)).status_code == 204
    assert (await client.get("/drafts")).json()[-1] == r'{"a": "\ud83d\ude00"}'


async def test_no_json_is_left_to_the_route(client: httpx.AsyncClient) -> None:
    """A body that is no JSON at all is passed on as it came."""
    answer = await client.post("/draft", content=rb'{"a": "\u00', headers={"content-type": "application/json"})
    assert answer.status_code == 204


@pytest.mark.parametrize("address", ["/?sort=a%00b", "/?%00=1", "/form%00", "/nowhere/%07"])
async def test_an_address_is_refused(client: httpx.AsyncClient, address: str) -> None:
    """Path and query, on a page that exists and on one that does not."""
    answer = await client.get(address)
    assert answer.status_code == 422
    assert REMEDY in answer.text
    assert "\x00" not in answer.text


async def test_a_form_says_it_at_the_field_and_keeps_what_was_written(client: httpx.AsyncClient) -> None:
    """The field, a row's and a date's too, holds what was written without them, with the error beside it."""
    given_ = {"unit": "Cyber\x00crime", "languages-0-language": "\x08en", "first_day-day": "1\x01", "years": "7"}
    answer = await client.post("/", data=given_)
    assert answer.status_code == 422
    assert answer.text.count(REMEDY) >= 6  # in the summary and at each of the three fields
    assert 'value="Cybercrime"' in answer.text
    assert 'value="7"' in answer.text


class Asking:
    """A request with a form."""

    def __init__(self, **data: str) -> None:
        """Take the values of the form."""
        self.data = FormData(data)

    async def form(self) -> FormData:
        """Starlette's."""
        return self.data


async def test_a_page_without_a_form_class_refuses_it_too() -> None:
    """`sent` returns what was sent, or names the field and notes an attempt."""
    assert (await sent(Asking(kind="mentee")))["kind"] == "mentee"  # type: ignore[arg-type]  # stands for a request
    heard = collect_attempts()
    with pytest.raises(Refused) as refused:
        await sent(Asking(kind="ment\x00ee"))  # type: ignore[arg-type]  # as above
    assert refused.value.status_code == 422
    assert list(refused.value.fields) == ["kind"]
    assert heard == [AttemptKind.CONTROL_CHARACTERS]


class NoText(Exception):
    """The driver's error about a NUL."""

    sqlstate = "22021"


async def test_a_text_that_the_store_refuses_is_answered_422(client: httpx.AsyncClient) -> None:
    """A text that the store cannot hold is the writer's matter (422); another error of the store stays one (500)."""
    app: FastAPI = client._transport.app  # type: ignore[attr-defined]  # of an ASGI transport

    @app.get("/stored")
    async def stored(bad: int = 0) -> None:
        raise DBAPIError("INSERT", {}, NoText() if bad else ValueError())

    assert (await client.get("/stored?bad=1")).status_code == 422
    assert (await client.get("/stored")).status_code == 500
