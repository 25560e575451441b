"""The HTTP half of the issuer for unit tests."""

from __future__ import annotations

import base64
import json
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from .testing import FakeIssuer

_TOKEN_TTL = 960
_TICK = 1.0


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # many threads of a test may connect at once

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hung up is no news
            super().handle_error(request, client_address)


def handler(issuer: FakeIssuer) -> Any:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            routes = {
                "/.well-known/jwks.json": ("jwks", self.jwks),
                "/api/authz/revocations/stream": ("stream", self.stream),
                "/api/authz/revocations": ("poll", lambda: self.poll(dict(urllib.parse.parse_qsl(query)))),
            }
            self.route(routes.get(path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            routes = {
                "/oauth2/introspect": ("introspect", lambda: self.introspect(dict(urllib.parse.parse_qsl(body)))),
                "/api/authz/check": ("check", lambda: self.check(json.loads(body))),
                "/oauth2/token": ("token", lambda: self.give_token(dict(urllib.parse.parse_qsl(body)))),
            }
            self.route(routes.get(self.path))

        def route(self, found: Any) -> None:
            if found is None:
                return self.say(404, {"code": "not_found"})
            issuer._count(found[0])
            if issuer._is_cut:
                return self.say(503, {"code": "unavailable"})
            return found[1]()  # type: ignore[no-any-return]

        def say(self, status: int, body: Mapping[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            if status == 503:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(text)

        def bearer(self) -> str:
            return (self.headers.get("Authorization") or "").partition(" ")[2]

        def asks_for(self) -> str:
            """The audience of the application token."""
            scheme, _, given = (self.headers.get("Authorization") or "").partition(" ")
            if scheme == "Basic":
                given = urllib.parse.unquote(base64.b64decode(given).decode().partition(":")[2])
            return given[len("sgat_") :] if given.startswith("sgat_") else ""

        def jwks(self) -> None:
            self.say(200, {"keys": [key.jwk() for key in issuer._keys]})

        def stream(self) -> None:
            service = self.asks_for()
            if not service:
                return self.say(401, {"code": "token_invalid"})
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.close_connection = True
            with issuer._changed:
                issuer.streams += 1
                try:
                    self.follow(service)
                except OSError:  # the follower has hung up
                    pass
                finally:
                    issuer.streams -= 1
            return None

        def follow(self, service: str) -> None:
            with issuer._changed:
                position, reset = issuer._position(self.headers.get("Last-Event-ID") or "")
                self.event("hello", {"v": 1, "token_ttl": _TOKEN_TTL, "heartbeat": 5, "service": service, "cs": issuer._cs})
                epoch, name = (0 if reset else issuer._epoch), "ready"
                while not issuer._is_cut and not issuer._closed:
                    if epoch != issuer._epoch:
                        epoch, position = issuer._epoch, 0
                        self.event("", {"kind": "reset", "cs": issuer._cs})
                    for fact in issuer._facts[position:]:
                        position += 1
                        self.event("", fact, issuer._cursor(position))
                    self.event(name, {"cs": issuer._cs}, issuer._cursor(position))
                    name = "tick"
                    issuer._changed.wait(_TICK)

        def event(self, name: str, data: Mapping[str, Any], cursor: str = "") -> None:
            lines = [f"event: {name}"] * bool(name) + [f"id: {cursor}"] * bool(cursor) + [f"data: {json.dumps(data)}", "", ""]
            self.wfile.write("\n".join(lines).encode())

        def poll(self, query: Mapping[str, str]) -> None:
            service = self.asks_for()
            if not service:
                return self.say(401, {"code": "token_invalid"})
            with issuer._changed:
                position, reset = issuer._position(query.get("cursor", ""))
                if not reset and position >= len(issuer._facts):
                    issuer._changed.wait(min(25.0, float(query.get("wait", 0))))
                facts = [{"kind": "reset", "cs": issuer._cs}] * reset + issuer._facts[position:]
                cursor, cs = issuer._cursor(len(issuer._facts)), issuer._cs
            return self.say(200, {"facts": facts, "cursor": cursor, "cs": cs, "token_ttl": _TOKEN_TTL, "heartbeat": 5, "more": False})

        def introspect(self, form: Mapping[str, str]) -> None:
            service = self.asks_for()
            if not service:
                return self.say(401, {"error": "invalid_client", "error_description": "not an application token"})
            with issuer._changed:
                claims = issuer._live(form.get("token", ""), service)
                if claims is None:
                    return self.say(200, {"active": False, "cs": issuer._cs})
                permissions = list(issuer._permissions.get(claims["sub"], ()))
                return self.say(200, {**claims, "active": True, "permissions": permissions, "cs": issuer._cs})

        def check(self, body: Mapping[str, Any]) -> None:
            with issuer._changed:
                audience = body["checks"][0]["service"]
                claims = issuer._live(self.bearer(), audience)
                if claims is None:
                    return self.say(401, {"code": "token_invalid"})
                held = issuer._permissions.get(claims["sub"], ())
                results = [{"allowed": asked["service"] == audience and asked["permission"] in held} for asked in body["checks"]]
                return self.say(200, {"success": True, "results": results, "cs": issuer._cs})

        def give_token(self, form: Mapping[str, str]) -> None:
            key = self.asks_for()
            if not key:
                return self.say(401, {"error": "invalid_client", "error_description": "not an application token"})
            audience = form.get("service", "auth_service")
            token = issuer.service_token(key, audience, form.get("scope", "").split())
            return self.say(200, {"access_token": token, "token_type": "Bearer", "expires_in": issuer._life, "audience": audience})

    return Handler
