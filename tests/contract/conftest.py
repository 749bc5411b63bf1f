import pytest

# Modules without tests, but whose assertions need the explanations of tests.
pytest.register_assert_rewrite(
    "tests.contract.postgres_store_stage", "tests.contract.provider_stages", "tests.contract.sandbox_stage"
)
