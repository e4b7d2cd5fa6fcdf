"""To work on the page without building: `workbench.py URL` serves the page as it stands in the tree, and hands everything
else on to the mock server at that URL. Prints where. `run.py --url` runs the suite against it."""

import base64
import hashlib
import re
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

PAGE = Path(__file__).parents[2] / "crates/mock-server/page/index.html"
PIECE_BYTES = 65_536


def page() -> bytes:
    """The page as an answer, with the policy that crates/mock-server/src/page.rs makes for it."""
    html = PAGE.read_text(encoding="utf-8")
    inner = {tag: re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1].encode() for tag in ("style", "script")}
    hashes = {tag: base64.b64encode(hashlib.sha256(text).digest()).decode() for tag, text in inner.items()}
    policy = (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    body = html.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    head += f"Cache-Control: no-store\r\nConnection: close\r\nContent-Security-Policy: {policy}\r\n\r\n"
    return head.encode() + body


def pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(PIECE_BYTES):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client: socket.socket, server: tuple[str, int]) -> None:
    """One request a connection, so that each can be told apart."""
    with client:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(PIECE_BYTES)
            if not piece:
                return
            head += piece
        if re.match(rb"GET /_mock/(\?\S*)? ", head):
            return client.sendall(page())
        head = re.sub(rb"(?im)^connection:.*\r\n", b"", head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        with socket.create_connection(server) as real:
            real.sendall(head)
            threading.Thread(target=pour, args=(client, real), daemon=True).start()
            pour(real, client)


def main() -> None:
    address = urlsplit(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, (address.hostname, address.port)), daemon=True).start()


if __name__ == "__main__":
    main()
