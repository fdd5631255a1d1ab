"""A night in numbers that every question of the validation passes."""

from threads_pipelines.dataset.night import SCORE_BINS, Night

FLAT = [10] * SCORE_BINS
NIGHT = Night(
    interactions=1000,
    types={"view": 700, "click": 200, "like": 80, "share": 20},
    orphans=0,
    rows_read=2000,
    users=100,
    cold_users=20,
    newest_hours=1.0,
    candidates=50,
    rows=1000,
    users_served=100,
    posts_served=40,
    scores=FLAT,
)
