"""Serialises the report, so that every reader shows the stored one."""

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from threads_pipelines.errors import DataError
from threads_pipelines.experiment.report_facts import ExperimentReport

_REPORT = TypeAdapter(ExperimentReport)


def report_document(report: ExperimentReport) -> bytes:
    """Serialise a report.

    Args:
        report: The report.

    Returns:
        JSON; what cannot be estimated is NaN or Infinity.
    """
    return to_json(report, inf_nan_mode="constants", indent=2)


def read_report_document(document: bytes) -> ExperimentReport:
    """Parse a stored report.

    Args:
        document: What ``report_document`` returned.

    Returns:
        The report.

    Raises:
        DataError: The document is not a report, or an older one.
    """
    try:
        return _REPORT.validate_json(document)
    except ValidationError as error:
        raise DataError(
            f"the stored experiment report cannot be read ({error.error_count()} faults, the first "
            f"in {'.'.join(map(str, error.errors()[0]['loc']))}): materialize experiment_report "
            "again"
        ) from error
