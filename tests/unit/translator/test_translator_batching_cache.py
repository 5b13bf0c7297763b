"""The cache stays within its bytes, forgets what was not used for longest, and mixes nothing up."""

import threading
import tracemalloc
from dataclasses import fields, replace

import pytest

from translator.batching.cache import Cache
from translator.engines.protocol import Decoding


def test_what_was_remembered_is_found_and_nothing_else() -> None:
    cache = Cache(10_000, "checksum", Decoding())
    cache.remember({"你好": "Hello", "再见": "Goodbye"})
    assert cache.find(["你好", "谢谢", "再见"]) == {"你好": "Hello", "再见": "Goodbye"}


@pytest.mark.parametrize("setting", [each.name for each in fields(Decoding)])
def test_what_was_searched_for_with_another_setting_is_not_found(setting: str) -> None:
    """A process has one model and one cache; its keys hold for one that several would share."""
    other = replace(Decoding(), **{setting: getattr(Decoding(), setting) + 1})
    caches = [Cache(10_000, "checksum", decoding) for decoding in (Decoding(), other)]
    caches += [Cache(10_000, "another model", Decoding())]
    assert len({cache._key("你好") for cache in caches}) == len(caches)


def test_the_least_recently_used_is_forgotten_first() -> None:
    cache = Cache(2_000, "checksum", Decoding())
    cache.remember({"a": "A", "b": "B", "c": "C"})
    cache.find(["a"])
    cache.remember({"d": "D"})
    assert set(cache.find("abcd")) == {"a", "c", "d"}


def test_it_never_uses_more_than_it_may() -> None:
    cache = Cache(50_000, "checksum", Decoding())
    for number in range(1000):
        cache.remember({f"{number}" * 10: "x" * (number % 300)})
        assert cache.bytes <= 50_000
    assert cache.bytes > 45_000


def test_a_translation_larger_than_the_cache_is_not_kept_and_pushes_nothing_out() -> None:
    cache = Cache(5_000, "checksum", Decoding())
    cache.remember({"small": "kept"})
    cache.remember({"large": "x" * 10_000})
    assert cache.find(["small", "large"]) == {"small": "kept"}


def test_without_bytes_nothing_is_remembered() -> None:
    cache = Cache(0, "checksum", Decoding())
    cache.remember({"a": "A"})
    assert (cache.find(["a"]), cache.bytes) == ({}, 0)


def test_an_empty_output_is_an_output() -> None:
    cache = Cache(5_000, "checksum", Decoding())
    cache.remember({"a": ""})
    assert cache.find(["a"]) == {"a": ""}


def test_its_bytes_are_what_the_memory_says() -> None:
    cache = Cache(100_000_000, "checksum", Decoding())
    entries = [
        (f"第{number:05}句话要翻译", f"This is sentence {number:05} to translate.")
        for number in range(10_000)
    ]
    tracemalloc.start()
    for source, output in entries:
        cache.remember({source[:1] + source[1:]: output[:1] + output[1:]})
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.7 < used / cache.bytes < 1.1


def test_many_threads_at_a_time_do_not_harm_it() -> None:
    cache = Cache(20_000, "checksum", Decoding())
    wrong: list[str] = []

    def use(start: int) -> None:
        for number in range(start, start + 2000):
            key = str(number % 100)
            cache.remember({key: key * 3})
            wrong.extend(found for found in cache.find([key]).values() if found != key * 3)

    threads = [threading.Thread(target=use, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.bytes <= 20_000
