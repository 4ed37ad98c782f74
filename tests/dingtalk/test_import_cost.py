"""The client is cheap to load: no vendor SDK, which costs more memory than the portal, no Flask, no database."""

from __future__ import annotations

import json
import subprocess
import sys


def test_importing_the_client_loads_no_vendor_sdk_and_nothing_of_the_web_or_the_database() -> None:
    program = (
        "import json, sys; import portal.dingtalk.client, portal.dingtalk.events, "
        "portal.dingtalk.callback_crypto; print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in json.loads(ran.stdout)}
    assert loaded.isdisjoint(
        {"alibabacloud_dingtalk", "Tea", "dingtalk", "dingtalk_stream", "flask", "sqlalchemy", "dbos"}
    )
