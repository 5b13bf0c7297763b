"""Compute quantiles of the normal distribution and of Student's t."""

from statistics import NormalDist

NORMAL = NormalDist()


def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t, to three decimals from nine degrees of freedom on.

    Abramowitz and Stegun 1964, Handbook of Mathematical Functions, formula 26.7.5.
    """
    z = NORMAL.inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))
