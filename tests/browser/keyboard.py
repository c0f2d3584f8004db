"""Act as a persona who uses the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.people import PATIENCE, Person
from tests.every_page import kind_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

MOST_STOPS = 250
"""The most stops of the Tab key on the way to a link, button or field."""
_MOST_OPTIONS = 100

# True at the target, or at another choice of its group; and what has the focus without a sign of it. The skip link
# leads to the page as a whole, which needs none.
_STOP = """
(target) => {
  const at = document.activeElement;
  const drawn = (element, part) => {
    const style = getComputedStyle(element, part);
    const outline = style.outlineStyle !== "none" && style.outlineColor !== "rgba(0, 0, 0, 0)";
    return outline || style.boxShadow !== "none" || style.backgroundColor === "rgb(255, 221, 0)";
  };
  const start = at === document.body || at.localName === "main";
  const shown = start || drawn(at) || [...(at.labels ?? [])].some((label) => drawn(label, "::before"));
  const same = at === target || (target.type === "radio" && at.type === "radio" && at.name === target.name);
  return [same, shown ? "" : at.outerHTML.slice(0, 200)];
}
"""


class Typist(Person):
    """A persona who reaches each link, button and field by Tab, and sees at each stop where the focus is."""

    def __init__(self, browser: Browser, origin: str, name: str) -> None:
        """Open a browser as the persona `name`."""
        self._known: set[str] = set()
        super().__init__(browser, origin, name)

    def _click(self, target: Locator) -> None:
        self._reach(target)
        with self.page.expect_event("domcontentloaded", timeout=PATIENCE):
            self.page.keyboard.press("Enter")

    def _open(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Enter")

    def _write(self, target: Locator, value: str) -> None:
        self._reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(value)
        expect(target).to_have_value(value)

    def _select(self, target: Locator, option: str) -> None:
        self._reach(target)
        self.page.keyboard.press("Home")
        for _ in range(_MOST_OPTIONS):
            if target.evaluate("(list) => list.selectedOptions[0].label") == option:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{option} was not found by the arrow keys")

    def _check(self, target: Locator) -> None:
        self._reach(target)
        for _ in range(_MOST_OPTIONS):
            if target.evaluate("(choice) => choice === document.activeElement"):
                break
            self.page.keyboard.press("ArrowDown")
        if not target.is_checked():
            self.page.keyboard.press("Space")
        expect(target).to_be_checked()

    def _reach(self, target: Locator) -> None:
        """Press Tab until the focus is at `target`, or at another choice of its group.

        The first time on a kind of page the menu is walked through; later the skip link leads past it.
        """
        target.wait_for()
        self._skip_known_menu(target)
        for _ in range(MOST_STOPS):
            stop: list[Any] = target.evaluate(_STOP)
            reached, unseen = stop
            assert not unseen, f"nothing shows that the focus is here: {unseen}"
            if reached:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not reach {target} on {self.page.url}")

    def _skip_known_menu(self, target: Locator) -> None:
        kind = kind_of(self.page.url)
        at_start = self.page.evaluate("document.activeElement === document.body")
        if at_start and kind in self._known and target.evaluate("(target) => target.closest('main') !== null"):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.matches('.govuk-skip-link')"):
                self.page.keyboard.press("Enter")
        self._known.add(kind)
