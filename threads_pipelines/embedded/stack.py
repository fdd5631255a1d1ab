"""The embedded stack as a whole: start, repair, status and stop.

Its parts outlive the process that starts them. ``stack.json`` in the state folder lists what is
running; ``settings`` reads the addresses from it.
"""

import fcntl
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from threads_pipelines import settings
from threads_pipelines.embedded import files, parts, processes
from threads_pipelines.embedded.part_status import PARTS, PartStatus
from threads_pipelines.embedded.parts import Part
from threads_pipelines.embedded.postgres import Postgres
from threads_pipelines.embedded.private import make_private
from threads_pipelines.embedded.processes import ProcessRecord
from threads_pipelines.embedded.seaweedfs import SeaweedFS
from threads_pipelines.embedded.text_model.gemma import Gemma
from threads_pipelines.errors import StackError
from threads_pipelines.s3_settings import DEFAULT_BUCKET

Progress = Callable[[str], None]
_RECOVERY_SECONDS = 5.0
_NEW_BYTES, _OLD_BYTES = 1_000_000_000, 100_000_000


@dataclass(frozen=True, slots=True)
class Stack:
    """The parts ``names`` below ``state_dir``; each folder has an independent stack."""

    state_dir: Path
    names: tuple[str, ...] = PARTS
    postgres_options: Mapping[str, str] = field(default_factory=dict)
    bucket: str = DEFAULT_BUCKET
    model: str = settings.DEFAULT_MODEL

    def start(self, progress: Progress | None = None) -> dict[str, str]:
        """Start what does not run, restart what does not answer, and leave the rest alone.

        Args:
            progress: Called with one sentence for each part.

        Returns:
            Variables of all running parts, including secrets.

        Raises:
            StackError: A part cannot be started; all others are up.
        """
        with files.disk_errors(self.state_dir):
            make_private(self.state_dir)
        with self._locked():
            records = self._records()
            missing = [part for part in self._parts() if not _answers(part, records)]
            if missing:
                new = any(not part.folder.exists() for part in missing)
                files.require_space(self.state_dir, _NEW_BYTES if new else _OLD_BYTES)
            writing = Lock()

            def launch(part: Part) -> StackError | None:
                began = time.monotonic()
                try:
                    if old := records.get(part.name):
                        processes.stop(old, part.stop_signal)
                    record = parts.launch(part, self._log(part))
                except StackError as error:
                    return error
                with writing:  # at once: what is not written down is lost if we are killed
                    records[part.name] = record
                    self._write(records)
                if progress:
                    seconds = time.monotonic() - began
                    progress(f"{part.title} runs on 127.0.0.1:{record.port} ({seconds:.1f} s)")
                return None

            with ThreadPoolExecutor(max_workers=len(PARTS)) as pool:
                errors = [error for error in pool.map(launch, missing) if error]
            environment = self._write(self._running(records))
        if errors:
            raise StackError("\n".join(map(str, errors)))
        return environment

    def stop(self, progress: Progress | None = None) -> None:
        """Stop the parts ``names``; their data are kept.

        Args:
            progress: Called with one sentence for each part.
        """
        if not self.state_dir.exists():
            return
        with self._locked():
            records = self._records()
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda part: _stop(part, records.get(part.name)), self._parts()))
            for part in self._parts():
                if records.pop(part.name, None) and progress:
                    progress(f"{part.title} stopped")
            self._write(self._running(records))

    def status(self) -> tuple[PartStatus, ...]:
        """Check each part of ``names``.

        Returns:
            The status of each.
        """
        with files.disk_errors(self.state_dir):
            records = self._records()
            return tuple(
                _status(part, records.get(part.name), self._log(part)) for part in self._parts()
            )

    def _parts(self, names: tuple[str, ...] | None = None) -> list[Part]:
        folder = self.state_dir.absolute()
        known: dict[str, Part] = {
            "postgres": Postgres(folder / "postgres", self.postgres_options),
            "seaweedfs": SeaweedFS(folder / "seaweedfs", self.bucket),
            "gemma": Gemma(folder / "gemma", self.model),
        }
        return [known[name] for name in (self.names if names is None else names)]

    def _log(self, part: Part) -> Path:
        return self.state_dir.absolute() / "logs" / f"{part.name}.log"

    def _records(self) -> dict[str, ProcessRecord]:
        kept = files.read_json(self.state_dir / "stack.json")
        try:
            return {name: ProcessRecord(**row) for name, row in kept["processes"].items()}
        except (TypeError, KeyError, AttributeError):
            return {}  # no stack.json, or a broken one: what still runs is found by its folder

    def _running(self, records: Mapping[str, ProcessRecord]) -> dict[str, ProcessRecord]:
        return {name: record for name, record in records.items() if processes.is_running(record)}

    def _write(self, records: Mapping[str, ProcessRecord]) -> dict[str, str]:
        """Write stack.json, or remove it if nothing runs."""
        path = self.state_dir / "stack.json"
        if not records:
            path.unlink(missing_ok=True)
            return {}
        environment: dict[str, str] = {}
        for part in self._parts(tuple(records)):
            environment |= part.environment(records[part.name].port)
        rows = {name: asdict(record) for name, record in records.items()}
        text = json.dumps({"environment": environment, "processes": rows}, indent=2)
        files.write_private(path, f"{text}\n")
        return environment

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Allow only one start or stop at a time on this state folder."""
        with (
            files.disk_errors(self.state_dir),
            files.open_private(self.state_dir / "stack.lock") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _answers(part: Part, records: Mapping[str, ProcessRecord]) -> bool:
    """Return whether the part runs and answers; a busy one gets a little time."""
    record = records.get(part.name)
    deadline = time.monotonic() + _RECOVERY_SECONDS
    while record and processes.is_running(record):
        if part.healthy(record.port):
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return False


def _stop(part: Part, record: ProcessRecord | None) -> None:
    if record:
        processes.stop(record, part.stop_signal)
    if part.folder.exists():
        part.clean()


def _status(part: Part, record: ProcessRecord | None, log: Path) -> PartStatus:
    if record is None or not processes.is_running(record):
        return PartStatus(part.name, part.title, False, False, None, None, log)
    healthy = part.healthy(record.port)
    address = f"127.0.0.1:{record.port}"
    return PartStatus(part.name, part.title, True, healthy, address, record.pid, log)
