"""A browser that opens a report as a file, and what a reader can measure on it."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

# Contrast after WCAG 2.2, 1.4.3, of the texts of visible pictures, which have no ground of their own.
_FAINT_IN_PICTURES = """() => {
  const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const texts = [...document.querySelectorAll("svg text")].filter((text) => text.checkVisibility());
  return texts.flatMap((text) => {
    const colours = [getComputedStyle(text).fill, getComputedStyle(text.closest(".card")).backgroundColor];
    const [dark, light] = colours.map(luminance).sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    return ratio >= 4.5 ? [] : [`${text.textContent} ${colours} ${ratio}`];
  });
}"""
_CUT_OFF = """() => [...document.querySelectorAll(".card *, .verdict *")].filter((element) => {
  if (!element.checkVisibility() || element.closest("svg, thead")) return false;
  const inner = element.getBoundingClientRect();
  const outer = element.closest(".card, .verdict").getBoundingClientRect();
  return inner.width && (inner.left < outer.left - 1 || inner.right > outer.right + 1);
}).map((element) => `${element.tagName} ${element.textContent.slice(0, 60)}`)"""
_OUTSIDE_PICTURE = """() => [...document.querySelectorAll("svg text")].filter((text) => {
  const inner = text.getBoundingClientRect(), outer = text.closest("svg").getBoundingClientRect();
  return text.checkVisibility() && (inner.left < outer.left - 1 || inner.right > outer.right + 1
    || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1);
}).map((text) => text.textContent)"""
_SMALL_IN_PICTURES = """() => [...document.querySelectorAll("svg text")].filter((text) =>
  text.checkVisibility() && text.getBoundingClientRect().height < 9).map((text) => text.textContent)"""
_REPEATED_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""
_HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3')].map((each) => Number(each.tagName[1]))"


@dataclass(frozen=True)
class Report:
    """An opened report; `noted` is all that the page asked for or complained about."""

    page: Page
    noted: list[str]

    @property
    def pictures(self) -> Locator:
        """Those that are shown: each is there for a desk and for a phone."""
        return self.page.get_by_role("img").and_(self.page.locator(".picture"))  # not the SVG inside

    @property
    def rows(self) -> Locator:
        return self.page.locator("#gates-table tbody tr")

    def unfold(self) -> None:
        self.page.evaluate(
            "() => document.querySelectorAll('details').forEach((each) => { each.open = true; })"
        )

    def faint_in_pictures(self) -> list[str]:
        return self._list(_FAINT_IN_PICTURES)

    def ill_placed(self) -> list[str]:
        """What is outside its card, or outside its picture."""
        return self._list(_CUT_OFF) + self._list(_OUTSIDE_PICTURE)

    def too_small(self) -> list[str]:
        return self._list(_SMALL_IN_PICTURES)

    def repeated_ids(self) -> list[str]:
        return self._list(_REPEATED_IDS)

    def heading_levels(self) -> list[int]:
        levels: list[int] = self.page.evaluate(_HEADINGS)
        return levels

    def _list(self, script: str) -> list[str]:
        found: list[str] = self.page.evaluate(script)
        return found


def open_report(browser: Browser, path: Path, width: int = 1280, scheme: str = "light") -> Report:
    """As a reader who double-clicks the file, with a window so wide."""
    context = browser.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    noted: list[str] = []
    page.on("request", lambda request: noted.append(request.url))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.on("console", lambda message: noted.append(message.text))
    page.goto(path.as_uri())
    noted.remove(path.as_uri())
    return Report(page, noted)
