"""A small HTTP server for what no good Signet does."""

import threading
import time
from http.server import BaseHTTPRequestHandler

from signet_auth import testing_http


class Server:
    """Answers each request by calling answer with the handler of http.server, and counts them by path."""

    def __init__(self, answer, tls=None):
        self.paths = []
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                with lock:
                    server.paths.append(self.path)
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    answer(self)
                except OSError:  # the client has hung up
                    self.close_connection = True

            do_POST = do_GET

        server = self
        self._server = testing_http.Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def say(handler, status, body, **headers):
    """A whole answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def eventually(true, within=5.0):
    """Waits for what happens in another thread or process."""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not within {within:g} s")
        time.sleep(0.01)
