"""The demo from start to end: what runs, in which order, and what the console says."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from portal.demo.keys import DemoKeys, read_or_make_keys
from portal.demo.place import DemoPlace, occupy, read_place
from portal.demo.problems import DemoProblemError, StopRequestedError
from portal.demo.processes import Processes
from portal.demo.running import is_ready, subscribe

READY_WITHIN_SECONDS = 120  # a first start on a busy machine takes its time
TRIES_BEFORE_READY = 3

WELCOME = """
  Portal   {portal}
  Sandbox  {sandbox}  (stands in for DingTalk and Quick BI; the people are made up)

  Alice Zhang 张爱丽  organization admin
  Bob Li 李博         asks for access
  Chen Wei 陈伟       approves; Bob's direct supervisor
  Dora Wu 吴朵        must see nothing of theirs

  Begin: open the portal, sign in as Alice and follow the next step on Approval Settings.
  Everything is kept in {instance}. Ctrl-C ends it.
"""


def run_demo(environ: Mapping[str, str]) -> int:
    """Run sandbox, portal, worker and Stream listener until asked to end.

    `environ` may hold PORTAL_PORT, SANDBOX_PORT, PORTAL_HOST, PORTAL_INSTANCE, PORTAL_PUBLIC_URL and
    PORTAL_DATABASE_URL. Returns the exit code: 0 when asked to end, 1 when it could not start, with the reason and
    the remedy on stderr.
    """
    try:
        place = read_place(environ)
        with occupy(place):
            _run(environ, place)
    except DemoProblemError as problem:
        sys.stderr.write(f"\n{problem}\n")
        return 1
    return 0


def _run(environ: Mapping[str, str], place: DemoPlace) -> None:
    keys = read_or_make_keys(place.instance / "demo.json")
    processes = Processes(
        environment=demo_environment(environ, place, keys), log_folder=place.instance / "logs", say=_say
    )
    portal = str(Path(sys.executable).with_name("portal"))
    _say("Starting ...")
    try:
        processes.keep_running("sandbox", portal, "sandbox")
        processes.run_to_end("preparation", portal, "demo-seed")  # brings the tables up to date as well
        processes.keep_running("portal", portal, "serve")
        processes.keep_running("worker", portal, "worker")
        _wait_until_ready(processes, place)
        processes.keep_running(
            "stream", portal, "stream"
        )  # idles until Stream is chosen on the settings page
        subscribe(place, keys, say=_say)
        _say(WELCOME.format(portal=place.public_url, sandbox=place.sandbox_url, instance=place.instance))
        while True:
            processes.wait(60)
    except StopRequestedError:
        _say("\nEnding ...")
    finally:
        processes.stop()


def demo_environment(environ: Mapping[str, str], place: DemoPlace, keys: DemoKeys) -> dict[str, str]:
    """What all children see: `environ`, with DingTalk's addresses and credentials replaced by the sandbox's."""
    kinds = ("API", "OAPI", "LOGIN", "APPLINK", "OA", "CONSOLE")
    ours = {
        "PORTAL_DEMO": "1",
        "PORTAL_SECRET_KEY": keys.secret_key,
        "PORTAL_INSTANCE": str(place.instance),
        "PORTAL_HOST": place.host,
        "PORTAL_PORT": str(place.portal_port),
        "PORTAL_PUBLIC_URL": place.public_url,
        "SANDBOX_PORT": str(place.sandbox_port),
        "SANDBOX_PUBLIC_URL": place.sandbox_url,
        "SANDBOX_DATABASE": str(place.instance / "sandbox.sqlite3"),
        "SANDBOX_SECRET_KEY": keys.sandbox_secret_key,
        "DINGTALK_CORP_ID": keys.corp_id,
        "DINGTALK_APP_KEY": keys.app_key,
        "DINGTALK_APP_SECRET": keys.app_secret,
        "DINGTALK_AGENT_ID": keys.agent_id,
        "DINGTALK_CALLBACK_TOKEN": keys.callback_token,
        "DINGTALK_CALLBACK_AES_KEY": keys.callback_aes_key,
        # Calls between the parts stay on this machine, also where a proxy leads outside.
        "NO_PROXY": ",".join(filter(None, [environ.get("NO_PROXY"), "127.0.0.1,localhost"])),
        "no_proxy": ",".join(filter(None, [environ.get("no_proxy"), "127.0.0.1,localhost"])),
        **{f"DINGTALK_{kind}_URL": place.sandbox_url for kind in kinds},
        "QUICKBI_ENDPOINT": place.sandbox_url,
        "QUICKBI_ACCESS_KEY_ID": f"LTAI{_derived(keys.app_key)[:20]}",
        "QUICKBI_ACCESS_KEY_SECRET": _derived(keys.app_secret)[:40],
    }
    # Quick BI's library does not know NO_PROXY.
    replaced = {f"{name}_FILE" for name in ours} | {"HTTP_PROXY", "http_proxy"}
    inherited = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("DINGTALK_", "QUICKBI_")) and name not in replaced
    }
    return inherited | ours


def _derived(key: str) -> str:
    """Another key for Quick BI, the same at every start, so that folders of earlier versions need no new file."""
    return hashlib.sha256(f"quick-bi {key}".encode()).hexdigest()


def _wait_until_ready(processes: Processes, place: DemoPlace) -> None:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while not is_ready(place):
        processes.wait(0.1)
        for name in ("sandbox", "portal", "worker"):
            if processes.deaths_in_a_row(name) >= TRIES_BEFORE_READY:
                raise DemoProblemError(f"The {name} does not stay up: {processes.last_line(name)}")
        if time.monotonic() > until:
            raise DemoProblemError(
                f"The portal was not ready after {READY_WITHIN_SECONDS} s. The logs say why: "
                f"{place.instance / 'logs'}{os.sep}"
            )


def _say(text: str) -> None:
    """To the console, whatever its encoding; the demo outlives the terminal that it was started from."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(f"{text}\n".encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except OSError:
        return
