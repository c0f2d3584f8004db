"""Name the version of the privacy notice that people read and acknowledge.

The notice is `shared/web/templates/plain/privacy.html`. A new text needs a new version: those who acknowledged an
earlier one are asked again when they next send an application. A module of its own, since rules and pages both need it.
"""

from __future__ import annotations

VERSION = "2026-6"
