"""What a restored database must not believe: it is older than DingTalk, and than the people who use it.

Statements rather than services, in words that SQLite and PostgreSQL share: they are committed together with what
was restored, before any migration, so that no process ever sees the old state without them.
"""

from __future__ import annotations

import json

from portal.backups.manifest import Manifest

# What was still to be started may have been started since: it is looked for, as after a crash in the middle of the
# call, and never simply started. The search begins when the approval was asked for.
LOOK_FOR_SUBMITTED = """
UPDATE portal_approval SET
    state = 'starting',
    attempt = attempt + 1,
    starting_at = COALESCE(
        (SELECT submitted_at FROM portal_access_request WHERE portal_access_request.id = request_id),
        (SELECT started_at FROM portal_trial WHERE portal_trial.id = trial_id)
    ),
    version = version + 1
WHERE state = 'submitted'
"""
# Somebody may have tried again since: the next attempt gets a reference that none of them can have had.
SKIP_AN_ATTEMPT = """
UPDATE portal_approval SET attempt = attempt + 1, version = version + 1 WHERE state = 'could_not_start'
"""
# What was open may be decided by now.
LOOK_AT_OPEN = """
UPDATE portal_approval SET due_at = CURRENT_TIMESTAMP, resolve_tries = 0, version = version + 1
WHERE state IN ('starting', 'start_unknown', 'pending')
"""
# Access may have been given back or taken away since: what is missing is told and given again by people alone
# (services/grants/drift_check.py). What was never given is not compared.
COMPARE_GRANTS = """
UPDATE portal_grant SET
    drift = '{"finding": "cannot_tell", "facts": {}, "since_restore": true}',
    check_at = CURRENT_TIMESTAMP,
    version = version + 1
WHERE state = 'active' AND check_at IS NOT NULL
"""
FIRST_WITH_GRANTS = "0005"
# Sessions that were ended since must not live again; workers of that time are gone.
END_SESSIONS = "DELETE FROM portal_sign_in_session"
FORGET_WORKERS = "DELETE FROM portal_worker_heartbeat"


def statements(manifest: Manifest) -> list[str]:
    """Return what to run on a database that was just restored, before anybody works on it."""
    told = {
        "made_at": manifest.made_at,
        "migration": manifest.migration,
        "portal_version": manifest.portal_version,
    }
    entry = f"""
INSERT INTO portal_audit_entry (occurred_at, actor_name, address, action, subject_type, subject_id, after)
VALUES (CURRENT_TIMESTAMP, 'portal', '', 'backup.restored', 'database', '{manifest.engine.value}',
    '{json.dumps(told).replace("'", "''")}')
"""  # noqa: S608  our own words, under our own seal
    return [
        LOOK_FOR_SUBMITTED,
        SKIP_AN_ATTEMPT,
        LOOK_AT_OPEN,
        *([COMPARE_GRANTS] if manifest.migration >= FIRST_WITH_GRANTS else []),
        END_SESSIONS,
        FORGET_WORKERS,
        entry,
    ]
