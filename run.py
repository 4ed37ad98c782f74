"""The one command of a fresh machine: sets up `.venv` from the lock files, then starts or checks the portal.

Needs nothing but Python and its venv module. `python3 run.py --help` lists what it can do.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "set-up.json"

UV_VERSION = "0.13.9"
UV_LOCK = ROOT / "requirements-uv.lock"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
PROJECT = ROOT / "pyproject.toml"
MOST_TEST_PROCESSES = 8
NO_TESTS_COLLECTED = 5  # pytest's exit code
OLDEST_PYTHON, FIRST_UNSUPPORTED_PYTHON = (3, 11), (3, 14)

CATALOGUES = "portal/translations"
EXTRACTED = ("--no-wrap", "--sort-output", "--add-location=file", "-k", "lazy_gettext")
UPDATED = ("--no-wrap", "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date")

HELP = """\
python3 run.py                    start the demo: portal, worker, Stream listener and sandbox
python3 run.py test [...]         run all but the slow tests, side by side (more goes to pytest: -n 0 is one by one)
python3 run.py test-full [...]    run all tests
python3 run.py lint               check style, types and translations
python3 run.py bench [...]        measure, and write bench/results.json
python3 run.py lock [--upgrade]   write the lock files anew from pyproject.toml
python3 run.py translations       bring the catalogues in step with the words in the code, and compile them
python3 run.py set-up [--dev]     set up .venv and do nothing else
"""


class CannotContinueError(Exception):
    """What stands in the way and what to do about it, in words for whoever typed the command."""


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` name and return its exit code."""
    name, *rest = arguments or ["demo"]
    if name not in COMMANDS:
        is_question = name in {"help", "-h", "--help"}
        print(HELP if is_question else f"run.py does not know '{name}'.\n\n{HELP}", end="")
        return 0 if is_question else 2
    try:
        _refuse_an_unsupported_python()
        return COMMANDS[name](rest)
    except CannotContinueError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half done: the same command starts over.", file=sys.stderr)
        return 130


def demo(arguments: list[str]) -> int:
    set_up(with_dev=False)
    return _become("portal", "demo", *arguments)


def test(arguments: list[str]) -> int:
    set_up(with_dev=True)
    return _become("python", "-m", "pytest", *_side_by_side(), "-m", "not slow", *arguments)


def test_full(arguments: list[str]) -> int:
    """Run everything: what is slow alone, as it measures or wants all of the machine."""
    set_up(with_dev=True)
    suites = ((*_side_by_side(), "-m", "not slow"), ("-m", "slow"))
    codes = [_run("python", "-m", "pytest", *suite, *arguments) for suite in suites]
    return max([code for code in codes if code != NO_TESTS_COLLECTED], default=NO_TESTS_COLLECTED)


def _side_by_side() -> tuple[str, ...]:
    """Let pytest run a file of tests on each processor; they wait for much, so never fewer than two."""
    processes = min(max(os.cpu_count() or 1, 2), MOST_TEST_PROCESSES)
    return ("-n", str(processes), "--dist", "loadfile")


def lint(arguments: list[str]) -> int:
    set_up(with_dev=True)
    checks = (
        ("ruff", "check", *arguments),
        ("ruff", "format", "--check", *arguments),
        ("mypy", *arguments),
        ("python", "-m", "pytest", "-q", "tests/conventions/test_translations.py"),
    )
    return max(_run(*check) for check in checks)


def bench(arguments: list[str]) -> int:
    set_up(with_dev=True)
    return _become("python", "-m", "bench", *arguments)


def lock(arguments: list[str]) -> int:
    """Write the lock files anew. Versions stay as they are unless pyproject.toml or --upgrade moves them."""
    set_up(with_dev=False)
    _tell_uv_of_pips_mirror()
    wanted: tuple[tuple[Path, list[str], str | None], ...] = (
        (UV_LOCK, ["-"], f"uv=={UV_VERSION}"),
        (RUNTIME_LOCK, [PROJECT.name, "--extra", "stream", "--extra", "quickbi"], None),
        (DEV_LOCK, [PROJECT.name, "--extra", "stream", "--extra", "quickbi", "--group", "dev"], None),
    )
    flags = ("--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header")
    for lock_file, sources, typed_in in wanted:
        command = ("uv", "pip", "compile", *flags, *sources, "-o", lock_file.name, *arguments)
        code = _run(*command, typed_in=typed_in)
        if code:
            return code
    return 0


def translations(_arguments: list[str]) -> int:
    """Extract every word a person reads, update each language's catalogue and compile it."""
    set_up(with_dev=False)
    languages = sorted(path.name for path in (ROOT / CATALOGUES).iterdir() if path.is_dir()) or ["zh"]
    with tempfile.TemporaryDirectory() as scratch:
        words = f"{scratch}/messages.pot"
        sources = ("-F", f"{CATALOGUES}/sources.ini", "--project", "approval-portal", *EXTRACTED)
        commands: list[tuple[str, ...]] = [("pybabel", "-q", "extract", *sources, "-o", words, ".")]
        for language in languages:
            place = ("-d", CATALOGUES, "-D", "messages", "-l", language)
            exists = (ROOT / CATALOGUES / language / "LC_MESSAGES" / "messages.po").exists()
            step = ("update", *UPDATED) if exists else ("init", "--no-wrap")
            commands += [
                ("pybabel", "-q", *step, "-i", words, *place),
                ("pybabel", "-q", "compile", *place),
            ]
        return next(filter(None, (_run(*command) for command in commands)), 0)


def only_set_up(arguments: list[str]) -> int:
    set_up(with_dev="--dev" in arguments)
    return 0


COMMANDS = {
    "demo": demo,
    "test": test,
    "test-full": test_full,
    "lint": lint,
    "bench": bench,
    "lock": lock,
    "translations": translations,
    "set-up": only_set_up,
}


def set_up(*, with_dev: bool) -> None:
    """Make `.venv` hold what the lock files name, unless it already does.

    The stamp goes before the first change and comes back after the last: a `.venv` without it was
    interrupted, and is made from scratch. Once the tests' packages are in, they stay in step too.
    """
    if _is_up_to_date(with_dev=with_dev):
        return
    with _one_at_a_time():
        if _is_up_to_date(with_dev=with_dev):
            return
        stamp = _read_stamp()
        with_dev = with_dev or bool(stamp.get("with_dev"))
        if stamp.get("made_for") == _made_for() and VENV_PYTHON.exists():
            print("Bringing .venv in step with the lock files ...", flush=True)
            STAMP.unlink()
        else:
            print("Setting up .venv (once; well under a minute on most networks) ...", flush=True)
            _make_venv()
        _install(with_dev=with_dev)
        unfinished = STAMP.with_suffix(".unfinished")
        fingerprint = _fingerprint(with_dev=with_dev)
        unfinished.write_text(
            json.dumps({"made_for": _made_for(), "with_dev": with_dev, "fingerprint": fingerprint})
        )
        unfinished.replace(STAMP)


def _is_up_to_date(*, with_dev: bool) -> bool:
    stamp = _read_stamp()
    has_dev = bool(stamp.get("with_dev"))
    return (
        (has_dev or not with_dev)
        and stamp.get("made_for") == _made_for()
        and stamp.get("fingerprint") == _fingerprint(with_dev=has_dev)
        and VENV_PYTHON.exists()
    )


def _read_stamp() -> dict[str, object]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _made_for() -> str:
    """The series of Python and the place: a `.venv` survives a change of neither."""
    return f"Python {_python_series()} in {ROOT}"


def _fingerprint(*, with_dev: bool) -> str:
    """Of the files that decide what is installed."""
    sources = (UV_LOCK, RUNTIME_LOCK, PROJECT, *((DEV_LOCK,) if with_dev else ()))
    return hashlib.sha256(
        b"".join(hashlib.sha256(path.read_bytes()).digest() for path in sources)
    ).hexdigest()


def _make_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise CannotContinueError(
            f"This Python ({sys.executable}) lacks its venv module. On Debian and Ubuntu:\n"
            f"    apt-get install python{_python_series()}-venv"
        )
    if VENV.exists():
        shutil.rmtree(VENV)
    if _call(sys.executable, "-m", "venv", str(VENV)):
        raise CannotContinueError(f"Python could not make a virtual environment in {VENV}: see above.")


def _install(*, with_dev: bool) -> None:
    _tell_uv_of_pips_mirror()
    pip = (str(VENV_PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    uv = (str(VENV / "bin" / "uv"), "pip", "--quiet")
    venv = ("--python", str(VENV_PYTHON))
    lock_file = DEV_LOCK if with_dev else RUNTIME_LOCK
    for command in (
        (*pip, "--require-hashes", "--no-deps", "-r", str(UV_LOCK)),
        (*uv, "sync", *venv, "--require-hashes", "--compile-bytecode", str(lock_file)),
        (*uv, "install", *venv, "--no-deps", "--editable", str(ROOT)),
    ):
        if _call(*command):
            raise CannotContinueError(
                "The packages could not be installed: see above. If this machine does not reach the package\n"
                "index by itself, set HTTPS_PROXY, or PIP_INDEX_URL to your mirror; then run this again."
            )


def _tell_uv_of_pips_mirror() -> None:
    """uv reads none of pip's configuration, where many networks name the only package index they reach."""
    asked = [str(VENV_PYTHON), "-m", "pip", "config", "get", "global.index-url"]
    configured = subprocess.run(asked, env=_environment(), capture_output=True, text=True, check=False)
    mirror = os.environ.get("PIP_INDEX_URL") or configured.stdout.strip()
    if mirror:
        os.environ.setdefault("UV_DEFAULT_INDEX", mirror)


def _python_series() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _refuse_an_unsupported_python() -> None:
    if OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNSUPPORTED_PYTHON:
        return
    fitting = [f"python3.{minor}" for minor in range(OLDEST_PYTHON[1], FIRST_UNSUPPORTED_PYTHON[1])]
    found = next((name for name in fitting if shutil.which(name)), None)
    remedy = f"Use the one that is here: {found} run.py" if found else f"Install one of {', '.join(fitting)}."
    raise CannotContinueError(
        f"The portal does not run on Python {_python_series()} ({sys.executable}).\n{remedy}"
    )


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold the lock of the set-up. Children inherit it: one that outlives us still keeps others out."""
    import fcntl  # not on Windows, where the rest of this does not run either

    with Path(__file__).open() as lock_file:
        os.set_inheritable(lock_file.fileno(), True)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another run.py is setting up .venv; waiting for it ...", flush=True)
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def _environment() -> dict[str, str]:
    """For what runs in `.venv`. uv does not look at the system's certificates unless told."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}
    }
    return environment | {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(VENV)}


def _call(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, env=_environment(), close_fds=False, check=False).returncode


def _run(name: str, *arguments: str, typed_in: str | None = None) -> int:
    command = [str(VENV / "bin" / name), *arguments]
    print("$", name, *arguments, flush=True)
    return subprocess.run(
        command, cwd=ROOT, env=_environment(), input=typed_in, text=True, check=False
    ).returncode


def _become(name: str, *arguments: str) -> int:
    """Replace this process, so that signals reach what it started and nothing stays in between."""
    os.chdir(ROOT)
    program = str(VENV / "bin" / name)  # in full: Python finds its .venv by the name that it was started with
    os.execve(program, [program, *arguments], _environment())  # noqa: S606 - no shell, on purpose


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
