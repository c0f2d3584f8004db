"""Put TLS before the session's PostgreSQL, whose build has none: a front that refuses plain connections.

It answers PostgreSQL's request for TLS (protocol 3.0, SSLRequest) as a server with `hostssl` rules only does; all that
follows is between the client and the real server.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOST = "127.0.0.1"
_SSL_REQUEST = struct.pack("!II", 8, 80_877_103)
_NO_ENCRYPTION = b"SFATAL\0C28000\0Mno pg_hba.conf entry for this host, no encryption\0\0"


@dataclass(frozen=True)
class Authority:
    """A certificate authority: the file of its certificate, and the context of a server at 127.0.0.1 with one of it."""

    file: Path
    server: ssl.SSLContext


def authority(folder: Path, name: str) -> Authority:
    """Return a new authority with its files in `folder`."""
    own_key, own = _certificate(name, None, None)
    key, certificate = _certificate("database", own_key, own)
    file, chain = folder / f"{name}.pem", folder / f"{name}-server.pem"
    file.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return Authority(file, context)


def _certificate(
    name: str, issuer_key: ec.EllipticCurvePrivateKey | None, issuer: x509.Certificate | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        builder = builder.add_extension(names, critical=False)
    return key, builder.sign(issuer_key or key, hashes.SHA256())


@asynccontextmanager
async def tls_front(context: ssl.SSLContext, port: int) -> AsyncIterator[int]:
    """Serve TLS before the PostgreSQL at `port`; give the port of the front."""
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            await _serve(reader, writer, context, port)
        running.discard(task)
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, port: int
) -> None:
    if await reader.readexactly(8) != _SSL_REQUEST:
        writer.write(b"E" + struct.pack("!I", 4 + len(_NO_ENCRYPTION)) + _NO_ENCRYPTION)
        await writer.drain()
        return
    writer.write(b"S")
    await writer.drain()
    await writer.start_tls(context)
    behind_reader, behind_writer = await asyncio.open_connection(HOST, port)
    try:
        copies = [
            asyncio.ensure_future(_copy(reader, behind_writer)),
            asyncio.ensure_future(_copy(behind_reader, writer)),
        ]
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        for each in copies:
            each.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
    finally:
        behind_writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
        await target.drain()
