"""The emulator over HTTP: Selligent's endpoints, `/_emulator`, the pages for a person, and the server.

A request passes `server` (uvicorn), `middleware` (login, quota, limits, latency, faults, journal), `app` and one module
of `routes`, which calls the tenant.
"""

from target_selligent.emulator.http.server import EmulatorServer, Tls, UvicornServer

__all__ = ["EmulatorServer", "Tls", "UvicornServer"]
