"""The demo's secrets: made once, kept in the instance folder, read by nobody else."""

from __future__ import annotations

import base64
import json
import os
import secrets
import string
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from portal.demo.problems import DemoProblemError

LETTERS_AND_DIGITS = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True, repr=False)
class DemoKeys:
    """What portal and sandbox must agree on, in the shapes that DingTalk gives them."""

    secret_key: str
    sandbox_secret_key: str
    corp_id: str
    app_key: str
    app_secret: str
    agent_id: str
    callback_token: str
    callback_aes_key: str


def read_or_make_keys(path: Path) -> DemoKeys:
    """Return the keys kept in `path`, which only its owner may read, or make and keep them.

    Raises DemoProblemError when the file holds something else.
    """
    try:
        kept = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _keep(_make(), path=path)
    path.chmod(0o600)
    try:
        return DemoKeys(**{name: str(value) for name, value in json.loads(kept).items()})
    except (ValueError, TypeError, AttributeError) as error:
        names = ", ".join(field.name for field in fields(DemoKeys))
        raise DemoProblemError(
            f"{path} does not hold the demo's keys ({names}). Bring it back from a copy; or, to begin anew and "
            f"lose what the demo holds, remove the folder {path.parent}."
        ) from error


def _make() -> DemoKeys:
    return DemoKeys(
        secret_key=secrets.token_urlsafe(48),
        sandbox_secret_key=secrets.token_urlsafe(48),
        corp_id=f"ding{secrets.token_hex(16)}",
        app_key=f"ding{_letters_and_digits(16).lower()}",
        app_secret=_letters_and_digits(64),
        agent_id=f"{secrets.randbelow(9 * 10**9) + 10**9}",
        callback_token=_letters_and_digits(24),
        callback_aes_key=_aes_key(),
    )


def _keep(keys: DemoKeys, *, path: Path) -> DemoKeys:
    """Write beside and rename: after a crash the file is either whole or not there."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(keys), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return keys


def _letters_and_digits(length: int) -> str:
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(length))


def _aes_key() -> str:
    """32 random bytes in base64 without its padding, drawn again until they are letters and digits only."""
    while True:
        drawn = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        if drawn.isalnum():
            return drawn
