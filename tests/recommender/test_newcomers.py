"""People without history get popularity of their own, and grow into the personal ranking."""

import numpy as np

from tests.recommender.worlds import world
from threads_pipelines.dataset.scored_rows import TRENDING
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.tune import tune

# Post 0 has been popular for long, post 1 is popular now; user 8 has no history.
OLD_AND_NEW = [*((u, 0, 3, 300) for u in range(5)), *((u, 1, 3, 1) for u in range(5, 8))]


def first(settings: RecommenderSettings, snapshot: Snapshot, user: int) -> int:
    return int(fit(snapshot, settings).recommend(np.array([user]), 3).post[0])


def test_newcomers_have_a_half_life_of_their_own() -> None:
    snapshot = world(OLD_AND_NEW, 9, 3)
    for known in (None, 2.0):
        settings = RecommenderSettings().changed(
            {"popularity.half_life_hours": known, "popularity.exponent": 1.0}
        )
        assert first(settings, snapshot, 8) == 0
        quick = settings.changed({"newcomers.half_life_hours": 12.0})
        assert first(quick, snapshot, 8) == 1
        reasons = fit(snapshot, quick).recommend(np.array([8]), 3).reason
        assert (reasons == TRENDING).all()


def test_a_feed_grows_personal_with_the_history() -> None:
    # Post 9 is everybody's; two friends of each user share the user's own posts and one more.
    crowd = [(u, 9, 3, 1) for u in range(20, 50)]
    friends = [(u, p, 3, 1) for u in (10, 11) for p in (0, 1, 2, 3, 4, 5)]
    users = [(n, p, 3, 1) for n in (1, 2, 5) for p in range(n)]
    snapshot = world([*crowd, *friends, *users], 50, 10)
    settings = RecommenderSettings().changed({"newcomers.share": 0.2})
    model = fit(snapshot, settings)
    shares = []
    for user in (0, 1, 2, 5):
        rows = model.recommend(np.array([user]), 10)
        score = dict(zip(rows.post.tolist(), rows.score.tolist(), strict=True))
        shares.append(score[5] / score[9])
    assert shares == sorted(shares), "the more history, the more the friends' post counts"
    assert shares[0] < shares[1] < shares[3]
    plain = fit(snapshot, RecommenderSettings()).recommend(np.array([5]), 10)
    assert plain.post.tolist() == model.recommend(np.array([5]), 10).post.tolist()


def test_the_half_life_of_newcomers_is_chosen_on_cold_people() -> None:
    # Every hour some new people come and act on the post that was always the most popular one,
    # while known people move on to what is new.
    rng = np.random.default_rng(5)
    events, user = [], 40
    for hour in range(96):
        for known in rng.choice(40, 4, replace=False):
            events.append((int(known), 1 + hour // 3, 3, 96 - hour))
        for _ in range(2):
            events.append((user, 0, 3, 96 - hour))
            user += 1
    snapshot = world(events, user, 40)
    chosen = tune(snapshot, seed=0, budget=1.0).chosen
    rows = fit(snapshot, chosen).recommend(np.array([0]), 1)
    assert len(rows) == 1
    newcomer = fit(world(events, user + 1, 40), chosen).recommend(np.array([user]), 1)
    assert newcomer.post.tolist() == [0]
