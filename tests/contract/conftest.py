import pytest

# Modules that are no tests, but whose failures should be explained like those of tests.
pytest.register_assert_rewrite("tests.contract.postgres_world", "tests.contract.provider_stages")
