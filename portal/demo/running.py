"""What the demo asks of portal and sandbox once they run, over HTTP like everybody else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

from portal.demo.keys import DemoKeys
from portal.demo.place import DemoPlace

TIMEOUT_SECONDS = 10
# Straight to this machine: a proxy named in the environment has no business here.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def is_ready(place: DemoPlace) -> bool:
    """Whether portal, worker and sandbox are all at work right now."""
    try:
        _call("GET", f"{place.portal_url}/health/ready")
        _call("GET", f"{place.sandbox_url}/control/state")
    except (OSError, ValueError):
        return False
    return True


def subscribe(place: DemoPlace, keys: DemoKeys, *, say: Callable[[str], None]) -> None:
    """Save the portal's callback with the sandbox, as an admin would on DingTalk's event subscription page.

    Leaves a subscription alone that goes there already, or by Stream: somebody may have changed it on purpose. What
    fails is said and is no reason to end: the sandbox's page shows the same verdict and can try again.
    """
    wanted = {
        "url": place.callback_url,
        "aes_key": keys.callback_aes_key,
        "token": keys.callback_token,
        "events": ["bpms_instance_change", "bpms_task_change"],
    }
    try:
        found = _call("GET", f"{place.sandbox_url}/control/state").get("subscription")
        if isinstance(found, dict) and (
            found.get("url") == place.callback_url or found.get("mode") == "stream"
        ):
            return
        _call("POST", f"{place.sandbox_url}/control/subscription/save", wanted)
    except (OSError, ValueError) as error:
        reason = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else error
        say(f"The sandbox does not send events to {place.callback_url} yet: {reason}")


def _call(method: str, url: str, body: object = None) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - http on this machine
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Sandbox-Control": "1", "Content-Type": "application/json"},
    )
    with DIRECT.open(request, timeout=TIMEOUT_SECONDS) as answer:
        found = json.load(answer)
    return found if isinstance(found, dict) else {}
