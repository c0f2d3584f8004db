"""The calculation of options says how far it is, also while it looks for one option for long."""

from itertools import pairwise

from services.matching.options.model import ORDER, PARTS, STEPS, Progress


def test_each_second_of_a_step_is_reported() -> None:
    """Looks every third of a second see progress within two seconds each, never back or into the next step."""
    moment = 0.0
    progress, looks = Progress(lambda: moment), list[tuple[float, int]]()
    for step, seconds in enumerate((2.1, 12.0, 12.4, 0.2, 11.9, 3.0)):
        until = moment + seconds
        while moment < until:
            looks.append((moment, progress.reached(step)))
            assert step * PARTS <= looks[-1][1] < (step + 1) * PARTS
            moment += 1 / 3
    reports = [look for before, look in zip([(0.0, -1), *looks], looks, strict=False) if look[1] != before[1]]
    assert [at for _, at in reports] == sorted(at for _, at in reports)
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(reports)) <= 2
    assert len(reports) > 40


def test_a_step_without_end_stays_before_the_next_one() -> None:
    """A step that takes longer than its parts stays at its last part, and the last step below the number of all."""
    moment = 0.0
    progress = Progress(lambda: moment)
    last = 2 * len(ORDER) - 1
    assert progress.reached(last) == last * PARTS
    moment = 1_000.0
    assert progress.reached(last) == STEPS - 1
