"""A tiny OpenID Connect issuer on loopback: vouches for whatever a test tells it to."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import jwt

CLIENT, SECRET = "mailroom", "the client's own secret, long enough"


class Issuer:
    """`claims` is what it says of the user; `signed` what differs in its signed token; `status` how it answers."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "u-1", "email": "owner@example.test", "email_verified": True}
        self.signed: dict[str, Any] = {}
        self.status = 200
        self.asked: list[dict[str, list[str]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def settings(self) -> dict[str, Any]:
        """What the portal must be told to use it."""
        from portal.env import oidc_provider

        providers = oidc_provider(self.url, "Acme ID", CLIENT, SECRET)
        return {"OIDC_ISSUER": self.url, "OIDC_NAME": "Acme ID", "SOCIALACCOUNT_PROVIDERS": providers}

    def answer(self, path: str) -> dict[str, Any]:
        if path.startswith("/.well-known/"):
            ends = {
                f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token", "userinfo")
            }
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **ends}
        if path == "/token":
            return {"access_token": "access", "token_type": "Bearer", "id_token": self._token()}
        return self.claims

    def _token(self) -> str:
        times = {"iat": int(time.time()), "exp": int(time.time()) + 60}
        told = {"iss": self.url, "aud": CLIENT, **times, **self.claims, **self.signed}
        return jwt.encode(told, SECRET, "HS256")

    def _handler(issuer) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler's own self is another
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply()

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                issuer.asked.append(parse_qs(self.rfile.read(length).decode()))
                self._reply()

            def _reply(self) -> None:
                body = json.dumps(issuer.answer(self.path)).encode()
                self.send_response(issuer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Nothing on the test's output."""

        return Handler
