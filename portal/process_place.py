"""The place of a process among its like on one machine: a locked file, free again however the process ends."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from zlib import crc32

from portal.settings import Settings

LONGEST_ID = 64


def take_place(held: ExitStack, path: Path) -> bool:
    """Lock ``path`` for as long as ``held`` is open; returns False when another process holds it."""
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    held.enter_context(lock)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return True


def numbered_place(held: ExitStack, settings: Settings, *, kind: str) -> str:
    """Take the first free of ``<kind>-1.lock``, ``<kind>-2.lock`` … in the instance folder and return its id."""
    number = next(
        number for number in count(1) if take_place(held, settings.instance_path / f"{kind}-{number}.lock")
    )
    return id_here(settings, number=number)


def id_here(settings: Settings, *, number: int) -> str:
    """Return an id that no other place has: of this host, this instance folder and this number."""
    # Folders of one name on one host are different places.
    folder = crc32(str(settings.instance_path).encode())
    end = f"-{folder:08x}-{number}"
    return f"{socket.gethostname()[: LONGEST_ID - len(end)]}{end}"
