"""Debian's packages of the Docker engine, unpacked into a folder instead of installed."""

import shutil
import subprocess
from pathlib import Path

# Of trixie, whose engine knows start_interval.
_ENGINE = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd", "tini")
# Of this machine's own release: programs that need its C library.
_HELPERS = (
    *("runc", "iptables", "debootstrap", "slirp4netns", "libslirp0", "libglib2.0-0", "libseccomp2"),
    *("libip4tc2", "libip6tc2", "libmnl0", "libnetfilter-conntrack3", "libnfnetlink0"),
    *("libnftnl11", "libxtables12"),
)


class UnavailableError(Exception):
    """What the trial needs cannot be had on this machine; the text names it."""


_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SETTINGS = """Dir::State "{folder}/state";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/none";
Dir::Etc::preferencesparts "{folder}/none";
APT::Sandbox::User "root";
"""


def missing() -> list[str]:
    """Return what this machine lacks for the trial; empty where it can run."""
    programs = ("apt-get", "dpkg-deb", "unshare", "nsenter", "setpriv")
    found = [f"the program {name}" for name in programs if shutil.which(name) is None]
    if not _KEYRING.exists():
        found.append("Debian's keyring (package debian-archive-keyring)")
    if not Path("/dev/net/tun").exists():
        found.append("/dev/net/tun")
    return found


def unpack(folder: Path) -> Path:
    """Download and unpack the packages at the first time; return the folder they are in.

    Raises:
        UnavailableError: A package cannot be downloaded.
    """
    root = folder / "root"
    if (root / ".complete").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial", "none", "debs", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "state/status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror()} trixie main\n")
    (folder / "apt.conf").write_text(_SETTINGS.format(folder=folder))
    own = {"APT_CONFIG": str(folder / "apt.conf")}
    _apt(folder, own, "update")
    _apt(folder / "debs", own, "download", *_ENGINE)
    _apt(folder / "debs", {}, "download", *_HELPERS)
    for package in sorted((folder / "debs").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    for name in ("iptables", "ip6tables", "iptables-save", "iptables-restore"):
        link = root / "usr/sbin" / name
        link.unlink(missing_ok=True)
        link.symlink_to("xtables-nft-multi")
    (root / ".complete").touch()
    return root


def mirror() -> str:
    """Return the mirror that this machine's apt uses for its own release."""
    lines = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    mirrors = [line.split()[0] for line in lines if line.endswith(" main")]
    for found in mirrors:
        if found.rstrip("/").endswith("/debian"):
            return found
    raise UnavailableError("a mirror of Debian in the sources of apt")


def _apt(folder: Path, variables: dict[str, str], *arguments: str) -> None:
    finished = subprocess.run(
        ["apt-get", "-q", "-q", *arguments],
        cwd=folder,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **variables},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    errors = [line for line in finished.stderr.splitlines() if line.startswith("E:")]
    if finished.returncode or (arguments[0] == "update" and "W: Failed" in finished.stderr):
        reason = (errors or finished.stderr.splitlines() or ["no reason was given"])[0]
        raise UnavailableError(f"Debian's packages, which cannot be downloaded: {reason}")
