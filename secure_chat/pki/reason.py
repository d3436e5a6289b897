"""Why a certificate does not count any more, in the words of RFC 5280 section 5.3.1.

A plain value, apart from what signs lists so that naming a reason is cheap: the command line
shows these words, and must not load a cryptography library for that.
"""

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """The reasons that `certs revoke` takes; a list of revoked certificates carries them on."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
