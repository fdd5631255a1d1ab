from collections.abc import Iterator

import dagster as dg

from threads_pipelines.defs.cost import CPU, PEAK, SECONDS, measured, profile


def one() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 1})


def several() -> Iterator[dg.MaterializeResult]:
    yield dg.MaterializeResult("first")
    yield dg.MaterializeResult("second", metadata={"rows": 2})


def test_a_step_says_what_it_cost() -> None:
    made = [measured(one)(), *measured(several)()]
    for result in made:
        assert result.metadata is not None
        assert 0 <= result.metadata[SECONDS] < 60
        assert 0 <= result.metadata[CPU] < 60
        # Of a Python process with Dagster in it, in MB whatever the system counts in.
        assert 50 < result.metadata[PEAK] < 5_000
    assert [result.metadata.get("rows") for result in made if result.metadata] == [1, None, 2]
    assert [result.asset_key for result in made[1:]] == [
        dg.AssetKey("first"),
        dg.AssetKey("second"),
    ]


def test_a_run_is_profiled_step_by_step() -> None:
    @dg.asset
    @measured
    def first() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"dagster/row_count": 7})

    @dg.asset(deps=[first])
    def silent() -> None:
        """Tells nothing."""

    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([silent, first], instance=instance)
        told, untold = profile(instance, run.run_id)
    assert (told.step, told.rows, untold.step) == ("first", 7, "silent")
    assert told.seconds > 0
    assert told.peak_mb is not None
    assert (untold.cpu, untold.peak_mb, untold.rows) == (None, None, None)
