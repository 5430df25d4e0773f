"""Random texts that people read from paper and type: Crockford's base 32, in groups, no letters that look alike."""

import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS: Final = 4
_LENGTH: Final = 5
# What people write for what they read; blanks and hyphens only make groups.
_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


def new_text() -> str:
    """100 bits of chance, such as 7KQ2M-0XV3B-R9TDA-4HJ8C."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(_LENGTH)) for _ in range(_GROUPS))


def meant(typed: str) -> str:
    """What somebody who typed this was reading: without groups, in capitals."""
    return typed.upper().translate(_MEANT)
