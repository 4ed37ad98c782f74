"""The catalogue as the CSV file that an import takes back."""

from __future__ import annotations

import csv
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Person, Resource, Workspace
from portal.services.catalogue.csv_lines import Column, columns_text
from portal.services.catalogue.csv_text import cell_for_a_spreadsheet

AT_ONCE = 1_000


def write_catalogue(session: Session, file: IO[str]) -> int:
    """Write every resource that can be asked for, in a stable order, and return how many there are."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([each.value for each in Column])
    rows = session.execute(
        select(Resource, Person.user_id, Workspace.external_id)
        .outerjoin(Person, Resource.owner_id == Person.id)
        .outerjoin(Workspace, Resource.workspace_id == Workspace.id)
        .where(Resource.gone_at.is_(None))
        .order_by(Resource.id)
        .execution_options(yield_per=AT_ONCE)
    )
    count = 0
    for resource, owner, workspace_id in rows:
        values = {
            Column.RESOURCE_TYPE: resource.resource_type,
            Column.EXTERNAL_ID: resource.external_id,
            Column.NAME: resource.name,
            Column.WORKSPACE: resource.workspace,
            Column.WORKSPACE_ID: workspace_id or "",
            Column.OWNER: owner or "",
            Column.OWNER_NAME: resource.owner_name,
            Column.LINK: resource.link,
            Column.DESCRIPTION: resource.description,
            Column.CONFIRMATION: resource.confirmation,
            Column.TARGET: resource.target or "",
            Column.EDIT_PERMISSION: resource.edit_permission or "",
            Column.MASKED_COLUMNS: columns_text(resource.columns),
        }
        writer.writerow([cell_for_a_spreadsheet(values[column]) for column in Column])
        count += 1
        session.expunge(resource)
    return count
