"""The process that serves Gemma: llama.cpp behind Ollama's API on a loopback port.

Run as ``python -m threads_pipelines.embedded.text_model.gemma_server WEIGHTS SHA256 MODEL PORT``.
"""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threads_pipelines.embedded.text_model.ollama_api import Completion, EngineError, ServedModel
from threads_pipelines.embedded.text_model.ollama_server import OllamaServer

CONTEXT_TOKENS = 2048
_DEFAULTS = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.9,
    "repeat_penalty": 1.1,
    "repeat_last_n": 64,
    "num_predict": -1,
    "seed": -1,
}
"""Ollama's own defaults."""
_OPTIONS = frozenset(
    {"temperature", "top_k", "top_p", "min_p", "typical_p", "seed", "num_predict", "stop"}
    | {"repeat_penalty", "repeat_last_n", "presence_penalty", "frequency_penalty"}
    | {"mirostat", "mirostat_tau", "mirostat_eta", "json_schema"}
)
_RENAMED = {"num_predict": "n_predict"}


class LlamaEngine:
    """Text completion by llama.cpp.

    Args:
        weights: The file of the weights.
    """

    def __init__(self, weights: Path) -> None:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(weights)
        parameters.n_ctx = CONTEXT_TOKENS
        parameters.n_parallel = 1
        # Two OpenMP threads on two busy cores are four times slower than one.
        parameters.cpuparams.n_threads = 1
        parameters.cpuparams_batch.n_threads = 1
        parameters.n_gpu_layers = 0  # the same text on every machine matters more than speed
        parameters.cache_ram_mib = 0
        parameters.warmup = False
        parameters.verbosity = 0
        self._server = xllamacpp.Server(parameters)

    def complete(
        self, prompt: str, options: Mapping[str, Any], on_text: Callable[[str], bool]
    ) -> Completion:
        """Implement ``Engine.complete``."""
        known = {
            **_DEFAULTS,
            **{name: value for name, value in options.items() if name in _OPTIONS},
        }
        request = {_RENAMED.get(name, name): value for name, value in known.items()}
        # Without the cache a text depends on its prompt, options and seed, not on earlier calls.
        request |= {"prompt": prompt, "stream": True, "cache_prompt": False}
        failure: list[str] = []
        reason, timings = "stop", dict[str, Any]()

        def on_chunk(chunk: Any) -> bool:
            """Return True to stop, as the engine has it."""
            nonlocal reason, timings
            if "error" in chunk:
                failure.append(str(chunk["error"].get("message", chunk["error"])))
                return True
            choice = chunk["choices"][0]
            reason = choice["finish_reason"] or reason
            timings = chunk.get("timings", timings)
            return not on_text(choice["text"])

        began = time.perf_counter()
        refused = self._server.handle_completions(request, on_chunk)
        if failure or (isinstance(refused, dict) and "message" in refused):
            raise EngineError(failure[0] if failure else str(refused["message"]))
        return Completion(
            reason=reason,
            prompt_tokens=timings.get("prompt_n", 0),
            prompt_seconds=timings.get("prompt_ms", 0.0) / 1000,
            tokens=timings.get("predicted_n", 0),
            seconds=timings.get("predicted_ms", (time.perf_counter() - began) * 1000) / 1000,
        )


def main(arguments: list[str]) -> None:
    """Load the weights, then serve until the process is ended.

    Args:
        arguments: File of the weights, its SHA-256, name of the model, port.
    """
    weights, digest, name, port = Path(arguments[0]), arguments[1], arguments[2], int(arguments[3])
    stat = weights.stat()
    model = ServedModel(
        name=name,
        size=stat.st_size,
        digest=digest,
        modified_at=datetime.fromtimestamp(stat.st_mtime, UTC),
        details={
            "parent_model": "",
            "format": "gguf",
            "family": "gemma3",
            "families": ["gemma3"],
            "parameter_size": "270M (base weights, not instruction-tuned)",
            "quantization_level": "Q4_K_M",
        },
        license="Gemma Terms of Use: https://ai.google.dev/gemma/terms",
        context_tokens=CONTEXT_TOKENS,
    )
    server = OllamaServer(port, model, LlamaEngine(weights))
    print(f"serving {name} (base weights) on 127.0.0.1:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
