"""TLS connections that are not safe: real handshakes, in memory, with certificates that are wrong in one way each."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3
from urllib3.util.ssl_match_hostname import CertificateError

from target_selligent.api.certificates import check_ca_bundle, explain_unsafe_connection
from tests.support.certificates import CertificateAuthority

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(timezone.utc)


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> ssl.SSLError | None:
    """Return the error of the client in a TLS handshake without a network; None if it succeeds."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for side in sides * 4:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as error:
            return error
    return None


def explain(error: BaseException, *, request_started: bool = False) -> str | None:
    """Return the explanation of an exception, as `requests` wraps it."""
    reason = urllib3.exceptions.MaxRetryError(urllib3.HTTPSConnectionPool("x"), "/", error)  # type: ignore[arg-type]
    wrapped = requests.exceptions.SSLError(reason)
    return explain_unsafe_connection(wrapped, "customer.example", request_started=request_started)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """A certification authority of this module."""
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("days", "issued_for", "trusted", "text"),
    [
        ((-1, 1), "customer.example", True, None),
        ((-1, 1), "customer.example", False, "is not trusted ("),
        ((-9, -1), "customer.example", True, "its certificate has expired and must be renewed"),
        ((1, 9), "customer.example", True, "its certificate is not valid yet: check the clock"),
        ((-1, 1), "other.example", True, "its certificate is for another host: check base_url"),
        ((-1, 1), "127.0.0.1", True, "its certificate is for another host: check base_url"),
    ],
    ids=["right", "untrusted", "expired", "not yet valid", "another host", "an address"],
)
@pytest.mark.parametrize("request_started", [True, False], ids=["while sending", "before"])
def test_a_wrong_certificate_is_explained(  # noqa: PLR0913 - the properties of a certificate
    authority: CertificateAuthority,
    days: tuple[int, int],
    issued_for: str,
    text: str | None,
    *,
    trusted: bool,
    request_started: bool,
) -> None:
    """Each fault of a certificate has its own explanation, which says what to check."""
    starts, ends = (NOW + timedelta(days=day) for day in days)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(authority.issue(issued_for, starts=starts, ends=ends).certificate)
    client = ssl.create_default_context(cafile=authority.file if trusted else None)
    error = shake_hands(client, server, "customer.example")
    if text is None:
        assert error is None
        return
    assert error is not None
    found = explain(error, request_started=request_started)
    assert found is not None
    assert found.startswith("no safe connection to customer.example: ")
    assert text in found


def test_a_certificate_for_another_address_is_explained(authority: CertificateAuthority) -> None:
    """A host that is called by its IP address needs a certificate for that address."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(authority.issue("127.0.0.2").certificate)
    error = shake_hands(ssl.create_default_context(cafile=authority.file), server, "127.0.0.1")
    assert error is not None
    assert "its certificate is for another host: check base_url" in (explain(error) or "")


def test_a_mismatch_that_urllib3_finds_is_explained() -> None:
    """In some cases urllib3 compares the host names itself."""
    assert "for another host: check base_url" in (explain(CertificateError("no match")) or "")


def test_plain_http_on_the_port_is_explained() -> None:
    """A server that answers in plain http is not a wrong certificate. Once sending has started, it is a lost line."""
    incoming = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, ssl.MemoryBIO(), server_hostname="customer.example")
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        client.do_handshake()
    assert explain(caught.value) == (
        "no safe connection to customer.example: the server uses plain http, not https: check base_url and its port"
    )
    assert explain(caught.value, request_started=True) is None


@pytest.mark.parametrize("reason", ["BAD_RECORD_MAC", "UNEXPECTED_EOF_WHILE_READING", None], ids=str)
def test_other_failures_are_not_explained(reason: str | None) -> None:
    """A connection that was lost is not unsafe: the call is tried again."""
    error: OSError = ConnectionResetError(104, "reset")
    if reason is not None:
        error = ssl.SSLError(1, f"[SSL: {reason}]")
        error.reason = reason
    assert explain(error) is None


def test_a_usable_bundle_is_accepted(authority: CertificateAuthority) -> None:
    """A file with certificates, a directory and the built-in default are accepted."""
    check_ca_bundle(str(authority.file))
    check_ca_bundle(str(authority.file.parent))
    check_ca_bundle(True)  # noqa: FBT003 - what `requests` passes on
    check_ca_bundle(None)


@pytest.mark.parametrize("content", [None, b"", b"text"], ids=["missing", "empty", "text"])
def test_an_unusable_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing or holds no certificate is an error."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(OSError, match=r".") as caught:
        check_ca_bundle(str(bundle))
    assert isinstance(caught.value, (ssl.SSLError, FileNotFoundError))
