"""Every action that the pretended Quick BI answers, by the name in the call's header."""

from __future__ import annotations

from flask import Blueprint, Response

from portal.sandbox.quickbi import granting, sharing, things
from portal.sandbox.quickbi.door import API_PATH
from portal.sandbox.quickbi.gate import Handler, answer

ACTIONS: dict[str, Handler] = {
    "QueryOrganizationWorkspaceList": things.workspaces,
    "QueryWorksByOrganization": things.works_of_organisation,
    "QueryWorksByWorkspace": things.works_of_workspace,
    "QueryWorks": things.work,
    "QueryDatasetList": things.datasets,
    "ListDataSource": things.data_sources,
    "ListWorkspaceRoleUsers": things.workspace_role_users,
    "QueryUserList": things.users,
    "QueryUserByMobileAccount": things.user_by_mobile_account,
    "CheckReadable": things.check_readable,
    "ListPortalMenus": things.portal_menus,
    "AddWorksAuthorization": granting.add_works_authorization,
    "DeleteAuthorizationByUserId": granting.delete_authorization,
    "UpdateAuthorizationAttributes": granting.update_attributes,
    "ListAuthConfigByResource": granting.auth_config,
    "AddShareReport": sharing.add_share,
    "CancelReportShare": sharing.cancel_share,
    "QueryShareList": sharing.shares,
    "AuthorizeMenu": sharing.authorize_menu,
    "CancelAuthorizationMenu": sharing.cancel_menu,
    "ListPortalMenuAuthorization": sharing.menu_receivers,
    "AddDataLevelPermissionWhiteList": sharing.change_white_list,
    "ListDataLevelPermissionWhiteList": sharing.white_list,
}


def quickbi_blueprint() -> Blueprint:
    """The one address, which the door leads to."""
    blueprint = Blueprint("quickbi", __name__)
    blueprint.add_url_rule(API_PATH, "api", _api, methods=["GET", "POST"])
    return blueprint


def _api() -> Response:
    return answer(ACTIONS)
