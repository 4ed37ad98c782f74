"""The target of Quick BI on the sandbox that pretends to be it: real HTTP, the official SDK, no database of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from portal.grants.grant_target import Delivered, Finding, GrantOrder, OtherGrant, TargetError
from portal.grants.quickbi.connection import QuickBIBinding, QuickBIConnection
from portal.grants.quickbi.options import QuickBIOptions
from portal.grants.quickbi.target import QuickBITarget
from portal.quickbi.client import QuickBI
from portal.quickbi.sdk import AccessKey, Endpoint
from portal.sandbox import SandboxConfig
from portal.sandbox.cast import union_id_of
from portal.sandbox.server import RunningSandbox


class MovableClock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class QuickBIWorld:
    """One sandbox and one target. ``options`` are what an admin decided."""

    def __init__(self, folder: Path) -> None:
        self.config = SandboxConfig(
            database_path=folder / "sandbox.sqlite3",
            public_url="http://127.0.0.1:8001",
            corp_id="dingcorp0123456789",
            app_key="dingappkey0123456",
            app_secret="app-secret",
            agent_id=1234567890,
            secret_key="secret-key-of-the-sandbox",
        )
        self.sandbox = RunningSandbox(self.config, host="127.0.0.1", port=0)
        self.sandbox.start()
        self.host = self.sandbox.url.partition("//")[2]
        self.clock = MovableClock()
        self.options = QuickBIOptions()
        self.connection = QuickBIConnection(read_binding=self._binding, timeout_seconds=2)
        self.target = QuickBITarget(connection=self.connection, clock=self.clock)

    def close(self) -> None:
        self.sandbox.stop()

    def decide(self, **options: Any) -> None:
        self.options = replace(self.options, **options)

    def client(
        self, *, secret: str | None = None, key_id: str | None = None, page_size: int = 1000
    ) -> QuickBI:
        return QuickBI(
            endpoint=Endpoint(host=self.host, protocol="http"),
            key=AccessKey(
                key_id=key_id or self.config.quickbi_key_id,
                secret=secret or self.config.quickbi_key_secret,
            ),
            timeout_seconds=2,
            page_size=page_size,
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method,
            f"{self.sandbox.url}/control{path}",
            json=body,
            headers={"X-Sandbox-Control": "1"},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    def fault(self, name: str, action: str, **more: Any) -> None:
        self.control("POST", "/faults", {"fault": name, "operation": f"quickbi.{action}", **more})

    def change_work(self, work_id: str, **changes: int) -> None:
        self.control("PATCH", f"/quickbi/works/{work_id}", changes)

    def change_workspace(self, workspace_id: str, *, allows_sharing: bool) -> None:
        self.control("PATCH", f"/quickbi/workspaces/{workspace_id}", {"allows_sharing": allows_sharing})

    def give_by_hand(self, work_id: str, principal: str, **facts: Any) -> None:
        """What an administrator of Quick BI gave a day ago."""
        given = {"work_id": work_id, "principal": principal, "seconds_ago": 86_400, **facts}
        self.control("POST", "/quickbi/grants", given)

    def grants(self, work_id: str, person: str = "bob") -> list[tuple[str, int]]:
        """What a person was given directly: kind and points, in the order in which it was given."""
        return [
            (each["kind"], each["points"])
            for each in self.control("GET", "/quickbi")["grants"]
            if (each["work_id"], each["scope"], each["principal"]) == (work_id, 0, person)
        ]

    def can_open(self, work_id: str, person: str = "bob") -> bool:
        works = {each["work_id"]: each for each in self.control("GET", "/quickbi")["works"]}
        return person in works[work_id]["readers"]

    def order(self, **changes: Any) -> GrantOrder:
        """Bob's View on the sales overview for a week, approved just now."""
        person = changes.pop("person", "bob")
        now = self.clock.now()
        facts: dict[str, Any] = {
            "grant_id": 1,
            "delivery_id": "1-1-deliver-1",
            "request_number": "AR-1",
            "person_user_id": person,
            "person_union_id": union_id_of(person),
            "person_name": person.title(),
            "resource_type": "dashboard",
            "resource_id": "sales-overview",
            "resource_name": "Sales overview",
            "workspace_id": "" if "resource_id" in changes else "ws-sales",
            "link": "",
            "entitlement": "view",
            "columns": (),
            "approved_at": now,
            "expires_at": now + timedelta(days=7),
            "is_first_try": True,
            **changes,
        }
        return GrantOrder(**facts)

    def delivered(self, order: GrantOrder) -> GrantOrder:
        """Deliver, and return the order as it comes back later: no first try, and with what was told."""
        return self.later(order, self.target.deliver(order))

    def later(self, order: GrantOrder, told: Delivered) -> GrantOrder:
        return replace(order, known=told.facts, is_first_try=False)

    def refusal(self, order: GrantOrder) -> TargetError:
        """Deliver what is refused."""
        try:
            told = self.target.deliver(order)
        except TargetError as error:
            return error
        raise AssertionError(f"it was given: {told}")

    def finding(self, order: GrantOrder) -> Finding:
        return self.target.check(order).finding

    def _binding(self) -> QuickBIBinding:
        return QuickBIBinding(
            key_id=self.config.quickbi_key_id,
            secret=self.config.quickbi_key_secret,
            host=self.host,
            protocol="http",
            options=self.options,
            version=1,
        )


def other(entitlement: str, *, expires_at: datetime | None) -> OtherGrant:
    """Another grant of ours, in effect."""
    return OtherGrant(entitlement=entitlement, columns=(), expires_at=expires_at)
