"""A browser that opens the translator's page and notes what the page does and complains about."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserType, Error, Locator, Page, Request, Route, expect

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_WITHIN = 60_000  # ms; nothing here is about speed, and a busy machine may take its time
_ATTEMPTS = 10
_CUT_OFF = "net::ERR_NETWORK_CHANGED"
_AN_HOUR = 3_600_000  # ms; a clock that has run further cannot be stopped there
# What Chromium itself says about an answer that a test asked for; nothing is wrong with the page.
_EXPECTED = "Failed to load resource"
_LARGE: Any = {"width": 1280, "height": 720}
_LEAVE = """(values) => {
  for (const area of [localStorage, sessionStorage]) Object.assign(area, values);
}"""
# A text and Ctrl+Enter, in one breath: a pause between them would send the text as well.
_ASK_FOR = """(source, text) => {
  source.focus();
  source.value = text;
  source.dispatchEvent(new InputEvent("input", { bubbles: true }));
  source.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true }));
}"""
# The page writes on leaving, too.
_EMPTY_STORAGE = """() => {
  localStorage.clear();
  sessionStorage.clear();
  Storage.prototype.setItem = () => {};
}"""


def launch(chromium: BrowserType) -> Browser:
    """The system's Chromium; it is required, and nothing is downloaded."""
    expect.set_options(timeout=_WITHIN)
    program = shutil.which("chromium")
    assert program is not None, "these tests need Chromium: apt-get install chromium"
    return chromium.launch(executable_path=program, args=_ARGUMENTS)


@dataclass
class Watched:
    """What a page has asked for and complained about since it was opened."""

    url: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)  # what was not fetched because a network came or went

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request))
        page.on("requestfailed", self._note_failure)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))

    def forget(self) -> None:
        self.requests.clear()
        self.complaints.clear()

    def texts(self) -> list[str]:
        return [json.loads(request.post_data or "")["text"] for request in self._translations()]

    def keys(self) -> list[str | None]:
        return [request.header_value("authorization") for request in self._translations()]

    def check(self) -> None:
        """No page may complain, whatever a test is about, or ask anybody but its own service."""
        assert self.complaints == []
        assert [request.url for request in self.requests if not request.url.startswith(self.url)] == []

    def _translations(self) -> list[Request]:
        return [request for request in self.requests if request.url.endswith("/translate")]

    def _note_failure(self, request: Request) -> None:
        if request.failure == _CUT_OFF:
            self.cut_off.append(request.url)

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(_EXPECTED):
            self.complaints.append(text)


@dataclass(frozen=True)
class Opened:
    """The page in a context of its own, with names for what a reader finds on it."""

    page: Page
    watched: Watched

    @property
    def source(self) -> Locator:
        return self.page.locator("#source")

    @property
    def target(self) -> Locator:
        return self.page.locator("#target")

    @property
    def notice(self) -> Locator:
        return self.page.locator("#notice")

    @property
    def entries(self) -> Locator:
        return self.page.locator("#entries li")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def translate(self, text: str) -> None:
        """Asks by hand, so that nothing waits for the typing to pause."""
        self.source.evaluate(_ASK_FOR, text)

    def start_over(self) -> None:
        """As a new visit, in the browser that is there: a new one takes longer than most tests."""
        self.page.unroute_all()
        self.page.context.set_offline(False)
        self.page.context.clear_permissions()
        self.page.emulate_media(color_scheme="null", reduced_motion="null")
        self.page.set_viewport_size(_LARGE)
        self.page.evaluate(_EMPTY_STORAGE)
        self.page.goto("about:blank")  # else what the old page still asks for would be the new one's
        self.watched.forget()
        self.go()

    def go(self) -> None:
        """Go to the page, as a reader does who types its address."""
        self._arrive(lambda: self.page.goto(self.watched.url))

    def reload(self) -> None:
        self._arrive(self.page.reload)

    def _arrive(self, load: Callable[[], object]) -> None:
        """Load the page, and once more where it came without its parts.

        Chromium ends all that it fetches when a network of the machine comes or goes, and every container of
        another test is one.
        """
        noted = len(self.watched.requests)
        for _ in range(_ATTEMPTS):
            self.watched.cut_off.clear()
            del self.watched.requests[noted:]  # of an attempt that failed
            try:
                load()
            except Error as error:  # the document itself
                if _CUT_OFF not in str(error):
                    raise
            else:
                if not self.watched.cut_off:
                    return
        raise AssertionError(f"the network changed {_ATTEMPTS} times: {self.watched.cut_off}")

    def start_over_with(self, values: dict[str, str]) -> None:
        """As a new visit, where something has left `values` in both of the browser's storages."""
        self.page.evaluate(_LEAVE, values)
        self.reload()

    def make_small(self) -> None:
        """As on a small phone."""
        self.page.set_viewport_size({"width": 360, "height": 740})

    def answered_within(self, milliseconds: int) -> None:
        """Lets time pass, and waits until the page has the answer to what is asked meanwhile."""
        with self.page.expect_response("**/translate") as answer:
            self.page.clock.run_for(milliseconds)
        answer.value.finished()  # the body may come after the head
        self.catch_up()

    def sent(self) -> list[str]:
        """The texts that the page has asked the service for, in order."""
        self.catch_up()
        return self.watched.texts()

    def sent_keys(self) -> list[str | None]:
        self.catch_up()
        return self.watched.keys()

    def catch_up(self) -> None:
        """Comes back when the page has dealt with every answer that has arrived.

        Asks once more where a network of the machine has come or gone meanwhile, as in `_arrive`.
        """
        for attempt in range(_ATTEMPTS):
            self.watched.cut_off.clear()
            try:
                self.page.evaluate("fetch('/livez').then((response) => response.text())")
            except Error:
                if not self.watched.cut_off or attempt == _ATTEMPTS - 1:
                    raise
            else:
                return


@dataclass
class Pages:
    """Opens the page at `url` as often as a test likes, each time for a reader with a fresh browser."""

    browser: Browser
    url: str
    opened: list[Opened] = field(default_factory=list)

    def open(self, locale: str = "en-GB", **options: Any) -> Opened:
        opened = self._new(locale, options)
        opened.go()
        return opened

    def open_with_stopped_clock(self) -> Opened:
        """Time passes only where the test says so; requests are as quick as they are."""
        opened = self._new("en-GB", {})
        opened.page.clock.install(time=0)
        opened.page.clock.pause_at(_AN_HOUR)  # before the page is there, which may take its time to load
        opened.go()
        return opened

    def close(self) -> None:
        for opened in self.opened:
            opened.page.context.close()
        for opened in self.opened:
            opened.watched.check()

    def _new(self, locale: str, options: dict[str, Any]) -> Opened:
        context = self.browser.new_context(locale=locale, **options)
        context.set_default_timeout(_WITHIN)
        opened = Opened(context.new_page(), Watched(self.url))
        opened.watched.watch(opened.page)
        self.opened.append(opened)
        return opened


def refuse(status: int, error: str, **headers: str) -> Any:
    """A route handler that answers as the service does when it refuses a request."""

    def answer(route: Route) -> None:
        route.fulfill(
            status=status,
            json={"error": error},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            content_type="application/problem+json",
        )

    return answer
