"""The page from which the catalogue is read out of Quick BI, and its report."""

from __future__ import annotations

from portal.grants.quickbi.options import QuickBIOptions
from portal.services.grants.quickbi_settings import QuickBIForm
from tests.portal_world import World, csrf_token, sandbox_config
from tests.services.story import actor_named


def test_a_keeper_lets_the_worker_read_and_sees_the_report(world: World) -> None:
    alice = world.client("alice")
    page = alice.get("/catalogue/reading").text
    assert "not connected yet" in page
    refused = alice.post("/catalogue/reading", data={"csrf_token": csrf_token(page)})
    assert refused.status_code == 409
    with world.app.app_context():
        config = sandbox_config(world.folder)
        world.services.quickbi_settings.save(
            actor_named("alice"),
            QuickBIForm(
                endpoint=world.sandbox.url,
                key_id=config.quickbi_key_id,
                secret=config.quickbi_key_secret,
                options=QuickBIOptions(),
                version=0,
            ),
        )
        world.services.chores.plan()
    token = {"csrf_token": csrf_token(alice.get("/catalogue/reading").text)}
    assert alice.post("/catalogue/reading", data=token).status_code == 303
    waiting = alice.get("/catalogue/reading").text
    assert "Being read" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    world.control(
        "POST",
        "/faults",
        {"fault": "http_500_before", "operation": "quickbi.QueryDatasetList", "times": 1},
    )
    world.work_until(lambda: not world.services.quickbi_sync.view().is_asked)
    told = alice.get("/catalogue/reading").text
    assert "was not read and stays as it was" in told
    assert "Not complete" in told
    assert alice.post("/catalogue/reading", data=token, headers={"HX-Request": "true"}).status_code == 200
    world.work_until(lambda: not world.services.quickbi_sync.view().is_asked)
    assert "Complete" in alice.get("/catalogue/reading").text
