"""What the old version began, the new version finishes: killed in the middle, upgraded, started again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from portal.extensions import db
from portal.migrating import migration_head
from portal.models import Approval
from portal.workflows.queues import WORK_VERSION
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import ask, instances, set_up
from tests.workflows.processes import PATIENCE_SECONDS, ROOT, running, wait, worker_id

pytestmark = [on_both_engines, pytest.mark.slow]

REQUESTS = 12
HAS_INSTANCE = Approval.instance_id.is_not(None)
# A call cut off leaves a lease to run out and a search to be made.
LONGEST_SECONDS = 150.0
NEXT_WORK_VERSION = "v-next"
NEXT_MIGRATION = '''"""what comes next

Revision ID: {revision}
Revises: {before}
"""
from alembic import op
import sqlalchemy as sa

revision = "{revision}"
down_revision = "{before}"


def upgrade():
    with op.batch_alter_table("portal_approval") as batch:
        batch.add_column(sa.Column("added_next", sa.String(8), server_default="next", nullable=False))
    op.create_table("portal_added_next", sa.Column("id", sa.Integer(), primary_key=True))
'''


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A checkout of the portal as it may be after this one: one migration more, and work of another version."""
    for folder in ("portal", "migrations", "templates", "static"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    migration = NEXT_MIGRATION.format(revision="9999", before=migration_head())
    (tmp_path / "migrations" / "versions" / "9999_next.py").write_text(migration)
    queues = tmp_path / "portal" / "workflows" / "queues.py"
    changed = queues.read_text().replace(
        f'WORK_VERSION = "{WORK_VERSION}"', f'WORK_VERSION = "{NEXT_WORK_VERSION}"'
    )
    queues.write_text(changed)
    assert NEXT_WORK_VERSION in changed
    return tmp_path


def test_work_begun_by_the_old_version_is_finished_by_the_new_one(world: World, next_version: Path) -> None:
    set_up(world)
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 1500})
    with running(world, "worker", name="old") as old:
        worker_id(old)
        for _ in range(REQUESTS):
            ask(world)
        wait(lambda: states(world).get("starting"))
        old.kill()
    world.control("PUT", "/settings", {"answer_delay_milliseconds": 0})
    assert len(instances(world)) < REQUESTS

    subprocess.run(
        [sys.executable, "-m", "portal", "db", "upgrade"],
        cwd=next_version,
        env={**world.environment, "PATH": ""},
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    assert world.look(lambda: inspect(db.engine).has_table("portal_added_next"))

    with running(world, "worker", name="new", root=next_version) as new:
        worker_id(new)
        wait(lambda: is_settled(world), seconds=LONGEST_SECONDS, what=lambda: str(states(world)))
    adopted = world.look(lambda: list(db.session.scalars(select(Approval.instance_id).where(HAS_INSTANCE))))
    assert len(set(adopted)) == len(adopted) > 0
    assert {each["instance_id"] for each in instances(world)} == set(adopted)


def is_settled(world: World) -> bool:
    """Whether all are started, but those cut off before DingTalk was asked: for them it is still searched."""
    found = states(world)
    return not {"submitted", "starting"} & found.keys() and found.get("pending") == len(instances(world))


def states(world: World) -> dict[str, int]:
    """Return how many approvals are in which state."""
    found: dict[str, int] = {}
    for state in world.look(lambda: list(db.session.scalars(select(Approval.state)))):
        found[state] = found.get(state, 0) + 1
    return found
