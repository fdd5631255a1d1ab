"""The operator's days: the first night, "The morning after", and refreshes."""

import re
import shlex
from datetime import UTC, datetime, timedelta

from tools.compose_trial.project import Project, commands

_RUN_ID = re.compile(r"threads-pipelines retry ([0-9a-f-]{36})")
VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]+")
FEEDS = "SELECT count(*), max(generated_at) FROM user_recommendation"
_PROGRAM = "threads-pipelines"
_EVENTS = "/tmp/events.csv"
_WRITE_EVENTS = f"""
import datetime, random
start, chance = datetime.datetime(2026, 11, 1), random.Random(0)
with open("{_EVENTS}", "w") as file:
    print("user_id,post_id,created_at", file=file)
    for number in range(3000):
        time = start + datetime.timedelta(minutes=10 * number)
        print(f"u{{chance.randrange(60)}},p{{chance.randrange(90)}},{{time}}", file=file)
"""
OTHERS = (
    *("adopt", "start", "status", "summary", "flagged", "upload-seeds", "env --psql"),
    *("simulate", "fake-users cap", "fake-users remove --yes"),
    f"recommend --interactions {_EVENTS} --out /tmp/feeds.csv",
    f"evaluate --interactions {_EVENTS}",
    "cluster-certificate /tmp/cluster.pem",
    "stop",
)


def first_night(project: Project) -> None:
    """Fill the empty database with synthetic accounts, as the guide says."""
    for line in commands("The first night"):
        with project.timed(line.partition("threads-pipelines ")[2]):
            project.shell(line)
    assert int(project.sql(FEEDS).partition("|")[0]) > 0


def morning_after(project: Project) -> None:
    """Every command of the section as written, with real ids in the places of the examples."""
    project.command("threads-pipelines launch no_such_job", code=2)
    project.shell("docker compose stop s3")
    project.command("threads-pipelines check", code=1)
    failed = project.command("threads-pipelines launch nightly_recommendations", code=1)
    project.shell("docker compose up --detach --wait s3")
    run = _RUN_ID.findall(failed)
    assert run, failed
    for line in commands("The morning after"):
        with project.timed(line.removeprefix("threads-pipelines ")[:40]):
            project.command(_with_real_names(project, line, run[-1]))


def _with_real_names(project: Project, line: str, run: str) -> str:
    program, command, *rest = shlex.split(line)
    assert program == "threads-pipelines", line
    today = datetime.now(UTC).date()
    if command == "backfill":
        rest = ["--from", str(today - timedelta(days=2)), "--to", str(today - timedelta(days=1))]
    if command == "pin" and rest:
        rest = [VERSION.findall(project.command("threads-pipelines versions"))[0]]
    user = project.sql("SELECT min(user_id) FROM user_recommendation")
    words = [word.replace("RUN_ID", run).replace("USER_ID", user) for word in rest]
    return shlex.join([program, command, *words])


def between_two_nights(project: Project) -> None:
    """A refresh is left out where nothing happened, and made after an account acted."""
    (line,) = commands("Between two nights")
    project.command(line)
    reader, post = project.sql(
        "SELECT user_id, post_id FROM user_recommendation ORDER BY user_id, score DESC LIMIT 1"
    ).split("|")
    before = project.sql(FEEDS)
    project.sql(
        "INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at) VALUES "
        f"(gen_random_uuid(), '{reader}', '{post}', 'click', now() AT TIME ZONE 'UTC')"
    )
    project.command(line)
    assert project.sql(FEEDS) != before, "the refresh published nothing"


def every_other_command(project: Project) -> None:
    """The commands that no other part runs work in the container, too."""
    project.python("code", _WRITE_EVENTS)
    for line in OTHERS:
        with project.timed(line.partition(" --interactions")[0]):
            project.command(f"{_PROGRAM} {line}")
