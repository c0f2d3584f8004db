"""Test that the shell, the macros and the error pages are plain, correct HTML."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from jinja2 import UndefinedError
from markupsafe import Markup
from starlette.requests import Request

from shared.identity.session import CookieJar
from shared.web import headers, site
from shared.web.live import Live
from shared.web.render import render

TEMPLATES = Path(site.__file__).parent / "templates"


async def test_the_shell_has_its_parts(client: httpx.AsyncClient) -> None:
    """Title, skip link, places with the present one marked, role and country, sign out, footer, sample banner."""
    page = (await client.get("/")).text
    assert "<title>Components \u2013 Tandem</title>" in page
    assert 'href="#main-content"' in page
    assert re.search(r'href="/matching/">Board<', page)
    assert "National coordinator, Armenia" in page
    assert 'action="/sign-out" method="post"' in page
    assert "/applications/privacy" in page
    assert "Local run with fictional people" in page
    assert 'lang="en"' in page


async def test_a_stranger_sees_no_places(client: httpx.AsyncClient) -> None:
    """A visitor who has not signed in gets the way to sign in and nothing to click in vain."""
    page = (await client.get("/?stranger")).text
    assert 'href="/sign-in"' in page
    assert "/matching/" not in page


async def test_the_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    """Only our own scripts and styles run, nobody frames us, no cache in between keeps a page about people."""
    answer = await client.get("/")
    expected = headers.security_headers()
    assert {name: answer.headers[name] for name in expected} == expected
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-language"] == "en"


async def test_no_page_breaks_its_own_policy(client: httpx.AsyncClient) -> None:
    """No inline script, no inline style, no event attribute in anything that the macros draw."""
    for path in ("/", "/design", "/form", "/nowhere"):
        page = (await client.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


async def test_ids_are_unique_on_a_page(client: httpx.AsyncClient) -> None:
    """Links in the error summary and labels lead to one place only."""
    for answer in (await client.get("/"), await client.get("/design"), await client.post("/", data={})):
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert sorted(ids) == sorted(set(ids))


async def test_a_wrong_form_says_the_same_at_summary_and_field(client: httpx.AsyncClient) -> None:
    """GOV.UK's pattern: the summary links to the field, the field repeats the words; status 422."""
    answer = await client.post("/", data={"unit": ""})
    assert answer.status_code == 422
    assert answer.text.count("Enter your unit") == 2
    assert 'href="#unit"' in answer.text
    assert 'href="#first_day-day"' in answer.text


async def test_text_of_people_is_escaped(client: httpx.AsyncClient) -> None:
    """Text of a person never becomes markup."""
    answer = await client.post("/", data={"unit": "<b>x</b>", "objective": "</textarea><script>1</script>"})
    assert "<b>x</b>" not in answer.text
    assert "<script>1" not in answer.text


async def test_a_reference_stays_on_one_line(client: httpx.AsyncClient) -> None:
    """A link that is a reference, and a reference within a text, do not wrap; the words around them do."""
    assert re.search(r'<span class="tandem-together"><a [^>]*>AM-2026-0042</a></span>', (await client.get("/")).text)
    around = '<span class="tandem-together">{}</span>'.format
    assert site.unbroken("Replaces GE-M-2026-0003 & TOPCOP-2026-1") == (
        f"Replaces {around('GE-M-2026-0003')} &amp; {around('TOPCOP-2026-1')}"
    )
    for unchanged in ("2026-11-24", "by-law 12-2026-1", Markup('<a href="?q=AM-2026-0042">1</a>'), "TC-2026-K7QX-1", 7):
        assert site.unbroken(unchanged) is unchanged


async def test_sorting_and_paging_keep_the_filters(client: httpx.AsyncClient) -> None:
    """A link to a list can be sent: its address has all filters, the order and the page."""
    page = (await client.get("/?country=GE&sort=country&page=2")).text
    assert 'href="/?country=GE&amp;sort=-country"' in page
    assert 'aria-sort="ascending"' in page
    assert 'href="/?country=GE&amp;sort=country&amp;page=3"' in page
    assert "51 to 100 of 131" in page


async def test_a_refusal_is_a_page_for_people_and_a_problem_for_programs(client: httpx.AsyncClient) -> None:
    """The same sentence in both; the program's after RFC 9457."""
    page = await client.get("/refused")
    assert page.status_code == 409
    assert "The offer was withdrawn a minute ago." in page.text
    problem = await client.get("/refused", headers={"accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json() == {
        "type": "/problems/wrong-state",
        "code": "wrong-state",
        "title": "This is not possible now",
        "status": 409,
        "detail": "The offer was withdrawn a minute ago.",
        "instance": "/refused",
    }


@pytest.mark.parametrize("path", ["/", "/drafts", "/refused", "/nowhere", "/static/mark.svg", "/form%00"])
async def test_head_is_answered_as_get_without_the_body(client: httpx.AsyncClient, path: str) -> None:
    """Pages, JSON, errors and files have the same status and headers."""
    whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert dict(head.headers) == dict(whole.headers)
    assert int(head.headers["content-length"]) == len(whole.content) > 0


async def test_head_of_a_stream_ends(demo: Any) -> None:
    """The headers of a stream of events are sent, and nobody waits for its end."""
    transport = httpx.ASGITransport(demo.app(Live("postgresql://nowhere")))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        head = await asyncio.wait_for(client.head("/live"), 5)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_an_unknown_page_helps_on(client: httpx.AsyncClient) -> None:
    """404 in the shell, with a way on."""
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert "Page not found" in answer.text


async def test_an_internal_error_reveals_no_details(client: httpx.AsyncClient) -> None:
    """An internal error is a page with status 500, without a stack trace or the exception's text."""
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_a_misspelt_name_in_a_template_fails() -> None:
    """An undefined name in a template is a mistake of ours, not an empty place on a page."""
    environment = site.environment(None)
    assert environment.from_string("{{ {}.hint or 'none' }}").render() == "none"
    for wrong in (
        "{{ nothing }}",
        "{{ request.nothing }}",
        "{% if nothing %}{% endif %}",
        "{% for x in nothing %}{% endfor %}",
    ):
        with pytest.raises(UndefinedError):
            environment.from_string(wrong).render(request=object())


@pytest.mark.parametrize(
    ("kept", "leads_to"),
    [
        ("/demo/cases?q=Ani&page=2", "/demo/cases?q=Ani&page=2"),
        ("/demo/cases", "/demo/cases"),
        ("/demo/others?q=Ani", "/demo/cases?state=open"),
        ("///demo/cases", "/demo/cases?state=open"),
        ("//evil.example/demo/cases", "/demo/cases?state=open"),
        ("https://evil.example/demo/cases", "/demo/cases?state=open"),
        ("/\t/demo/cases", "/demo/cases?state=open"),
    ],
)
def test_the_way_back_leads_to_the_same_list_only(demo: Any, kept: str, leads_to: str) -> None:
    """A cookie that somebody else wrote leads to no other place, and to no other site."""
    app, cookies = demo.app(), CookieJar("https://tandem.example")
    app.state.identity = SimpleNamespace(cookies=cookies)
    cookie = f"{cookies.list}={quote(kept, safe='')}".encode()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", cookie)], "app": app}
    before = site.current.set(Request(scope))
    assert site.list_address("/demo/cases?state=open") == leads_to
    site.current.reset(before)


def test_a_page_may_not_take_a_name_of_the_shell(demo: Any) -> None:
    """A page's own `now` would stand in the banner of the moved clock, and break the page only while it is shown."""
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "app": demo.app()})
    with pytest.raises(TypeError, match=r"page\.html is given now, which the shell has already"):
        render(request, "page.html", now="tomorrow")


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: file.name)
def test_every_shared_template_says_how_to_use_it(file: Path) -> None:
    """The head of each file is its documentation."""
    assert file.read_text(encoding="utf-8").startswith("{#-")


async def test_the_page_of_components_has_every_macro(client: httpx.AsyncClient) -> None:
    """Each macro has an example, and the form on the page has an error at each kind of field."""
    text = (TEMPLATES / "plain" / "design.html").read_text("utf-8")
    macros = {
        (file.name, name)
        for file in (TEMPLATES / "macros").glob("*.html")
        for name in re.findall(r"{%-? macro ([a-z]\w*)", file.read_text("utf-8"))
    }
    assert len(macros) > 30
    used = set()
    for file, names in re.findall(r'{% from "macros/(\S+)" import (.*?) %}', text):
        for name in names.split(", "):
            original, _, own = name.partition(" as ")
            if re.search(rf"{{[{{%] (call )?(if .* )?{own or original}\(", text):
                used.add((file, original))
    assert macros - used == set()
    page = (await client.get("/design")).text
    assert "There is a problem" in page
    assert page.count("govuk-error-message") >= 6


def test_a_static_address_changes_with_the_file() -> None:
    """A browser may keep a file for ever: its address names its content."""
    assert re.fullmatch(r"/static/tandem\.css\?v=[0-9a-f]{12}", site.static("tandem.css"))
    assert site.static("missing.css") == "/static/missing.css"
