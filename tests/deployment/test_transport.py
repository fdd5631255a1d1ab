"""TLS as the settings name it reaches PostgreSQL and S3, and whoever cannot prove it is refused.

The S3 server is started by the command of the compose file.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import psutil
import pytest
from sqlalchemy import make_url

from tests.deployment.certificates import Authority
from tests.deployment.compose import environment, services
from tests.deployment.processes import free_ports, wait_for
from tests.deployment.tls_front import tls_front
from threads_pipelines import settings
from threads_pipelines.embedded import seaweedfs
from threads_pipelines.errors import DatabaseError, ObjectStorageError
from threads_pipelines.storage.postgres.database import connect, session
from threads_pipelines.storage.s3.objects import ObjectStore

SECRETS = {"S3_ACCESS_KEY_ID": "OF-THE-TEST", "S3_SECRET_ACCESS_KEY": "planted-secret"}
# In a container nothing else listens; here every port has to be a free one.
# 127.0.0.2 stands for the containers' network, 127.0.0.1 for the inside of the container.
INTERNAL = (
    *("s3.port.grpc", "filer.port", "filer.port.grpc", "master.port", "master.port.grpc"),
    *("volume.port", "volume.port.grpc"),
)
ELSEWHERE = {"-dir": "objects", "-s3.ip.bind": "127.0.0.2"}


@pytest.fixture
def authority(state_dir: Path, tmp_path: Path) -> Authority:
    folder = state_dir / tmp_path.name  # where the server's own user may read
    folder.mkdir()
    return Authority(folder, "authority")


@pytest.fixture
def tls_address(postgres_server: str, authority: Authority) -> Iterator[str]:
    """The tests' PostgreSQL behind TLS, which its own build lacks; its address as Prisma's."""
    given = make_url(postgres_server)
    with tls_front(int(given.port or 0), *authority.issue("127.0.0.1")) as port:
        address = given.set(port=port).render_as_string(hide_password=False)
        yield f"{address}?schema=public"


def encrypted(address: str) -> bool:
    engine = connect(settings.load({"DATABASE_URL": address}).database_url)
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(connection.info.ssl_in_use)


def test_the_database_is_reached_by_the_tls_of_its_address(
    tls_address: str, authority: Authority, tmp_path: Path
) -> None:
    verified = f"{tls_address}&sslmode=verify-full&sslrootcert="
    assert encrypted(f"{verified}{authority.path}")
    assert not encrypted(f"{tls_address}&sslmode=disable")
    stranger = Authority(tmp_path, "stranger")
    with pytest.raises(DatabaseError, match=r"certificate verify failed.*sslrootcert"):
        encrypted(f"{verified}{stranger.path}")
    with pytest.raises(DatabaseError, match="sslrootcert"):
        encrypted(f"{verified}{tmp_path / 'not-there.pem'}")


def test_the_database_is_reached_by_the_tls_of_prismas_parameters(
    tls_address: str, authority: Authority, tmp_path: Path
) -> None:
    strict = f"{tls_address}&sslaccept=strict&sslcert="
    assert encrypted(f"{strict}{authority.path}")
    stranger = Authority(tmp_path, "stranger")
    for refused in (f"{strict}{stranger.path}", f"{tls_address}&sslcert={stranger.path}"):
        with pytest.raises(DatabaseError, match="certificate verify failed"):
            encrypted(refused)
    unchecked = "&sslmode=require&sslaccept=accept_invalid_certs&sslcert="
    assert encrypted(f"{tls_address}{unchecked}{stranger.path}")


def test_another_hosts_certificate_is_refused(postgres_server: str, authority: Authority) -> None:
    given = make_url(postgres_server)
    with tls_front(int(given.port or 0), *authority.issue("127.0.0.2")) as port:
        address = given.set(port=port).render_as_string(hide_password=False)
        assert encrypted(f"{address}?sslmode=verify-ca&sslrootcert={authority.path}")
        with pytest.raises(DatabaseError, match=r"does not match host name.*DATABASE_URL's host"):
            encrypted(f"{address}?sslmode=verify-full&sslrootcert={authority.path}")


def test_a_server_without_tls_is_refused_where_tls_is_asked_for(
    postgres_server: str, authority: Authority
) -> None:
    with pytest.raises(DatabaseError, match=r"does not support SSL.*sslmode"):
        encrypted(f"{postgres_server}?sslmode=verify-full&sslrootcert={authority.path}")


class S3Server(NamedTuple):
    """The compose file's S3 server outside of a container."""

    process: subprocess.Popen[bytes]
    http: int
    https: int
    grpc: int


@pytest.fixture
def s3_server_of_compose(authority: Authority) -> Iterator[S3Server]:
    """The S3 server by the command of the compose file, on free ports."""
    certificate, key = authority.issue("127.0.0.1")
    ports = dict(zip(("s3.port", "s3.port.https", *INTERNAL), free_ports(9), strict=True))
    command = [
        f"{name}={ELSEWHERE[name]}" if (name := option.partition("=")[0]) in ELSEWHERE else option
        for option in services()["s3"]["command"]
    ]
    command += [f"-{option}={port}" for option, port in ports.items()]  # the last one counts
    command += [f"-s3.cert.file={certificate}", f"-s3.key.file={key}"]
    # Relative to its folder; by default they stay in the system's temporary folder.
    command += ["-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock"]
    folder = certificate.parent
    (folder / "objects").mkdir()
    given = {"PATH": os.defpath, "HOME": str(folder), **environment("s3", SECRETS)}
    log = folder / "s3.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            # Without the first one it leaves log files in the system's temporary folder.
            [str(seaweedfs.program()), "-logtostderr=true", *command],
            cwd=folder,
            env=given,
            stdout=output,
            stderr=output,
        )

    def healthy() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{ports['s3.port']}/healthz").is_success
        except httpx.HTTPError:
            assert server.poll() is None, log.read_text()[-3000:]
            return False

    try:
        wait_for(healthy, 60, lambda: log.read_text()[-3000:])
        yield S3Server(server, ports["s3.port"], ports["s3.port.https"], ports["s3.port.grpc"])
    finally:
        server.kill()  # a polite stop takes 15 s
        server.wait()


def test_the_s3_server_of_the_compose_file_lets_nobody_in_without_a_key(
    s3_server_of_compose: S3Server,
) -> None:
    server = s3_server_of_compose
    connections = psutil.Process(server.process.pid).net_connections("tcp")
    listening = {c.laddr for c in connections if c.status == psutil.CONN_LISTEN}
    to_the_network = {port for address, port in listening if address != "127.0.0.1"}
    assert to_the_network == {server.http, server.https, server.grpc}
    assert httpx.get(f"http://127.0.0.2:{server.http}/").status_code == 403
    with grpc.insecure_channel(f"127.0.0.2:{server.grpc}") as channel:
        for call in ("PutIdentity", "RemoveIdentity", "PutPolicy", "ListPolicies"):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(f"/messaging_pb.SeaweedS3IamCache/{call}")(b"", timeout=10)
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED, call


def test_the_s3_server_of_the_compose_file_with_and_without_tls(
    s3_server_of_compose: S3Server,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, encrypted = s3_server_of_compose.http, s3_server_of_compose.https
    of_code = environment("code", SECRETS | {"PIPELINE_PASSWORD": "x"})
    given = settings.load({**of_code, "S3_ENDPOINT_URL": f"http://127.0.0.1:{plain}"}).s3
    store = ObjectStore(given)
    wait_for(lambda: made(store), 30)
    store.put("a", b"bytes")
    with pytest.raises(ObjectStorageError, match="AWS_SECRET_ACCESS_KEY is wrong"):
        ObjectStore(replace(given, secret_access_key="another")).get("a")

    by_tls = replace(given, endpoint_url=f"https://127.0.0.1:{encrypted}")
    with pytest.raises(ObjectStorageError, match="AWS_CA_BUNDLE"):
        ObjectStore(by_tls).get("a")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.path))
    assert ObjectStore(by_tls).get("a") == b"bytes"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(Authority(tmp_path, "stranger").path))
    with pytest.raises(ObjectStorageError, match="AWS_CA_BUNDLE"):
        ObjectStore(by_tls).get("a")


def made(store: ObjectStore) -> bool:
    """Whether the bucket could be made; a gateway answers before its volumes are there."""
    try:
        store.ensure_bucket()
    except ObjectStorageError:
        return False
    return True
