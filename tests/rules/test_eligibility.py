"""The whole matrix: who can hold which level of what, and why not."""

from __future__ import annotations

from itertools import product

import pytest

from portal.models.person import UserType
from portal.models.resource import EditPermission, ResourceType, WorkspaceRole
from portal.rules.eligibility import (
    NOT_A_MEMBER,
    DatasetUse,
    LevelOffer,
    LevelRefusal,
    LevelWarning,
    offered_levels,
)
from portal.rules.entitlement import Entitlement, entitlements_of, includes

WORKS = (
    ResourceType.DATA_PORTAL,
    ResourceType.DASHBOARD,
    ResourceType.WORKBOOK,
    ResourceType.AD_HOC_ANALYSIS,
    ResourceType.SELF_SERVICE_RETRIEVAL,
    ResourceType.DATA_SCREEN,
)
FORM, DATASET, SOURCE = ResourceType.DATA_ENTRY_FORM, ResourceType.DATASET, ResourceType.DATA_SOURCE

# Who (user type, role in the workspace) can hold what of works, forms, datasets and data sources.
READ = "view export"
MATRIX = [
    (
        "developer",
        "administrator",
        f"{READ} edit",
        "submit manage_own manage edit",
        "use edit unmask",
        "use edit",
    ),
    (
        "developer",
        "developer",
        f"{READ} edit",
        "submit manage_own manage edit",
        "use edit unmask",
        "use edit",
    ),
    ("developer", "analyst", f"{READ} edit", "submit manage_own manage", "use unmask", ""),
    ("developer", "viewer", READ, "submit manage_own manage", "unmask", ""),
    ("developer", NOT_A_MEMBER, READ, "submit manage_own manage", "unmask", ""),
    ("analyst", "administrator", f"{READ} edit", "submit manage_own manage", "use unmask", ""),
    ("analyst", "analyst", f"{READ} edit", "submit manage_own manage", "use unmask", ""),
    ("analyst", "viewer", READ, "submit manage_own manage", "unmask", ""),
    ("analyst", NOT_A_MEMBER, READ, "submit manage_own manage", "unmask", ""),
    ("visitor", "viewer", READ, "submit", "unmask", ""),
    ("visitor", NOT_A_MEMBER, READ, "submit", "unmask", ""),
]


def offers(
    resource_type: str, user_type: str | None, role: str | None, **more: object
) -> tuple[LevelOffer, ...]:
    asked: dict[str, object] = {
        "resource_type": resource_type,
        "user_type": user_type,
        "workspace_role": role,
        "edit_permission": EditPermission.ALL_MEMBERS,
        "has_masked_columns": True,
        **more,
    }
    return offered_levels(**asked)  # type: ignore[arg-type]


def held(found: tuple[LevelOffer, ...]) -> str:
    return " ".join(each.level for each in found if each.refusal is None)


def offer_of(found: tuple[LevelOffer, ...], level: Entitlement) -> LevelOffer:
    return next(each for each in found if each.level == level)


@pytest.mark.parametrize(("user_type", "role", "works", "form", "dataset", "source"), MATRIX)
def test_each_kind_of_person_can_hold_what_the_matrix_says(
    user_type: str, role: str, works: str, form: str, dataset: str, source: str
) -> None:
    for resource_type in WORKS:
        assert held(offers(resource_type, user_type, role)) == works, resource_type
    assert held(offers(FORM, user_type, role)) == form
    assert held(offers(DATASET, user_type, role)) == dataset
    assert held(offers(SOURCE, user_type, role)) == source


@pytest.mark.parametrize(
    ("resource_type", "user_type", "role", "refusal"),
    [
        ("dashboard", "visitor", "viewer", LevelRefusal.VISITOR),
        ("dashboard", "analyst", "viewer", LevelRefusal.WORKSPACE_VIEWER),
        ("dashboard", "analyst", NOT_A_MEMBER, LevelRefusal.NOT_A_MEMBER),
        ("dataset", "analyst", "developer", LevelRefusal.ANALYST),
        ("data_source", "developer", "analyst", LevelRefusal.WORKSPACE_ANALYST),
        ("data_source", None, "viewer", LevelRefusal.WORKSPACE_VIEWER),
        ("data_source", None, NOT_A_MEMBER, LevelRefusal.NOT_A_MEMBER),
        ("data_entry_form", "visitor", None, LevelRefusal.VISITOR),
    ],
)
def test_a_refusal_says_what_stands_in_the_way_of_editing(
    resource_type: str, user_type: str | None, role: str, refusal: LevelRefusal
) -> None:
    assert offer_of(offers(resource_type, user_type, role), Entitlement.EDIT).refusal == refusal


def test_what_nobody_knows_refuses_nothing_and_is_warned_about_where_it_matters() -> None:
    for resource_type in ResourceType:
        found = offers(resource_type, None, None)
        assert all(each.refusal is None for each in found)
        for each in found:
            matters = each.level not in ("view", "export", "submit", "unmask")
            assert (each.warning is not None) == matters, each
    member = offer_of(offers("dashboard", None, "analyst"), Entitlement.EDIT)
    assert member.warning == LevelWarning.USER_TYPE_UNKNOWN


def test_newer_products_let_anybody_use_a_dataset() -> None:
    assert "use" in held(offers(DATASET, "visitor", NOT_A_MEMBER, dataset_use=DatasetUse.ANYBODY))
    assert "edit" not in held(offers(DATASET, "visitor", NOT_A_MEMBER, dataset_use=DatasetUse.ANYBODY))
    assert held(offers(SOURCE, "visitor", NOT_A_MEMBER, dataset_use=DatasetUse.ANYBODY)) == ""


def test_a_workspace_that_does_not_share_refuses_every_level_of_everything() -> None:
    for resource_type in ResourceType:
        found = offers(resource_type, "developer", "administrator", allows_sharing=False)
        assert {each.refusal for each in found} == {LevelRefusal.SHARING_OFF}


def test_edit_of_a_private_work_is_warned_about_and_reading_it_is_not() -> None:
    found = offers("dashboard", "developer", "developer", edit_permission=EditPermission.PRIVATE)
    assert [each.warning for each in found] == [None, None, LevelWarning.EDIT_IS_PRIVATE]
    hidden = offers("dashboard", "developer", "developer", is_published=False)
    assert {each.warning for each in hidden} == {LevelWarning.NOT_PUBLISHED}


def test_only_datasets_with_masked_columns_offer_to_unmask() -> None:
    assert [each for each in ResourceType if "unmask" in held(offers(each, None, None))] == [DATASET]
    assert "unmask" not in held(offers(DATASET, None, None, has_masked_columns=False))


def test_a_thing_of_unknown_type_has_no_levels() -> None:
    assert entitlements_of("hologram") == ()
    assert offers("hologram", None, None) == ()


def test_every_person_and_thing_has_an_answer_for_every_level_and_never_both_refusal_and_warning() -> None:
    roles = (None, NOT_A_MEMBER, *WorkspaceRole)
    for resource_type, user_type, role in product(ResourceType, (None, *UserType), roles):
        found = offers(resource_type, user_type, role)
        assert [each.level for each in found] == list(entitlements_of(resource_type, has_masked_columns=True))
        assert all(each.refusal is None or each.warning is None for each in found)


def test_a_higher_level_of_a_type_includes_every_lower_one_but_unmasking() -> None:
    for resource_type in ResourceType:
        levels = entitlements_of(resource_type)
        for place, lower in enumerate(levels):
            assert all(includes(higher, lower) for higher in levels[place:])
            assert not any(includes(lower, higher) for higher in levels[place + 1 :])
    assert not includes(Entitlement.EDIT, Entitlement.UNMASK)
    assert not includes(Entitlement.UNMASK, Entitlement.USE)
