"""Contract suites: what every adapter of a port must pass. An adapter's tests inherit from them."""

import pytest

# Failures in the suites are explained like failures in tests.
_SUITES = ("delivery_log", "directory", "exclusion", "provider", "stores", "unit_of_work")
pytest.register_assert_rewrite(*(f"{__name__}.{suite}" for suite in _SUITES))
