"""What an event counts for the feeds of other people: the trust that ``fit`` is given."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.recommender.worlds import random_world, world
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.presets import PACES
from threads_pipelines.recommender.settings import RecommenderSettings

DEFAULT = RecommenderSettings()
KINDS = {
    "default": DEFAULT,
    "pace_days": PACES["pace_days"],
    "linear": DEFAULT.changed({"similar_posts.model": "linear"}),
    "global view": DEFAULT.changed({"spectral.share": 0.5, "spectral.rank": 8}),
    "weighted people": DEFAULT.changed({"similar_people.weighted": True}),
    "capped": DEFAULT.changed({"events.exact_reads": 1.0, "events.history_cap": 5}),
}


def scored(model: Model) -> tuple[bytes, bytes, bytes, bytes]:
    rows = model.recommend(slice(None), 8)
    return rows.post.tobytes(), rows.score.tobytes(), rows.reason.tobytes(), rows.evidence.tobytes()


@pytest.mark.parametrize("name", KINDS)
def test_trust_of_one_everywhere_changes_no_byte(name: str) -> None:
    for seed in range(3):
        snapshot = random_world(seed, 60, 40, 900)
        ones = np.ones(len(snapshot.interactions), np.float32)
        plain, trusting = fit(snapshot, KINDS[name]), fit(snapshot, KINDS[name], trust=ones)
        assert scored(plain) == scored(trusting)


@pytest.mark.parametrize("name", ["default", "pace_days", "linear", "global view"])
def test_accounts_without_trust_leave_the_feeds_of_others_as_they_would_be_without_them(
    name: str,
) -> None:
    """Twenty accounts push one post; without trust nobody else's feed differs from one in which
    they had only ever seen their posts."""
    snapshot, honest = pushed(random_world(5, 80, 40, 1200), target=7, fakes=20)
    trust = np.ones(len(snapshot.interactions), np.float32)
    trust[snapshot.interactions.user >= honest] = 0
    before, after = (
        fit(one, KINDS[name], trust=given).recommend(np.arange(honest), 8)
        for one, given in (
            (snapshot, trust),
            (without_events(snapshot, honest), np.zeros(0, np.float32)),
        )
    )
    assert np.array_equal(before.post, after.post)
    assert np.allclose(before.score, after.score, rtol=1e-4)


def test_the_feed_of_the_account_itself_stays_personal() -> None:
    """An account whose events count for nobody else still finds what is like its own history."""
    events = [(u, p) for u in range(6) for p in (0, 1, 2)] + [(u, p) for u in range(6, 12) for p in
              (3, 4, 5)] + [(12, 0), (12, 1)]  # fmt: skip
    snapshot = world(events, 13, 6)
    trust = np.ones(len(events), np.float32)
    trust[-2:] = 0
    feed = fit(snapshot, DEFAULT, trust=trust).recommend(np.array([12]), 4)
    assert feed.post[0] == 2


def test_a_post_without_trusted_events_takes_no_place_of_untouched_posts() -> None:
    events = [(u, p) for u in range(6) for p in (0, 1, 2)] + [(6, 3), (7, 3)]
    trust = np.ones(len(events), np.float32)
    trust[-2:] = 0
    model = fit(world(events, 8, 5), DEFAULT, trust=trust)
    assert model.posts.untouched.tolist() == [4]


def pushed(snapshot: Snapshot, target: int, fakes: int) -> tuple[Snapshot, int]:
    """The snapshot with accounts at its end that repeat others' histories and push a target."""
    events, honest = snapshot.interactions, len(snapshot.users.ids)
    user, post = [events.user], [events.post]
    for fake in range(fakes):
        copied = events.post[events.user == fake]
        user.append(np.full(len(copied) + 1, honest + fake, np.int32))
        post.append(np.append(copied, np.int32(target)))
    users, posts = np.concatenate(user), np.concatenate(post)
    added = len(users) - len(events)
    mask = csr_matrix(
        (np.ones(len(users), bool), (users, posts)), (honest + fakes, len(snapshot.posts.ids))
    )
    mask.sum_duplicates()
    more = {
        "ids": np.append(snapshot.users.ids, [f"z{fake:03}" for fake in range(fakes)]),
        "followers": np.append(snapshot.users.followers, np.zeros(fakes, np.int32)),
        "receives": np.ones(honest + fakes, bool),
    }
    return (
        replace(
            snapshot,
            users=replace(snapshot.users, **more),
            interactions=replace(
                events,
                user=users,
                post=posts,
                kind=np.append(events.kind, np.full(added, 3, np.int8)),
                at=np.append(events.at, np.full(added, snapshot.as_of - 3600)),
            ),
            seen=mask,
        ),
        honest,
    )


def without_events(snapshot: Snapshot, honest: int) -> Snapshot:
    """The snapshot without the events of the accounts from ``honest`` on."""
    events = snapshot.interactions
    mine = events.user < honest
    fields = ("user", "post", "kind", "at")
    return replace(
        snapshot,
        interactions=replace(events, **{name: getattr(events, name)[mine] for name in fields}),
    )
