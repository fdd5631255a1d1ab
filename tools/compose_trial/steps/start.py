"""From nothing to a running deployment: secrets, build, start, image, open ports."""

import secrets

from tools.compose_trial.project import Project, commands

APPLICATION = ("code", "webserver", "daemon")
_SECRETS = ("POSTGRES_PASSWORD", "PIPELINE_PASSWORD", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
_OPEN_PORTS = """
import http.client, grpc, socket
found = []
for port in range(1, 65536):
    with socket.socket() as probe:
        probe.settimeout(2)
        if probe.connect_ex(("s3", port)) == 0:
            found.append(port)
assert found == [8333, 18333], found
for method in ("GET", "PUT", "DELETE"):
    connection = http.client.HTTPConnection("s3", 8333, timeout=5)
    connection.request(method, "/threads-synthetic-data/any")
    assert connection.getresponse().status == 403
with grpc.insecure_channel("s3:18333") as channel:
    for call in ("PutIdentity", "RemoveIdentity", "ListPolicies"):
        try:
            channel.unary_unary(f"/messaging_pb.SeaweedS3IamCache/{call}")(b"", timeout=10)
            raise AssertionError(call)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error.code()
print("closed")
"""
_IMAGE = """
import os, pathlib, shutil, sys
status = dict(line.split(":", 1) for line in open("/proc/1/status") if ":" in line)
assert status["Uid"].split() == ["10001"] * 4, status["Uid"]
assert int(status["CapEff"], 16) == 0 and status["NoNewPrivs"].strip() == "1", status
for folder in ("/app", sys.prefix, "/usr", "/etc"):
    assert not os.access(folder, os.W_OK), folder
tools = [name for name in ("cc", "gcc", "g++", "clang", "ld", "make", "git") if shutil.which(name)]
assert not tools, tools
tests = [str(path) for root in ("/app", sys.prefix) for path in pathlib.Path(root).rglob("*")
         if path.name in ("tests", "test") and path.is_dir() and list(path.glob("test_*.py"))]
assert not tests, tests
print("clean")
"""


def missing_secrets(project: Project) -> None:
    """Where a secret is missing, one message names them all."""
    project.shell(commands("Deploying")[0])
    finished = project.shell("docker compose config", check=False)
    assert finished.returncode, "compose accepts an empty .env"
    assert all(name in finished.stderr for name in _SECRETS), finished.stderr
    project.fill_in(**{name: secrets.token_hex(24) for name in _SECRETS})


def build(project: Project) -> None:
    """Build the image, which ``up --build`` does as well, alone."""
    filled_in = (project.checkout / ".env").exists()
    values = " ".join(f"{name}=unused" for name in _SECRETS)
    project.shell("docker compose build" if filled_in else f"{values} docker compose build")


def up(project: Project) -> None:
    """Start as the guide says, and look at every part."""
    for line in commands("Deploying")[1:]:
        with project.timed(line.removeprefix("docker compose ")):
            project.shell(line)
    states = project.shell("docker compose ps --format '{{.Service}} {{.Health}}'").stdout
    assert states.split().count("healthy") == 6, states


def image(project: Project) -> None:
    """An ordinary user without capabilities, read-only code, no compiler, no tests."""
    for service in APPLICATION:
        assert project.python(service, _IMAGE) == "clean"
    size = project.engine.run(
        "docker", "image", "inspect", "--format", "{{.Size}}", "threads-pipelines:latest"
    )
    project.note("size", f"{int(size.stdout) / 1e9:.2f} GB")


def closed_ports(project: Project) -> None:
    """From another container every TCP port of the S3 server is tried without a key."""
    assert project.python("code", _OPEN_PORTS) == "closed"


def stop(project: Project) -> None:
    """End everything, data included."""
    project.shell("docker compose down --volumes")
