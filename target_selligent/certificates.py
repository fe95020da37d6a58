"""Why a TLS connection is not safe: in the user's terms, and apart from connections that were lost."""

from __future__ import annotations

import ssl
from pathlib import Path

from urllib3.util.ssl_match_hostname import CertificateError

from target_selligent.unreachable import causes

_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_HOST = {62, 64}
"""Codes of X509_verify_cert_error: a host's name or its address does not match."""
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}
"""OpenSSL's reasons when what comes first is not TLS; since 3.2 it may only say `record layer failure`."""


def explain_unsafe_connection(error: BaseException, host: str, *, connected: bool) -> str | None:
    """Say why there is no safe connection, if that is why a call failed: trying again would not help.

    Args:
        error: What the call failed with.
        host: Name of the host that was called, for the message.
        connected: Whether the request had begun to leave: what goes wrong then is no question of safety.

    Returns:
        One line that says what to do; None for any other failure.
    """
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"no safe connection to {host}: {_certificate_problem(cause)}"
        if isinstance(cause, CertificateError):
            return f"no safe connection to {host}: {_FOR_ANOTHER_HOST}"
        if isinstance(cause, ssl.SSLError) and not connected and _is_plain(cause):
            return f"no safe connection to {host}: plain http is spoken there, not https: check base_url and its port"
    return None


def check_ca_bundle(verify: object) -> None:
    """Check the file or directory of trusted authorities that the environment names.

    Args:
        verify: What requests found in REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or a bool.

    Raises:
        OSError: It cannot be read, or holds no certificate.
    """
    if isinstance(verify, str):
        folder = Path(verify).is_dir()
        ssl.create_default_context(cafile=None if folder else verify, capath=verify if folder else None)


_FOR_ANOTHER_HOST = "its certificate is for another host: check base_url"


def _certificate_problem(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired: it must be renewed there, unless this machine's clock is wrong"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet: check this machine's clock"
    if code in _WRONG_HOST:
        return _FOR_ANOTHER_HOST
    return (
        f"its certificate is not trusted ({error.verify_message}): "
        "if a company's own authority issued it, set REQUESTS_CA_BUNDLE to the file with that authority"
    )


def _is_plain(error: ssl.SSLError) -> bool:
    return error.reason in _NO_TLS or "record layer failure" in str(error)
