"""A run whose sample programme was not loaded to its end says how to start over."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from deploy.local import sample
from deploy.local.folder import ROOT, RunFolder
from deploy.local.process import ServerFailed

if TYPE_CHECKING:
    from pathlib import Path


def test_the_next_start_names_the_command_for_its_own_folder(tmp_path: Path) -> None:
    """A folder with a space is quoted, so that the command removes this folder and no other."""
    place = RunFolder(tmp_path / "my run")
    place.folder.mkdir()
    place.write("sample.json", {"state": "begun"})
    with pytest.raises(ServerFailed, match="was cut off last time") as raised:
        sample.wanted(place)
    _, _, command = str(raised.value).partition("Start over with: ")
    words = "printf '%s' \"$TANDEM_DATA\""
    clean, run = (part.split(" make ") for part in command.split(" && "))
    assert (clean[1], run[1]) == ("clean", "run")
    shown = subprocess.run(["sh", "-c", f"export {clean[0]}; {words}"], capture_output=True, text=True, check=True)
    assert shown.stdout == str(place.folder)


def test_the_usual_folder_needs_no_name() -> None:
    """In the checkout the command is the one of the README."""
    assert RunFolder(ROOT / ".data").start_over == "make clean && make run"
