"""The benchmark's sentences: the service and the engine alone must have the same work."""

from collections.abc import Callable

import pytest

from service_parts import corpus
from translator.text.sentences import split


@pytest.mark.parametrize("texts", [corpus.sentences, corpus.pairs])
def test_the_service_translates_each_text_in_one_piece(texts: Callable[[int], list[str]]) -> None:
    found = texts(2_000)
    assert len(set(found)) == 2_000
    assert {len(split(text).pieces) for text in found} == {1}
