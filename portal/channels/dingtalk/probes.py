"""Calls that prove something about the connection to DingTalk and change nothing there, for the doctor.

Each asks for what cannot exist. A missing permission is told by a code of its own (DingTalk: server-api-error-codes),
so any other refusal of the thing itself means that the permission is there.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from portal.channels.dingtalk.callback import OWN_CHECK, OwnerKeyKind
from portal.channels.dingtalk.connection import Binding, DingTalkConnection, in_our_words
from portal.channels.failures import ChannelError, Failure
from portal.dingtalk.callback_crypto import CallbackCipher, CallbackCryptoError, check_signature, sign
from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.directory import CONTACTS_ROOT_DEPARTMENT
from portal.dingtalk.forms import FormComponent
from portal.dingtalk.instances import FieldValue
from portal.dingtalk.operations import Operation

__all__ = ["OwnerKeyKind", "PermissionProbe", "Probes", "SealedCall", "is_success", "sealed_address_check"]

TOKEN_OPERATION = Operation.ACCESS_TOKEN.value
NOBODY = "portal-doctor-nobody"
NO_TEMPLATE = "PROC-PORTAL-DOCTOR-NO-SUCH-TEMPLATE"
NO_INSTANCE = "portal-doctor-no-such-instance"


class PermissionProbe(StrEnum):
    """The permissions that can be proved by a call as the app, by DingTalk's names for them."""

    FORM_READ = "Workflow.Form.Read"
    FORM_WRITE = "Workflow.Form.Write"
    INSTANCE_READ = "Workflow.Instance.Read"
    INSTANCE_WRITE = "Workflow.Instance.Write"
    MEMBERS = "qyapi_get_member"
    MEMBER_SEARCH = "qyapi_addresslist_search"
    DEPARTMENTS = "qyapi_get_department_list"
    DEPARTMENT_MEMBERS = "qyapi_get_department_member"


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Asks DingTalk. Every method returns the refusal, or None where the call went through."""

    connection: DingTalkConnection

    def token(self) -> Failure | None:
        """Obtain a fresh app token: one from memory would prove nothing."""
        return _refusal(lambda: self.connection.prove_access(with_fresh_token=True))

    def permission(self, permission: PermissionProbe) -> Failure | None:
        """Make the call that needs this permission; the four of Workflow count against the monthly quota."""
        return self._call(_CALLS[permission])

    def person(self, user_id: str) -> tuple[bool, Failure | None]:
        """Return whether the organisation has somebody active of this id, as far as the app may see."""
        found: list[bool] = []

        def read(client: DingTalkClient) -> None:
            person = client.directory.user(user_id)
            found.append(person is not None and person.is_active)

        failure = self._call(read)
        return bool(found and found[0]), failure

    def _call(self, call: Callable[[DingTalkClient], object]) -> Failure | None:
        def do() -> None:
            client = self.connection.client()
            with in_our_words():
                call(client)

        return _refusal(do)


@dataclass(frozen=True, kw_only=True)
class SealedCall:
    """A callback as DingTalk would send it: the query of its address and its body."""

    query: dict[str, str]
    body: bytes


def sealed_address_check(binding: Binding) -> SealedCall:
    """Seal a ``check_url`` with the stored keys, marked inside as our own (DingTalk: http-callback-overview).

    Nobody without both keys can make the mark, and DingTalk never sends it: so it can hide nothing of DingTalk's.
    """
    message = json.dumps({"EventType": "check_url", OWN_CHECK: True})
    encrypt = CallbackCipher(binding.callback_aes_key).seal(message, owner_key=binding.app_key)
    timestamp, nonce = str(int(time.time() * 1000)), secrets.token_hex(8)
    signature = sign(token=binding.callback_token, timestamp=timestamp, nonce=nonce, encrypt=encrypt)
    return SealedCall(
        query={"msg_signature": signature, "timestamp": timestamp, "nonce": nonce},
        body=json.dumps({"encrypt": encrypt}).encode(),
    )


def is_success(binding: Binding, body: bytes) -> bool:
    """Whether an answer is the signed and encrypted ``success`` that DingTalk waits for."""
    try:
        answer = json.loads(body)
        signed = {name: str(answer[name]) for name in ("msg_signature", "timeStamp", "nonce", "encrypt")}
        check_signature(
            token=binding.callback_token,
            timestamp=signed["timeStamp"],
            nonce=signed["nonce"],
            encrypt=signed["encrypt"],
            signature=signed["msg_signature"],
        )
        cipher = CallbackCipher(binding.callback_aes_key)
        return cipher.open(signed["encrypt"], owner_keys=(binding.app_key,)).message == "success"
    except (ValueError, RecursionError, KeyError, TypeError, CallbackCryptoError):
        return False


def _refusal(call: Callable[[], object]) -> Failure | None:
    try:
        call()
    except ChannelError as error:
        return error.failure
    return None


def _update_no_template(client: DingTalkClient) -> object:
    field = FormComponent(kind="TextField", component_id="TextField-portal-doctor", label="Portal doctor")
    return client.forms.save(
        name="Portal doctor: permission check",
        description="",
        components=(field,),
        process_code=NO_TEMPLATE,
    )


def _forecast_no_template(client: DingTalkClient) -> object:
    return client.instances.forecast(
        process_code=NO_TEMPLATE,
        originator_user_id=NOBODY,
        department_id=-1,
        values=(FieldValue("-", "-"),),
    )


_CALLS: dict[PermissionProbe, Callable[[DingTalkClient], object]] = {
    PermissionProbe.FORM_READ: lambda client: client.forms.read_schema(NO_TEMPLATE),
    PermissionProbe.FORM_WRITE: _update_no_template,
    PermissionProbe.INSTANCE_READ: lambda client: client.instances.read(NO_INSTANCE),
    PermissionProbe.INSTANCE_WRITE: _forecast_no_template,
    PermissionProbe.MEMBERS: lambda client: client.directory.user(NOBODY),
    PermissionProbe.MEMBER_SEARCH: lambda client: client.directory.search(NOBODY, limit=1),
    PermissionProbe.DEPARTMENTS: lambda client: client.directory.department_name(CONTACTS_ROOT_DEPARTMENT),
    PermissionProbe.DEPARTMENT_MEMBERS: lambda client: client.directory.department_members(
        CONTACTS_ROOT_DEPARTMENT
    ),
}
