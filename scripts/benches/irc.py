"""The IRC servers among the peers, with their protection against floods switched off.

An IRC server does not send a message back to who said it, and what it delivers bears the sender's
name and address, so it writes some 60 bytes more for each message than was said.
"""

import shutil
import ssl

from scripts.benches.peer import Peer, hear_until

__all__ = ["InspIrcd", "NgIrcd"]

# Long enough for every bench: nobody in a crowd answers a PING, in seconds.
_QUIET = 86_400


class NgIrcd(Peer):
    """ngircd with GnuTLS: a client's certificate is asked for, not required and not verified."""

    name = "ngircd"
    program = "ngircd"
    package = "ngircd"
    echoes = False

    def command(self) -> list[str]:
        """Write the configuration and return the command."""
        certs = self.papers.folder
        config = self.folder / "ngircd.conf"
        config.write_text(
            "[Global]\nName = bench.localhost\nInfo = bench\nAdminInfo1 = bench\n"
            "AdminEMail = bench@localhost\nMotdPhrase = bench\nListen = 127.0.0.1\n"
            "[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\n"
            f"PingTimeout = {_QUIET}\n"
            "[Options]\nDNS = no\nIdent = no\nPAM = no\n"
            f"[SSL]\nPorts = {self.port}\nCAFile = {certs / 'ca.crt'}\n"
            f"CertFile = {certs / 'host.crt'}\nKeyFile = {certs / 'host.key'}\n"
        )
        return [self.path(), "--nodaemon", "--config", str(config)]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Register and join."""
        _introduce(sock, number)
        _join(sock)

    def publish(self, number: int) -> bytes:
        """Return one `PRIVMSG`."""
        return _message(self.payload)


class InspIrcd(Peer):
    """inspircd with GnuTLS: who has no certificate of the authority may not register."""

    name = "inspircd"
    program = "inspircd"
    package = "inspircd"
    echoes = False

    def command(self) -> list[str]:
        """Write the configuration and return the command."""
        certs = self.papers.folder
        config = self.folder / "inspircd.conf"
        # What the handshake showed is known only afterwards, hence a class for those before it.
        config.write_text(
            '<server name="bench.localhost" description="bench" network="bench">\n'
            '<admin name="bench" nick="bench" email="bench@localhost">\n'
            '<module name="ssl_gnutls">\n<module name="sslinfo">\n'
            f'<sslprofile name="bench" provider="gnutls" cafile="{certs / "ca.crt"}"'
            f' certfile="{certs / "host.crt"}" keyfile="{certs / "host.key"}"'
            ' requestclientcert="yes">\n'
            f'<bind address="127.0.0.1" port="{self.port}" type="clients" sslprofile="bench">\n'
            f'<connect name="arriving" registered="no" allow="*" timeout="60" pingfreq="{_QUIET}"'
            ' hardsendq="64M" softsendq="32M" recvq="8M" fakelag="no" threshold="1000000"'
            ' commandrate="1000000000" localmax="100000" globalmax="100000" limit="100000"'
            ' resolvehostnames="no">\n'
            '<connect name="in" registered="yes" allow="*" parent="arriving"'
            ' requiressl="trusted">\n'
        )
        # Where a security profile knows the program by its path, it may read nothing but /etc.
        program = str(shutil.copy(self.path(), self.folder))
        # Some builds abort as they end; a core file would be left where the bench was started.
        alone = ("prlimit", "--core=0", program)
        return [*alone, "--nofork", "--nolog", "--nopid", "--runasroot", "--config", str(config)]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Introduce oneself, not waiting for the answer."""
        _introduce(sock, number)

    def settle(self, sock: ssl.SSLSocket, number: int) -> None:
        """Join."""
        # It registers once a second whoever has arrived; waiting one by one would take minutes.
        _join(sock)

    def publish(self, number: int) -> bytes:
        """Return one `PRIVMSG`."""
        return _message(self.payload)


def _introduce(sock: ssl.SSLSocket, number: int) -> None:
    sock.sendall(b"NICK p%d\r\nUSER p 0 * :p\r\n" % number)


def _join(sock: ssl.SSLSocket) -> None:
    hear_until(sock, b" 001 ")
    sock.sendall(b"JOIN #room\r\n")
    # The end of the list of who is there.
    hear_until(sock, b" 366 ")


def _message(payload: bytes) -> bytes:
    return b"PRIVMSG #room :%s\r\n" % payload
