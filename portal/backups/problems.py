"""Why a backup or a restore was not done."""

from __future__ import annotations


class BackupProblem(Exception):
    """Nothing was written or overwritten; ``lines`` say what is wrong and what to do, and hold nothing secret."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
