"""Certificates for https on this machine; the tests that need them issue them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trustme

from target_selligent import emulator

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from target_selligent.emulator import Tls

HOST = "127.0.0.1"


class CertificateAuthority:
    """A certificate authority; only programs that read its file trust it.

    Args:
        folder: Where it writes its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self._count = 0
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(self.file)

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that make the command trust it."""
        return {"REQUESTS_CA_BUNDLE": str(self.file)}

    def issue(self, host: str = HOST, *, starts: datetime | None = None, ends: datetime | None = None) -> Tls:
        """Return a new certificate.

        Args:
            host: Name or address of the server.
            starts: When it begins to be valid.
            ends: When it stops being valid.
        """
        issued = self._ca.issue_cert(host, not_before=starts, not_after=ends)
        self._count += 1
        path = self._folder / f"server{self._count}.pem"
        issued.private_key_and_cert_chain_pem.write_to_path(path)
        return emulator.Tls(path)
