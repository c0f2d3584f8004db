"""A run whose sample programme was not loaded to its end says how to start over."""

from __future__ import annotations

import errno
import subprocess
from typing import TYPE_CHECKING

import pytest

from deploy.local import run, sample
from deploy.local.folder import ROOT, RunFolder
from deploy.local.process import DiskFull, ServerFailed

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
    clean, start = (part.split(" make ") for part in command.split(" && "))
    assert (clean[1], start[1]) == ("clean", "run")
    shown = subprocess.run(["sh", "-c", f"export {clean[0]}; {words}"], capture_output=True, text=True, check=True)
    assert shown.stdout == str(place.folder)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [("begun", "start over with: make clean"), ("loaded", "start again."), ("none", "start again.")],
)
@pytest.mark.parametrize("written", [True, False])
def test_a_full_disk_ends_an_interrupted_loading_for_good(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: str,
    remedy: str,
    *,
    written: bool,
) -> None:
    """After a full disk a half-loaded folder must be started over, any other one is started again."""
    place = RunFolder(tmp_path)
    place.write("sample.json", {"state": state})
    monkeypatch.setattr(RunFolder, "start_over", "make clean && make run")
    monkeypatch.setenv("TANDEM_DATA", str(tmp_path))
    full = DiskFull(place.folder, ended="matching") if written else OSError(errno.ENOSPC, "No space left on device")

    def ends(_: object) -> None:
        raise full

    monkeypatch.setattr(run._Run, "through", ends)
    monkeypatch.setattr("deploy.local.run.signal.signal", lambda *_: None)
    assert run.main() == 1
    assert f"is full. Make room and {remedy}" in capsys.readouterr().err


def test_the_usual_folder_needs_no_name() -> None:
    """In the checkout the command is the one of the README."""
    assert RunFolder(ROOT / ".data").start_over == "make clean && make run"
