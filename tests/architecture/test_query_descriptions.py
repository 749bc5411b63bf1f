from typing import get_type_hints

import pytest

from tests.support.clients.operations import OPERATIONS

PARAMETERS = {
    f"{name}-{parameter}": hint
    for name, operation in OPERATIONS.items()
    for parameter, hint in get_type_hints(operation.query, include_extras=True).items()
}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_each_parameter_says_what_to_pass(parameter: str) -> None:
    """Because this part of the description is the error message for an invalid value."""
    [metadata, *_] = PARAMETERS[parameter].__metadata__
    assert "Pass " in metadata.description
