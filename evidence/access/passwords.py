"""Passwords: what one must be, and whether it is the one that was set.

Only Argon2id's hash of a password is kept, with the parameters that argon2-cffi recommends; one
kept under older parameters is made anew when its owner next enters. A password is compared by
what it looks like: the same letters typed on another system may come as other code points.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from datasets.errors import UsageError
from datasets.messages import Message

SHORTEST = 12  # characters
LONGEST = 1024  # bytes of UTF-8: more is no safer, and takes longer to hash
FEWEST_DIFFERENT = 5  # characters

_HASHER = PasswordHasher()


def check_password(password: str, name: str) -> None:
    """Refuses a password that would be guessed.

    Raises:
        UsageError: it may not be used; the message says why.
    """
    plain = _plain(password)
    if plain is None:
        raise UsageError(
            Message("the password holds half a character that no keyboard types; leave it out")
        )
    if len(plain) < SHORTEST:
        raise UsageError(
            Message("the password is too short; use %(least)s characters or more", least=SHORTEST)
        )
    if len(plain.encode()) > LONGEST:
        raise UsageError(
            Message("the password is too long; use %(most)s bytes or less", most=LONGEST)
        )
    folded = plain.casefold()
    if not folded.replace(name.casefold(), ""):
        raise UsageError(Message("the password is the account's name; use something else"))
    if len(set(folded)) < FEWEST_DIFFERENT:
        raise UsageError(
            Message(
                "the password repeats; use %(least)s different characters", least=FEWEST_DIFFERENT
            )
        )


def to_secret(password: str) -> str:
    """What is kept of a password that `check_password` let through."""
    plain = _plain(password)
    assert plain is not None
    return _HASHER.hash(plain)


def is_password(password: str, secret: str | None) -> bool:
    """Whether a secret was made of this password; none, or an empty one, takes as long as a
    wrong one."""
    plain = _plain(password)
    try:
        _HASHER.verify(secret or _nobody(), plain or "")
    except (VerificationError, InvalidHashError):
        return False
    return bool(secret and plain)


def is_outdated(secret: str) -> bool:
    """Whether a secret was made with other parameters than would be used now."""
    return _HASHER.check_needs_rehash(secret)


def _plain(password: str) -> str | None:
    """The password in Unicode's one form for all that look alike; None: UTF-8 cannot hold it."""
    try:
        return unicodedata.normalize("NFKC", password).encode().decode()
    except UnicodeEncodeError:
        return None


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))
