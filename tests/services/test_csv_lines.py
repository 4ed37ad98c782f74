"""What the lines of a catalogue file want and what is wrong with them, told by line and column."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.services.catalogue.csv_lines import LineFault, Lines, columns_in, columns_text
from portal.services.catalogue.csv_text import (
    MOST_LINES,
    cell_for_a_spreadsheet,
    rows_in,
    text_in,
    text_of_cell,
)
from portal.services.catalogue.wanted_resource import WantedResource
from portal.services.faults import FieldFault

FIRST = "resource_type,external_id,name"


def file_of(*lines: str, first: str = FIRST) -> bytes:
    return "\n".join([first, *lines, ""]).encode()


def read(content: bytes, *, has_organisation: bool = True) -> tuple[list[WantedResource], list[LineFault]]:
    lines = Lines(
        rows_in(text_in(content)), workspaces={"Sales": "ws-sales"}, has_organisation=has_organisation
    )
    return list(lines.wanted()), lines.faults


def faults(content: bytes) -> list[tuple[int, str, str]]:
    return [(each.line, each.column, each.reason) for each in read(content)[1]]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("hologram,h,H,,,,", ("resource_type", "not_one_of")),
        ("dashboard,,H,,,,", ("external_id", "missing")),
        ("dashboard,h,,,,,", ("name", "missing")),
        (f"dashboard,{'x' * 129},H,,,,", ("external_id", "too_long")),
        (f"dashboard,h,{'x' * 100_000},,,,", ("name", "too_long")),
        ('dashboard,h,"a\nb",,,,', ("name", "control_characters")),
        ("dashboard,h,\x1b[31mred,,,,", ("name", "control_characters")),
        ("dashboard,h,H,javascript:alert(1),,,", ("link", "not_a_link")),
        ("dashboard,h,H,,carrier pigeon,,", ("target", "not_one_of")),
        ("dashboard,h,H,,,everybody,", ("edit_permission", "not_one_of")),
        ("dashboard,h,H,,,,phone", ("masked_columns", "no_masked_columns")),
        ("dashboard,h,H", ("", "cells")),
    ],
)
def test_each_fault_is_told_with_its_line_and_column(line: str, fault: tuple[str, str]) -> None:
    first = f"{FIRST},link,target,edit_permission,masked_columns"
    assert faults(file_of("dashboard,fine,Fine,,,,", line, first=first)) == [(3, *fault)]


def test_owners_need_an_organisation() -> None:
    content = file_of("dashboard,a,A,bob", first=f"{FIRST},owner")
    _wanted, (fault,) = read(content, has_organisation=False)
    assert (fault.column, fault.reason) == ("owner", "no_organisation")


def test_a_line_after_a_cell_of_several_lines_is_counted_as_an_editor_counts() -> None:
    content = file_of('dashboard,a,A,"one\ntwo\nthree"', "hologram,b,B,", first=f"{FIRST},description")
    assert faults(content) == [(5, "resource_type", "not_one_of")]


def test_a_resource_told_twice_in_a_file_is_a_fault_of_the_second_line() -> None:
    _wanted, found = read(file_of("dashboard,twice,One", "dashboard,once,Once", "dashboard,twice,Two"))
    assert [(each.line, each.reason, each.told) for each in found] == [(4, "duplicate", "2")]


def test_what_a_fault_shows_of_a_cell_is_short_and_printable() -> None:
    _wanted, (fault,) = read(file_of("dashboard,h,\x1b[2J" + "x" * 100))
    assert fault.told.isprintable()
    assert len(fault.told) <= 40


@pytest.mark.parametrize("mark", [b"", "\ufeff".encode()])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_files_of_any_usual_program_are_read(mark: bytes, encoding: str) -> None:
    if mark and encoding != "utf-8":
        return
    content = mark + FIRST.encode() + b"\r\ndashboard,cn," + "报表".encode(encoding) + b"\r\n"
    (wanted,), _faults = read(content)
    assert wanted.values["name"] == "报表"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_separate_too(separator: str) -> None:
    content = f"name{separator}External_ID{separator}resource_type\nA{separator}a1{separator}dashboard\n"
    assert [each.key for each in read(content.encode())[0]] == [("dashboard", "a1")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (file_of("dashboard,a,A\x00"), "encoding"),
        (FIRST.encode("utf-16"), "encoding"),
        (FIRST.encode() + b"\n\xff\xff\xff,a,b", "encoding"),
        (b"type,id,name\na,b,c\n", "column_unknown"),
        (b"resource_type,external_id\ndashboard,a\n", "no_column"),
        (b"resource_type,external_id,name,name\ndashboard,a,A,A\n", "column_twice"),
        (file_of('dashboard,a,"A'), "not_csv"),
        (file_of("dashboard,a," + "x" * 200_000), "not_csv"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content: bytes, reason: str) -> None:
    with pytest.raises(FieldFault) as fault:
        read(content)
    assert (fault.value.field, fault.value.reason) == ("file", reason)


def test_a_file_of_more_lines_than_are_taken_is_refused() -> None:
    with pytest.raises(FieldFault) as fault:
        list(rows_in("a\n" * (MOST_LINES + 2)))
    assert fault.value.reason == "too_many_lines"


@given(st.text(max_size=30))
def test_any_text_survives_a_spreadsheet_and_none_is_a_formula(text: str) -> None:
    cell = cell_for_a_spreadsheet(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    if text == text.strip() and not text.startswith("'"):
        assert text_of_cell(cell) == text


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reading_of_a_file(content: bytes) -> None:
    with suppress(FieldFault):
        read(FIRST.encode() + b"\n" + content)


def test_masked_columns_are_written_as_they_are_read() -> None:
    columns = columns_in("phone:Phone 电话; name；;email: Mail ")
    assert columns_in(columns_text(columns)) == columns
    assert [each["label"] for each in columns] == ["Phone 电话", "name", "Mail"]
