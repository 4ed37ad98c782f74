"""Two demos do not get into each other's way; what is in the way is named with its remedy."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.demo.place import occupy, read_place
from portal.demo.problems import DemoProblemError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    first, second = _free_ports()
    return {"PORTAL_INSTANCE": str(tmp_path / "new"), "PORTAL_PORT": str(first), "SANDBOX_PORT": str(second)}


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_documented_addresses_are_the_defaults() -> None:
    place = read_place({})
    assert place.portal_url == place.public_url == "http://127.0.0.1:8000"
    assert place.sandbox_url == "http://127.0.0.1:8001"
    assert place.callback_url == "http://127.0.0.1:8000/callbacks/dingtalk"
    assert place.instance.name == "instance"


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "8000.0", "８000x"])
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(DemoProblemError, match="SANDBOX_PORT"):
        read_place({"SANDBOX_PORT": port})


@pytest.mark.parametrize("name", ["PORTAL_PORT", "SANDBOX_PORT"])
def test_a_taken_port_names_the_variable_to_set(environ: dict[str, str], taken_port: int, name: str) -> None:
    with (
        pytest.raises(DemoProblemError, match=f"Set {name}"),
        occupy(read_place(environ | {name: str(taken_port)})),
    ):
        pass


def test_one_port_for_both_is_refused(environ: dict[str, str]) -> None:
    same = environ | {"SANDBOX_PORT": environ["PORTAL_PORT"]}
    with pytest.raises(DemoProblemError, match="must differ"), occupy(read_place(same)):
        pass


def test_a_folder_holds_one_demo_at_a_time(environ: dict[str, str]) -> None:
    place = read_place(environ)
    with occupy(place), pytest.raises(DemoProblemError, match="PORTAL_INSTANCE="), occupy(place):
        pass
    with occupy(place):
        pass


def test_a_file_in_the_place_of_the_folder_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "new").write_text("")
    with pytest.raises(DemoProblemError, match="cannot be used"), occupy(read_place(environ)):
        pass


def test_a_portal_on_all_addresses_is_reached_on_this_machine(environ: dict[str, str]) -> None:
    place = read_place(environ | {"PORTAL_HOST": "0.0.0.0", "PORTAL_PUBLIC_URL": "http://portal.lan:8000"})  # noqa: S104
    assert place.portal_url == f"http://127.0.0.1:{environ['PORTAL_PORT']}"
    assert place.public_url == "http://portal.lan:8000"


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
