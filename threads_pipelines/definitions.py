"""The one Dagster code location: ``defs`` is what workspace.yaml and ``dg`` load."""

from threads_pipelines.defs.build import build_defs

defs = build_defs()
