"""Write the documents that describe the interfaces, or compare them: `tandem contracts`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.web.openapi.parts import Document

NAME = "contracts"
FOLDER = "docs/contracts"
_STAND_IN = "postgresql://document@127.0.0.1:1/document"
"""A value for a setting that a document does not depend on."""


def openapi(service: str) -> "Document":
    """Return the OpenAPI 3.1 document of a service's JSON API, as the running service gives it."""
    from importlib import import_module  # noqa: PLC0415 - one service after the other, each heavy

    from shared.web.openapi import document  # noqa: PLC0415 - as above

    settings = import_module(f"services.{service}.settings").Settings
    values = {name: _STAND_IN for name, field in settings.model_fields.items() if field.is_required()}
    values |= {"oidc_issuer": "https://sign-in.example", "origin": "https://tandem.example", "session_key": "A" * 43}
    # What an installation is told must not show: neither its secrets nor whether its clock can be moved.
    app = import_module(f"services.{service}.app").create_app(settings(**values, local=False), background=False)
    return document(app)


def documents() -> dict[str, str]:
    """Return the text of each OpenAPI document, by its path from the root of the repository."""
    import json  # noqa: PLC0415 - with the rest

    from deploy.cli.system import SERVICES  # noqa: PLC0415 - as above

    return {
        f"{FOLDER}/openapi-{service}.json": json.dumps(openapi(service), indent=2, ensure_ascii=False) + "\n"
        for service in SERVICES
    }


def command(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a document is out of date.")] = False,
) -> None:
    """Write the AsyncAPI and OpenAPI documents and the schemas of all events, or check that they are up to date."""
    from deploy.local.folder import ROOT  # noqa: PLC0415 - not needed to show the help
    from shared.contracts import generate  # noqa: PLC0415 - heavy

    texts = documents()
    stale = [
        path for path, text in texts.items() if not (ROOT / path).is_file() or (ROOT / path).read_text("utf-8") != text
    ]
    if check:
        stale += generate.stale()
        for path in stale:
            print(f"out of date: {path}")
        if stale:
            print("Bring them up to date with: tandem contracts")
            sys.exit(1)
        print("All documents are up to date.")
        return
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(texts[path], "utf-8")
    stale += generate.write()
    for path in stale:
        print(f"wrote {path}")
    print(f"{len(stale)} of {len(texts) + len(generate.generated())} documents changed.")
