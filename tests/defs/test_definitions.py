"""What every asset, job and schedule owes the person who opens the UI."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from threads_pipelines.definitions import defs
from threads_pipelines.project_files import PROJECT_ROOT
from tools.asset_graph import nodes
from tools.graph import PALETTE, draw


def specs() -> list[dg.AssetSpec]:
    graph = defs.resolve_asset_graph()
    return [graph.get(key).to_asset_spec() for key in sorted(graph.get_all_asset_keys())]


SPECS = specs()


def test_there_are_assets() -> None:
    assert {"seed_posts", "interaction_matrix", "knn_model", "user_recommendation"} <= {
        spec.key.to_user_string() for spec in SPECS
    }


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key.to_user_string())
def test_an_asset_says_what_it_is(spec: dg.AssetSpec) -> None:
    assert spec.description
    assert len(spec.description) > 40
    assert spec.owners
    assert spec.kinds
    assert spec.group_name in PALETTE
    assert spec.code_version
    assert spec.metadata["dagster/column_schema"].columns


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key.to_user_string())
def test_every_config_field_is_described(spec: dg.AssetSpec) -> None:
    op = defs.resolve_assets_def(spec.key).op
    fields = getattr(op.config_schema.config_type, "fields", {})
    assert all(field.description for field in fields.values()), op.name
    assert not any(field.is_required for field in fields.values()), op.name


def test_the_jobs_have_descriptions_and_launch_with_defaults() -> None:
    for job in defs.jobs or ():
        resolved = defs.resolve_job_def(job.name)
        assert resolved.description
        assert dg.validate_run_config(resolved, {}) is not None


def test_every_job_ends_within_half_a_day() -> None:
    names = [job.name for job in defs.jobs or ()]
    assert "nightly_recommendations" in names
    for name in names:
        assert 0 < int(defs.resolve_job_def(name).tags["dagster/max_runtime"]) <= 12 * 3600, name


def test_the_night_is_scheduled_at_two() -> None:
    schedule = defs.resolve_schedule_def("nightly")
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_the_picture_in_the_readme_is_the_graph() -> None:
    picture = PROJECT_ROOT / "docs" / "asset-graph.svg"
    drawn = draw(nodes(defs), "The asset graph of threads-pipelines")
    assert picture.read_text() == drawn, "run: make docs"


def test_the_workspace_loads_without_a_warning_of_our_own(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error:::threads_pipelines", "-m", "dagster"]
    command += ["definitions", "validate", "-w", str(PROJECT_ROOT / "workspace.yaml")]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "threads_pipelines/" not in finished.stderr
