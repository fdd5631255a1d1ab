"""Ask the code server whether it serves, by gRPC's own health protocol.

Usage: ``python code_health.py PORT``. The exit code is 0 where it serves, else 1 with the reason.
``dagster api grpc-health-check`` asks the same, but loads all of Dagster for it each time.
"""

import sys

import grpc

SERVICE = b"DagsterApi"
REQUEST = bytes([0x0A, len(SERVICE)]) + SERVICE
"""The message HealthCheckRequest with its one field ``service``."""
SERVING = bytes([0x08, 0x01])
"""The message HealthCheckResponse with ``status`` SERVING."""


def main(port: str) -> int:
    """Return the exit code."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            answer = channel.unary_unary("/grpc.health.v1.Health/Check")(REQUEST, timeout=10)
        except grpc.RpcError as error:
            print(f"The code server does not answer: {error.code().name}", file=sys.stderr)
            return 1
    if answer != SERVING:
        print("The code server answers that it does not serve", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
