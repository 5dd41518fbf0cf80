"""What the cases of this folder are drawn with: each file from a seed of its own, nothing in it is anyone's."""

from __future__ import annotations

import base64
import json
import random
import string

HEX = "0123456789abcdef"
ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits
BASE32 = string.ascii_uppercase + "234567"


def b64(text: str) -> str:
    """Standard base64 of *text*."""
    return base64.b64encode(text.encode()).decode()


class Made:
    """Values that look real."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def some(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choice(alphabet) for _ in range(length))

    def jwt(self) -> str:
        told = json.dumps({"sub": self.some(HEX, 12), "iss": "https://login.example.com", "exp": 1789})
        parts = ['{"alg":"RS256","typ":"JWT"}', told]
        encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
        return ".".join([*encoded, self.some(URLSAFE, 64)])

    def wrapped(self, length: int, width: int = 64) -> str:
        text = self.some(BASE64, length)
        return "\n".join(text[at : at + width] for at in range(0, length, width))

    def pem(self, label: str, length: int = 640) -> str:
        return f"-----BEGIN {label}-----\n{self.wrapped(length)}\n-----END {label}-----"
