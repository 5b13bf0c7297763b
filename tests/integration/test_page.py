"""The translator's page in a real browser, against the real service: what a reader sees and can do."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from integration.page_browser import Opened, Pages, launch, refuse
from integration.page_looks import brightness, faint_texts, focus_order, grounds, nameless, overflow
from own_network import own_network
from translator.text.characters import normalise
from unit.translator.service_process import Services

WEATHER = "今天天气真好，适合出去散步。"
KEY = "a-key-of-the-tests-own-0123456789"
COFFEE = "她每天早上都喝一杯咖啡。"
FACTS = re.compile(r"^Release v0\.0\.0-unknown · [\d,]+ ms$")
LANGUAGES = ("中文", "English")
KEPT = ("history", "key", "language", "theme")


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Other tests make and remove networks meanwhile."""
    with own_network():
        yield


@pytest.fixture(scope="module")
def services(network: None) -> Iterator[Services]:
    services = Services()
    yield services
    services.end()


def _serve(services: Services, **environment: str) -> str:
    # Nobody reads the log here, and a full pipe would stop the service.
    service = services.start(ACCESS_LOG="false", **environment)
    service.wait_for("/readyz", 200)
    return f"http://127.0.0.1:{service.port}/"


@pytest.fixture(scope="module")
def service(services: Services) -> str:
    return _serve(services)


@pytest.fixture(scope="module")
def guarded_service(services: Services) -> str:
    return _serve(services, API_KEYS=f"reader=sha256:{hashlib.sha256(KEY.encode()).hexdigest()}")


@pytest.fixture(scope="module")
def browser(network: None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture
def pages(browser: Browser, service: str) -> Iterator[Pages]:
    pages = Pages(browser, service)
    yield pages
    pages.close()


@pytest.fixture(scope="module")
def kept_open(browser: Browser, service: str) -> Opened:
    return Pages(browser, service).open()


@pytest.fixture
def opened(kept_open: Opened) -> Iterator[Opened]:
    kept_open.start_over()
    yield kept_open
    kept_open.watched.check()


@pytest.fixture(scope="module")
def kept_guarded(browser: Browser, guarded_service: str) -> Opened:
    return Pages(browser, guarded_service).open()


@pytest.fixture
def guarded(kept_guarded: Opened) -> Iterator[Opened]:
    kept_guarded.start_over()
    yield kept_guarded
    kept_guarded.watched.check()


@pytest.fixture(scope="module")
def kept_stopped(browser: Browser, service: str) -> Opened:
    return Pages(browser, service).open_with_stopped_clock()


@pytest.fixture
def timed(kept_stopped: Opened) -> Iterator[Opened]:
    kept_stopped.start_over()
    yield kept_stopped
    kept_stopped.watched.check()


# Translating


def test_a_text_is_translated_as_it_is_typed(opened: Opened) -> None:
    with opened.page.expect_request(lambda request: request.post_data_json == {"text": WEATHER}):
        opened.source.press_sequentially(WEATHER)  # a pause in it sends a part, whose answer has the word too
    expect(opened.target).to_have_value(re.compile("weather"))
    assert opened.sent()[-1] == WEATHER


def test_a_pause_in_typing_sends_the_text_once(timed: Opened) -> None:
    timed.source.press_sequentially("今天天气")
    timed.page.clock.run_for(399)
    assert timed.sent() == []
    timed.answered_within(1)
    timed.page.clock.run_for(10_000)
    assert timed.sent() == ["今天天气"]


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_the_keyboard_translates_at_once(keys: str, timed: Opened) -> None:
    timed.source.fill(WEATHER)
    timed.source.press(keys)
    expect(timed.target).to_have_value(re.compile("weather"))


def test_the_button_translates_at_once(timed: Opened) -> None:
    timed.source.fill(WEATHER)
    timed.button("Translate").click()
    expect(timed.target).to_have_value(re.compile("weather"))


def test_an_example_is_translated(opened: Opened) -> None:
    opened.button(COFFEE).click()
    expect(opened.source).to_have_value(COFFEE)
    expect(opened.source).to_be_focused()
    expect(opened.target).to_have_value(re.compile("coffee"))


def test_an_input_method_is_waited_for(timed: Opened) -> None:
    timed.source.focus()
    keyboard = timed.page.context.new_cdp_session(timed.page)
    keyboard.send("Input.imeSetComposition", {"text": "jintian", "selectionStart": 7, "selectionEnd": 7})
    expect(timed.source).to_have_value("jintian")
    timed.page.clock.run_for(5_000)
    assert timed.sent() == []
    keyboard.send("Input.insertText", {"text": "今天"})
    timed.answered_within(400)
    assert timed.sent() == ["今天"]


def test_line_breaks_stay(opened: Opened) -> None:
    opened.translate(f"{WEATHER}\n\n{COFFEE}")
    expect(opened.target).to_have_value(re.compile(r"weather.*\n\n.*coffee"))
    expect(opened.target).to_have_css("white-space", "pre-wrap")


def test_markup_in_an_answer_is_shown_as_text(opened: Opened) -> None:
    markup = "<img src=/assets/none.svg><b>bold</b>"
    answer = {"translation": markup, "success": True, "result": markup, "release": "<i>v1</i>"}
    opened.page.route("**/translate", lambda route: route.fulfill(json=answer))
    opened.translate(markup)
    expect(opened.target).to_have_value(markup)
    expect(opened.entries.locator(".entry-target")).to_have_text(markup)
    expect(opened.page.locator("main :is(img, b, i)")).to_have_count(0)


def test_release_and_time_are_shown(opened: Opened) -> None:
    expect(opened.page.locator("footer")).to_contain_text("Release v0.0.0-unknown")
    opened.translate(WEATHER)
    expect(opened.page.locator("#facts")).to_have_text(FACTS)


def test_an_older_answer_never_replaces_a_newer_one(opened: Opened) -> None:
    held: list[Route] = []
    opened.page.route("**/translate", lambda route: route.continue_() if held else held.append(route))
    with opened.page.expect_request("**/translate"):
        opened.translate(WEATHER)
    with opened.page.expect_event("requestfailed") as given_up:
        opened.translate(COFFEE)
    assert given_up.value.post_data_json == {"text": WEATHER}
    expect(opened.target).to_have_value(re.compile("coffee"))
    held[0].fulfill(json={"translation": "late", "release": "v0"})
    opened.catch_up()
    expect(opened.target).to_have_value(re.compile("coffee"))


def test_clearing_empties_both_sides(opened: Opened) -> None:
    opened.translate(WEATHER)
    expect(opened.target).not_to_have_value("")
    opened.button("Clear the text").click()
    expect(opened.source).to_have_value("")
    expect(opened.source).to_be_focused()
    expect(opened.target).to_have_value("")
    expect(opened.button("Copy")).to_be_disabled()


# Limits


def test_characters_are_counted_as_the_service_counts_them(opened: Opened) -> None:
    opened.source.fill("天气😀")
    expect(opened.page.locator("#count")).to_have_text("3 / 5,000 characters")


def test_a_text_that_is_too_long_is_not_sent(opened: Opened) -> None:
    opened.translate("字" * 5003)
    expect(opened.page.locator("#count")).to_have_text("5,003 / 5,000 characters")
    expect(opened.notice).to_have_text(re.compile("5,003 characters, and 5,000 fit. Shorten it by 3."))
    expect(opened.source).to_have_attribute("aria-invalid", "true")
    assert opened.sent() == []


def test_a_text_far_too_long_is_not_counted(opened: Opened) -> None:
    opened.translate("字" * 10_000)
    expect(opened.page.locator("#count")).to_have_text("10,000 / 5,000 characters")
    opened.translate("字" * 10_001)
    expect(opened.page.locator("#count")).to_have_text("> 5,000 / 5,000 characters")
    expect(opened.notice).to_contain_text("The text has more than the 5,000 characters that fit.")
    expect(opened.button("Try again")).to_be_hidden()
    expect(opened.source).to_have_attribute("aria-invalid", "true")
    assert opened.sent() == []


def test_a_text_that_nobody_can_see_is_not_sent(opened: Opened) -> None:
    refused = [code for code in range(0x10000) if not normalise(chr(code)).strip()]
    assert {0x20, 0x200B, 0xD800, 0xDFFF} < set(refused)
    # High surrogates would pair with low ones after them.
    opened.page.evaluate(
        "(codes) => { document.getElementById('source').value = String.fromCodePoint(...codes); }",
        sorted(refused, reverse=True),
    )
    opened.button("Translate").click()
    expect(opened.notice).to_have_text(re.compile("Type or paste a Chinese text first."))
    assert opened.sent() == []


def test_an_empty_text_is_asked_for(opened: Opened) -> None:
    opened.button("Translate").click()
    expect(opened.notice).to_have_text(re.compile("Type or paste a Chinese text first."))
    assert opened.sent() == []


# Copying, swapping, history


def test_the_translation_is_copied(timed: Opened) -> None:
    timed.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    timed.translate(WEATHER)
    timed.button("Copy").click()
    expect(timed.button("Copied")).to_be_visible()
    assert "weather" in timed.page.evaluate("() => navigator.clipboard.readText()")
    timed.page.clock.run_for(2000)
    expect(timed.button("Copy")).to_be_visible()


def test_the_translation_is_copied_where_the_browser_offers_no_clipboard(timed: Opened) -> None:
    timed.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    timed.translate(WEATHER)
    timed.button("Copy").click()
    expect(timed.button("Copied")).to_be_focused()
    timed.source.fill("")
    timed.source.press("Control+V")
    expect(timed.source).to_have_value(re.compile("weather"))


def test_swapping_is_disabled_and_says_why(opened: Opened) -> None:
    swap, reason = opened.button("Swap the languages"), opened.page.get_by_role("tooltip")
    expect(swap).to_be_disabled()
    expect(swap).to_have_accessible_description(re.compile("Only Chinese to English"))
    expect(reason).to_be_hidden()
    swap.focus()
    expect(reason).to_be_visible()
    swap.press("Escape")
    expect(reason).to_be_hidden()
    opened.source.focus()
    swap.hover()
    expect(reason).to_be_visible()


def test_a_tap_on_the_disabled_button_says_why(pages: Pages) -> None:
    opened = pages.open(has_touch=True)
    opened.make_small()
    opened.button("Swap the languages").tap(force=True)
    expect(opened.page.get_by_role("tooltip")).to_be_in_viewport(ratio=1)
    expect(opened.page.get_by_role("status")).to_have_text(re.compile("Only Chinese to English"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_says_why_covers_no_translation_on_a_small_screen(language: str, opened: Opened) -> None:
    opened.make_small()
    _choose(opened, language)
    opened.page.locator("#swap").hover()
    expect(opened.page.get_by_role("tooltip")).to_be_visible()
    assert _place(opened.page, "#swap")[3] < _place(opened.page, "#swap-reason")[1]
    assert _place(opened.page, "#swap-reason")[3] <= _place(opened.page, "#target")[1]


def test_history_brings_a_translation_back_without_asking_again(opened: Opened) -> None:
    for text, word in ((WEATHER, "weather"), (COFFEE, "coffee")):
        opened.translate(text)
        expect(opened.target).to_have_value(re.compile(word))
    expect(opened.entries).to_have_count(2)
    opened.entries.filter(has_text=WEATHER).get_by_role("button").click()
    expect(opened.source).to_have_value(WEATHER)
    expect(opened.target).to_have_value(re.compile("weather"))
    expect(opened.page.locator("#facts")).to_have_text(FACTS)
    assert opened.sent() == [WEATHER, COFFEE]


def test_history_and_screen_readers_get_what_typing_settles_on(timed: Opened) -> None:
    status = timed.page.get_by_role("status")
    for part in ("今天", "天气", "真好，"):
        timed.source.press_sequentially(part)
        timed.answered_within(400)
        expect(timed.target).not_to_have_value("")
        timed.catch_up()
        timed.page.clock.run_for(1499 - 400)
        expect(status).to_have_text("")
        expect(timed.entries).to_have_count(0)
    timed.page.clock.run_for(401)
    expect(timed.entries.locator(".entry-source")).to_have_text(["今天天气真好，"])
    expect(status).to_have_text(re.compile(r"^Translation: \w+"))


def test_what_a_typed_text_grows_into_takes_its_place_in_history(timed: Opened) -> None:
    for text in (COFFEE, WEATHER, WEATHER + COFFEE, COFFEE):
        timed.source.fill(text)
        timed.answered_within(400)
        timed.catch_up()
        timed.source.blur()
        expect(timed.entries.first.locator(".entry-source")).to_have_text(text)
    expect(timed.entries.locator(".entry-source")).to_have_text([COFFEE, WEATHER + COFFEE])


def test_what_was_asked_for_by_hand_stays_in_history(timed: Opened) -> None:
    timed.translate("你好")
    expect(timed.entries).to_have_count(1)
    timed.source.fill("你")
    timed.answered_within(400)
    timed.source.fill("你好")  # now it is typed
    timed.answered_within(400)
    timed.page.clock.run_for(1500)
    timed.translate("你好吗")
    expect(timed.entries.locator(".entry-source")).to_have_text(["你好吗", "你好"])


def test_history_lasts_as_long_as_the_visit_and_can_be_cleared(opened: Opened) -> None:
    opened.translate(WEATHER)
    expect(opened.entries).to_have_count(1)
    opened.reload()
    expect(opened.entries).to_have_count(1)
    opened.button("Clear the history").click()
    expect(opened.entries).to_have_count(0)
    expect(opened.source).to_be_focused()
    opened.reload()
    expect(opened.page.get_by_role("heading", name="Try one of these")).to_be_visible()


# What other programs at the same address leave in the browser


@pytest.mark.parametrize(
    "values",
    [
        *(dict.fromkeys(KEPT, value) for value in ('{"a": 1}', "5", "[null]", '["en"]', "{")),
        {"history": '[{"source": 1}]', "language": '"toString"', "key": '"密钥"'},
    ],
    ids=str,
)
def test_what_somebody_else_has_kept_changes_nothing(values: dict[str, str], opened: Opened) -> None:
    opened.start_over_with({f"translator.{name}": value for name, value in values.items()})
    expect(opened.page.get_by_role("radio", name="English")).to_be_checked()
    expect(opened.page.get_by_role("radio", name="Colours as in your system")).to_be_checked()
    expect(opened.page.get_by_text("An API key is used in this tab.")).to_be_hidden()
    expect(opened.entries).to_have_count(0)
    opened.button(COFFEE).click()
    expect(opened.entries).to_have_count(1)
    assert opened.sent_keys() == [None]


def test_everything_is_kept_under_the_names_of_the_translator(opened: Opened) -> None:
    opened.page.get_by_role("radio", name="Dark colours").check()
    _choose(opened, "English", "中文")
    _ask(opened)
    opened.page.locator("#key").fill(KEY)
    opened.page.unroute_all()
    opened.page.locator("#key").press("Enter")
    expect(opened.entries).to_have_count(1)
    names = opened.page.evaluate(
        "() => [localStorage, sessionStorage].map((area) => Object.keys(area).sort())"
    )
    assert names == [
        ["translator.language", "translator.theme"],
        ["translator.history", "translator.key"],
    ]


# Errors in words


def test_a_service_that_cannot_be_reached_is_named_and_can_be_tried_again(timed: Opened) -> None:
    timed.page.route("**/translate", lambda route: route.abort("connectionrefused"), times=1)
    timed.translate(WEATHER)
    expect(timed.notice).to_contain_text("The service cannot be reached.")
    timed.button("Try again").click()
    expect(timed.target).to_have_value(re.compile("weather"))
    expect(timed.notice).to_be_hidden()


def test_a_service_that_comes_back_is_found_without_a_click(timed: Opened) -> None:
    timed.page.route("**/translate", lambda route: route.abort("connectionrefused"), times=1)
    timed.translate(WEATHER)
    expect(timed.notice).to_contain_text("The service cannot be reached.")
    timed.page.clock.run_for(3999)
    assert timed.sent() == [WEATHER]
    timed.answered_within(1)
    expect(timed.target).to_have_value(re.compile("weather"))
    expect(timed.entries).to_have_count(1)


def test_a_service_that_stays_away_is_asked_once_more_and_quietly(timed: Opened) -> None:
    held: list[Route] = []
    timed.page.route(
        "**/translate", lambda route: held.append(route) if timed.watched.texts()[1:] else route.abort()
    )
    timed.source.fill(WEATHER)
    with timed.page.expect_event("requestfailed"):
        timed.page.clock.run_for(400)
    expect(timed.notice).to_contain_text("The service cannot be reached.")
    with timed.page.expect_request("**/translate"):
        timed.page.clock.run_for(4000)
    expect(timed.notice).to_be_visible()
    expect(timed.page.locator("#answer")).to_have_attribute("aria-busy", "false")
    with timed.page.expect_event("requestfailed"):
        held[0].abort()
    timed.page.clock.fast_forward(600_000)
    expect(timed.notice).to_contain_text("The service cannot be reached.")
    assert timed.sent() == [WEATHER, WEATHER]


def test_a_text_typed_offline_is_translated_when_the_connection_is_back(opened: Opened) -> None:
    opened.page.context.set_offline(True)
    opened.source.fill(WEATHER)
    expect(opened.notice).to_contain_text("You are offline.")
    opened.page.context.set_offline(False)
    expect(opened.target).to_have_value(re.compile("weather"))


def test_a_busy_service_is_asked_once_more_when_it_said_so(timed: Opened) -> None:
    timed.page.route("**/translate", refuse(503, "64 requests wait already.", Retry_After="2"), times=1)
    timed.source.fill(WEATHER)
    timed.answered_within(400)
    expect(timed.notice).to_contain_text("The service is busy.")
    expect(timed.notice).to_contain_text("64 requests wait already.")
    expect(timed.notice).to_contain_text("Trying again in 2 seconds.")
    timed.page.clock.run_for(1000)
    expect(timed.notice).to_contain_text("Trying again in 1 second.")
    timed.answered_within(1000)
    expect(timed.target).to_have_value(re.compile("weather"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_stays_busy_is_not_asked_in_a_loop(status: int, timed: Opened) -> None:
    timed.page.route("**/translate", refuse(status, "Come back later.", Retry_After="1"))
    timed.source.fill(WEATHER)
    timed.answered_within(400)
    expect(timed.notice).to_contain_text("Trying again in 1 second.")
    timed.answered_within(1000)
    expect(timed.notice).to_contain_text("Try again in 1 second.")
    timed.page.clock.fast_forward(600_000)
    assert timed.sent() == [WEATHER, WEATHER]


def test_typing_on_does_not_press_a_busy_service(timed: Opened) -> None:
    timed.page.route("**/translate", refuse(429, "60 per minute are yours.", Retry_After="30"), times=1)
    timed.source.fill("今天")
    timed.answered_within(400)
    expect(timed.notice).to_contain_text("Trying again in 30 seconds.")
    timed.source.fill(WEATHER)
    timed.page.clock.run_for(29_000)
    assert timed.sent() == ["今天"]
    timed.answered_within(1000)
    assert timed.sent() == ["今天", WEATHER]


def test_a_long_wait_is_left_to_the_reader(timed: Opened) -> None:
    timed.page.route("**/translate", refuse(429, "The day's quota is used up.", Retry_After="3600"))
    timed.source.fill(WEATHER)
    timed.answered_within(400)
    expect(timed.notice).to_contain_text("Try again in 60 minutes.")
    timed.page.clock.fast_forward(4_000_000)
    assert timed.sent() == [WEATHER]


def test_a_failure_names_the_request_for_a_report(opened: Opened) -> None:
    opened.page.route("**/translate", refuse(500, "Something broke.", X_Request_ID="7b1c9d"))
    opened.translate(WEATHER)
    expect(opened.notice).to_contain_text("The service has a problem (status 500).")
    expect(opened.notice).to_contain_text("7b1c9d")
    expect(opened.page.get_by_role("status")).to_have_text(re.compile("The service has a problem"))


def test_an_answer_of_somebody_else_is_not_taken_for_a_translation(opened: Opened) -> None:
    opened.page.route("**/translate", lambda route: route.fulfill(body="<p>Sign in</p>"))
    opened.translate(WEATHER)
    expect(opened.notice).to_contain_text("The answer is not one of this service’s.")


# API keys


def test_a_service_that_wants_a_key_gets_it(guarded: Opened) -> None:
    guarded.translate(WEATHER)
    key = guarded.page.get_by_label("API key")
    expect(guarded.notice).to_contain_text("This service asks for an API key.")
    expect(key).to_be_focused()
    key.fill("wrong-key")
    key.press("Enter")
    expect(guarded.notice).to_contain_text("The service does not accept this API key.")
    key.fill(KEY)
    guarded.button("Use this key").click()
    expect(guarded.target).to_have_value(re.compile("weather"))
    assert guarded.sent_keys() == [None, "Bearer wrong-key", f"Bearer {KEY}"]


def test_a_key_lasts_as_long_as_the_visit_and_can_be_forgotten(guarded: Opened) -> None:
    guarded.translate(WEATHER)
    guarded.page.get_by_label("API key").fill(KEY)
    guarded.button("Use this key").click()
    expect(guarded.page.get_by_text("An API key is used in this tab.")).to_be_visible()
    guarded.reload()
    guarded.translate(COFFEE)
    expect(guarded.target).to_have_value(re.compile("coffee"))
    guarded.button("Forget it").click()
    guarded.translate(WEATHER)
    expect(guarded.notice).to_contain_text("This service asks for an API key.")
    assert guarded.page.evaluate("() => JSON.stringify(localStorage)") == "{}"


def test_a_key_that_no_header_can_hold_is_refused_in_words(guarded: Opened) -> None:
    guarded.translate(WEATHER)
    guarded.page.get_by_label("API key").fill("密钥")
    guarded.button("Use this key").click()
    expect(guarded.notice).to_contain_text("only Latin letters, digits and signs")
    assert guarded.sent_keys() == [None]


# Colours and languages


def test_colours_follow_the_system(opened: Opened) -> None:
    light_ground, light_text = grounds(opened.page)
    opened.page.emulate_media(color_scheme="dark")
    dark_ground, dark_text = grounds(opened.page)
    opened.page.emulate_media(color_scheme="null")
    assert brightness(light_ground) > 600 > 100 > brightness(light_text)
    assert brightness(dark_ground) < 100 < 600 < brightness(dark_text)


def test_chosen_colours_stay(opened: Opened) -> None:
    light = grounds(opened.page)
    opened.page.get_by_role("radio", name="Dark colours").check()
    dark = grounds(opened.page)
    assert brightness(dark[0]) < brightness(light[0])
    opened.reload()
    assert grounds(opened.page) == dark
    opened.page.get_by_role("radio", name="Colours as in your system").check()
    assert grounds(opened.page) == light


def _choose(opened: Opened, *languages: str) -> None:
    for language in languages:
        opened.page.get_by_role("radio", name=language).check()


def _leave(_: Opened) -> None:
    """The page as it is before anybody has asked for anything."""


def _fill(opened: Opened) -> None:
    opened.translate(COFFEE)
    expect(opened.entries).to_have_count(1)


def _overfill(opened: Opened) -> None:
    """A word without a place to break, in both columns and in the history."""
    word = "a" * 300
    opened.page.route(
        "**/translate", lambda route: route.fulfill(json={"translation": word, "release": word})
    )
    opened.translate(word)
    expect(opened.entries).to_have_count(2)


def _fail(opened: Opened) -> None:
    opened.page.route("**/translate", refuse(504, "It took too long.", X_Request_ID="7b1c9d"))
    opened.translate(WEATHER)
    expect(opened.notice).to_be_visible()


def _ask(opened: Opened) -> None:
    opened.page.route("**/translate", refuse(401, "Send a key.", WWW_Authenticate="Bearer"))
    opened.translate(WEATHER)
    expect(opened.page.locator("#key")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(scheme: Any, opened: Opened) -> None:
    opened.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert faint_texts(opened.page) == []
    for prepare in (_fill, _fail, _ask):
        prepare(opened)
        assert faint_texts(opened.page) == []


def test_a_chinese_reader_gets_a_chinese_page(pages: Pages) -> None:
    opened = pages.open(locale="zh-CN")
    expect(opened.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(opened.page).to_have_title("中译英翻译器")
    opened.source.fill(WEATHER)
    opened.button("翻译").click()
    expect(opened.target).to_have_value(re.compile("weather"))
    expect(opened.page.locator("#facts")).to_have_text(re.compile(r"^版本 v0\.0\.0-unknown · [\d,]+ 毫秒$"))
    _fail(opened)
    expect(opened.notice).to_contain_text("翻译超时")


def test_a_chosen_language_changes_all_words_and_stays(opened: Opened) -> None:
    _fail(opened)
    opened.page.get_by_role("radio", name="中文").check()
    expect(opened.notice).to_contain_text("翻译超时")
    expect(opened.button("翻译")).to_be_visible()
    opened.reload()
    expect(opened.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    opened.page.get_by_role("radio", name="English").check()
    expect(opened.page.locator("html")).to_have_attribute("lang", "en")
    expect(opened.button("Translate")).to_be_visible()


def test_both_languages_say_the_same_things(opened: Opened) -> None:
    english, chinese = opened.page.evaluate(
        """async () => {
          const { messages } = await import("/assets/messages.js");
          const names = (words) => [...Object.keys(words), ...Object.keys(words.failures)];
          return [names(messages.en), names(messages.zh)];
        }"""
    )
    assert english == chinese


# For every reader and every screen


def test_nothing_scrolls_sideways_on_a_small_screen(opened: Opened) -> None:
    opened.make_small()
    for prepare in (_leave, _fill, _overfill, _fail, _ask):
        prepare(opened)
        for language in LANGUAGES:
            _choose(opened, language)
            assert overflow(opened.page) == 0, (prepare, language)


def _place(page: Page, name: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    box = page.locator(name).bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def test_the_columns_stand_side_by_side_where_there_is_room(opened: Opened) -> None:
    source, target = _place(opened.page, "#form"), _place(opened.page, "#answer")
    assert (source[1], source[3]) == (target[1], target[3])
    assert source[2] < target[0]


def test_the_columns_are_stacked_on_a_small_screen(opened: Opened) -> None:
    opened.make_small()
    source, target = _place(opened.page, "#form"), _place(opened.page, "#answer")
    assert (source[0], source[2]) == (target[0], target[2])
    assert source[3] < target[1]


def test_the_keyboard_reaches_everything_and_shows_where_it_is(opened: Opened) -> None:
    expect(opened.source).to_be_focused()
    _fill(opened)
    entry = opened.entries.get_by_role("button").inner_text().replace("\n", "")
    after = ["translate", "swap", "target", "copy", "clear-history", entry, "API documentation", "OpenAPI"]
    found = focus_order(opened.page, "Tab", len(after))
    assert [re.sub(r"\s+", "", name) for name in found] == [re.sub(r"\s+", "", name) for name in after]
    opened.source.focus()
    assert focus_order(opened.page, "Shift+Tab", 3) == ["clear", "auto", "en"]
    opened.page.keyboard.press("ArrowRight")
    expect(opened.page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_screen_readers_have_a_name_for_everything(opened: Opened) -> None:
    for prepare in (_leave, _fill, _fail, _ask):
        prepare(opened)
        for language in LANGUAGES:
            _choose(opened, language)
            assert nameless(opened.page) == [], (prepare, language)


def test_the_footer_leads_to_the_documentation(opened: Opened) -> None:
    links = opened.page.get_by_role("navigation", name="Documentation").get_by_role("link")
    expect(links).to_have_count(2)
    for link in links.all():
        address = link.evaluate("(link) => link.href")
        assert opened.page.request.get(address).ok, address


def test_nothing_moves_for_those_who_ask_for_it(opened: Opened) -> None:
    opened.page.emulate_media(reduced_motion="reduce")
    opened.page.route("**/translate", lambda _: None)
    opened.translate(WEATHER)
    expect(opened.page.locator("#answer")).to_have_attribute("aria-busy", "true")
    bar = "() => getComputedStyle(document.querySelector('.progress'), '::after').animationName"
    assert opened.page.evaluate(bar) == "none"


def test_every_module_is_fetched_at_once(opened: Opened) -> None:
    wanted = opened.page.locator("link[rel=modulepreload], script[src]")
    named = wanted.evaluate_all("(links) => links.map((link) => link.href || link.src)")
    fetched = [request.url for request in opened.watched.requests if request.url.endswith(".js")]
    assert sorted(fetched) == sorted(named)
