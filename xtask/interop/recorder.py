"""A recording relay: notes each request exactly as it came, hands it on unchanged, and hands the answer back."""

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

# How long the server behind may take, in seconds.
ANSWER_SECONDS_MAX = 10


@dataclass(frozen=True)
class Recorded:
    """A request as it came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        """The decoded pairs, sorted."""
        return sorted(parse_qsl(urlsplit(self.target).query, keep_blank_values=True, strict_parsing=True))

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def header_names(self) -> set[str]:
        return {key.lower() for key, _ in self.headers}


class Recorder:
    """Stands before a server, on a port of its own; to be used with `with`."""

    def __init__(self, behind: str) -> None:
        self.requests: list[Recorded] = []
        authority, requests = urlsplit(behind).netloc, self.requests

        class Relay(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def relay(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                requests.append(Recorded(self.command, self.path, tuple(self.headers.items()), body))
                onward = http.client.HTTPConnection(authority, timeout=ANSWER_SECONDS_MAX)
                # `Host` goes along as it came: it is under the signature.
                onward.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    onward.putheader(name, value)
                onward.endheaders(body or None)
                answer = onward.getresponse()
                content = answer.read()
                onward.close()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = relay

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self) -> list[Recorded]:
        """What came since it was last asked."""
        taken, self.requests[:] = list(self.requests), []
        return taken
