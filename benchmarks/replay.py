"""Plays a file of interactions forward and serves feeds every 24, 6, 3, 1 and 1/4 hours.

    python -m benchmarks.replay FILE.csv.gz

The file's last days, each of 24 hours, end with its last event. The settings of a day are chosen on
what came before it, as by the night that begins it. An event counts for the feed that was live when
it happened: of people who were known when the day began, on pairs that were not seen before.
Trending is served at the same times, so that freshness alone is not the whole gain.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from benchmarks.report import write_report
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.baselines import recent_popularity
from threads_pipelines.evaluation.bootstrap import resamples
from threads_pipelines.evaluation.split import DAY, split_events
from threads_pipelines.files.reading import read_snapshot
from threads_pipelines.recommender.fit import fit
from threads_pipelines.refresh.people import RefreshRule, people_to_refresh
from threads_pipelines.tuning.tune import tune

HOURS = (24.0, 6.0, 3.0, 1.0, 0.25)
TOP_K = 50
MISSED = 1 << 20
"""Rank of a post that is not in the feed."""
RULES = (6.0, 12.0, 24.0, 48.0)
"""Hours of activity after which people are not refreshed, compared with refreshing everybody."""
Users = NDArray[np.int32]
Ranker = Callable[[Snapshot, Users], ScoredRows]


@dataclass(frozen=True, slots=True)
class Day:
    """The events of one day that a feed can be right about.

    cut: epoch seconds at which it begins. user, post, at: (n,) sorted by time.
    """

    cut: int
    user: Users
    post: NDArray[np.int32]
    at: NDArray[np.int64]

    @property
    def users(self) -> Users:
        """Everybody who acts on the day."""
        return np.unique(self.user)


@dataclass(frozen=True, slots=True)
class Served:
    """What a day's feeds were: the rank of each event's post, and how much was written.

    rank: (n,), MISSED where the post was not in the feed. written: feeds written after the first
    of the day, as a share of all known people's at each time.
    """

    rank: NDArray[np.int64]
    written: float
    reached: float
    """Share of the events whose person was served at the time before."""


def day_of(snapshot: Snapshot, cut: int) -> Day:
    """Events in (cut, cut + DAY] of people known at ``cut``, the first of each pair."""
    events = snapshot.interactions
    order = np.argsort(events.at, kind="stable")
    user, post, at = events.user[order], events.post[order], events.at[order]
    pairs = user.astype(np.int64) * len(snapshot.posts.ids) + post
    first = np.zeros(len(pairs), bool)
    first[np.unique(pairs, return_index=True)[1]] = True
    known = np.bincount(user[at <= cut], minlength=len(snapshot.users.ids)) > 0
    chosen = first & known[user] & (at > cut) & (at <= cut + DAY)
    return Day(cut, user[chosen], post[chosen], at[chosen])


def as_of(snapshot: Snapshot, instant: int) -> Snapshot:
    """The snapshot as it would have been read at an instant."""
    before = snapshot.interactions.at <= instant
    return split_events(snapshot, before, ~before, instant).train


def serve(
    snapshot: Snapshot, day: Day, hours: float, rank: Ranker, rule: RefreshRule | None = None
) -> Served:
    """Serve a day every so many hours; after the first time only those whom the rule chooses."""
    step, width = round(hours * 3600), len(snapshot.posts.ids)
    everyone = day.users
    live = np.empty((0, 2), np.int64)  # of all people: pairs as one number, and their ranks
    ranks, reached = np.full(len(day.at), MISSED), 0
    written: list[float] = []
    for start in range(day.cut, day.cut + DAY, step):
        past = as_of(snapshot, start)
        served = everyone
        if rule is not None and start > day.cut:
            people = people_to_refresh(past, (), (), rule)
            known = np.unique(past.interactions.user)
            written.append(np.isin(people, known).sum() / len(known))
            served = np.intersect1d(everyone, people).astype(np.int32)
        rows = rank(past, served)
        keys = rows.user.astype(np.int64) * width + rows.post
        old = live[~np.isin(live[:, 0] // width, served)]
        live = np.concatenate([old, np.stack([keys, rows.rank.astype(np.int64)], axis=1)])
        live = live[np.argsort(live[:, 0])]
        now = slice(*np.searchsorted(day.at, (start, start + step), "right"))
        reached += int(np.isin(day.user[now], served).sum()) if start > day.cut else 0
        asked = day.user[now].astype(np.int64) * width + day.post[now]
        place = np.minimum(np.searchsorted(live[:, 0], asked), len(live) - 1)
        ranks[now] = np.where(live[place, 0] == asked, live[place, 1], MISSED)
    later = int((day.at > day.cut + step).sum())
    return Served(
        ranks,
        float(np.mean(written)) if written else 1.0,
        reached / later if later else 1.0,
    )


def measures(day: Day, rank: NDArray[np.int64], rng: np.random.Generator) -> dict[str, object]:
    """Hit@10 and @50 over events, recall@10 over people, with 95% intervals over people."""
    users, place = np.unique(day.user, return_inverse=True)
    events = np.bincount(place).astype(float)
    found = {k: np.bincount(place, rank <= k).astype(float) for k in (10, 50)}
    table = np.column_stack([found[10], found[50], events, found[10] / events])
    sums = np.concatenate([weights @ table for _, weights in resamples(len(users), 1000, rng)])
    drawn = {
        "hit@10": sums[:, 0] / sums[:, 2],
        "hit@50": sums[:, 1] / sums[:, 2],
        "recall@10": sums[:, 3] / len(users),
    }
    means = {
        "hit@10": found[10].sum() / len(day.at),
        "hit@50": found[50].sum() / len(day.at),
        "recall@10": (found[10] / events).mean(),
    }
    result: dict[str, object] = {}
    for name, mean in means.items():
        low, high = np.percentile(drawn[name], (2.5, 97.5))
        result |= {name: float(mean), f"{name} low": float(low), f"{name} high": float(high)}
    return result


def trending(past: Snapshot, users: Users) -> ScoredRows:
    return recent_popularity(past, users, TOP_K)


def row(
    what: str, label: str, hours: float, day: Day, served: Served, rng: np.random.Generator
) -> dict[str, object]:
    name = f"{label} {what} {hours:g} h"
    found = measures(day, served.rank, rng)
    click.echo(f"{name:32} hit@10 {found['hit@10']:.4f}  {found['recall@10']:.4f}", err=True)
    said = {"what": name, "day": label, "feed": what, "hours": hours, "events": len(day.at)}
    return {**said, **found, "events reached": served.reached, "feeds written": served.written}


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--days", default=3, show_default=True, help="Last days of the file to replay.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(".state/bench"))
def main(file: Path, days: int, out: Path) -> None:
    """Replay FILE: user_id, post_id, created_at and, where it is, interaction_type."""
    snapshot = read_snapshot(file).snapshot
    end, rng = int(snapshot.interactions.at.max()), np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for back in range(days, 0, -1):
        day = day_of(snapshot, end - back * DAY)
        label = "last day" if back == 1 else f"day -{back}"
        settings = tune(as_of(snapshot, day.cut)).chosen

        def ours(past: Snapshot, users: Users, settings=settings) -> ScoredRows:  # type: ignore[no-untyped-def]
            return fit(past, settings).recommend(users, TOP_K)

        for hours in HOURS:
            for what, ranker in (("ours", ours), ("trending", trending)):
                rows.append(row(what, label, hours, day, serve(snapshot, day, hours, ranker), rng))
        for active in RULES:
            served = serve(snapshot, day, 1.0, ours, RefreshRule(active))
            rows.append(row(f"ours, active {active:g} h", label, 1.0, day, served, rng))
    title = f"Replay of the last {days} days of {file.name}"
    click.echo(write_report("replay", rows, out, title=title))
    draw(rows, out / "replay.png")


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Hit@10 of the last day by how often feeds are made, with intervals."""
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for what, colour in (("ours", "#0f62fe"), ("trending", "#8d99a6")):
        mine = [r for r in rows if r["feed"] == what and r["day"] == "last day"]
        mean, low, high = (
            np.array([float(str(r[f"hit@10{end}"])) for r in mine]) for end in ("", " low", " high")
        )
        axes.errorbar(
            range(len(mine)), mean, (mean - low, high - mean), marker="o", color=colour, label=what,
            capsize=3,
        )  # fmt: skip
        for place, value in enumerate(mean):
            axes.annotate(f"{value:.3f}", (place, value), (0, 7), textcoords="offset points",
                          ha="center", fontsize=8, color=colour)  # fmt: skip
    names = {24.0: "once a day", 0.25: "every 15 min", 1.0: "every hour"}
    axes.set_xticks(range(len(HOURS)), [names.get(h, f"every {h:g} h") for h in HOURS])
    axes.set(ylabel="hit@10", ylim=(0, None))
    axes.set_title("Re-shares found in the first 10 of the feed that was live", loc="left")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
