"""Hold what one service needs to show pages: its templates, its place in the navigation, its settings.

`setup.py` installs it once; from then on `render` finds everything at `app.state.site`. Static
files have one address for all services, `/static/`, which the gateway serves.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from markupsafe import Markup, escape

from shared import i18n
from shared.contracts import labels
from shared.i18n import number, percent
from shared.identity import csrf as identity_csrf
from shared.identity.state import identity_of
from shared.time import clock, dates
from shared.web import states
from shared.web.headers import security_headers

if TYPE_CHECKING:
    from starlette.requests import Request

    from shared.identity import Grant

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

# Macros are imported without the page's context; what depends on the request is asked from here.
current: ContextVar[Request] = ContextVar("request")


@dataclass(frozen=True)
class Site:
    """A service's place in the navigation, its templates, and whether this is a local run."""

    place: str
    environment: Environment
    local: bool
    version: str
    origin: str = ""
    """The address at which people reach the gateway, without a slash at the end."""
    headers: dict[str, str] = field(default_factory=security_headers)
    """The security headers of every answer."""

    @property
    def secure(self) -> bool:
        """True where people reach the gateway by https."""
        return self.origin.startswith("https://")

    @property
    def language_cookie(self) -> str:
        """The name of the cookie that keeps the chosen language; under https it is bound to this host."""
        return f"__Host-{i18n.COOKIE}" if self.secure else i18n.COOKIE


class PageUndefined(ChainableUndefined):
    """Refuses what a template misspells, but lets GOV.UK's macros ask for keys that their parameters do not have.

    Those macros probe dictionaries, and compare with `undefined` and `null`; everything else that is undefined is a
    mistake and fails the page, as with jinja2.StrictUndefined.
    """

    __slots__ = ()
    _PROBED = frozenset({"undefined", "null", "caller", "None"})

    def _probe(self) -> bool:
        return isinstance(self._undefined_obj, dict) or self._undefined_name in self._PROBED

    def _check(self) -> None:
        if not self._probe():
            self._fail_with_undefined_error()

    def __getattr__(self, name: str) -> Any:
        if name[:2] == name[-2:] == "__":
            raise AttributeError(name)
        self._check()
        return self

    def __getitem__(self, _: Any) -> PageUndefined:  # type: ignore[override]  # the parent never returns
        self._check()
        return self

    def __str__(self) -> str:
        self._check()
        return ""

    def __iter__(self) -> Any:
        self._check()
        return iter(())

    def __bool__(self) -> bool:
        self._check()
        return False

    def __len__(self) -> int:
        self._check()
        return 0

    def __eq__(self, other: object) -> bool:
        self._check()
        return isinstance(other, PageUndefined)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        self._check()
        return id(type(self))


def version() -> str:
    """Return the version of the installed project, as the footer shows it."""
    try:
        return importlib.metadata.version("tandem")
    except importlib.metadata.PackageNotFoundError:
        return "0"


@cache
def environment(templates: Path | None) -> Environment:
    """Return a template environment with a service's own templates, the shared ones and GOV.UK's macros.

    `templates` is a folder of templates, or of rooms: `visits/moves.html` is then `visits/templates/moves.html`.
    """
    folders = [str(path) for path in (templates, FOLDER / "templates") if path is not None]
    rooms = {} if templates is None else {path.parent.name: path for path in sorted(templates.glob("*/templates"))}
    env = Environment(
        loader=ChoiceLoader(
            [
                PrefixLoader({room: FileSystemLoader(path) for room, path in rooms.items()}),
                FileSystemLoader(folders),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        undefined=PageUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        i18n.gettext, i18n.ngettext, newstyle=True, pgettext=i18n.pgettext, npgettext=i18n.npgettext
    )
    env.globals |= {
        "state": states.state,
        "states": states.states,
        "csrf": csrf,
        "present_address": lambda: current.get().url.path,
        "translated": i18n.gettext,
        "static": static,
        "language": i18n.language,
        "languages": i18n.offered,
        "own_name": i18n.own_name,
        "role": labels.role,
        "standing_of": _role_and_country,
        "relative": lambda value: dates.relative(value, clock.today()),
        "working_days": dates.working_days,
        "present": clock.now,
        "live_stamp": lambda: getattr(current.get().state, "live_stamp", ""),
        "span": dates.span,
        "with_query": with_query,
        "list_address": list_address,
    }
    env.filters |= {
        "day": dates.day,
        "written_day": lambda value: dates.day(date.fromisoformat(value)),
        "moment": dates.moment,
        "deadline": dates.deadline,
        "time_of_day": dates.time_of_day,
        "iso": dates.iso,
        "country": labels.country,
        "tongue": labels.tongue,
        "label": labels.label,
        "number": number,
        "percent": percent,
        "unbroken": unbroken,
        "own_script": own_script,
        "tappable": tappable,
    }
    env.tests["reference"] = is_reference
    return env


REFERENCE = re.compile(r"\b[A-Z][A-Z0-9]{1,11}(?:-[A-Z])?-\d{4}-\d{1,6}\b(?!-)")
"""The reference of a case, a call or a place."""


def is_reference(text: object) -> bool:
    """Return whether a text is the reference of a case, a call or a place and nothing else: `AM-2026-0042`."""
    return isinstance(text, str) and REFERENCE.fullmatch(text) is not None


def unbroken(text: object) -> object:
    """Return a text whose references stay on one line; what has tags of its own stays as it is."""
    if not isinstance(text, str) or "-" not in text:
        return text
    escaped = str(escape(text))
    if "<" in escaped or REFERENCE.search(escaped) is None:
        return text
    return Markup(REFERENCE.sub(r'<span class="tandem-together">\g<0></span>', escaped))  # noqa: S704 - escaped above


_ADDRESS = re.compile(
    r"(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|(?P<page>https?://[^\s,;<>]*[^\s,;<>.)])|(?P<phone>\+\d[\d ()/-]{5,}\d)"
)


def tappable(text: str) -> Markup:
    """Return a text in which email addresses, telephone numbers with a country code and web addresses are links."""
    linked, end = Markup(), 0
    for found in _ADDRESS.finditer(text):
        number = re.sub(r"\(0\)|[^+\d]", "", found["phone"] or "")
        href = f"tel:{number}" if number else f"mailto:{found['mail']}" if found["mail"] else found["page"]
        linked += text[end : found.start()] + Markup('<a class="govuk-link" href="{}">{}</a>').format(href, found[0])
        end = found.end()
    return linked + text[end:]


def own_script(name: str) -> str:
    """Return a name in the person's own script, marked with its language for screen readers where that is known."""
    code = None if isinstance(name, Markup) else i18n.language_of_script(name)
    return name if code is None else Markup('<span lang="{}">{}</span>').format(code, name)


def _role_and_country(grant: Grant) -> str:
    """Return a role with its country: `National coordinator, Armenia`."""
    return ", ".join(part for part in (labels.role(grant.role), labels.country(grant.country)) if part)


def csrf() -> Markup:
    """Return the hidden field that every form with an unsafe method has; `render` adds the version beside it."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        identity_csrf.FIELD, identity_csrf.token(current.get())
    )


_versions: dict[str, tuple[int, str]] = {}


def static(path: str) -> str:
    """Return the address of a static file, with its content's hash, so that a browser keeps only the current one."""
    try:
        stamp = (STATIC / path).stat().st_mtime_ns
    except FileNotFoundError:
        return f"/static/{path}"
    cached = _versions.get(path)
    if cached is None or cached[0] != stamp:
        digest = hashlib.blake2b((STATIC / path).read_bytes(), digest_size=6).hexdigest()
        cached = _versions[path] = (stamp, digest)
    return f"/static/{path}?v={cached[1]}"


def list_address(address: str) -> str:
    """Return the address of a list with the filters it had, if it was the list shown last: the way back to it.

    Else return `address` itself, which may name filters.
    """
    request = current.get()
    stored_address = unquote(request.cookies.get(identity_of(request.app).cookies.list, ""))
    # Compared as it stands: of `///host/path` only the path would be seen, but a browser goes to the host.
    return stored_address if stored_address.partition("?")[0] == urlsplit(address).path else address


def with_query(**changes: object) -> str:
    """Return the present address with some query parameters changed; None removes one. For links that sort and page."""
    url = current.get().url
    address = url.include_query_params(**{name: str(value) for name, value in changes.items() if value is not None})
    address = address.remove_query_params([name for name, value in changes.items() if value is None])
    return f"{address.path}?{address.query}" if address.query else address.path
