"""The check of all services before a run: an asset in large jobs, an op in small ones."""

from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.health import findings as health
from threads_pipelines.health.findings import Finding, HealthLimits
from threads_pipelines.health.probes import run_health_checks


class ServicesConfig(dg.Config):
    """Limits of the checks of disk space and clocks."""

    free_gigabytes: float = Field(
        1.0, ge=0, description="Least free disk space at the state folder, in GB."
    )
    skew_seconds: float = Field(
        30.0, gt=0, description="Most that a server's clock may differ from this machine's."
    )

    def limits(self) -> HealthLimits:
        """Return the limits in the form that ``run_health_checks`` takes.

        Returns:
            The limits.
        """
        return HealthLimits(self.free_gigabytes, self.skew_seconds)


@asset(
    group_name="operations",
    kinds={"postgres", "s3"},
    code_version="1",
    description="Checks every service before the run starts: the database and its tables, S3 by "
    "writing and reading, the text model, Dagster's storage, disk space and clocks. The run stops "
    "here if a service that it needs fails. `threads-pipelines check` runs the same checks.",
    metadata=columns(part="text", ok="bool", found="text", seconds="float64", advice="text"),
)
def check_services(
    context: dg.AssetExecutionContext, config: ServicesConfig
) -> dg.MaterializeResult:
    """Check all services; fail with one line if one that the run needs fails."""
    findings = run_health_checks(settings.load(), limits=config.limits())
    table = _require(context.log, findings)
    return dg.MaterializeResult(metadata=rows_made(len(findings), parts=table))


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Checks the services that the job needs; stops the job if one fails.",
)
def check_parts(context: dg.OpExecutionContext, config: ServicesConfig) -> None:
    """Check the services that the run needs, in a job of ops."""
    _require(context.log, run_health_checks(settings.load(), health.NIGHTLY_PARTS, config.limits()))


def _require(log: dg.DagsterLogManager, findings: Sequence[Finding]) -> dg.MarkdownMetadataValue:
    """Return the findings as a table; raise ``dagster.Failure`` if a service that a run needs
    fails.

    A missing text model is only a warning, because templates can write all texts.
    """
    rows = [(f.part, f.ok, f.found, round(f.seconds, 2), f.advice) for f in findings]
    table = preview(["part", "ok", "found", "seconds", "what to do"], rows)
    fault = health.stops_a_run(findings, health.NIGHTLY_PARTS)
    if fault:
        raise dg.Failure(
            f"Stopped before anything was done: {fault}",
            metadata={"parts": table},
            allow_retries=False,
        )
    for finding in findings:
        if not finding.ok:
            log.warning(f"{finding.part} (not needed now): {finding.found}")
    return table
