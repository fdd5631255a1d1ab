"""Serialises the report, so that every reader shows the stored one."""

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from threads_pipelines.errors import DataError
from threads_pipelines.experiment.report import ExperimentReport

_REPORT = TypeAdapter(ExperimentReport)


def report_document(report: ExperimentReport) -> bytes:
    """JSON of the whole report; what cannot be estimated is written as NaN or Infinity."""
    return to_json(report, inf_nan_mode="constants", indent=2)


def read_report_document(document: bytes) -> ExperimentReport:
    """The report that ``report_document`` wrote; DataError where it is none, or an older one."""
    try:
        return _REPORT.validate_json(document)
    except ValidationError as error:
        raise DataError(
            f"the stored experiment report cannot be read ({error.error_count()} faults, the first "
            f"in {'.'.join(map(str, error.errors()[0]['loc']))}): materialize experiment_report "
            "again"
        ) from error
