"""TLS in front of a PostgreSQL that was built without it: what a managed database offers."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # PostgreSQL's protocol, "SSLRequest"


@contextmanager
def tls_front(server_port: int, certificate: Path, key: Path) -> Iterator[int]:
    """Port of a server that takes TLS, or plain text, and hands both to ``server_port``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Front(BaseRequestHandler):
        """One client."""

        def handle(self) -> None:
            client: socket.socket = self.request
            with suppress(OSError), socket.create_connection(("127.0.0.1", server_port)) as server:
                first = client.recv(len(SSL_REQUEST))
                if first == SSL_REQUEST:
                    client.sendall(b"S")
                    client = context.wrap_socket(client, server_side=True)
                else:
                    server.sendall(first)
                answers = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                answers.start()
                _pass_on(client, server)
                answers.join()
                client.close()

    ThreadingTCPServer.daemon_threads = True
    with ThreadingTCPServer(("127.0.0.1", 0), Front) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_address[1]
        listening.shutdown()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(1 << 16):
            target.sendall(received)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
