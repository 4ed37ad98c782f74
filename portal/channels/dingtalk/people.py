"""People of the organisation, from DingTalk's directory and its sign-in."""

from __future__ import annotations

from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.directory import FoundPerson, SignInRefused
from portal.dingtalk import directory
from portal.dingtalk.directory import ContactType, DirectoryPerson
from portal.dingtalk.sign_in import authorize_url


class DingTalkPeople:
    """Looks people up and proves who signs in. Every method may raise ``ChannelError``."""

    def __init__(self, connection: DingTalkConnection, *, login_url: str) -> None:
        self._connection = connection
        self._login_url = login_url

    def sign_in_url(self, *, redirect_uri: str, state: str) -> str:
        """Return where to send the browser to sign in."""
        return authorize_url(
            login_url=self._login_url,
            client_id=self._connection.binding().app_key,
            redirect_uri=redirect_uri,
            state=state,
        )

    def sign_in(self, code: str) -> FoundPerson:
        """Trade the returned code for the person; raises ``SignInRefused`` for strangers."""
        client, corp_id = self._connection.client(), self._connection.binding().corp_id
        with in_our_words():
            token = client.sign_in.exchange(code)
            if token.corp_id is not None and token.corp_id != corp_id:
                raise SignInRefused("other_organisation")
            profile = client.sign_in.profile(token)
        return self._admit(profile.union_id)

    def sign_in_inside(self, code: str) -> FoundPerson:
        """Trade the code of a page inside DingTalk's client for the person; raises ``SignInRefused``."""
        with in_our_words():
            union_id = self._connection.client().sign_in.union_id_of(code)
        return self._admit(union_id)

    def _admit(self, union_id: str) -> FoundPerson:
        client, corp_id = self._connection.client(), self._connection.binding().corp_id
        with in_our_words():
            match = client.directory.user_id_of(union_id)
            if match.contact_type != ContactType.EMPLOYEE:
                raise SignInRefused("external_contact")
            person = client.directory.user(match.user_id)
        if person is None or not person.is_active:
            raise SignInRefused("not_active")
        return _found(person, corp_id)

    def find(self, user_id: str) -> FoundPerson | None:
        """Read one person, or None if the organisation has nobody of that id."""
        client, corp_id = self._connection.client(), self._connection.binding().corp_id
        with in_our_words():
            person = client.directory.user(user_id)
        return _found(person, corp_id) if person else None

    def search(self, query: str, *, limit: int = 8) -> tuple[FoundPerson, ...]:
        """Find active people by a part of their name."""
        client, corp_id = self._connection.client(), self._connection.binding().corp_id
        with in_our_words():
            people = [client.directory.user(each) for each in client.directory.search(query, limit=limit)]
        return tuple(_found(person, corp_id) for person in people if person and person.is_active)

    def department_name(self, department_id: int) -> str:
        """Return the name of a department, as the directory numbers it."""
        client = self._connection.client()
        with in_our_words():
            return client.directory.department_name(department_id)


def approval_department(department_id: int) -> int:
    """Map a directory department to what approval calls want: the root is numbered differently there."""
    return directory.approval_department((department_id,))


def _found(person: DirectoryPerson, corp_id: str) -> FoundPerson:
    return FoundPerson(
        corp_id=corp_id,
        user_id=person.user_id,
        union_id=person.union_id,
        name=person.name,
        department_ids=person.department_ids,
        is_active=person.is_active,
    )
