"""The steps of the trial. Each raises AssertionError with what it found where it fails."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tools.compose_trial.project import Project, guide

_RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")
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
_CPU_OF = """
import resource, subprocess, sys
for _ in range(3):
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) / 3)
"""


def missing_secrets(project: Project) -> None:
    """One message names every secret where one is missing."""
    values = dict(project.values)
    project.values.clear()
    project.change()
    finished = project.compose("config", check=False)
    project.change(**values)
    assert finished.returncode, "compose accepts an empty .env"
    assert all(name in finished.stderr for name in values), finished.stderr


def up(project: Project) -> None:
    """Start as the guide says."""
    project.compose("up", "--build", "--detach", "--wait")


def morning_after(project: Project) -> None:
    """Every command of "The morning after", as written, with real ids in the places of examples."""
    project.command("launch", "no_such_job", code=2)
    project.compose("stop", "s3")
    project.command("check", code=1)
    failed = project.command("launch", "nightly_recommendations", code=1)
    project.compose("up", "--detach", "--wait", "s3")
    runs = _RUN_ID.findall(failed)
    assert runs, failed
    user = project.sql("SELECT min(user_id) FROM user_recommendation")
    today = datetime.now(UTC).date()
    for line in guide("The morning after"):
        program, *arguments = shlex.split(line)
        assert program == "threads-pipelines", line
        if arguments[0] == "backfill":
            days = [str(today - timedelta(days=ago)) for ago in (2, 1)]
            arguments = ["backfill", "--from", days[0], "--to", days[1]]
        if arguments[0] == "pin" and len(arguments) == 2:
            arguments = ["pin", _VERSION.findall(project.command("versions"))[0]]
        words = [word.replace("RUN_ID", runs[-1]).replace("USER_ID", user) for word in arguments]
        project.command(*words)


def reports(project: Project, folder: Path) -> None:
    """The reports are where the guide says."""
    target = folder / "reports"
    project.compose("cp", "code:/srv/state/reports", str(target))
    files = [path for path in target.rglob("*") if path.is_file()]
    assert any(path.suffix == ".html" for path in files), files
    project.figures["reports copied"] = f"{len(files)} files"


def closed_ports(project: Project) -> None:
    """From another container every TCP port of the S3 server is tried without a key."""
    assert project.python("code", _OPEN_PORTS).strip() == "closed"


def passwords(project: Project) -> None:
    """The guide's ways to change each password, and that all works afterwards."""
    project.change(PIPELINE_PASSWORD="another-1", S3_SECRET_ACCESS_KEY="another-secret-2")
    up(project)
    project.command("check")
    psql = ("psql", "--host=127.0.0.1", "--command=\\password owner")
    project.compose("exec", "--no-TTY", "postgres", *psql, text="another-3\nanother-3\n")
    project.change(POSTGRES_PASSWORD="another-3")
    up(project)
    project.command("check")
    assert project.sql("SELECT 1") == "1"


def backup_and_restore(project: Project, folder: Path) -> None:
    """The guide's backup, restored into empty volumes, has the same rows and versions."""
    rows = project.sql("SELECT count(*), max(post_id) FROM user_recommendation")
    versions = _VERSION.findall(project.command("versions"))
    tar = ("run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", "tar")
    dump = project.compose("exec", "--no-TTY", "postgres", "pg_dumpall", "--host=127.0.0.1").stdout
    project.compose("stop", "s3")
    bucket = folder / "bucket"
    bucket.mkdir(exist_ok=True)
    mount = ("--volume", f"{bucket}:/backup", "s3", "-C", "/data")
    project.compose(*tar, *mount, "-cf", "/backup/bucket.tar", ".")
    project.compose("down", "--volumes")
    project.compose("up", "--detach", "--wait", "postgres")
    restore = ("psql", "--host=127.0.0.1", "--dbname=postgres")
    told = project.compose("exec", "--no-TTY", "postgres", *restore, text=dump)
    errors = [line for line in told.stderr.splitlines() if "ERROR" in line]
    assert len(errors) == 2, errors
    project.compose(*tar, *mount, "-xf", "/backup/bucket.tar")
    up(project)
    assert project.sql("SELECT count(*), max(post_id) FROM user_recommendation") == rows
    assert _VERSION.findall(project.command("versions")) == versions
    project.command("check")
    project.command("launch", "nightly_recommendations")


def measure(project: Project) -> None:
    """Figures: the image, memory, and what the health checks cost."""
    size = project.engine.run(
        "docker", "image", "inspect", "--format", "{{.Size}}", "threads-pipelines:latest"
    )
    project.figures["image"] = f"{int(size.stdout) / 1e9:.2f} GB"
    checks = {
        "code": (15, ["python", "-I", "deploy/code_health.py", "4000"]),
        "daemon": (300, ["dagster-daemon", "liveness-check"]),
    }
    for service, (seconds, command) in checks.items():
        found = project.compose("exec", "--no-TTY", service, "python", "-c", _CPU_OF, *command)
        cpu = float(found.stdout)
        figure = f"{cpu:.2f} CPU s, {cpu / seconds:.2%} of a core"
        project.figures[f"health check of {service}"] = figure
    used = project.engine.run(
        "docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"
    )
    for line in used.stdout.splitlines():
        name, memory = line.split(maxsplit=1)
        project.figures[f"memory of {name.removeprefix('compose-trial-')}"] = memory
