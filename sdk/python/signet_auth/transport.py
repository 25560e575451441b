"""HTTP by the standard library: short calls with a deadline, and a stream."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
import urllib.parse
import urllib.request
from typing import Iterable, Iterator, Mapping, Optional, Tuple

_Begun = Tuple[http.client.HTTPConnection, socket.socket, http.client.HTTPResponse]
_AGENT = "signet-auth-python"


class TransportError(Exception):
    """No answer came; the text says why, without anything that was sent.

    again: another connection may do better. late: there is a connection, and nothing comes.
    """

    def __init__(self, text: str, again: bool = False, late: bool = False) -> None:
        super().__init__(text)
        self.again, self.late = again, late


class Answer:
    def __init__(self, status: int, headers: Iterable[Tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    def retry_after(self) -> Optional[int]:
        """Seconds of Retry-After. Dates, which Signet doesn't send, are no number."""
        value = self.headers.get("retry-after", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


class Stream:
    """An answer that goes on."""

    def __init__(
        self, connection: http.client.HTTPConnection, sock: socket.socket, response: http.client.HTTPResponse, silence: float
    ) -> None:
        self.answer = Answer(response.status, response.getheaders(), b"")
        self._connection, self._sock, self._response, self._silence = connection, sock, response, silence

    def chunks(self) -> Iterator[bytes]:
        """Bytes as they come. It ends when the server ends it, and raises TransportError when the stream breaks or falls silent."""
        patience = self._sock.gettimeout() or self._silence
        try:
            while True:
                chunk = self._response.read1(65536)
                if not chunk:
                    return
                yield chunk
                patience = self._silence
                self._sock.settimeout(patience)
        except (OSError, http.client.HTTPException, ValueError) as e:
            raise _failed(e, patience) from None

    def interrupt(self) -> None:
        """Ends the stream from another thread; the one that reads wakes up."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def abandon(self) -> None:
        """Lets go in a forked child, without ending its parent's stream. Nothing but the descriptor is touched: locks of a reader that the
        child doesn't have are never released."""
        descriptor = self._sock.detach()
        if descriptor >= 0:
            os.close(descriptor)


class Transport:
    """How Signet is reached. ca_file names the certificates to trust instead of the system's; proxy is http://host:port, and without it
    HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. Redirects are never followed: secrets would go along."""

    def __init__(self, ca_file: Optional[str] = None, proxy: Optional[str] = None, context: Optional[ssl.SSLContext] = None) -> None:
        self._context = context or ssl.create_default_context(cafile=ca_file)
        self._proxy = proxy

    def call(self, method: str, url: str, headers: Mapping[str, str], body: Optional[bytes], timeout: float, limit: int) -> Answer:
        """One call, over a new connection, whose answer is complete before timeout and not longer than limit."""
        deadline = time.monotonic() + timeout
        connection, sock, response = self._begin(method, url, headers, body, timeout)
        try:
            data = b""
            while True:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                chunk = response.read1(65536)
                if not chunk:
                    return Answer(response.status, response.getheaders(), data)
                data += chunk
                if len(data) > limit:
                    raise TransportError(f"the answer is longer than {limit} bytes")
                if time.monotonic() > deadline:
                    raise TransportError(f"no complete answer within {timeout:g} s", late=True)
        except (OSError, http.client.HTTPException, ValueError) as e:
            raise _failed(e, timeout) from None
        finally:
            response.close()
            connection.close()

    def stream(self, url: str, headers: Mapping[str, str], timeout: float, silence: float) -> Stream:
        """Begins a stream: its first bytes come within timeout, and later ones are never silence apart."""
        return Stream(*self._begin("GET", url, headers, None, timeout), silence=silence)

    def _begin(self, method: str, url: str, headers: Mapping[str, str], body: Optional[bytes], timeout: float) -> _Begun:
        parts = urllib.parse.urlsplit(url)
        connection, target = self._connection(parts, timeout)
        try:
            connection.connect()
            sock = connection.sock
            connection.request(method, target, body, {"User-Agent": _AGENT, "Connection": "close", **headers})
            return connection, sock, connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as e:
            connection.close()
            raise _failed(e, timeout) from None

    def _connection(self, parts: urllib.parse.SplitResult, timeout: float) -> Tuple[http.client.HTTPConnection, str]:
        host, port = parts.hostname or "", parts.port
        target = parts.path or "/"
        if parts.query:
            target += "?" + parts.query
        proxy = self._proxy or _proxy_of_system(parts.scheme, host)
        via = urllib.parse.urlsplit(proxy) if proxy else None
        connect_to = (via.hostname or "", via.port or 80) if via else (host, port)
        if parts.scheme == "https":
            secure = http.client.HTTPSConnection(*connect_to, timeout=timeout, context=self._context)
            if via:
                secure.set_tunnel(host, port or 443)
            return secure, target
        plain = http.client.HTTPConnection(*connect_to, timeout=timeout)
        return plain, f"{parts.scheme}://{parts.netloc}{target}" if via else target


def _proxy_of_system(scheme: str, host: str) -> str:
    if host in ("localhost", "127.0.0.1", "::1") or urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(scheme, "")


def _failed(e: Exception, timeout: float) -> TransportError:
    if isinstance(e, (socket.timeout, TimeoutError)):
        return TransportError(f"no answer within {timeout:g} s", late=True)
    if isinstance(e, ssl.SSLCertVerificationError):
        return TransportError(f"its certificate is not trusted: {e.verify_message}")
    if isinstance(e, OSError):
        return TransportError(e.strerror or str(e) or type(e).__name__, again=True)
    return TransportError(type(e).__name__, again=True)
