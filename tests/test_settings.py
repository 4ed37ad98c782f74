"""The environment: everything that is wrong is said at once, with what to do, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.settings import SettingsError, read_settings

KEY = "k" * 32


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        read_settings({"PORTAL_SECRET_KEY": KEY, **environ})
    assert KEY not in str(error.value)
    return error.value.faults


def test_a_secret_key_is_all_it_needs() -> None:
    settings = read_settings({"PORTAL_SECRET_KEY": KEY})
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.is_sqlite
    assert settings.dingtalk.api == "https://api.dingtalk.com"
    assert (settings.is_demo, settings.is_https) == (False, False)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = faults(
        PORTAL_SECRET_KEY="short",
        PORTAL_PORT="eighty",
        PORTAL_THREADS="0",
        PORTAL_PUBLIC_URL="portal.example.com",
        PORTAL_DATABASE_URL="mysql://x",
        DINGTALK_API_URL="http://api.dingtalk.com",
        DINGTALK_APP_SECRET_FILE=str(tmp_path / "none"),
    )
    names = (
        "PORTAL_SECRET_KEY",
        "PORTAL_PORT",
        "PORTAL_THREADS",
        "PORTAL_PUBLIC_URL",
        "PORTAL_DATABASE_URL",
        "DINGTALK_API_URL",
        "DINGTALK_APP_SECRET_FILE",
    )
    assert [name for name in names if not any(fault.startswith(name) for fault in told)] == []
    assert len(told) == len(names)


@pytest.mark.parametrize(
    "name", ["PORTAL_SECRET_KEY", "DINGTALK_APP_SECRET", "DINGTALK_CALLBACK_AES_KEY", "PORTAL_METRICS_TOKEN"]
)
def test_a_value_can_stand_in_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{KEY}\n")
    settings = read_settings({"PORTAL_SECRET_KEY": KEY, name: "not this", f"{name}_FILE": str(file)})
    found = {
        "PORTAL_SECRET_KEY": settings.secret_key,
        "DINGTALK_APP_SECRET": settings.initial_binding.app_secret,
        "DINGTALK_CALLBACK_AES_KEY": settings.initial_binding.callback_aes_key,
        "PORTAL_METRICS_TOKEN": settings.metrics_token,
    }
    assert found[name] == KEY


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_a_fault_and_not_a_traceback(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    assert any(
        fault.startswith("PORTAL_METRICS_TOKEN_FILE") for fault in faults(PORTAL_METRICS_TOKEN_FILE=str(path))
    )


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9000", "http://localhost", "http://[::1]:8000", "https://portal.example.com"],
)
def test_plain_http_is_accepted_on_this_machine_only(address: str) -> None:
    assert read_settings({"PORTAL_SECRET_KEY": KEY, "PORTAL_PUBLIC_URL": address}).public_url == address


@pytest.mark.parametrize(
    "address",
    [
        "http://portal.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://",
        "javascript:alert(1)",
        "http://[bad",
        "portal",
    ],
)
def test_other_addresses_are_faults(address: str) -> None:
    assert [fault for fault in faults(PORTAL_PUBLIC_URL=address) if fault.startswith("PORTAL_PUBLIC_URL")]


def test_the_demo_may_use_plain_http() -> None:
    settings = read_settings(
        {"PORTAL_SECRET_KEY": KEY, "PORTAL_DEMO": "1", "PORTAL_PUBLIC_URL": "http://demo.lan"}
    )
    assert settings.public_url == "http://demo.lan"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8.5", " "])
def test_a_port_is_a_number_of_a_port(port: str) -> None:
    if port.strip():
        assert faults(PORTAL_PORT=port)
    else:
        assert read_settings({"PORTAL_SECRET_KEY": KEY, "PORTAL_PORT": port}).port == 8000


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"]
)
def test_postgresql_is_given_by_its_url(url: str) -> None:
    settings = read_settings({"PORTAL_SECRET_KEY": KEY, "PORTAL_DATABASE_URL": url})
    assert settings.database_url == "postgresql+psycopg://u:p@h/d"
    assert not settings.is_sqlite


def test_no_secret_is_in_the_text_of_the_settings() -> None:
    names = ("PORTAL_SECRET_KEY", "PORTAL_METRICS_TOKEN", "DINGTALK_APP_SECRET", "DINGTALK_CALLBACK_TOKEN")
    secrets = {name: f"{name}-{'s' * 32}" for name in names}
    shown = repr(read_settings({**secrets, "PORTAL_DATABASE_URL": "postgresql://u:the-password@h/d"}))
    assert [secret for secret in (*secrets.values(), "the-password") if secret in shown] == []


@pytest.mark.parametrize("worker_id", ["a b", "a/b", "../worker", "ü", "w" * 65])
def test_a_worker_id_that_cannot_name_a_file_is_a_fault(worker_id: str) -> None:
    assert [fault for fault in faults(PORTAL_WORKER_ID=worker_id) if fault.startswith("PORTAL_WORKER_ID")]


def test_workers_do_six_things_at_once_and_leave_a_little_of_dingtalks_limit_unless_told_otherwise() -> None:
    usual = read_settings({"PORTAL_SECRET_KEY": KEY})
    assert (usual.worker_id, usual.worker_concurrency, usual.dingtalk_calls_per_second) == ("", 6, 18)
    told = {
        "PORTAL_WORKER_CONCURRENCY": "4",
        "PORTAL_DINGTALK_CALLS_PER_SECOND": "100",
        "PORTAL_WORKER_ID": "w.1-a_b",
    }
    settings = read_settings({"PORTAL_SECRET_KEY": KEY, **told})
    assert (settings.worker_id, settings.worker_concurrency) == ("w.1-a_b", 4)
    assert settings.dingtalk_calls_per_second == 100


def test_webhooks_may_call_inner_networks_only_where_operators_name_them() -> None:
    assert read_settings({"PORTAL_SECRET_KEY": KEY}).webhook_networks == ()
    told = read_settings({"PORTAL_SECRET_KEY": KEY, "PORTAL_WEBHOOK_NETWORKS": "10.0.0.0/8, fd00::/8"})
    assert [str(each) for each in told.webhook_networks] == ["10.0.0.0/8", "fd00::/8"]
    demo = read_settings({"PORTAL_SECRET_KEY": KEY, "PORTAL_DEMO": "1"})
    assert [str(each) for each in demo.webhook_networks] == ["127.0.0.0/8", "::1/128"]
    assert [
        each for each in faults(PORTAL_WEBHOOK_NETWORKS="10.0.0.1/8") if "PORTAL_WEBHOOK_NETWORKS" in each
    ]
