"""The sandbox's page in docs/ is true."""

import re
from dataclasses import fields
from pathlib import Path

from sandbox.actions.table import ACTIONS
from sandbox.behaviour import Behaviour, DeliveryMode
from sandbox.control import routes
from sandbox.faults import Fault, FaultKind
from sandbox.payloads.links import Links
from sandbox.sandbox import Sandbox
from sandbox.state.data import SandboxData

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


def test_page_lists_exactly_the_actions() -> None:
    listed = PAGE.split("Actions: ")[1].split(".\n\n")[0]
    assert re.findall(r"`(\w+)`", listed) == list(ACTIONS)


def test_page_lists_every_request_of_the_control_api() -> None:
    """Method and path of each."""
    served = routes(Sandbox(Links("http://sandbox.example"), SandboxData, SandboxData()))
    wanted = {(method, route.path) for route in served for method in route.methods or () if method != "HEAD"}
    assert set(re.findall(r"\| `([A-Z]+) (/_sandbox[^`]*)` \|", PAGE)) == wanted


def test_page_explains_every_fault_and_behaviour() -> None:
    """With every field and every value of a choice."""
    words = set(re.findall(r"`([a-z_]+)`", PAGE)) | set(re.findall(r'"([a-z]+)"', PAGE))
    wanted = {*FaultKind, *DeliveryMode}
    wanted |= {field.name for field in (*fields(Fault), *fields(Behaviour))}
    assert wanted <= words
