"""Find characters that nobody can see or store: controls other than tab and line ends, halves of surrogate pairs.

Forms say it at the field (`forms.py`), so that the text is kept; `middleware.py` refuses the rest.
"""

from __future__ import annotations

import re

from shared.attempts import AttemptKind, note_attempt
from shared.i18n import N_, gettext

UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""One character that nobody can see."""
SENTENCE = N_("This contains characters that cannot be shown. Type it again.")


def without_control_characters(text: str) -> str:
    """Return `text` without the characters that nobody can see."""
    return UNSHOWN.sub("", text)


def refusal(names: list[str]) -> dict[str, str]:
    """Return the error of each field in `names` that has such characters, and note an attempt for the audit."""
    note_attempt(AttemptKind.CONTROL_CHARACTERS)
    return {without_control_characters(name): gettext(SENTENCE) for name in names}
