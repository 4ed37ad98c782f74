"""The pretended Quick BI: signatures, documented limits, and that its models are the official SDK's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from alibabacloud_quickbi_public20220101 import models
from alibabacloud_quickbi_public20220101.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config

from portal.sandbox.quickbi.organisation import user_id_of
from portal.sandbox.quickbi.routes import ACTIONS
from tests.grants.quickbi_world import QuickBIWorld

BOB = user_id_of("bob")
TOMORROW = (datetime.now(UTC) + timedelta(hours=8, days=1)).date().isoformat()
LATER_MS = int((datetime.now(UTC) + timedelta(days=3)).timestamp() * 1000)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickBIWorld]:
    world = QuickBIWorld(tmp_path_factory.mktemp("quickbi"))
    yield world
    world.close()


@pytest.fixture
def world(shared: QuickBIWorld) -> QuickBIWorld:
    shared.control("POST", "/reset", {})
    return shared


@pytest.fixture
def sdk(world: QuickBIWorld) -> Client:
    """The official library, untouched."""
    return Client(
        Config(
            access_key_id=world.config.quickbi_key_id,
            access_key_secret=world.config.quickbi_key_secret,
            endpoint=world.host,
            protocol="http",
        )
    )


GIVEN: dict[str, dict[str, Any]] = {
    "QueryOrganizationWorkspaceList": {},
    "QueryWorksByOrganization": {},
    "QueryWorksByWorkspace": {"workspace_id": "ws-sales"},
    "QueryWorks": {"works_id": "sales-overview"},
    "QueryDatasetList": {"workspace_id": "ws-data-platform"},
    "ListDataSource": {"workspace_id": "ws-data-platform"},
    "ListWorkspaceRoleUsers": {"workspace_id": "ws-sales", "role_id": 25},
    "QueryUserList": {},
    "QueryUserByMobileAccount": {"mobile_type": "ding", "mobile_user_id": "nobody"},
    "CheckReadable": {"works_id": "sales-overview", "user_id": BOB},
    "ListPortalMenus": {"data_portal_id": "executive-portal"},
    "AddWorksAuthorization": {
        "resource_type": "dashboard",
        "resource_id": "sales-overview",
        "authorize_scope": 0,
        "authorized_id": BOB,
        "auth_points": 3,
        "expire_day": TOMORROW,
    },
    "DeleteAuthorizationByUserId": {
        "resource_type": "dashboard",
        "resource_id": "sales-overview",
        "qbi_user_id": BOB,
    },
    "UpdateAuthorizationAttributes": {
        "resource_type": "dashboard",
        "resource_id": "sales-overview",
        "edit_permission_type": 12,
    },
    "ListAuthConfigByResource": {
        "works_type": "dashboard",
        "resource_id": "supply-chain",
        "share_to_type": 0,
        "has_auth": True,
    },
    "AddShareReport": {
        "works_id": "executive-portal",
        "share_to_type": 0,
        "share_to_id": BOB,
        "auth_point": 1,
        "expire_date": LATER_MS,
    },
    "CancelReportShare": {"report_id": "executive-portal", "share_to_ids": BOB, "share_to_type": 0},
    "QueryShareList": {"report_id": "executive-portal"},
    "AuthorizeMenu": {"data_portal_id": "executive-portal", "menu_ids": "menu-plan", "user_ids": BOB},
    "CancelAuthorizationMenu": {
        "data_portal_id": "executive-portal",
        "menu_ids": "menu-plan",
        "user_ids": BOB,
    },
    "ListPortalMenuAuthorization": {"data_portal_id": "executive-portal"},
    "AddDataLevelPermissionWhiteList": {
        "cube_id": "orders",
        "rule_type": "COLUMN_LEVEL",
        "target_type": "1",
        "target_ids": BOB,
        "operate_type": "ADD",
    },
    "ListDataLevelPermissionWhiteList": {"cube_id": "orders", "rule_type": "COLUMN_LEVEL"},
}


def call(sdk: Client, action: str, **changes: Any) -> Any:
    """Call an action by its name in the documents and return the body that the library's model parsed."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action).lstrip("_")
    request = getattr(models, f"{action}Request")(**{**GIVEN[action], **changes})
    return getattr(sdk, snake)(request).body


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_the_official_library_reads_each_answer(sdk: Client, action: str) -> None:
    body = call(sdk, action)
    body.validate()
    assert body.success is True
    assert body.request_id


@pytest.mark.parametrize(
    ("action", "changes", "status", "code"),
    [
        ("AddWorksAuthorization", {"expire_day": "2020-01-01"}, 400, "Invalid.Parameter.Error"),
        ("AddWorksAuthorization", {"expire_day": "soon"}, 400, "Invalid.Parameter.Error"),
        ("AddWorksAuthorization", {"expire_day": None}, 400, "MissingExpireDay"),
        ("AddWorksAuthorization", {"auth_points": 2}, 400, "Invalid.Parameter.Error"),
        ("AddWorksAuthorization", {"authorized_id": "nobody"}, 400, "User.Not.In.Organization"),
        ("AddWorksAuthorization", {"resource_id": "nothing"}, 400, "Work.Not.Exist"),
        # Three spellings for one thing: this call wants "dashboard", and knows no data portal.
        ("AddWorksAuthorization", {"resource_type": "PAGE"}, 400, "Invalid.Parameter.Error"),
        ("AddWorksAuthorization", {"resource_type": "report"}, 400, "Work.Not.Exist"),
        ("AddWorksAuthorization", {"resource_type": "cube"}, 400, "Cube.Not.Exist"),
        ("AddShareReport", {"expire_date": 1000}, 400, "Invalid.Parameter.Error"),
        ("AuthorizeMenu", {"menu_ids": "menu-results"}, 400, "Invalid.Parameter.Error"),
        ("ListPortalMenus", {"data_portal_id": "sales-overview"}, 400, "Invalid.Parameter.Error"),
        ("QueryWorks", {"works_id": None}, 400, "MissingWorksId"),
    ],
)
def test_what_the_documents_do_not_allow_is_refused_with_their_code(
    sdk: Client, action: str, changes: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(ClientException) as caught:
        call(sdk, action, **changes)
    assert (caught.value.status_code, caught.value.code) == (status, code)


def test_edit_has_no_end_whatever_was_sent(world: QuickBIWorld, sdk: Client) -> None:
    call(sdk, "AddWorksAuthorization", auth_points=11, expire_day=None)
    given = [each for each in world.control("GET", "/quickbi")["grants"] if each["principal"] == "bob"]
    assert [each["expires_ms"] for each in given] == [0]


def test_a_menu_is_given_with_export_unless_less_is_asked(world: QuickBIWorld, sdk: Client) -> None:
    assert call(sdk, "AuthorizeMenu").result == 1
    assert call(sdk, "AuthorizeMenu").result == 0
    assert world.grants("executive-portal") == [("menu", 3)]


def test_the_same_grant_twice_makes_two(world: QuickBIWorld, sdk: Client) -> None:
    first, second = (call(sdk, "AddWorksAuthorization").result for _ in range(2))
    assert first != second
    assert world.grants("sales-overview") == [("authorization", 3)] * 2


def test_edit_on_a_private_work_is_taken_and_has_no_effect(world: QuickBIWorld, sdk: Client) -> None:
    edit = {"resource_id": "regional-revenue", "auth_points": 11}
    assert call(sdk, "AddWorksAuthorization", **edit).success
    assert not world.can_open("regional-revenue")
    world.change_work("regional-revenue", security_level=12)
    assert world.can_open("regional-revenue")


def test_too_many_calls_of_one_api_in_a_second_are_throttled(world: QuickBIWorld, sdk: Client) -> None:
    world.control("PUT", "/settings", {"quickbi_calls_per_second": 1})
    with pytest.raises(ClientException) as caught:
        _call_often(sdk)
    assert caught.value.code == "Throttling.User"


def _call_often(sdk: Client) -> None:
    for _ in range(20):
        call(sdk, "QueryUserList")


def test_a_fault_for_any_call_is_dingtalks_and_leaves_quick_bi_alone(
    world: QuickBIWorld, sdk: Client
) -> None:
    world.control("POST", "/faults", {"fault": "http_500_before", "operation": "*"})
    assert call(sdk, "QueryUserList").success


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "IncompleteSignature"),
        ({"Authorization": "ACS3-HMAC-SHA256 nonsense"}, 400, "IncompleteSignature"),
        (
            {
                "Authorization": "ACS3-HMAC-SHA256 Credential=LTAIsandboxQuickBI0001,SignedHeaders=host,"
                f"Signature={'0' * 64}",
                "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            400,
            "SignatureDoesNotMatch",
        ),
        (
            {
                "Authorization": "ACS3-HMAC-SHA256 Credential=LTAIsandboxQuickBI0001,SignedHeaders=host,"
                f"Signature={'0' * 64}",
                "x-acs-date": "2020-01-01T00:00:00Z",
            },
            400,
            "InvalidTimeStamp.Expired",
        ),
    ],
)
def test_nobody_calls_without_a_signature_of_the_key(
    world: QuickBIWorld, headers: dict[str, str], status: int, code: str
) -> None:
    answer = requests.post(
        f"{world.sandbox.url}/",
        headers={"x-acs-action": "QueryUserList", "x-acs-version": "2022-01-01", **headers},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["Code"]) == (status, code)


def test_the_console_shows_who_can_open_what_and_its_switches_work(world: QuickBIWorld, sdk: Client) -> None:
    call(sdk, "AddWorksAuthorization")
    browser = requests.Session()
    page = browser.get(f"{world.sandbox.url}/console/quickbi", timeout=30).text
    assert "Bob Li 李博" in page
    assert "authorisation: View and export" in page
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    saved = browser.post(
        f"{world.sandbox.url}/console/quickbi/works/sales-overview",
        data={"csrf_token": token, "status": "0", "security_level": "12"},
        timeout=30,
    )
    assert "the work is not published" in saved.text
    assert not world.can_open("sales-overview")
