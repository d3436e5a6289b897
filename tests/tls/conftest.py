"""One authority, one host and one member for all tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_chat.tls.context import Contexts, client_contexts, host_contexts
from tests.tls.ends import Shake, shake
from tests.tls.paper import HOST_WISH, Authority, Leaf


@dataclass(frozen=True)
class House:
    """Certificates that belong together."""

    ca: Authority
    host: Leaf
    alice: Leaf

    def host_contexts(self, leaf: Leaf | None = None, crl: Path | None = None) -> Contexts:
        """Return the host's contexts, with another certificate or revocation list."""
        leaf = leaf or self.host
        return host_contexts(self.ca.ca, leaf.certificate, leaf.key, crl or self.ca.crl)

    def client_contexts(self, leaf: Leaf | None, ca: Authority | None = None) -> Contexts:
        """Return a client's contexts; a stranger's when there is no leaf."""
        trusted = (ca or self.ca).ca
        if leaf is None:
            return client_contexts(trusted, None, None)
        return client_contexts(trusted, leaf.certificate, leaf.key)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Return an authority with a host and a member."""
    ca = Authority(tmp_path_factory.mktemp("house") / "ca")
    return House(ca, ca.issue("host", HOST_WISH), ca.issue("alice"))


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return another authority that bears the same name."""
    return Authority(tmp_path_factory.mktemp("foreign") / "ca")


@pytest.fixture
def shaken() -> Iterator[Callable[..., Shake]]:
    """Return `shake`, with both ends closed when the test is over."""
    with ExitStack() as stack:

        def do(host: Contexts, client: Contexts, name: str = "localhost") -> Shake:
            done = shake(host, client, name)
            stack.callback(done.close)
            return done

        yield do
