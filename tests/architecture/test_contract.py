"""The wire contract may only grow."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def compare_with_release(at: Path) -> subprocess.CompletedProcess[str]:
    """Compare the contract there with what was released."""
    buf = Path(sys.executable).with_name("buf")
    against = ROOT / "proto" / "released.binpb"
    return subprocess.run([buf, "breaking", "--against", against], cwd=at, capture_output=True, text=True, check=False)


def test_detects_a_removed_field(tmp_path: Path) -> None:
    """The comparison of `make lint` accepts the contract, and rejects a contract without one of its fields."""
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    shutil.copytree(ROOT / "proto" / "crewkit", tmp_path / "proto" / "crewkit")
    whole = compare_with_release(tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "")

    changed = tmp_path / "proto" / "crewkit" / "git" / "v1" / "domain_events.proto"
    changed.write_text(changed.read_text().replace("string organization_id = 4;", ""))

    assert 'Previously present field "4"' in compare_with_release(tmp_path).stdout
