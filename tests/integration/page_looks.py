"""What a page looks like to a reader: contrast, names, visible focus; measured in the browser."""

import re

from playwright.sync_api import Page

# Contrast after WCAG 2.2, 1.4.3, of every element that shows text of its own or a placeholder.
_FAINT = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [red, green, blue] = parts(colour).map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const isClear = (colour) => parts(colour)[3] === 0;
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return isClear(colour) && element.parentElement ? ground(element.parentElement) : colour;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const hasWords = (element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const isLooked = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(
    ".unseen, .unseen *, :disabled, :disabled *, script, noscript *");
  return [...document.body.querySelectorAll("*")].filter(isLooked).flatMap((element) => {
    const empty = element.matches(":placeholder-shown");
    if (!empty && !hasWords(element) && !element.value) return [];
    const { color } = getComputedStyle(element, empty ? "::placeholder" : null);
    const ratio = contrast(color, ground(element));
    return ratio >= 4.5 ? [] : [`${element.tagName}#${element.id} ${element.textContent} ${ratio}`];
  });
}"""

_FOCUS = """() => {
  const element = document.activeElement;
  const places = [element, element.closest("label"), element.closest(".pane")];
  const isRinged = (place) => place && getComputedStyle(place).outlineStyle === "solid"
    && parseFloat(getComputedStyle(place).outlineWidth) >= 2;
  return [element.id || element.value || element.textContent.trim(), places.some(isRinged)];
}"""


def faint_texts(page: Page) -> list[str]:
    """Visible texts whose contrast with their ground is below 4.5 to 1; what is disabled may be faint."""
    found: list[str] = page.evaluate(_FAINT)
    return found


def grounds(page: Page) -> tuple[str, str]:
    """The colours of the page and of its text, as the browser computes them."""
    style = "() => { const { backgroundColor, color } = getComputedStyle(document.documentElement);"
    colours: list[str] = page.evaluate(style + " return [backgroundColor, color]; }")
    return colours[0], colours[1]


def brightness(colour: str) -> int:
    """The sum of red, green and blue of a computed colour: 0 is black, 765 white."""
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])


def focus_order(page: Page, key: str, stops: int) -> list[str]:
    """What `stops` presses of `key` lead to; each place must show that it has the focus."""
    names = []
    for _ in range(stops):
        page.keyboard.press(key)
        name, is_ringed = page.evaluate(_FOCUS)
        assert is_ringed, f"{name} does not show its focus"
        names.append(name)
    return names


def nameless(page: Page) -> list[str]:
    """Controls and landmarks that a screen reader could announce by their role alone."""
    roles = "button|textbox|radio|link|group|form|region|navigation|heading"
    lines = [line.strip() for line in page.locator("body").aria_snapshot().splitlines()]
    return [line for line in lines if re.match(rf"- ({roles})\b(?! [\"/])", line)]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    pixels: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return pixels
