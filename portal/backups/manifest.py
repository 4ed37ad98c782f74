"""What a backup says about itself, sealed: only the portal that holds the same secret key can have written it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self

from portal.backups.problems import BackupProblem
from portal.secret_box import SecretBox, SecretUnreadable

PLACE = "backup.manifest"


class EngineName(StrEnum):
    """Whose dump a backup holds; one cannot be restored into the other."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Facts about one dump: ``migration`` its tables are at, ``dump_sha256`` in hex, ``made_at`` as ISO 8601."""

    engine: EngineName
    migration: str
    portal_version: str
    made_at: str
    dump_sha256: str

    def to_json(self, box: SecretBox) -> str:
        """Return the facts with a seal over all of them."""
        return json.dumps({**asdict(self), "seal": box.seal(self._text(), place=PLACE)}, indent=2)

    @classmethod
    def from_json(cls, text: str, box: SecretBox) -> Self:
        """Read the facts; raises ``BackupProblem`` when the secret key does not fit or a fact was altered."""
        try:
            told = json.loads(text)
            seal = told.pop("seal")
            manifest = cls(**{**told, "engine": EngineName(told["engine"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupProblem("This is not a backup of the portal.") from error
        try:
            is_genuine = box.open(seal, place=PLACE) == manifest._text()
        except SecretUnreadable as error:
            raise BackupProblem(
                "PORTAL_SECRET_KEY is not the one that this backup was made with, or the backup was altered.",
                "Set the key that was in use then: the DingTalk secrets in the backup cannot be read without it.",
            ) from error
        if not is_genuine:
            raise BackupProblem("The backup was altered after it was made.", "Use another one.")
        return manifest

    def _text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)
