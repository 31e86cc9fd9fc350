"""Computes tests/statistics/power-law-reference.json with scipy 1.17.1:
python3 tests/statistics/power-law-reference.py > tests/statistics/power-law-reference.json"""

import json

import numpy as np
import scipy
from scipy import stats


def law(xs, ys, level):
    fit = stats.linregress(np.log(xs), np.log(ys))
    half = stats.t.ppf(0.5 + level / 2, len(xs) - 2) * fit.stderr
    return dict(xs=xs, ys=ys, level=level, exponent=-fit.slope, sd=fit.stderr, low=-fit.slope - half,
                high=-fit.slope + half, coefficient=float(np.exp(fit.intercept)), r2=fit.rvalue**2)


def of_errors(n, xs, seed):
    """A bootstrap over puzzles that are solved from a depth of their own on."""
    solved_at = np.random.default_rng(seed).pareto(0.5, n) + 1
    right = (solved_at[:, None] <= np.array(xs)[None, :]).astype(float)

    def exponent(rows):
        return -np.polyfit(np.log(xs), np.log(1 - right[rows].mean(axis=0)), 1)[0]

    drawn = stats.bootstrap((np.arange(n),), exponent, vectorized=False, confidence_level=0.95, method="percentile",
                            n_resamples=20_000, rng=np.random.default_rng(0))
    return dict(xs=xs, first=[int(np.argmax(row)) if row.any() else len(xs) for row in right],
                exponent=exponent(np.arange(n)), low=drawn.confidence_interval.low, high=drawn.confidence_interval.high)


print(json.dumps(dict(
    scipy=scipy.__version__,
    laws=[law([16, 32, 64, 128, 256], [20.9, 18.6, 16.5, 15.03, 13.74], 0.95),
          law([1, 5, 10, 25, 100], [23.60, 16.67, 15.34, 12.69, 9.73], 0.95),
          law([1, 2, 4, 8], [0.5, 0.3, 0.35, 0.1], 0.9)],
    errors=of_errors(400, [1, 2, 4, 8, 16], 7),
), default=float))
