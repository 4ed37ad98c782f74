"""A file is uploaded, its report read and confirmed; only those who may send one, and only so large."""

from __future__ import annotations

import io

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.application import LARGEST_FORM_BYTES
from portal.extensions import db
from portal.models import Resource, ResourceImport
from portal.web.resources.imports import LARGEST_UPLOAD_BYTES
from tests.portal_world import World, csrf_token

FIRST = "resource_type,external_id,name,description\n"


def upload(client: FlaskClient, content: bytes, *, name: str = "resources.csv") -> TestResponse:
    """Send a file as a browser does, however large."""
    token = csrf_token(client.get("/sign-in", follow_redirects=True).text)
    head = "Content-Disposition: form-data; name="
    body = b"\r\n".join(
        [
            b"--edge",
            f'{head}"csrf_token"\r\n\r\n{token}'.encode(),
            b"--edge",
            f'{head}"file"; filename="{name}"\r\nContent-Type: text/csv\r\n'.encode(),
            content,
            b"--edge--\r\n",
        ]
    )
    return client.post("/catalogue/imports", data=body, content_type="multipart/form-data; boundary=edge")


def count(world: World) -> int:
    return int(world.look(lambda: db.session.scalar(select(func.count()).select_from(Resource))))


def test_a_file_is_looked_at_then_confirmed(world: World) -> None:
    alice, before = world.client("alice"), count(world)
    content = f"{FIRST}dashboard,n,=1+1,<b>bold</b>\ndashboard,supply-chain,Renamed,\n".encode()
    looked = upload(alice, content, name="..\\..\\etc/passwd<b>.csv")
    assert looked.status_code == 303
    page = alice.get(looked.headers["Location"]).text
    assert "passwd&lt;b&gt;.csv" in page
    assert "etc/" not in page
    assert "Not imported yet" in page
    assert "Renamed" in page
    assert count(world) == before
    done = alice.post(f"{looked.headers['Location']}/application", data={"csrf_token": csrf_token(page)})
    assert done.status_code == 303
    assert "Imported" in alice.get(looked.headers["Location"]).text
    assert count(world) == before + 1


def test_faults_are_told_by_line_and_nothing_can_be_confirmed(world: World) -> None:
    alice, before = world.client("alice"), count(world)
    lines = "".join(f"hologram,{n},<script>,\n" for n in range(300))
    looked = upload(alice, f"{FIRST}dashboard,fine,Fine,\n{lines}".encode())
    page = alice.get(looked.headers["Location"]).text
    assert "300 faults were found" in page
    assert "The first 200 of 300" in page
    assert "<script>hologram" not in page
    assert 'action="/catalogue/imports/' not in page
    forced = alice.post(f"{looked.headers['Location']}/application", data={"csrf_token": csrf_token(page)})
    assert forced.status_code == 409
    assert count(world) == before


def test_a_file_that_cannot_be_read_is_told_beside_the_field(world: World) -> None:
    alice = world.client("alice")
    for content, words in ((b"", "no lines"), (b"a\x00b", "no text"), (b"x,y\n1,2\n", "does not know")):
        answer = upload(alice, content)
        assert answer.status_code == 422
        assert words in answer.text
    without = alice.post(
        "/catalogue/imports", data={"csrf_token": csrf_token(alice.get("/catalogue/imports").text)}
    )
    assert without.status_code == 422
    assert "Choose a CSV file" in without.text


def test_a_large_file_is_taken_from_those_who_may_and_a_larger_one_from_nobody(world: World) -> None:
    alice = world.client("alice")
    content = FIRST.encode() + b"dashboard,big,Big," + b"x" * 3_000 + b"\n"
    content += b"".join(b"dashboard,b%d,Big,%s\n" % (n, b"x" * 3_000) for n in range(300))
    assert len(content) > LARGEST_FORM_BYTES
    assert upload(alice, content).status_code == 303
    assert upload(alice, b"x" * (LARGEST_UPLOAD_BYTES + 200_000)).status_code == 413
    assert upload(world.client("dora"), content).status_code in (403, 413)
    other_form = {"csrf_token": "x", "name": "x" * (LARGEST_FORM_BYTES + 1)}
    assert alice.post("/catalogue", data=other_form).status_code == 413


def test_nobody_sees_or_applies_the_import_of_another(world: World) -> None:
    alice = world.client("alice")
    address = upload(alice, f"{FIRST}dashboard,n,N,\n".encode()).headers["Location"]
    for person in ("chen", "dora"):
        client = world.client(person)
        token = csrf_token(client.get("/requests", follow_redirects=True).text)
        assert client.get(address).status_code == 403
        assert client.post(f"{address}/application", data={"csrf_token": token}).status_code == 403
        assert upload(client, b"x").status_code == 403
    assert world.look(lambda: db.session.scalars(select(ResourceImport)).one().applied_at) is None


def test_an_upload_without_its_token_is_refused(world: World) -> None:
    answer = world.client("alice").post(
        "/catalogue/imports",
        data={"file": (io.BytesIO(FIRST.encode()), "a.csv")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 400
