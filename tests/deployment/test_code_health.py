"""The health check of the code server, as the container runs it: a process with an exit code."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.deployment.compose import services
from tests.deployment.processes import free_ports
from threads_pipelines.project_files import PROJECT_ROOT


def asked(port: int) -> subprocess.CompletedProcess[str]:
    program, *arguments, _ = services()["code"]["healthcheck"]["test"][1:]
    assert program == "python"
    command = [sys.executable, *arguments, str(port)]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (health_pb2.HealthCheckResponse.SERVING, 0, ""),
        (health_pb2.HealthCheckResponse.NOT_SERVING, 1, "it does not serve"),
    ],
)
def test_the_answer_of_the_server_decides(status: int, code: int, message: str) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    servicer = health.HealthServicer()
    servicer.set("DagsterApi", status)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        found = asked(port)
    finally:
        server.stop(None).wait()
    assert found.returncode == code, found.stderr
    assert message in found.stderr


def test_a_server_that_is_not_there_is_one_line() -> None:
    found = asked(free_ports(1)[0])
    assert found.returncode == 1
    assert found.stderr == "The code server does not answer: UNAVAILABLE\n"


def test_the_dagster_server_registers_that_service() -> None:
    import dagster._grpc.server

    source = Path(dagster._grpc.server.__file__).read_text()
    script = (PROJECT_ROOT / "deploy" / "code_health.py").read_text()
    assert '"DagsterApi"' in source
    assert 'b"DagsterApi"' in script
