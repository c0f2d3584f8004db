"""The answers of a case, beside those before the last decision."""

from __future__ import annotations

from services.applications.application.views.answers import compared_rows

QUESTION = "If yes, please explain"


def test_questions_with_the_same_words_are_compared_each_with_its_own_answer() -> None:
    """Two questions of a call that read the same are not taken for one that has changed."""
    rows = [(QUESTION, "In May"), (QUESTION, "In June")]
    assert [(row.key, row.value) for row in compared_rows(rows, rows)] == rows
    first, second = compared_rows([(QUESTION, "In May"), (QUESTION, "In July")], rows)
    assert first.value == "In May"
    assert "Before: In June" in second.value


def test_an_objective_that_was_removed_is_marked_where_it_was() -> None:
    """A removed answer is on the case as changed, before the answers that follow it."""
    before = [("Objective 1", "Learn"), ("Objective 2", "Teach"), ("Plan", "Later")]
    rows = compared_rows([("Objective 1", "Learn"), ("Plan", "Later")], before)
    assert [row.key for row in rows] == ["Objective 1", "Objective 2", "Plan"]
    assert "Before: Teach" in rows[1].value
    assert "Changed" in rows[1].value
    assert (rows[0].value, rows[2].value) == ("Learn", "Later")
