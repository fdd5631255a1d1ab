import numpy as np
import pytest

from threads_pipelines.experiment.sessions import (
    EVENT_KINDS,
    OUTCOMES,
    ExperimentEvents,
    Sessions,
    sessions,
)
from threads_pipelines.experiment.settings import ReportSettings

SETTINGS = ReportSettings(session_gap_minutes=30, longest_view_seconds=60)
MINUTE = 60


def events(*rows: tuple) -> ExperimentEvents:
    """Events from (user, kind, minute) and for a view optionally (source, duration in ms)."""
    full = [(*row, "feed", np.nan)[:5] if len(row) == 3 else (*row, np.nan)[:5] for row in rows]
    return ExperimentEvents(
        user=np.array([row[0] for row in full], np.int32),
        kind=np.array([EVENT_KINDS.index(row[1]) for row in full], np.int8),
        at=np.array([round(row[2] * MINUTE) for row in full], np.int64),
        from_feed=np.array([row[3] == "feed" for row in full], bool),
        duration_ms=np.array([row[4] for row in full], np.float64),
    )


def column(found: Sessions, name: str) -> list[float]:
    return list(found.outcomes[:, OUTCOMES.index(name)])


def test_silence_longer_than_the_gap_ends_a_session() -> None:
    found = sessions(
        events((0, "view", 61), (0, "view", 0), (0, "view", 30), (1, "view", 31)), SETTINGS
    )

    assert found.user.tolist() == [0, 0, 1]
    assert (found.start / MINUTE).tolist() == [0, 61, 31]


def test_outcome_belongs_to_the_latest_session_within_the_gap() -> None:
    found = sessions(
        events(
            (0, "view", 0),
            (0, "click", 0),  # the same client batch
            (0, "comment", 30),
            (0, "share", 30.5),  # too late
            (0, "view", 100),
            (0, "like", 99),  # before any view of this session
            (0, "like", 101, "profile"),
            (1, "click", 0),  # never saw the feed
        ),
        SETTINGS,
    )

    assert column(found, "clicks") == [1, 0]
    assert column(found, "comments") == [1, 0]
    assert column(found, "shares") == [0, 0]
    assert column(found, "likes") == [0, 1]
    assert found.unattributed == 3


def test_views_elsewhere_are_no_exposure() -> None:
    found = sessions(events((0, "view", 0, "profile", 5000.0), (0, "click", 1)), SETTINGS)

    assert len(found.user) == 0
    assert found.outcomes.shape == (0, len(OUTCOMES))
    assert found.unattributed == 1


def test_dwell_counts_usable_durations_up_to_the_longest() -> None:
    durations = (1500.0, np.nan, -1000.0, np.inf, 1e9, 500.0)
    rows = [(0, "view", minute, "feed", value) for minute, value in enumerate(durations)]

    assert column(sessions(events(*rows), SETTINGS), "dwell_seconds") == [1.5 + 60 + 60 + 0.5]


def test_nothing_happened() -> None:
    assert len(sessions(events(), SETTINGS).user) == 0


def test_order_of_events_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    count = 400
    given = ExperimentEvents(
        user=rng.integers(0, 9, count).astype(np.int32),
        kind=rng.integers(0, len(EVENT_KINDS), count).astype(np.int8),
        at=rng.integers(0, 40_000, count),
        from_feed=rng.random(count) < 0.8,
        duration_ms=rng.integers(0, 4000, count).astype(np.float64),
    )
    mixed = rng.permutation(count)
    shuffled = ExperimentEvents(
        *(getattr(given, name)[mixed] for name in ExperimentEvents.__slots__)
    )

    one, other = sessions(given, SETTINGS), sessions(shuffled, SETTINGS)

    assert len(one.user) > 20
    np.testing.assert_array_equal(one.user, other.user)
    np.testing.assert_array_equal(one.start, other.start)
    np.testing.assert_allclose(one.outcomes, other.outcomes)
    assert one.outcomes.sum(axis=0)[OUTCOMES.index("clicks")] == pytest.approx(
        slow_clicks(given, 30 * MINUTE)
    )


def slow_clicks(given: ExperimentEvents, gap: int) -> int:
    """Clicks within the gap after a feed view, by looking at every pair."""
    click, view = EVENT_KINDS.index("click"), EVENT_KINDS.index("view")
    seen = (given.kind == view) & given.from_feed
    return sum(
        bool(np.any(seen & (given.user == user) & (given.at <= at) & (at - given.at <= gap)))
        for user, at in zip(
            given.user[given.kind == click], given.at[given.kind == click], strict=True
        )
    )
