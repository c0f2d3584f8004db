"""Write the files that are generated from the events: a JSON Schema for each, and the AsyncAPI document.

python -m shared.contracts.generate
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from shared.contracts.asyncapi import document
from shared.contracts.schema import schemas

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = "shared/contracts/schemas"
ASYNCAPI = "docs/contracts/asyncapi.json"


def generated() -> dict[str, str]:
    """Return the text of every generated file, by its path from the root of the repository."""
    files = {f"{SCHEMAS}/{name}.json": _text(schema) for name, schema in schemas().items()}
    files[ASYNCAPI] = _text(document())
    return files


def stale(root: Path = ROOT) -> list[str]:
    """Return the paths whose file is missing, differs from what would be generated, or is no longer generated."""
    files = generated()
    differing = [
        path for path, text in files.items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    return sorted(differing + _left_over(files, root))


def write(root: Path = ROOT) -> list[str]:
    """Bring all generated files up to date; return the paths that changed."""
    changed = stale(root)
    files = generated()
    for path in changed:
        file = root / path
        if path in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files[path], encoding="utf-8")
        else:
            file.unlink()
    return changed


def _left_over(files: Mapping[str, str], root: Path) -> list[str]:
    return [path for file in (root / SCHEMAS).glob("*.json") if (path := f"{SCHEMAS}/{file.name}") not in files]


def _text(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the files and print which changed."""
    changed = write()
    for path in changed:
        sys.stdout.write(f"wrote {path}\n")
    sys.stdout.write(f"{len(changed)} of {len(generated())} generated files changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
