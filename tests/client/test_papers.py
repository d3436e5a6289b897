"""Only a certificate of our own key and name, from a real authority, takes the old one's place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.client.papers import Papers, judge
from secure_chat.errors import IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.keys import KeyType, PrivateKey, key_from_pem
from tests.client.certificates import set_up

LIFE = timedelta(days=90)


@dataclass(frozen=True)
class Answer:
    """What a host answers, and what it is judged by."""

    certificate: str
    authorities: str
    key: PrivateKey
    present: Identity
    now: float
    ours: tuple[x509.Certificate, ...] | None = None

    def judged(self) -> Papers:
        """Return the verdict."""
        return judge(
            self.certificate,
            self.authorities,
            key=self.key,
            present=self.present,
            now=self.now,
            ours=self.ours,
        )


@pytest.fixture
def authority(certs: Path) -> Authority:
    """Return the authority of everybody."""
    return set_up(certs)[1]


@pytest.fixture
def answer(certs: Path, authority: Authority) -> Answer:
    """Return a right answer to alice."""
    vault, _ = set_up(certs)
    key = key_from_pem(vault.read(vault.client_key("alice")), None, where="alice.key")
    now = vault.clock.now()
    leaf = authority.issue_member("alice", now=now, life=LIFE, key=key)
    return Answer(
        leaf.certificate_pem.decode(),
        authority.certificate_pem.decode(),
        key,
        vault.client_files("alice").identity,
        now,
    )


def test_a_right_answer_is_written_as_it_was_read(answer: Answer, authority: Authority) -> None:
    """Nothing that stood around it gets onto the disk."""
    noisy = replace(
        answer,
        certificate="# a comment\n" + answer.certificate + "\nrm -rf\n",
        authorities="BEGIN HERE\n" + answer.authorities + "private things",
    )
    papers = noisy.judged()
    assert papers.certificate == answer.certificate.encode()
    assert papers.authorities == authority.certificate_pem
    assert papers.identity.name == "alice"
    assert papers.identity.serial != answer.present.serial


def test_a_change_of_role_is_a_right_answer(answer: Answer, authority: Authority) -> None:
    """The role is the authority's to say."""
    leaf = authority.issue_member("alice", Role.OPERATOR, now=answer.now, life=LIFE, key=answer.key)
    papers = replace(answer, certificate=leaf.certificate_pem.decode()).judged()
    assert papers.identity.role is Role.OPERATOR


def test_a_second_authority_comes_along_and_one_that_has_ended_does_not(
    answer: Answer, authority: Authority
) -> None:
    """During a change-over both are trusted; the first one is the one that issues."""
    new = Authority.create(now=answer.now)
    ended = Authority.create(now=answer.now - 100, life=timedelta(seconds=10))
    leaf = new.issue_member("alice", now=answer.now, life=LIFE, key=answer.key)
    bundle = new.certificate_pem + authority.certificate_pem
    both = replace(
        answer,
        certificate=leaf.certificate_pem.decode(),
        authorities=(bundle + ended.certificate_pem).decode(),
    )
    assert both.judged().authorities == bundle


WRONG: dict[str, tuple[Callable[[Answer, Authority], Answer], str]] = {
    "rubbish": (lambda right, _: replace(right, certificate="rubbish"), "cannot be read"),
    "somebody else's": (
        lambda right, ca: replace(right, certificate=_issued(ca, right, name="bob")),
        "for bob",
    ),
    "the same again": (
        lambda right, _: replace(right, present=right.judged().identity),
        "no new one",
    ),
    "for another key": (
        lambda right, ca: replace(
            right,
            certificate=ca.issue_member(
                "alice", now=right.now, life=LIFE, key=KeyType.P256
            ).certificate_pem.decode(),
        ),
        "another key",
    ),
    "a host's": (
        lambda right, _: replace(right, certificate=right.authorities),
        "",
    ),
    "ended": (lambda right, _: replace(right, now=right.now + 91 * 86_400), "not valid"),
    "not begun": (lambda right, _: replace(right, now=right.now - 86_400), "not valid"),
    "no authority": (lambda right, _: replace(right, authorities=""), "cannot be read"),
    "a leaf as authority": (
        lambda right, _: replace(right, authorities=right.authorities + right.certificate),
        "is none",
    ),
    "an authority that may not sign": (
        lambda right, _: replace(right, authorities=right.authorities + _unsigning()),
        "is none",
    ),
    "too many authorities": (
        lambda right, _: replace(right, authorities=right.authorities * 9),
        "more than",
    ),
    "another's authority": (
        lambda right, _: replace(
            right, authorities=Authority.create(now=right.now).certificate_pem.decode()
        ),
        "has issued it",
    ),
    "not ours": (
        lambda right, _: replace(right, ours=(Authority.create(now=right.now).certificate,)),
        "this folder's",
    ),
}


def _unsigning() -> str:
    """Return what calls itself an authority and does not say that its key may sign."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "quiet CA")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - LIFE, now + LIFE
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _issued(authority: Authority, right: Answer, *, name: str) -> str:
    leaf = authority.issue_member(name, now=right.now, life=LIFE, key=right.key)
    return leaf.certificate_pem.decode()


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_answer_is_refused(case: str, answer: Answer, authority: Authority) -> None:
    """The reason names what is wrong with it, and the right one passes beside it."""
    change, why = WRONG[case]
    wrong = change(answer, authority)
    with pytest.raises(IdentityError) as refused:
        wrong.judged()
    assert why in refused.value.why
    answer.judged()


def test_the_folders_own_authorities_are_enough(answer: Answer, authority: Authority) -> None:
    """Where commands change them, an answer of one of them is right."""
    papers = replace(answer, ours=(authority.certificate,)).judged()
    assert papers.identity.name == "alice"
