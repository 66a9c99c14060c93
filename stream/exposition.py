"""The one HTTP port of a process: /metrics, /live and /ready. Closed unless asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from stream.errors import UsageError
from stream.settings import Settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Quiet(WSGIRequestHandler):
    timeout = 5.0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Scrapes are no news."""


class HealthServer:
    """Serves metrics and health from a thread until closed.

    Parameters
    ----------
    live, ready
        Asked at each request; `False` answers 503.
    """

    def __init__(
        self, address: str, port: int, *, metrics: Application, live: Callable[[], bool], ready: Callable[[], bool]
    ) -> None:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            checks = {"/live": live, "/ready": ready}
            path = environ.get("PATH_INFO", "/")
            if path == "/metrics":
                return metrics(environ, start_response)
            if path not in checks:
                start_response("404 Not Found", [("Content-Type", "text/plain")])
                return [b"/metrics, /live or /ready\n"]
            good = checks[path]()
            start_response("200 OK" if good else "503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"ok\n" if good else b"no\n"]

        try:
            self._server = make_server(address, port, application, WSGIServer, _Quiet)
        except OSError as error:
            raise UsageError(f"metrics port {address}:{port}: {error.strerror or error}") from error
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="codiflux-http", daemon=True)
        self._thread.start()

    @classmethod
    def as_set(
        cls, settings: Settings, *, metrics: Application, live: Callable[[], bool], ready: Callable[[], bool]
    ) -> HealthServer | None:
        """A server at the address and port of the settings; none where they name no port."""
        if not settings.metrics_port:
            return None
        return cls(settings.metrics_address, settings.metrics_port, metrics=metrics, live=live, ready=ready)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
