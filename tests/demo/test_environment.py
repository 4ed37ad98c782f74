"""A demo never talks to the real DingTalk, whatever the shell that it was started from holds."""

from pathlib import Path

from portal.demo.keys import read_or_make_keys
from portal.demo.place import read_place
from portal.demo.story import demo_environment


def test_credentials_and_addresses_of_the_real_dingtalk_do_not_reach_the_demo(tmp_path: Path) -> None:
    shell = {
        "DINGTALK_API_URL": "https://api.dingtalk.com",
        "DINGTALK_APP_SECRET": "real",
        "DINGTALK_APP_SECRET_FILE": "/run/secrets/real",
        "DINGTALK_SOMETHING_NEW": "real",
        "PORTAL_SECRET_KEY": "real",
        "PORTAL_SECRET_KEY_FILE": "/run/secrets/real",
        "PORTAL_INSTANCE": str(tmp_path),
        "LANG": "zh_CN.UTF-8",
    }
    environment = demo_environment(shell, read_place(shell), read_or_make_keys(tmp_path / "demo.json"))
    assert not [value for value in environment.values() if "real" in value or "dingtalk.com" in value]
    assert environment["DINGTALK_API_URL"] == environment["DINGTALK_LOGIN_URL"] == "http://127.0.0.1:8001"
    assert environment["LANG"] == "zh_CN.UTF-8"


def test_a_database_of_ones_own_stays(tmp_path: Path) -> None:
    shell = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_DATABASE_URL": "postgresql://portal@127.0.0.1/portal"}
    environment = demo_environment(shell, read_place(shell), read_or_make_keys(tmp_path / "demo.json"))
    assert environment["PORTAL_DATABASE_URL"] == shell["PORTAL_DATABASE_URL"]
