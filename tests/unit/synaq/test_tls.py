"""The same questions over TLS: an unknown certificate sends nothing, a reset later is unknown."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.synaq import Meaning, Sent, SynaqError

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"guid": "O"}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody knows, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    encodings = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*encodings) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[[bytes], str]]:
    """Starts a TLS server that reads one request, answers with these bytes (or none) and hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running: list[tuple[socket.socket, threading.Thread]] = []

    def accept(listener: socket.socket, answer: bytes) -> None:
        with (
            suppress(OSError),
            listener.accept()[0] as plain,
            context.wrap_socket(plain, server_side=True) as secure,
        ):
            secure.recv(65536)
            secure.sendall(answer)

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=accept, args=(listener, answer), daemon=True)
        thread.start()
        running.append((listener, thread))
        return f"https://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener, thread in running:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


def test_unknown_certificate_sends_nothing(serve: Any, make_client: Any) -> None:
    client = make_client(base_url=serve(OK), timeout=(2.0, 2.0))
    with pytest.raises(SynaqError) as caught:
        client.domains.act("D", "Provision")
    assert (caught.value.meaning, caught.value.sent) == (Meaning.UNREACHABLE, Sent.NO)


@pytest.mark.usefixtures("trusted")
def test_known_certificate_is_answered(serve: Any, make_client: Any) -> None:
    assert make_client(base_url=serve(OK), timeout=(2.0, 2.0)).ous.get("O").body == {"guid": "O"}


@pytest.mark.usefixtures("trusted")
def test_connection_closed_after_the_request_is_unknown(serve: Any, make_client: Any) -> None:
    client = make_client(base_url=serve(b""), timeout=(2.0, 2.0))
    with pytest.raises(SynaqError) as caught:
        client.domains.act("D", "Provision")
    assert (caught.value.meaning, caught.value.sent) == (Meaning.CUT_OFF, Sent.UNKNOWN)
