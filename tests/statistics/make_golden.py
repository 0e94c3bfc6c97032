#!/usr/bin/python3
"""Writes golden.csv: what SciPy makes of the samples that tests/statistics give to normlab.

    tests/statistics/make_golden.py            # Debian's python3-scipy 1.10.1 and python3-numpy

Each row is one number: case, quantity, value. The samples themselves are rows too (a0, a1, ..., b0,
...). Where SciPy has no function for a quantity, its formula is written out here from the source that
the header in src/normlab/statistics names, with SciPy's distributions. The same command on the same
packages writes the same numbers.
"""

import csv
import itertools
import math
import pathlib

import numpy
from scipy import integrate, optimize, special, stats

SEED = 4


def rounded(generator, middle, spread, n):
    """Accuracies in percent of 10,000 images, so that there are ties."""
    return numpy.round(generator.normal(middle, spread, n), 2)


def samples():
    generator = numpy.random.default_rng(SEED)
    yield "pairs-2", generator.normal(99.1, 0.1, 2), generator.normal(99.0, 0.1, 2)
    yield "pairs-5", generator.normal(99.1, 0.1, 5), generator.normal(99.0, 0.1, 5)
    yield "pairs-12", generator.normal(99.15, 0.1, 12), generator.normal(99.1, 0.05, 12)
    yield "ties-9", rounded(generator, 99.12, 0.03, 9), rounded(generator, 99.1, 0.03, 9)
    yield "unequal-7-4", generator.normal(99.1, 0.05, 7), generator.normal(98.9, 0.3, 4)
    yield "unequal-5-3", rounded(generator, 98.0, 0.02, 5), rounded(generator, 98.01, 0.02, 3)
    yield "skewed-30", 100 - generator.exponential(0.8, 30), 100 - generator.exponential(1.0, 30)


def t_quantile(p, degrees):
    """stats.t.ppf is good to nine digits where the degrees are not whole; a step of Newton's mends it."""
    t = stats.t.ppf(p, degrees)
    return t - (stats.t.cdf(t, degrees) - p) / stats.t.pdf(t, degrees)


def t_interval(middle, error, degrees, confidence=0.95):
    reach = t_quantile((1 + confidence) / 2, degrees) * error
    return middle - reach, middle + reach


def of_one(x):
    n = len(x)
    yield "mean", numpy.mean(x)
    yield "sd", numpy.std(x, ddof=1)
    yield "median", numpy.median(x)
    yield "iqm", stats.trim_mean(x, 0.25)
    low, high = t_interval(numpy.mean(x), stats.sem(x), n - 1)
    yield "t.low", low
    yield "t.high", high
    low, high = t_interval(numpy.mean(x), stats.sem(x), n - 1, 0.9)
    yield "t90.low", low
    yield "t90.high", high


def size_of_welch_t(x, y, axis=-1):
    # Rounded, because SciPy 1.10 takes arrangements that tie but for their last digits for less extreme.
    return numpy.round(numpy.abs(stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic), 9)


def mean_of_first(x, axis=-1):
    return numpy.mean(x, axis=axis)


def newcombe(share, n, m):
    """The ends where |share - p| = z error(p), Newcombe 2006, method 5."""
    z = stats.norm.ppf(0.975)

    def distance(p):
        others = (n + m) / 2 - 1
        variance = p * (1 - p) * (1 + others * (1 - p) / (2 - p) + others * p / (1 + p)) / (n * m)
        return (share - p) ** 2 - z * z * variance

    # Where the share is 0 or 1, it is an end itself and another root.
    low = 0.0 if share == 0 else optimize.brentq(distance, 1e-15, min(share, 1 - 1e-9), xtol=1e-15)
    high = 1.0 if share == 1 else optimize.brentq(distance, max(share, 1e-9), 1 - 1e-15, xtol=1e-15)
    return low, high


def of_pairs(a, b):
    n = len(a)
    d = a - b
    yield "paired.mean", numpy.mean(d)
    low, high = t_interval(numpy.mean(d), stats.sem(d), n - 1)
    yield "paired.low", low
    yield "paired.high", high
    yield "paired.dz", numpy.mean(d) / numpy.std(d, ddof=1)
    if n <= 12:
        # permutation_type "samples" exchanges within pairs; of one sample: it flips signs.
        yield "paired.p", stats.permutation_test(
            (d,), mean_of_first, permutation_type="samples", vectorized=True,
            n_resamples=numpy.inf).pvalue
    wins = numpy.sum(a > b) + 0.5 * numpy.sum(a == b)
    yield "paired.improvement", wins / n
    if wins == int(wins):
        interval = stats.binomtest(int(wins), n).proportion_ci(0.95, method="wilson")
        yield "paired.improvement.low", interval.low
        yield "paired.improvement.high", interval.high


def of_two(a, b):
    n, m = len(a), len(b)
    yield "welch.mean", numpy.mean(a) - numpy.mean(b)
    variances = numpy.var(a, ddof=1) / n, numpy.var(b, ddof=1) / m
    degrees = sum(variances) ** 2 / (variances[0] ** 2 / (n - 1) + variances[1] ** 2 / (m - 1))
    low, high = t_interval(numpy.mean(a) - numpy.mean(b), math.sqrt(sum(variances)), degrees)
    yield "welch.degrees", degrees
    yield "welch.low", low
    yield "welch.high", high
    pooled = math.sqrt(((n - 1) * numpy.var(a, ddof=1) + (m - 1) * numpy.var(b, ddof=1)) / (n + m - 2))
    half = (n + m - 2) / 2
    correction = special.gamma(half) / (math.sqrt(half) * special.gamma(half - 0.5))
    yield "welch.g", correction * (numpy.mean(a) - numpy.mean(b)) / pooled
    if math.comb(n + m, n) <= 2**16 and min(n, m) > 2:
        yield "welch.p", stats.permutation_test(
            (a, b), size_of_welch_t, permutation_type="independent", vectorized=True,
            n_resamples=numpy.inf, alternative="greater").pvalue
    u = stats.mannwhitneyu(a, b).statistic
    yield "welch.improvement", u / (n * m)
    low, high = newcombe(u / (n * m), n, m)
    yield "welch.improvement.low", low
    yield "welch.improvement.high", high


def bca(x):
    """SciPy's interval, and the resampled means that it was made from, for our interval to use."""
    result = stats.bootstrap((x,), numpy.mean, n_resamples=999, method="BCa", random_state=SEED)
    yield "bca.low", result.confidence_interval.low
    yield "bca.high", result.confidence_interval.high
    for i, value in enumerate(sorted(result.bootstrap_distribution)):
        yield f"bca.mean{i}", value


def power_of(degrees, shift, level):
    """P(|T| > limit) of the noncentral t as its definition has it: a normal over a chi.

    Not scipy.stats.nct: that is Boost's, as normlab's is, and warns of divisions by zero here.
    """
    limit = t_quantile(1 - level / 2, degrees)

    def density(s):
        beyond = stats.norm.sf(limit * s - shift) + stats.norm.cdf(-limit * s - shift)
        return beyond * math.sqrt(degrees) * stats.chi.pdf(s * math.sqrt(degrees), degrees)

    middle = 5 / math.sqrt(degrees)
    pieces = sorted({0.0, max(0.0, 1 - middle), 1.0, 1 + middle, 1 + 3 * middle})
    return sum(integrate.quad(density, low, high, epsabs=1e-13)[0] for low, high in zip(pieces, pieces[1:]))


def paired_power(effect, n, level):
    return power_of(n - 1, effect * math.sqrt(n), level)


def unpaired_power(effect, n, level):
    return power_of(2 * n - 2, effect * math.sqrt(n / 2), level)


def least(reaches):
    """The first n from 2 on; power rises with n."""
    low, high = 1, 2
    while not reaches(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def plans():
    for effect, level in itertools.product((0.2, 0.5, 1.0, 2.5), (0.05, 0.01)):
        for kind, power in ("pairs", paired_power), ("values", unpaired_power):
            yield f"{kind}.{effect}.{level}", least(lambda n: power(effect, n, level) >= 0.8)
    for n in (2, 5, 30):
        yield f"power.pairs.0.7.{n}", paired_power(0.7, n, 0.05)
        yield f"power.values.0.7.{n}", unpaired_power(0.7, n, 0.05)


def mcnemars():
    for first, second in ((0, 1), (0, 5), (5, 1), (2, 8), (30, 30), (112, 75), (400, 600)):
        yield f"{first}.{second}", stats.binomtest(first, first + second, 0.5).pvalue


def main():
    with open(pathlib.Path(__file__).with_name("golden.csv"), "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["case", "quantity", "value"])

        def write(case, quantities):
            for quantity, value in quantities:
                table.writerow([case, quantity, repr(float(value))])

        for case, a, b in samples():
            write(case, ((f"a{i}", value) for i, value in enumerate(a)))
            write(case, ((f"b{i}", value) for i, value in enumerate(b)))
            write(case, ((f"a.{name}", value) for name, value in of_one(a)))
            write(case, of_two(a, b))
            if len(a) == len(b):
                write(case, of_pairs(a, b))
        write("bca", ((f"a{i}", value) for i, value in enumerate(a)))
        write("bca", bca(a))
        write("plan", plans())
        write("mcnemar", mcnemars())


if __name__ == "__main__":
    main()
