"""Computes tests/statistics/reference.json: python3 tests/statistics/reference.py > tests/statistics/reference.json

scipy 1.17.1 gives every number but Newcombe's intervals and McNemar's correlation, which follow the papers' formulas from
scipy's Wilson intervals.
"""

import json
from math import asin, sqrt

import numpy as np
import scipy
from scipy import special, stats


def wilson(count, of, level):
    interval = stats.binomtest(count, of).proportion_ci(confidence_level=level, method="wilson")
    return count / of, interval.low, interval.high


def hedges(df):
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / sqrt(df / 2)) if df >= 2 else None


def paired(a, b, level):
    a, b = np.array(a, float), np.array(b, float)
    test = stats.ttest_rel(a, b)
    low, high = test.confidence_interval(level)
    d = (a - b).mean() / (a - b).std(ddof=1)
    j = hedges(len(a) - 1)
    return dict(a=list(a), b=list(b), level=level, statistic=test.statistic, p=test.pvalue, df=float(test.df), low=low,
                high=high, d=d, corrected=None if j is None else d * j)


def welch(a, b, level, equal_var=False):
    a, b = np.array(a, float), np.array(b, float)
    test = stats.ttest_ind(a, b, equal_var=equal_var)
    low, high = test.confidence_interval(level)
    squares = ((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()
    df = len(a) + len(b) - 2
    d = (a.mean() - b.mean()) / sqrt(squares / df)
    j = hedges(df)
    return dict(a=list(a), b=list(b), level=level, statistic=test.statistic, p=test.pvalue, df=float(test.df), low=low,
                high=high, d=d, corrected=None if j is None else d * j)


def proportions(k1, n1, k2, n2, level):
    p1, l1, u1 = wilson(k1, n1, level)
    p2, l2, u2 = wilson(k2, n2, level)
    pooled = (k1 + k2) / (n1 + n2)
    z = (p1 - p2) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return dict(a=[k1, n1], b=[k2, n2], level=level, low=p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2),
                high=p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2), statistic=z, p=2 * stats.norm.sf(abs(z)),
                h=2 * asin(sqrt(p1)) - 2 * asin(sqrt(p2)))


def mcnemar(both, only_a, only_b, neither, level):
    n = both + only_a + only_b + neither
    p1, l1, u1 = wilson(both + only_a, n, level)
    p2, l2, u2 = wilson(both + only_b, n, level)
    product = both * neither - only_a * only_b
    if product > 0:
        product = max(product - n / 2, 0)
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    phi = product / sqrt(margins) if margins else 0
    return dict(counts=[both, only_a, only_b, neither], level=level,
                p=stats.binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0,
                low=p1 - p2 - sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2),
                high=p1 - p2 + sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2))


def bootstrap(values, level):
    drawn = stats.bootstrap((np.array(values, float),), np.mean, confidence_level=level, method="percentile",
                            n_resamples=200_000, rng=np.random.default_rng(0))
    return dict(values=values, level=level, low=drawn.confidence_interval.low, high=drawn.confidence_interval.high)


print(json.dumps(dict(
    scipy=scipy.__version__,
    paired=[paired([97.7, 94.3, 97.7], [0.7, 1.3, 0.3], 0.95), paired([1, 2, 4, 8, 5], [1.5, 1, 2, 9, 4], 0.9),
            paired([10, 12], [9, 9.5], 0.95), paired(list(range(20)), [i + (i * 7 % 5) for i in range(20)], 0.99)],
    welch=[welch([97.7, 94.3, 97.7], [0.7, 1.3, 0.3, 5], 0.95), welch([1, 2, 4, 8, 5], [1.5, 1, 2], 0.9),
           welch([1e6, 1e6 + 1, 1e6 + 5], [1e6 - 3, 1e6 + 2], 0.95)],
    student=[welch([10], [1, 2, 4, 8, 5], 0.95, True), welch([1.5, 1, 2], [7], 0.9, True)],
    proportions=[proportions(56, 70, 48, 80, 0.95), proportions(0, 300, 293, 300, 0.95), proportions(10, 10, 0, 20, 0.9),
                 proportions(261, 300, 264, 300, 0.95)],
    mcnemar=[mcnemar(1, 1, 7, 12, 0.95), mcnemar(200, 40, 21, 39, 0.95), mcnemar(0, 0, 0, 10, 0.95),
             mcnemar(293, 7, 0, 0, 0.95), mcnemar(100_000, 5_000, 4_000, 50_000, 0.95)],
    bootstrap=[bootstrap([97.7, 94.3, 97.7, 96, 91], 0.95), bootstrap([1, 2, 4, 8, 16, 9, 3], 0.9)],
), default=float, indent=1))
