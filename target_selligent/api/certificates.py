"""Why a TLS connection is not safe, and what the user can do about it."""

from __future__ import annotations

import ssl
from pathlib import Path

from urllib3.util.ssl_match_hostname import CertificateError

from target_selligent.api.unreachable import iterate_causes

_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_HOST = {62, 64}
"""Codes of OpenSSL's `X509_verify_cert_error`: the name or the IP address of the host does not match."""
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}
"""OpenSSL's reasons if the server does not speak TLS. Since version 3.2 it may report only `record layer failure`."""
_WRONG_HOST_ADVICE = "its certificate is for another host: check base_url"


def explain_unsafe_connection(error: BaseException, host: str, *, request_started: bool) -> str | None:
    """Explain a call that failed because the connection is not safe. Retrying such a call would not help.

    Args:
        error: The exception that the call raised.
        host: Name of the host that was called, for the message.
        request_started: Whether sending the request had started. If so, an SSL error that is not about the certificate
            is a lost connection.

    Returns:
        One line that says what is wrong and what to check; None for any other failure.
    """
    for cause in iterate_causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"no safe connection to {host}: {_explain_certificate_error(cause)}"
        if isinstance(cause, CertificateError):
            return f"no safe connection to {host}: {_WRONG_HOST_ADVICE}"
        if isinstance(cause, ssl.SSLError) and not request_started and _is_plain_http(cause):
            return f"no safe connection to {host}: the server uses plain http, not https: check base_url and its port"
    return None


def check_ca_bundle(verify: object) -> None:
    """Check that the file or directory of trusted certification authorities can be used.

    Args:
        verify: The path that `requests` found in REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. A bool is not checked.

    Raises:
        OSError: If the path cannot be read, or if a file holds no certificate.
    """
    if isinstance(verify, str):
        is_directory = Path(verify).is_dir()
        ssl.create_default_context(cafile=None if is_directory else verify, capath=verify if is_directory else None)


def _explain_certificate_error(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired and must be renewed, unless the clock of this machine is wrong"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet: check the clock of this machine"
    if code in _WRONG_HOST:
        return _WRONG_HOST_ADVICE
    return (
        f"its certificate is not trusted ({error.verify_message}): "
        "if your company's own authority issued it, set REQUESTS_CA_BUNDLE to the file with that authority"
    )


def _is_plain_http(error: ssl.SSLError) -> bool:
    return error.reason in _NOT_TLS or "record layer failure" in str(error)
