"""The look at the services before a run: an asset of the larger jobs, an op of the smaller ones."""

from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.health import findings as health
from threads_pipelines.health.findings import Finding, HealthLimits
from threads_pipelines.health.probes import look


class ServicesConfig(dg.Config):
    """When the services are well enough for a run."""

    free_gigabytes: float = Field(
        1.0, ge=0, description="Least free disk space at the state folder, in GB."
    )
    skew_seconds: float = Field(
        30.0, gt=0, description="Most that a server's clock may differ from this machine's."
    )

    def limits(self) -> HealthLimits:
        """As ``look`` takes them."""
        return HealthLimits(self.free_gigabytes, self.skew_seconds)


@asset(
    group_name="operations",
    kinds={"postgres", "s3"},
    code_version="1",
    description="Looks at every part before a run does anything: the database and its tables, S3 "
    "by writing and reading, the text model, Dagster's storage, disk space and clocks. A part that "
    "the run needs and that is ill stops the run here; the command `threads-pipelines check` does "
    "the same look.",
    metadata=columns(part="text", ok="bool", found="text", seconds="float64", advice="text"),
)
def check_services(
    context: dg.AssetExecutionContext, config: ServicesConfig
) -> dg.MaterializeResult:
    """Look at all parts; fail with one line where a needed one is ill."""
    findings = look(settings.load(), limits=config.limits())
    table = _require(context.log, findings)
    return dg.MaterializeResult(metadata=rows_made(len(findings), parts=table))


@dg.op(out=dg.Out(dg.Nothing), description="Look at the parts that the job needs, and stop it.")
def check_parts(context: dg.OpExecutionContext, config: ServicesConfig) -> None:
    """The same for a job of ops, which begin after it."""
    _require(context.log, look(settings.load(), health.NIGHTLY_PARTS, config.limits()))


def _require(log: dg.DagsterLogManager, findings: Sequence[Finding]) -> dg.MarkdownMetadataValue:
    """The findings as a table; raises Failure where a part that a run needs is ill.

    Without the text model the templates write: that is worth a warning, not a stop.
    """
    rows = [(f.part, f.ok, f.found, round(f.seconds, 2), f.advice) for f in findings]
    table = preview(["part", "well", "found", "seconds", "what to do"], rows)
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
