from pathlib import Path

import pytest

# The suites are imported by the modules that bind them to adapters, and should explain their failures too.
for _module in Path(__file__).parent.glob("*.py"):
    if _module != Path(__file__) and not _module.name.startswith("test_"):
        pytest.register_assert_rewrite(f"tests.contract.{_module.stem}")
