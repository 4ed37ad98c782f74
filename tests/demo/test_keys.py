"""The demo's secrets are made once, stay the same and are nobody else's to read."""

import json
from pathlib import Path

import pytest

from portal.demo.keys import read_or_make_keys
from portal.demo.problems import DemoProblemError
from portal.dingtalk.callback_crypto import AES_KEY_CHARACTERS


def test_keys_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    assert read_or_make_keys(path) == read_or_make_keys(path)


def test_two_demos_never_share_a_key(tmp_path: Path) -> None:
    first, second = (vars(read_or_make_keys(tmp_path / name)) for name in ("first.json", "second.json"))
    assert not set(first.values()) & set(second.values())


def test_only_the_owner_may_read_the_keys_even_after_a_careless_copy(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    read_or_make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    read_or_make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_have_the_shapes_that_dingtalk_gives(tmp_path: Path) -> None:
    keys = read_or_make_keys(tmp_path / "demo.json")
    assert len(keys.callback_aes_key) == AES_KEY_CHARACTERS
    assert keys.callback_aes_key.isalnum()
    assert keys.callback_token.isalnum()
    assert keys.corp_id.startswith("ding")
    assert keys.agent_id.isdecimal()
    assert len(keys.secret_key) >= 32


@pytest.mark.parametrize("kept", ["", "[]", "null", '{"corp_id": "ding1"}', '{"secret_key'])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(kept)
    with pytest.raises(DemoProblemError, match=str(path)):
        read_or_make_keys(path)
    assert path.read_text() == kept


def test_a_crash_while_writing_leaves_no_half_written_keys(tmp_path: Path) -> None:
    (tmp_path / "demo.unfinished").write_text('{"secret_key": "half')
    read_or_make_keys(tmp_path / "demo.json")
    assert json.loads((tmp_path / "demo.json").read_text())["secret_key"] != "half"


def test_keys_are_not_shown_by_accident(tmp_path: Path) -> None:
    keys = read_or_make_keys(tmp_path / "demo.json")
    assert keys.app_secret not in repr(keys)
    assert keys.app_secret not in str(keys)
