"""Test what `make clean` removes and what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.local import clean
from deploy.local.folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `TANDEM_DATA` names."""
    monkeypatch.setenv("TANDEM_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_folder_in_which_a_start_was_refused_is_removed(folder: Path) -> None:
    """A start that ends at a taken port leaves a folder for logs and nothing else: that is Tandem's too."""
    with RunFolder(folder):
        pass
    assert (folder / "logs").is_dir()
    assert clean.main() == 0
    assert not folder.exists()


def test_somebody_elses_folder_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in TANDEM_DATA removes nothing, also where there are logs."""
    (folder / "logs").mkdir(parents=True)
    (folder / "thesis.txt").write_text("five years")
    assert clean.main() == 1
    assert (folder / "thesis.txt").read_text() == "five years"
    assert "does not look like Tandem's data" in capsys.readouterr().err
