"""The main job, end to end on real servers: what the app finds, and what happens when it is odd."""

from datetime import timedelta

import dagster as dg
import pytest

from tests.defs.conftest import NOW, SMALL, TODAY, World, days_ago
from threads_pipelines.storage.feeds import find_readers, read_feed

AS_OF = {"interaction_matrix": {"config": {"as_of": NOW.isoformat()}}}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {
        evaluation.check_name: evaluation.passed
        for evaluation in result.get_asset_check_evaluations()
    }


def test_from_seeds_to_a_feed_for_everyone(world: World) -> None:
    result = world.run("full_pipeline", ops=AS_OF)
    assert all(checks(result).values()), checks(result)
    users = {row[0] for row in world.query('SELECT id FROM "user"')}
    sizes = dict(
        world.query(
            "SELECT user_id, count(*) FROM user_recommendation"
            " WHERE expires_at > now() AT TIME ZONE 'UTC' GROUP BY user_id"
        )
    )
    assert set(sizes) == users
    assert sum(size == 50 for size in sizes.values()) >= 0.99 * len(users)
    (reader,) = find_readers(world.engine, NOW, others=1)
    feed = read_feed(world.engine, reader.id, NOW)
    scores = [row.score or 0.0 for row in feed]
    assert scores == sorted(scores, reverse=True)
    assert world.query("SELECT DISTINCT generated_at, expires_at FROM user_recommendation") == [
        (NOW, NOW + timedelta(hours=48))
    ]
    assert not world.query(
        "SELECT 1 FROM user_recommendation r JOIN post p ON p.id = r.post_id"
        " WHERE p.user_id = r.user_id OR p.original_post_id IS NOT NULL"
        " OR EXISTS (SELECT 1 FROM user_interaction i WHERE i.user_id = r.user_id"
        " AND i.post_id = r.post_id)"
    )

    before = world.feeds()
    counts = world.query("SELECT count(*) FROM user_interaction")
    again = world.run("full_pipeline", ops=AS_OF)
    assert again.success
    assert world.feeds() == before, "the same pinned time gives the same rows"
    assert world.query("SELECT count(*) FROM user_interaction") == counts, "nothing is added twice"

    late = world.run("nightly_recommendations", partition=days_ago(1))
    published = late.asset_materializations_for_node("user_recommendation")[0]
    assert str(published.metadata["state"].value).startswith("archived")
    assert world.feeds() == before, "an older day never overwrites newer rows"


def test_a_bad_seed_file_stops_everything_downstream(world: World) -> None:
    world.store.put("seeds/seed_posts.json", b'[{"id": "one", "topic": "knitting"}]')
    result = world.run("full_pipeline", raise_on_error=False)
    assert not result.success
    failure = result.failure_data_for_node("seed_posts")
    assert failure is not None
    assert failure.error is not None
    message = str(failure.error.cause.message if failure.error.cause else failure.error.message)
    for part in ("seeds/seed_posts.json", "entry 1 (one)", "topic", "content: is missing"):
        assert part in message
    assert world.query('SELECT count(*) FROM "user"') == [(0,)]


def test_without_the_model_server_templates_write_and_the_run_says_so(world: World) -> None:
    config = {"synthetic": {"config": {**SMALL, "gemma_texts": 5}}}
    result = world.run("generate_synthetic_data", resources=config)
    (made,) = result.asset_materializations_for_node("post_variations")
    assert made.metadata["sources"].value == {"template": SMALL["posts"]}
    assert "does not answer" in str(made.metadata["model"].value)


def test_another_population_under_the_same_run_key_is_refused(world: World) -> None:
    world.run("generate_synthetic_data")
    config = {"synthetic": {"config": {**SMALL, "users": 61}}}
    with pytest.raises(Exception, match=r"users was 60 and is 61.*choose another run_key"):
        world.run("generate_synthetic_data", resources=config)


def test_synthetic_accounts_keep_out_of_a_real_app(world: World) -> None:
    world.query(
        'INSERT INTO "user" (id, email, username, created_at, updated_at)'
        " SELECT 'real-' || n, n || '@example.org', 'real' || n, now() - interval '1 h', now()"
        " FROM generate_series(1, 5) n;"
        " INSERT INTO post (id, user_id, content, created_at, updated_at)"
        " SELECT 'post-' || n, 'real-' || n, 'A word about bread ' || n,"
        " now() - interval '1 h', now()"
        " FROM generate_series(1, 5) n; COMMIT; SELECT 1"
    )
    refused = world.run("generate_synthetic_data", raise_on_error=False)
    assert not refused.success
    assert world.query('SELECT count(*) FROM "user"') == [(5,)]
    allowed = {"synthetic": {"config": {**SMALL, "with_real_accounts": True}}}
    world.run("generate_synthetic_data", resources=allowed)
    world.run("nightly_recommendations", partition=TODAY)
    rows = world.query(
        "SELECT DISTINCT r.user_id LIKE 'real-%%', r.post_id LIKE 'post-%%'"
        " FROM user_recommendation r"
    )
    assert rows == [(True, True)]
    sizes = world.query("SELECT user_id, count(*) FROM user_recommendation GROUP BY 1 ORDER BY 1")
    assert sizes == [(f"real-{n}", 4) for n in range(1, 6)]


def test_an_app_without_the_contract_is_told_what_differs(world: World) -> None:
    world.query("ALTER TABLE user_interaction DROP COLUMN metadata; COMMIT; SELECT 1")
    result = world.run("nightly_recommendations", raise_on_error=False)
    assert not result.success
    text = "".join(
        str(event.event_specific_data) for event in result.all_events if event.is_step_failure
    )
    assert "metadata" in text
    assert "user_interaction" in text
