"""Make the id of an operation from its method and path, such as `endorse_application`.

Generated clients name their functions after the ids, so an id depends on the address only: a function of ours may be
renamed, an address may not. A route whose address does not say what is done names its id itself (`operation_id`).
"""

from __future__ import annotations

import re

_VERBS = frozenset(
    {
        "acknowledge",
        "agree",
        "answer",
        "approve",
        "cancel",
        "change",
        "clear",
        "close",
        "confirm",
        "copy",
        "decide",
        "discard",
        "dispute",
        "end",
        "endorse",
        "import",
        "keep",
        "leave",
        "move",
        "not-endorse",
        "pause",
        "preview",
        "price",
        "propose",
        "publish",
        "redeliver",
        "refuse",
        "remove",
        "restore",
        "resume",
        "retire",
        "return",
        "revise",
        "revoke",
        "rotate",
        "sign",
        "stop",
        "submit",
        "take-back",
        "take-up",
        "test",
        "void",
        "withdraw",
    }
)
"""Last parts of a path that say what a POST does to the thing before them."""

_IRREGULAR = {"people": "person", "matches": "match", "address": "address", "access": "access", "progress": "progress"}
_PARAMETER = re.compile(r"^{(\w+)(?::\w+)?}$")


def operation_id(method: str, path: str) -> str:
    """Return the id for `POST /applications/api/v1/applications/{application_id}/endorse` and the like."""
    parts = [part for part in path.split("/api/", 1)[-1].split("/")[1:] if part]
    verb = _verb(method, parts)
    if verb in {part.replace("-", "_") for part in parts[-1:]}:
        parts = parts[:-1]
    return "_".join([verb, *_nouns(parts, last_singular=verb == "create")])


def _verb(method: str, parts: list[str]) -> str:
    last = parts[-1]
    on_item = _PARAMETER.match(last) is not None
    if method == "GET":
        return "get" if on_item or singular(last) == last else "list"
    if method == "POST":
        if last in _VERBS:
            return last.replace("-", "_")
        return "submit" if on_item else "create"
    return {"PUT": "save", "PATCH": "change", "DELETE": "delete"}[method]


def _nouns(parts: list[str], *, last_singular: bool) -> list[str]:
    """Return the words of the path in the singular, the last one only with `last_singular`."""
    words: list[str] = []
    for place, part in enumerate(parts):
        parameter = _PARAMETER.match(part)
        if parameter is not None:
            # Two parameters in a row: the second one says what it is.
            if place and _PARAMETER.match(parts[place - 1]):
                words.append(parameter[1].removesuffix("_id"))
            continue
        is_last = place == len(parts) - 1
        words.append(singular(part) if last_singular or not is_last else part)
    return [re.sub(r"\W+", "_", word) for word in words]


def singular(word: str) -> str:
    """Return the singular of the last word of `call-drafts`; what is no plural stays as it is."""
    start, dash, last = word.rpartition("-")
    if last in _IRREGULAR:
        return start + dash + _IRREGULAR[last]
    if last.endswith("ies"):
        return f"{start}{dash}{last.removesuffix('ies')}y"
    if last.endswith("s") and not last.endswith("ss"):
        return f"{start}{dash}{last.removesuffix('s')}"
    return word
