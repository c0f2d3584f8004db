"""Each field of each form says to a screen reader that its answer is wrong, and why."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING

import lxml.html
import pytest
from starlette.requests import Request

from deploy.local.folder import ROOT
from shared.web import site
from shared.web.forms import FieldList, Form, FormField, SelectField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wtforms import Field

SERVICES = ("applications", "matching", "notifications", "reporting")
MESSAGE = "Enter something else"
FORMS = 100
WRITTEN = 5
"""There are more forms, and fields that templates write, than this: a walk that finds fewer has missed some."""


def forms() -> list[type[Form]]:
    """Return the forms of all services."""
    found: set[type[Form]] = set()
    for service in SERVICES:
        package = importlib.import_module(f"services.{service}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if {"forms", "pages"} & set(module.name.split(".")):
                members = vars(importlib.import_module(module.name)).values()
                found |= {each for each in members if inspect.isclass(each) and issubclass(each, Form)}
    return sorted(found - {Form}, key=lambda form: (form.__module__, form.__qualname__))


def fields(form: Form) -> Iterator[Field]:
    """Return the fields of a form, those of its rows too."""
    for entry in form:
        if isinstance(entry, FieldList):
            for row in [*entry] or [entry.append_entry()]:
                yield from row.form if isinstance(row, FormField) else [row]
        elif isinstance(entry, FormField):
            yield from entry.form
        else:
            yield entry


@pytest.fixture(scope="module")
def empty_forms() -> list[Form]:
    """The forms of all services, empty."""
    return [form() for form in forms()]


def test_each_wrong_field_is_marked_and_described(empty_forms: list[Form]) -> None:
    """A text, a choice or a date that is wrong is `aria-invalid`, and the error's words are its description."""
    assert len(empty_forms) >= FORMS
    environment = site.environment(ROOT / "services" / "applications")
    template = environment.from_string('{% from "macros/forms.html" import field %}{{ field(f) }}')
    wrong = []
    for form in empty_forms:
        for entry in fields(form):
            if entry.type == "HiddenField":
                continue
            if isinstance(entry, SelectField) and not [*entry.iter_choices()]:
                entry.choices = [("a", "A")]
            entry.errors = [MESSAGE]
            root = lxml.html.fragment_fromstring(template.render(f=entry), create_parent="div")
            [message] = root.find_class("govuk-error-message")
            described = {name for each in root.xpath("//@aria-describedby") for name in each.split()}
            written = root.xpath("//select | //textarea | //input[not(@type='checkbox' or @type='radio')]")
            if message.get("id") not in described or any(each.get("aria-invalid") != "true" for each in written):
                wrong.append(f"{type(form).__name__}.{entry.name}")
    assert wrong == []


def test_fields_that_templates_write_themselves_are_marked_too() -> None:
    """A field that a page describes by an error, or draws as wrong, is `aria-invalid`."""
    found = [
        (path, tag)
        for path in sorted([*ROOT.glob("services/**/*.html"), *ROOT.glob("shared/**/*.html")])
        for tag in re.findall(r"<(?:input|select|textarea)\b.*", path.read_text(encoding="utf-8"))
        if re.search(r"\w-error\b", tag)
    ]
    assert len(found) >= WRITTEN
    assert [(path.name, tag) for path, tag in found if 'aria-invalid="true"' not in tag] == []


def test_the_saved_version_is_kept_on_the_page_as_it_was_opened() -> None:
    """The way back from a stale form keeps the filters of the address, and not what was done before."""
    scope = {"type": "http", "method": "POST", "server": ("localhost", 80), "scheme": "http", "headers": []}
    request = Request(scope | {"path": "/edit", "query_string": b"state=submitted&beside=1&done=endorsed"})
    form = forms()[0]()
    form.compare("It has changed.", forms()[0]())
    environment = site.environment(ROOT / "services" / "applications")
    token = site.current.set(request)
    try:
        html = environment.from_string('{% from "macros/forms.html" import summary %}{{ summary(f) }}').render(f=form)
    finally:
        site.current.reset(token)
    [link] = lxml.html.fragment_fromstring(html, create_parent="div").xpath("//a[contains(., 'Keep the saved')]")
    assert link.get("href") == "/edit?state=submitted&beside=1"
