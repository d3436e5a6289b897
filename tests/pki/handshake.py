"""A real mutual TLS 1.3 handshake in memory, with every check that the program switches on."""

import ssl
from pathlib import Path

from secure_chat.pki.authority import Authority
from secure_chat.pki.leaf import Leaf

__all__ = ["client_context", "server_context", "shake"]


def server_context(folder: Path, authority: Authority, leaf: Leaf, crl: bytes) -> ssl.SSLContext:
    """Return a context that demands and checks a client certificate, revocation included."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    crl_file = folder / "crl"
    crl_file.write_bytes(crl)
    context.load_verify_locations(crl_file)
    _trust(context, folder, authority, leaf)
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def client_context(folder: Path, authority: Authority, leaf: Leaf) -> ssl.SSLContext:
    """Return a context that checks the host's names and presents a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    _trust(context, folder, authority, leaf)
    return context


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "localhost") -> bytes:
    """Shake hands and return the client's certificate as the server saw it.

    Raises:
        ssl.SSLError: either side refuses the other.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [here, there]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
    certificate = there.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def _trust(context: ssl.SSLContext, folder: Path, authority: Authority, leaf: Leaf) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority.certificate_pem.decode())
    crt, key = folder / "crt", folder / "key"
    crt.write_bytes(leaf.certificate_pem)
    key.write_bytes(leaf.key_pem())
    context.load_cert_chain(crt, key)
