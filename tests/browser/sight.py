"""A window on the console: as wide as a desk's or a phone's, in large type or not, with scripts or without.

sight = Sight.open(chromium, base, width=390, large=True, js=False)
sight.enter("county")
sight.go("/affairs")
assert sight.faults() == []
"""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from re import Pattern
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, FilePayload, Locator, Page, Request, expect

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_RULES: Final = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
_RUN: Final = "rules => axe.run(document, rules).then(found => found.violations)"
_SIDEWAYS: Final = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Links within a line of text are as high as the line (WCAG 2.5.8, inline); all else has 24 px at least.
_SMALL: Final = """() => [
  ...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')
]
  .filter(one => {
    const box = one.getBoundingClientRect();
    const shown = box.width > 0 && box.height > 0 && getComputedStyle(one).visibility !== 'hidden';
    const inline = one.tagName === 'A' && one.closest('p, li, td, dd, span, small, th');
    return shown && !inline && !one.closest('.skip') && !one.matches('.skip') && Math.min(box.width, box.height) < 24;
  })
  .map(one => one.outerHTML.slice(0, 120))"""
# Milliseconds until a workbook has been read and written on a busy machine.
_PATIENCE: Final = 60_000
# What the browser says of an answer that is meant to be a refusal.
_HARMLESS: Final = ("the server responded with a status of 4",)


@dataclass
class Sight:
    """One window and all that it said."""

    context: BrowserContext
    page: Page
    base: str
    js: bool
    said: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    clicks: int = 0

    @classmethod
    def open(cls, browser: Browser, base: str, *, width: int = 1440, large: bool = False, js: bool = True) -> "Sight":
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="zh-CN", java_script_enabled=js, bypass_csp=False
        )
        made = cls(context, context.new_page(), base, js)
        made.page.on("console", lambda line: made._heard(line.text))
        made.page.on("pageerror", lambda error: made._heard(str(error)))
        made.page.on("request", made._noted)
        made.page.goto(base + "/")
        if large:
            made._leave("button[value=large]")
        return made

    def close(self) -> None:
        self.context.close()

    def enter(self, login: str) -> None:
        """Sign in with one press, as the demonstration offers it."""
        self.page.goto(self.base + "/")
        self._leave(f"button[value='{login}']")
        while self.path in {"/account/second-factor", "/sign-in/code"}:
            # Only the demonstration shows it; a code works once, so the next one may have to be waited for.
            code = self.page.locator(".secret code").inner_text()
            self.fill("code", code)
            self._leave("main form[method=post] button[type=submit]")

    def go(self, path: str) -> int | None:
        """The status of a page; None for a file, which a browser saves."""
        try:
            answer = self.page.goto(self.base + path)
        except Error as error:
            if "Download is starting" not in str(error):
                raise
            return None
        return 0 if answer is None else answer.status

    def click(self, selector: str) -> None:
        self.clicks += 1
        self._leave(selector)

    def press(self, name: str | Pattern[str]) -> None:
        """A button of the page by what is written on it."""
        self.clicks += 1
        self._leave(self.page.locator("main").get_by_role("button", name=name))

    def follow(self, name: str | Pattern[str]) -> None:
        """A link of the page or of the menu by what is written on it."""
        link = self.page.get_by_role("link", name=name).first
        menu = self.page.locator("button[data-opens=menu]")
        if not link.is_visible() and menu.is_visible():
            menu.click()
        self.clicks += 1
        self._leave(link)

    def confirm(self) -> None:
        """The first button of a page that says once more what will happen."""
        self.clicks += 1
        self._leave("main form[method=post] button[type=submit]")

    def fill(self, name: str, value: str) -> None:
        box = self.page.locator(f"main [name='{name}']").first
        fold = self.page.locator("main button[data-opens]").first
        if not box.is_visible() and fold.is_visible():
            fold.click()
        box.fill(value)

    def choose(self, name: str, value: str | None = None) -> None:
        """A choice of a form; the first where none is named."""
        chosen = "" if value is None else f"[value='{value}']"
        self.page.locator(f"main input[name='{name}']{chosen}").first.check()

    def upload(self, content: bytes, name: str) -> None:
        """Choose a file, send it, and look until what was found in it is there."""
        file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
        self.page.locator("main input[type=file]").set_input_files(file)
        self._leave("main form:has(input[type=file]) button[type=submit]")
        self.page.get_by_text("本页自动更新").wait_for(state="detached", timeout=_PATIENCE)

    def says(self, text: str | Pattern[str]) -> bool:
        """Whether the page says it, or comes to say it: what arrives and what renews itself is waited for."""
        try:
            expect(self.page.locator("body")).to_contain_text(text, use_inner_text=True, timeout=_PATIENCE)
        except AssertionError:
            return False
        return True

    def download(self, link: str) -> bytes:
        """The file behind a link."""
        with self.page.expect_download() as begun:
            self.page.get_by_role("link", name=link).first.click()
        return Path(begun.value.path()).read_bytes()

    def saved(self, path: str) -> bytes:
        """The file at an address, with the window's own session."""
        return self.context.request.get(self.base + path).body()

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def links(self) -> list[str]:
        """The addresses of this console to which the page leads, once each."""
        found = self.page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
        return list(dict.fromkeys(one for one in found if one.startswith("/") and not one.startswith(("//", "/api/"))))

    def faults(self) -> list[str]:
        """What is wrong with the page as it stands: axe, small targets, sideways scroll, other hosts, the console."""
        return [*self.cheap_faults(), *self._violations()]

    def cheap_faults(self) -> list[str]:
        """The same without axe."""
        sideways = self.page.evaluate(_SIDEWAYS)
        found = [f"small: {one}" for one in self.page.evaluate(_SMALL)]
        found += [f"sideways by {sideways} px"] if sideways > 0 else []
        found += [f"asked {one}" for one in self.elsewhere] + [f"said {one}" for one in self.said]
        return found

    def _leave(self, button: str | Locator) -> None:
        """Press what leads somewhere, and wait until that has arrived: a click alone does not wait for its answer."""
        where = self.page.locator(button) if isinstance(button, str) else button
        with self.page.expect_navigation(timeout=_PATIENCE):
            where.first.click()

    def _violations(self) -> list[str]:
        # In a world of its own: the page's policy lets no foreign script in.
        self.page.evaluate(AXE + "\n;() => true")
        found: list[dict[str, Any]] = self.page.evaluate(_RUN, _RULES)
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"][:3]]

    def _heard(self, text: str) -> None:
        if not any(harmless in text for harmless in _HARMLESS):
            self.said.append(text)

    def _noted(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)
