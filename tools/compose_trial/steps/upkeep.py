"""Reports, an update, passwords, backup and restore: the guide's commands as they are written."""

from tools.compose_trial.project import Project, commands, guide
from tools.compose_trial.steps.operation import FEEDS, VERSION

_VERSIONS = "threads-pipelines versions"


def reports(project: Project) -> None:
    """The page and the exports can be copied out as the guide says."""
    project.shell(commands("Reports")[0])
    files = [path for path in (project.checkout / "reports").rglob("*") if path.is_file()]
    assert any(path.suffix == ".html" for path in files), files
    project.note("copied", f"{len(files)} files")


def update(project: Project) -> None:
    """``up --build`` takes over changed code; data, versions and feeds stay."""
    feeds, versions = project.sql(FEEDS), VERSION.findall(project.command(_VERSIONS))
    marker = project.checkout / "threads_pipelines" / "trial_marker.py"
    marker.write_text('"""A newer release."""\n')
    (line,) = commands("Updating")
    with project.timed("update"):
        project.shell(line)
    project.command("python -c 'import threads_pipelines.trial_marker'")
    assert project.sql(FEEDS) == feeds
    assert VERSION.findall(project.command(_VERSIONS)) == versions
    project.command("threads-pipelines check")


def passwords(project: Project) -> None:
    """Each password is changed as the guide says, and everything works afterwards."""
    start = commands("Changing a password")[-1]
    project.fill_in(PIPELINE_PASSWORD="another1", S3_SECRET_ACCESS_KEY="another2")
    project.shell(start)
    project.command("threads-pipelines check")
    in_database, again = commands("Changing a password")
    project.shell(in_database, text="another3\nanother3\n")
    project.fill_in(POSTGRES_PASSWORD="another3")
    project.shell(again)
    project.command("threads-pipelines check")
    assert project.sql("SELECT 1") == "1"
    setup = project.shell("docker compose logs setup").stdout
    assert "Ready." in setup, setup


def backup_and_restore(project: Project) -> None:
    """What was backed up and restored into empty volumes is the same, and a night runs on it."""
    backup, restore = guide("Backup and restore")
    feeds, versions = project.sql(FEEDS), VERSION.findall(project.command(_VERSIONS))
    with project.timed("backup"):
        for line in backup:
            project.shell(line)
    project.command("threads-pipelines check")
    for name in ("database.sql", "bucket.tar"):
        size = (project.checkout / name).stat().st_size
        project.note(name, f"{size / 1e6:.1f} MB")
    project.shell("docker compose down --volumes")
    errors = []
    with project.timed("restore"):
        for line in restore:
            told = project.shell(line)
            errors += [said for said in told.stderr.splitlines() if "ERROR" in said]
    assert len(errors) == 2, errors
    assert project.sql(FEEDS) == feeds
    assert VERSION.findall(project.command(_VERSIONS)) == versions
    project.command("threads-pipelines check")
    project.command("threads-pipelines launch nightly_recommendations")
