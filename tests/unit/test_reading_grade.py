"""The reading grade of a page is that of its own sentences, without tables, names and numbers."""

from __future__ import annotations

from lxml import html

from tests.reading_grade import grade, sentences

PAGE = """<main><h1>Interinstitutional considerations are characteristically complicated.</h1>
<p>Your coordinator, <strong>Claire Moreau</strong>, reads it
   by <time>4 December 2026</time>. Then you hear from us.</p><ul><li>You can wait here
 for <a href="/">the answer</a>.</li><li><a href="/">Administration</a></li></ul>
<table><tr><td>Interdepartmental responsibilities are enumerated alphabetically here.</td></tr></table>
<label>When did you last go there?</label><button>Save and continue without any change.</button>
<p>Send form AM-2026-0001 to 12 people.</p><p>Too short.</p></main>"""


def test_only_whole_sentences_of_the_page_count() -> None:
    """Tables, headings, buttons, links, names, numbers and dates are left out; a line break ends no sentence."""
    assert sentences(html.fromstring(PAGE)) == [
        "Your coordinator reads it by.",
        "Then you hear from us.",
        "You can wait here for the answer.",
        "When did you last go there.",
        "Send form to people.",
    ]


def test_long_words_and_long_sentences_have_a_higher_grade() -> None:
    """The grade rises with the words of a sentence and with their syllables; no text has the grade 0."""
    short, words = grade(["You hear from us soon.", "Then you can go home."])
    long, _ = grade(["You hear from us soon and then you can go home."])
    hard, _ = grade(["You receive notification immediately.", "Subsequently participation terminates."])
    assert short < long < hard
    assert words == 10
    assert grade([]) == (0.0, 0)
