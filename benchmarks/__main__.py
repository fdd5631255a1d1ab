"""All benchmarks one after the other: ``make bench``. Each writes its report under .state/bench."""

import subprocess
import sys
from pathlib import Path

import click

ALWAYS = (
    ("population_speed",),
    ("population_copy",),
    ("read",),
    ("publish",),
    ("recommender_speed",),
    ("recommender_speed", "--size", "500000x50000x25000000"),
    ("catalogue_size",),
    ("night",),
)
WITH_A_FEED = ("recommender_quality", "population_realism")


@click.command()
@click.option("--peers-python", help="Python of the peers' environment.")
@click.option(
    "--feed", type=click.Path(exists=True, path_type=Path), help="Interactions of a feed."
)
def main(peers_python: str | None, feed: Path | None) -> None:
    """Run every benchmark; those of quality only where a file of interactions is given."""
    peers = ["--peers-python", peers_python] if peers_python else []
    calls = [[*call, *(peers if call[0] == "recommender_speed" else [])] for call in ALWAYS]
    if feed:
        calls += [[name, str(feed)] for name in WITH_A_FEED]
        calls[-2] += peers
    failed = []
    for number, (name, *options) in enumerate(calls, 1):
        click.secho(f"[{number}/{len(calls)}] {name} {' '.join(options)}", bold=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *options]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
