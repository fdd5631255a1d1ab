"""Print a hash of one night's feeds: ``python -m tools.golden_night STATE_DIR``.

A refactoring that keeps behaviour keeps the hash. The population, its instant, the settings and
``as_of`` are fixed, and no text comes from the model, so that only the code can change the result.
The night runs through the installed command, on an embedded stack of its own in STATE_DIR.
"""

import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

DAY = "2026-11-01"
INSTANT = f"{DAY}T02:00:00Z"
POPULATION = {"pinned_time": INSTANT, "gemma_texts": 0}
COLUMNS = ("user_id", "post_id", "score", "reason")
_DIGITS = 9


def night(state: Path) -> None:
    """Make the population and the night in ``state``, on parts that end with it."""
    environment = {**os.environ, "THREADS_STATE_DIR": str(state)}
    command = str(Path(sys.executable).parent / "threads-pipelines")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    population = {"resources": {"synthetic": {"config": POPULATION}}}
    read = {"ops": {"interaction_matrix": {"config": {"as_of": INSTANT}}}}
    try:
        run("setup")
        run("launch", "generate_synthetic_data", "--config", json.dumps(population))
        run(
            *("launch", "nightly_recommendations", "--partition", DAY),
            *("--config", json.dumps(read)),
        )
        exports = dict(
            line.removeprefix("export ").split("=", 1) for line in run("env").splitlines()
        )
        rows, digest = hash_of_feeds(
            {name: shlex.split(value)[0] for name, value in exports.items()}
        )
        print(f"{rows} rows  sha256 {digest}")
    finally:
        run("stop")


def hash_of_feeds(environment: dict[str, str]) -> tuple[int, str]:
    """Count the scored rows of the day and hash them, ordered by user and rank.

    Args:
        environment: Addresses and keys of the stack, as `threads-pipelines env` prints them.

    Returns:
        The number of rows, and a hexadecimal SHA-256 of user, post, score (9 digits) and reason.
    """
    s3 = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    bucket = environment["S3_BUCKET"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"models/{DAY}/")["Contents"]
    keys = [item["Key"] for item in listed if "/recommendations" in item["Key"]]
    table = pa.concat_tables(
        pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        for key in keys
    )
    users, posts, scores, reasons = (table[name].to_pylist() for name in COLUMNS)
    lines = sorted(
        f"{user} {post} {score:.{_DIGITS}f} {reason}"
        for user, post, score, reason in zip(users, posts, scores, reasons, strict=True)
    )
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    night(Path(sys.argv[1]).absolute())
