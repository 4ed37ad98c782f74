"""indexes that lists are read off, newest first

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22 19:20:10.402117

"""
from alembic import op


# revision identifiers, used by Alembic.
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_index('ix_portal_access_request_state', 'portal_access_request', ['state', 'id'])
    op.create_index('ix_portal_approval_approver', 'portal_approval', ['approver_id', 'request_id'])
    op.create_index('ix_portal_request_item_resource', 'portal_request_item', ['resource_id', 'request_id'])
    op.drop_index('ix_portal_request_item_resource_id', 'portal_request_item')


def downgrade():
    op.create_index('ix_portal_request_item_resource_id', 'portal_request_item', ['resource_id'])
    op.drop_index('ix_portal_request_item_resource', 'portal_request_item')
    op.drop_index('ix_portal_approval_approver', 'portal_approval')
    op.drop_index('ix_portal_access_request_state', 'portal_access_request')
