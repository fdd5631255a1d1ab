"""Prints the progress of a run, one line for each event."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, EventLogEntry, EventLogRecord
from rich.console import Console
from rich.text import Text

from threads_pipelines.defs.failures import failure_of

POLL_SECONDS = 0.3
_LAST_ATTEMPTS = 10


class Progress:
    """Prints the events of the run that carries a tag, from the instance's event log.

    Every executor writes to this log, whichever process a step runs in.

    Args:
        instance: Dagster's instance.
        tag: Name of the tag.
        value: Value of the tag.
    """

    def __init__(self, instance: DagsterInstance, tag: str, value: str) -> None:
        self.value = value
        self.run_id: str | None = None
        """Id of the run, once it was seen."""
        self._instance = instance
        self._filter = dg.RunsFilter(tags={tag: value})
        self._cursor: str | None = None
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._console = Console(highlight=False, soft_wrap=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finished.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._finished.wait(POLL_SECONDS):
            self._show_new()
        for _ in range(_LAST_ATTEMPTS):
            if self._show_new():
                break
            time.sleep(POLL_SECONDS)

    def _show_new(self) -> bool:
        """Print new events; return False if the storage did not answer."""
        try:
            new = self._read_new()
        except Exception:  # noqa: BLE001 - the run goes on, and the next look finds what this missed
            return False
        for record in new:
            line = describe(record.event_log_entry)
            if line is not None:
                self._console.print(line)
        return True

    def _read_new(self) -> Sequence[EventLogRecord]:
        for run in self._instance.get_runs(self._filter, limit=1):
            self.run_id = run.run_id
            new = self._instance.get_records_for_run(run.run_id, self._cursor)
            self._cursor = new.cursor
            return new.records
        return []


def describe(entry: EventLogEntry) -> Text | None:
    """Format an event as one line.

    Args:
        entry: An entry of the event log.

    Returns:
        The line; None for an event that is not shown.
    """
    said, style = _words(entry)
    if said is None:
        return None
    clock = datetime.fromtimestamp(entry.timestamp, tz=None).strftime("%H:%M:%S")  # noqa: DTZ006 - the reader's own clock
    step = (entry.step_key or "").replace("__", ".")
    return Text.assemble((f"{clock}  ", "dim"), (f"{step:<24} ", "cyan"), (said, style))


def _words(entry: EventLogEntry) -> tuple[str | None, str]:
    event = entry.dagster_event
    if event is None:
        return (entry.user_message, "") if int(entry.level) >= logging.INFO else (None, "")
    match event.event_type:
        case DagsterEventType.STEP_SUCCESS:
            seconds = event.step_success_data.duration_ms / 1000
            return f"done in {seconds:.1f} s", "green"
        case DagsterEventType.STEP_FAILURE:
            return failure_of(event), "bold red"
        case DagsterEventType.STEP_UP_FOR_RETRY:
            return "failed, will be tried again", "yellow"
        case DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if check.passed:
                return None, ""
            return f"check {check.check_name} failed: {check.description or ''}", "red"
        case DagsterEventType.RUN_FAILURE if event.step_key is None:
            advice = f"the run failed; to continue it: threads-pipelines retry {entry.run_id}"
            return advice, "bold red"
        case _:
            return None, ""
