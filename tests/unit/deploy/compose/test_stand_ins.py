"""Test that the trial of docker-compose.yml has a stand-in for each image of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.folder import ROOT
from tests.compose import stand_ins
from tests.compose.belongings import Belongings
from tests.compose.health import staying
from tests.compose.stall import Outcome, SentRequest

IMAGES = Path(stand_ins.__file__).with_name("images")


def test_every_image_of_others_has_a_stand_in() -> None:
    """A container with an image of others, and the base of our own, have a file from which a stand-in is built."""
    named = stand_ins.named()
    assert {"postgres", "kafka", "keycloak", "mailpit", "gateway", "python"} == set(named)
    assert {f"{name}.Dockerfile" for name in named} <= {path.name for path in IMAGES.iterdir()}


def test_stand_ins_need_no_registry_of_images() -> None:
    """Each stands on another stand-in or on our own image."""
    for path in IMAGES.glob("*.Dockerfile"):
        (base,) = [line.split()[1] for line in path.read_text("utf-8").splitlines() if line.startswith("FROM ")]
        assert base in {stand_ins.DEBIAN, stand_ins.JAVA, stand_ins.OURS}, path.name


def test_the_compiled_python_is_that_of_the_image() -> None:
    """The stand-in of Python has the version of the image: that of the Debian release."""
    assert stand_ins.named()["python"] == "python:3.13-slim"
    assert (stand_ins.RELEASE, "python3.13" in (ROOT / "deploy/compose/Dockerfile").read_text("utf-8")) == (
        "trixie",
        True,
    )


def test_the_trial_kills_every_container_that_stays() -> None:
    """All with a health check are killed, the stores, Keycloak and the gateway too."""
    assert {"postgres", "kafka", "keycloak", "mailpit", "gateway", "applications", "reporting"} <= set(staying())


def test_a_lost_thing_is_counted() -> None:
    """A thing that was there before and is there no longer is lost; a new one is not counted."""
    before = Belongings({"mails": frozenset({"1", "2"}), "people": frozenset({"ani"})})
    later = Belongings({"mails": frozenset({"2", "3"}), "people": frozenset({"ani"})})
    assert before.lost(later) == "1 mails"
    assert before.lost(before) == "nothing"


@pytest.mark.parametrize(
    ("request_made", "slow"),
    [(SentRequest(0.5, 9, 200), 0), (SentRequest(2, 1.5, 200), 1), (SentRequest(2, 0.1, 503), 1)],
)
def test_a_request_after_the_first_second_may_not_wait(request_made: SentRequest, slow: int) -> None:
    """Once the gateway had a second to notice, a request that waits or fails is counted."""
    assert len(Outcome([SentRequest(2, 0.1, 200), request_made]).slow) == slow
