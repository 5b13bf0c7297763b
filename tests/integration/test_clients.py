"""The official clients of DeepL and LibreTranslate work with this service as their server."""

import json
from collections.abc import Callable, Iterator
from urllib.error import HTTPError

import deepl
import pytest
from libretranslatepy import LibreTranslateAPI  # type: ignore[import-untyped]

from translator.access.keys import entry, make_key
from unit.translator.service_process import Services

WEATHER, NICE = "北京天气很好。", "The weather in Beijing is nice."
TEST, TESTED = "这是一段测试文本。", "This is a test text."
KEY = make_key()


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., str]]:
    services = Services()

    def start_ready(**environment: str) -> str:
        service = services.start(**environment)
        service.wait_for("/readyz", 200)
        return f"http://127.0.0.1:{service.port}"

    yield start_ready
    services.end()


@pytest.fixture(scope="module")
def server(start: Callable[..., str]) -> str:
    return start()


@pytest.fixture(scope="module")
def guarded_server(start: Callable[..., str]) -> str:
    return start(API_KEYS=entry("tester", KEY), OPEN_STATUS="true")


@pytest.fixture(params=[deepl.Translator, deepl.DeepLClient])
def make_deepl(request: pytest.FixtureRequest) -> type[deepl.Translator]:
    made: type[deepl.Translator] = request.param
    return made


def test_deepls_client_translates(server: str, make_deepl: type[deepl.Translator]) -> None:
    client = make_deepl("any", server_url=server)
    one = client.translate_text(WEATHER, target_lang="EN-US")
    assert isinstance(one, deepl.TextResult)
    assert (one.text, one.detected_source_lang, one.billed_characters) == (NICE, "ZH", 7)
    many = client.translate_text(
        [TEST, "", WEATHER],
        source_lang="ZH",
        target_lang="EN-GB",
        split_sentences=deepl.SplitSentences.ALL,
        preserve_formatting=True,
        formality=deepl.Formality.PREFER_MORE,
        context="天气",
        model_type="quality_optimized",
    )
    assert isinstance(many, list)
    assert [each.text for each in many] == [TESTED, "", NICE]


def test_deepls_client_learns_what_there_is(server: str) -> None:
    client = deepl.DeepLClient("any", server_url=server)
    assert [each.code for each in client.get_source_languages()] == ["ZH"]
    assert [each.code for each in client.get_target_languages()] == ["EN-GB", "EN-US"]
    assert not client.get_usage().any_limit_reached


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target_lang": "DE"}, "Chinese into English only"),
        ({"target_lang": "EN-US", "source_lang": "JA"}, "Chinese into English only"),
        ({"target_lang": "EN-US", "tag_handling": "html"}, '"tag_handling" must be left out'),
    ],
)
def test_deepls_client_is_told_in_words_what_is_wrong(
    options: dict[str, str], words: str, server: str
) -> None:
    client = deepl.DeepLClient("any", server_url=server)
    with pytest.raises(deepl.DeepLException, match=words):
        client.translate_text(WEATHER, **options)  # type: ignore[arg-type]  # a case has only some


def test_deepls_client_sends_its_key(guarded_server: str) -> None:
    client = deepl.DeepLClient(KEY, server_url=guarded_server)
    result = client.translate_text(WEATHER, target_lang="EN-US")
    assert isinstance(result, deepl.TextResult)
    assert result.text == NICE


@pytest.mark.parametrize(
    ("key", "words"), [("wrong", "The API key is unknown"), (" ", "A credential is needed")]
)
def test_deepls_client_knows_that_its_key_is_at_fault(key: str, words: str, guarded_server: str) -> None:
    client = deepl.DeepLClient(key, server_url=guarded_server)
    with pytest.raises(deepl.AuthorizationException, match=words):
        client.translate_text(WEATHER, target_lang="EN-US")
    with pytest.raises(deepl.AuthorizationException, match=words):
        client.get_source_languages()
    with pytest.raises(deepl.AuthorizationException, match=words):
        client.get_usage()


def test_libretranslates_client_translates(server: str) -> None:
    client = LibreTranslateAPI(server)
    assert client.translate(WEATHER, "zh", "en") == NICE
    assert client.translate(WEATHER, "auto", "en") == NICE


def test_libretranslates_client_learns_what_there_is(server: str) -> None:
    pairs = {each["code"]: each["targets"] for each in LibreTranslateAPI(server).languages()}
    assert pairs == {"zh": ["en"], "en": []}


def test_libretranslates_client_is_told_in_words_what_is_wrong(server: str) -> None:
    with pytest.raises(HTTPError) as raised:
        LibreTranslateAPI(server).translate(WEATHER, "zh", "fr")
    with raised.value as answer:
        assert answer.code == 400
        assert "Chinese into English only" in json.load(answer)["error"]


def test_libretranslates_client_sends_its_key(guarded_server: str) -> None:
    assert LibreTranslateAPI(guarded_server, api_key=KEY).translate(WEATHER, "zh", "en") == NICE
    with pytest.raises(HTTPError) as raised:
        LibreTranslateAPI(guarded_server, api_key="wrong").translate(WEATHER, "zh", "en")
    with raised.value as answer:
        assert answer.code == 401
