"""The sandbox's tables, one file a thing."""

from portal.sandbox.tables.calls import CallCount, Fault
from portal.sandbox.tables.credentials import AuthCode, Token
from portal.sandbox.tables.deliveries import Attempt, Delivery, DeliveryState
from portal.sandbox.tables.instances import Instance, Record, Task
from portal.sandbox.tables.messages import Message
from portal.sandbox.tables.people import Department, Person, Relation, Role
from portal.sandbox.tables.quickbi import BiGrant, BiGroup, BiUser, BiWork, BiWorkspace
from portal.sandbox.tables.settings import Setting
from portal.sandbox.tables.templates import Template

__all__ = [
    "Attempt",
    "AuthCode",
    "BiGrant",
    "BiGroup",
    "BiUser",
    "BiWork",
    "BiWorkspace",
    "CallCount",
    "Delivery",
    "DeliveryState",
    "Department",
    "Fault",
    "Instance",
    "Message",
    "Person",
    "Record",
    "Relation",
    "Role",
    "Setting",
    "Task",
    "Template",
    "Token",
]
