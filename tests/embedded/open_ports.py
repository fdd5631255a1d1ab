"""What somebody without any key can do at the TCP ports of an S3 server."""

import http.client
import ssl
import time

import grpc
import psutil

_REFUSALS = {
    grpc.StatusCode.UNAVAILABLE,  # no connection comes about
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
}
_HTTP_REQUESTS = [
    ("GET", "/", b""),
    ("GET", "/dir/status", b""),
    ("GET", "/dir/assign", b""),
    ("GET", "/cluster/status", b""),
    ("GET", "/status", b""),
    ("GET", "/buckets/", b""),
    ("GET", "/{bucket}/{key}", b""),
    ("GET", "/buckets/{bucket}/{key}", b""),
    ("PUT", "/buckets/{bucket}/{key}", b"changed"),
    ("POST", "/buckets/{bucket}/{key}", b"changed"),
    ("PUT", "/{bucket}/{key}", b"changed"),
    ("DELETE", "/{bucket}/{key}", b""),
    ("DELETE", "/buckets/{bucket}/{key}", b""),
    ("DELETE", "/buckets/{bucket}?recursive=true", b""),
    ("GET", "/debug/pprof/", b""),
    ("GET", "/metrics", b""),
]


def listening_ports(pid: int, count: int) -> list[int]:
    """Return the ``count`` TCP ports on which the process listens; the last open a little late."""
    deadline = time.monotonic() + 30
    while True:
        connections = psutil.Process(pid).net_connections("tcp")
        found = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
        if len(found) == count or time.monotonic() > deadline:
            assert len(found) == count, found
            return sorted(found)
        time.sleep(0.1)


def allowed_without_key(port: int, bucket: str, key: str) -> list[str]:
    """Return every request that the port accepts from a stranger, over HTTP, HTTPS and gRPC."""
    accepted = []
    for scheme in ("http", "https"):
        for method, template, body in _HTTP_REQUESTS:
            path = template.format(bucket=bucket, key=key)
            if 200 <= (status := _http(port, scheme, method, path, body)) < 400:
                accepted.append(f"{scheme} {method} {path}: {status}")
    for credentials in {None, _trusting(port)}:
        for call, message in _grpc_calls(bucket, key):
            code = _grpc(port, credentials, call, message)
            if code not in _REFUSALS:
                accepted.append(f"gRPC {call}: {code}")
    return accepted


def _http(port: int, scheme: str, method: str, path: str, body: bytes) -> int:
    """Return the status; 0 where there is no answer."""
    if scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=5, context=ssl._create_unverified_context()
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _grpc_calls(bucket: str, key: str) -> list[tuple[str, bytes]]:
    """Return paths and messages: one or two of each of SeaweedFS's services."""
    entry = _text(1, f"/buckets/{bucket}") + _text(2, key)
    return [
        ("/filer_pb.SeaweedFiler/LookupDirectoryEntry", entry),
        ("/filer_pb.SeaweedFiler/DeleteEntry", entry),
        ("/filer_pb.SeaweedFiler/GetFilerConfiguration", b""),
        ("/master_pb.Seaweed/VolumeList", b""),
        ("/volume_server_pb.VolumeServer/VolumeServerStatus", b""),
        ("/messaging_pb.SeaweedS3IamCache/ListPolicies", b""),
        ("/worker_pb.WorkerService/WorkerStream", b""),
    ]


def _text(number: int, value: str) -> bytes:
    """Encode a string field of a protobuf message; values of at most 127 bytes."""
    return bytes([number << 3 | 2, len(value)]) + value.encode()


def _grpc(
    port: int, credentials: grpc.ChannelCredentials | None, call: str, message: bytes
) -> grpc.StatusCode:
    """Return the status of the call; OK where it is answered."""
    address = f"127.0.0.1:{port}"
    opened = grpc.secure_channel(address, credentials) if credentials else None
    with opened or grpc.insecure_channel(address) as channel:
        try:
            channel.unary_unary(call)(message, timeout=5)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


def _trusting(port: int) -> grpc.ChannelCredentials | None:
    """Return credentials that accept the port's own certificate; None where it has no TLS."""
    try:
        shown = ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    except (OSError, ssl.SSLError):
        return None
    return grpc.ssl_channel_credentials(root_certificates=shown.encode())
