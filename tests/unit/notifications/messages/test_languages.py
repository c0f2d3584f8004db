"""Every mail is complete in every language: translated, filled in, with dates and numbers of that language."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING

import pytest
from babel.messages.plurals import get_plural

from services.notifications import catalogues
from services.notifications.catalogues import (
    MAILS,
    WRITTEN,
    check,
    glossary,
    missing,
    texts,
    translations,
    written,
    wrong,
)
from services.notifications.check import check_mails
from services.notifications.messages.model.examples import preview
from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import COUNTED
from services.notifications.messages.views import bodies as frames
from services.notifications.messages.views.bodies import bodies
from shared.contracts.labels import country
from shared.i18n import PAGES, Catalogues, gettext, language, ngettext, offered, speaking
from shared.time import dates
from shared.web.site import environment

if TYPE_CHECKING:
    from pathlib import Path

LEFT_OVER = re.compile(r"%\(|%[sd]|\{\{|\}\}|None|\n\n\n\n")


@pytest.mark.parametrize("code", WRITTEN)
def test_every_text_is_translated(code: str) -> None:
    """Every text is translated with its placeholders, and the file is as the tool writes it."""
    assert missing(code) == []
    said = translations(code)
    assert set(said) == set(texts()), "run python -m services.notifications.catalogues"
    same = [text for text in texts() if isinstance(text, str) and len(text) > 20 and said[text] == (text,)]
    assert same == []
    check()
    assert MAILS.of(code).read_text("utf-8") == written(code, said, glossary(code))
    assert ", fuzzy" not in MAILS.of(code).read_text("utf-8")
    assert len(glossary(code)) > 10


@pytest.mark.parametrize("code", ["en", *WRITTEN])
def test_every_mail_can_be_read(code: str) -> None:
    """Each message has a subject with the reference and no name, and both parts in one language."""
    with speaking(code, MAILS):
        assert language() == code
        for rule in RULES:
            said = preview(rule, "http://localhost:8000")
            parts = bodies(said, "Ana Popescu", "http://localhost:8000")
            for text in (said.title, said.subject, said.action, *said.paragraphs):
                assert text.strip(), rule.name
                assert not LEFT_OVER.search(text), (rule.name, text)
            assert "Popescu" not in said.subject
            assert f'<html lang="{code}">' in parts["html"]
            assert not LEFT_OVER.search(parts["text"]), rule.name
            assert all(part.count("Ana Popescu") == 1 for part in parts.values())
            letters = "".join(said.paragraphs) + said.action
            if code in SCRIPTS:
                assert len(re.findall(SCRIPTS[code], letters)) > len(letters) * 0.4, (rule.name, letters)


SCRIPTS = {"hy": "[\u0531-\u0587]", "ka": "[\u10d0-\u10ff]", "uk": "[\u0400-\u04ff]", "be": "[\u0400-\u04ff]"}


@pytest.mark.parametrize("code", WRITTEN)
def test_numbers_dates_and_countries_are_in_the_language(code: str) -> None:
    """Each plural form of the language is used; months and countries have their own names."""
    forms = translations(code)
    with speaking(code, MAILS):
        for singular, plural in COUNTED.values():
            assert len(forms[singular, plural]) == get_plural(code).num_plurals
            assert {ngettext(singular, plural, number) for number in (1, 2, 5, 21, 100)} <= set(forms[singular, plural])
        span = dates.span(date(2026, 9, 28), date(2026, 10, 2))
        assert "September" not in span
        assert " to " not in span
        assert country("UA") != "Ukraine"


def test_ukrainian_counts_as_ukrainian_does() -> None:
    """1, 2 and 5 days have three forms; 21 is like 1, and 11 like 5."""
    with speaking("uk", MAILS):
        said = [ngettext(*COUNTED["days"], number) % {"count": number} for number in (1, 2, 5, 11, 21)]
    assert said == ["1 день", "2 дні", "5 днів", "11 днів", "21 день"]


def test_a_language_without_a_catalogue_becomes_english_in_both_parts() -> None:
    """A mail in French is wholly English; afterwards the language is as before."""
    with speaking("fr", MAILS) as spoken:
        said = preview(RULES[0], "")
        assert (spoken, language()) == ("en", "en")
        assert '<html lang="en">' in bodies(said, "", "")["html"]
    assert offered(PAGES) == ("en",)  # the pages speak no language that only mails have


@pytest.mark.parametrize(
    ("form", "problem"),
    [("%(referense)s", "'referense'"), ("arrived", "lacks the place reference"), ("%(reference)", "cannot be filled")],
)
def test_a_translation_with_other_places_is_refused_at_the_start(
    form: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong placeholder in any language stops the start with its name."""
    text = "We have received your report on %(reference)s. Thank you."
    assert problem in wrong(text, form)
    monkeypatch.setattr(catalogues, "MAILS", Catalogues(tmp_path, "{language}.po"))
    (tmp_path / "uk.po").write_text(written("uk", {text: (form,)}, ["terms"]), "utf-8")
    with pytest.raises(ValueError, match=r"uk\.po.*received your report"):
        check()
    (tmp_path / "uk.po").write_text('msgid "a\n', "utf-8")
    with pytest.raises(ValueError, match=r"uk\.po cannot be read"):
        check()


def test_a_template_that_asks_for_what_it_is_not_given_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt variable in the template of all mails stops the start with its name."""
    check_mails()
    (tmp_path / "messages" / "templates" / "mail").mkdir(parents=True)
    (tmp_path / "messages" / "templates" / "mail" / "paragraph.html").write_text("{{ paragraph }}", "utf-8")
    for file in ("one.text", "one.html", "entry.text", "entry.html", "letter.text", "letter.html"):
        (tmp_path / "messages" / "templates" / "mail" / file).write_text("{{ subjekt }}", "utf-8")
    monkeypatch.setattr(frames, "_ENVIRONMENT", environment(tmp_path))
    frames._frames.cache_clear()
    with pytest.raises(ValueError, match="subjekt"):
        check_mails()
    frames._frames.cache_clear()


def test_a_name_stands_in_both_bodies_whatever_is_in_it() -> None:
    """Placeholders and letters beyond ASCII in a name come out as they are."""
    for code, name, plain in (("en", "Ștefan %(link)s 5%", True), ("hy", "Անի %s", False)):
        with speaking(code, MAILS):
            made = bodies(preview(RULES[0], ""), name, "")
        assert name in made["text"]
        assert name in unescape(made["html"])
        assert made["html"].isascii() is plain


def test_a_reference_stays_on_one_line() -> None:
    """A phone breaks no paragraph within the reference of a case."""
    said = next(preview(rule, "") for rule in RULES if rule.name == "match_to_clear_home")
    html = bodies(said, "", "")["html"]
    assert f'for <span style="white-space:nowrap">{said.reference}</span>.</p>' in html


def test_an_english_mail_is_as_before() -> None:
    """English needs no catalogue."""
    with speaking("en", MAILS):
        assert gettext(RULES[0].subject) == RULES[0].subject
