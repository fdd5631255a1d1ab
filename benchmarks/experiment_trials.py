"""Trial of the experiment's report: does it find what it says, and how often does it cry wolf?

For each seed a pilot without uplift states how many users are needed; then simulated experiments of
that size with a planted uplift of 10%, and without one, are reported on. Exits with 1 where fewer
than 74% are found or more than 9% are false alarms.

    python -m benchmarks.experiment_trials --trials 500 --seeds 1 2 3
"""

import argparse
from collections import Counter

import numpy as np

from threads_pipelines.experiment.settings import ReportSettings
from tools.experiment_trials import Population, trials, users_to_enrol

POPULATIONS = {
    "default": Population(),
    "alike": Population(spread=0.5, click_spread=0.3),
    "unlike": Population(spread=1.3, click_spread=0.8, relation=0.5),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--pilot", type=int, default=2000, help="accounts in the pilot")
    parser.add_argument("--population", choices=POPULATIONS, nargs="+", default=["default"])
    given = parser.parse_args()
    settings, kept = ReportSettings(), True
    print(f"{'population':<10} {'seed':>4} {'accounts':>8} {'found':>7} {'false alarms':>12}")
    for name in given.population:
        for seed in given.seeds:
            rng = np.random.default_rng(seed)
            population = POPULATIONS[name]
            users = users_to_enrol(given.pilot, population, settings, rng)
            planted = settings.target_uplift
            found = Counter(trials(given.trials, users, planted, population, settings, rng))
            alarms = Counter(trials(given.trials, users, 0.0, population, settings, rng))
            hits = found["treatment"] / given.trials
            wolves = (alarms["treatment"] + alarms["control"]) / given.trials
            kept &= hits >= 0.74 and wolves <= 0.09
            print(f"{name:<10} {seed:>4} {users:>8,} {hits:>7.1%} {wolves:>12.1%}", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
