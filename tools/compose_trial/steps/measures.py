"""Limits of logs and memory, tried; and what the deployment costs."""

from pathlib import Path

from tools.compose_trial.project import Project
from tools.compose_trial.steps.start import APPLICATION

_LOGGED, _KEPT = 150_000_000, 50_000_000
_FLOOD = "docker compose run --detach --no-deps --name flood code sh -c"
_LINES = f"'head --bytes={_LOGGED * 3 // 4} /dev/urandom | base64 --wrap=200'"
_TOO_MUCH = "python -c \"b = b'x' * (5 << 30)\""
_CPU = """
import resource, subprocess, sys
for _ in range(3):
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) / 3)
"""


def limits(project: Project, folder: Path) -> None:
    """150 MB of log keep at most 50; a process that wants 5 GB ends alone."""
    project.shell(f"{_FLOOD} {_LINES}")
    container = project.engine.run("docker", "inspect", "--format", "{{.Id}}", "flood").stdout
    project.engine.run("docker", "wait", "flood")
    logs = folder / "docker" / "containers" / container.strip() / "local-logs"
    kept = sum(path.stat().st_size for path in logs.iterdir())
    project.engine.run("docker", "rm", "flood")
    assert 0 < kept <= _KEPT, kept
    project.note("kept of 150 MB of log", f"{kept / 1e6:.1f} MB")
    before = project.inspect("code", "State.StartedAt")
    project.command(_TOO_MUCH, code=137)
    assert project.inspect("code", "State.StartedAt") == before, "the container was restarted"
    project.command("threads-pipelines check")


def figures(project: Project) -> None:
    """What health checks cost, and the memory of every container."""
    for service in APPLICATION:
        check = project.inspect(service, "Config.Healthcheck")
        assert isinstance(check, dict)
        seconds = check["Interval"] / 1e9
        cpu = float(project.python(service, _CPU, *check["Test"][1:]))
        figure = f"{cpu:.2f} CPU s each {seconds:.0f} s, {cpu / seconds:.2%} of a core"
        project.note(f"health check of {service}", figure)
    peak = project.shell("docker compose exec code cat /sys/fs/cgroup/memory.peak", check=False)
    if peak.returncode == 0:
        project.note("peak memory of code", f"{int(peak.stdout) / 1e6:.0f} MB")
    used = project.engine.run(
        "docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"
    )
    for line in used.stdout.splitlines():
        name, memory = line.split(maxsplit=1)
        project.note(f"memory of {name.removeprefix('threads-pipelines-')}", memory)
