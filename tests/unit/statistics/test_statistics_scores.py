"""Our formulas give what sacrebleu gives, for any corpus and for thousands of resamples at a time."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from relctl.statistics.clusters import t_quantile
from relctl.statistics.quality_drop import paired
from relctl.statistics.scores import BLEU_SCORE, CHRF_SCORE, TER_SCORE, Score

SCORES = [(BLEU_SCORE, BLEU), (CHRF_SCORE, CHRF), (TER_SCORE, TER)]
WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "slept.", "Dogs", "bark", "42", ""]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


@pytest.mark.parametrize(("score", "metric"), SCORES, ids=lambda each: getattr(each, "name", ""))
@given(pairs=st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=8))
def test_a_corpus_scores_as_sacrebleu_says(
    score: Score, metric: type[BLEU], pairs: list[tuple[str, str]]
) -> None:
    said, wanted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    expected = metric().corpus_score(said, [wanted]).score
    assert score.of(score.count(said, wanted)) == pytest.approx(expected, abs=1e-9)


def test_many_sums_score_as_each_of_them() -> None:
    sums = BLEU_SCORE.count(["the cat sat on a mat", "dogs bark"], ["the cat sat on the mat", "a dog"])
    both = BLEU_SCORE.of_sums(numpy.stack([sums[0], sums[1], sums[0] + sums[1]]))
    assert both.shape == (3,)
    assert both[2] == pytest.approx(BLEU_SCORE.of(sums))
    assert both[0] == pytest.approx(BLEU_SCORE.of(sums[:1]))


def test_a_signature_says_what_makes_scores_comparable() -> None:
    assert "tok:13a" in BLEU_SCORE.signature()
    assert "nc:6" in CHRF_SCORE.signature()
    assert "version:" in TER_SCORE.signature()


def test_a_release_is_no_better_and_no_worse_than_itself() -> None:
    counts = CHRF_SCORE.count(["the cat sat"] * 5, ["the cat sat down"] * 5)
    found = paired(CHRF_SCORE, counts, counts, seed=1)
    assert (found.value, found.lower, found.upper, found.error, found.sentences) == (0, 0, 0, 0, 5)


def test_the_bounds_hold_the_difference_and_shrink_with_the_root_of_the_sample() -> None:
    draw = numpy.random.default_rng(3)
    reference = numpy.stack([numpy.full(4_000, 20.0), numpy.full(4_000, 20.0)], axis=1)
    reference[:, 0] = draw.integers(2, 12, 4_000)
    candidate = reference.copy()
    candidate[:, 0] += draw.integers(-2, 4, 4_000)  # half an edit more, on average
    few, many = (paired(TER_SCORE, candidate[:n], reference[:n], seed=7) for n in (1_000, 4_000))
    assert many.lower < many.value < many.upper
    assert many.value == pytest.approx(100 * 0.5 / 20, abs=0.4)
    assert many.error == pytest.approx(100 * 1.708 / 20 / 4_000**0.5, rel=0.1)
    assert few.error / many.error == pytest.approx(2, rel=0.15)
    assert many.value - many.lower == pytest.approx(1.645 * many.error, rel=0.1)


def test_the_same_seed_gives_the_same_bounds_and_another_one_others() -> None:
    one = CHRF_SCORE.count(
        ["a cat sat", "dogs bark", "the mat"] * 5, ["the cat sat", "a dog barks", "mats"] * 5
    )
    two = CHRF_SCORE.count(["the cat", "dogs", "the mat is"] * 5, ["the cat sat", "a dog barks", "mats"] * 5)
    first, second, other = (paired(CHRF_SCORE, one, two, seed) for seed in (1, 1, 2))
    assert first == second
    assert other.lower != first.lower
    assert other.value == first.value


@pytest.mark.parametrize(
    ("freedom", "expected"), [(9, 1.8331), (14, 1.7613), (29, 1.6991), (59, 1.6711), (199, 1.6525)]
)
def test_quantiles_of_students_t_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert t_quantile(0.95, freedom) == pytest.approx(expected, abs=2e-4)


def test_a_few_badly_wrong_sentences_push_the_lower_bound_out() -> None:
    """A plain percentile would be as far away as the upper bound of the mirrored case, or nearer."""
    reference = numpy.full((200, 2), 20.0)
    reference[:, 0] = 2
    worse, better = reference.copy(), reference.copy()
    worse[:5, 0], better[:5, 0] = 20, -16
    dropped, risen = (paired(TER_SCORE, reference, each, seed=1) for each in (worse, better))
    assert dropped.value - dropped.lower == pytest.approx(risen.upper - risen.value, rel=0.15)
    # Both tails: what five of 200 sentences do may well be twice as much, and is not likely none.
    assert dropped.value - dropped.lower > 1.5 * (dropped.upper - dropped.value)


@pytest.mark.parametrize("sentences", [100, 200, 400])
def test_a_release_worse_by_the_margin_is_refused_about_95_times_of_100(sentences: int) -> None:
    """One sentence in 30 is altogether wrong; the plain percentiles of a bootstrap let more through."""
    draw = numpy.random.default_rng(sentences)
    reference = numpy.tile([2.0, 20.0], (sentences, 1))
    margin = 90 / 30
    promoted = 0
    for _ in range(400):
        candidate = reference.copy()
        candidate[draw.random(sentences) < 1 / 30, 0] += 18
        promoted += paired(TER_SCORE, reference, candidate, seed=1).lower > -margin
    assert promoted / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
