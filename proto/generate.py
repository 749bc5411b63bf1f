"""Generate `proto/gen` from the contract. With `--check`, check that it is up to date."""

import filecmp
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent
GENERATED = ROOT / "gen"


def generate(target: Path) -> None:
    """Run protoc for every file of the contract, and generate stubs for files with services."""
    sources = sorted((ROOT / "crewkit").rglob("*.proto"))
    _protoc(sources, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    services = [source for source in sources if "\nservice " in source.read_text()]
    _protoc(services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet,only_async:{target}")


def _protoc(sources: list[Path], *outputs: str) -> None:
    tools = Path(sys.executable).parent
    plugins = [f"--plugin={name}={tools / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={ROOT}", *outputs, *plugins]
    subprocess.run([*command, *(str(source.relative_to(ROOT)) for source in sources)], check=True)  # noqa: S603 - our own files, our own interpreter


def differences() -> list[str]:
    """Return the generated files that are missing, obsolete or different from the contract."""
    with TemporaryDirectory() as directory:
        fresh = Path(directory)
        generate(fresh)
        names = {path.relative_to(fresh) for path in fresh.rglob("*.py*")}
        names |= {path.relative_to(GENERATED) for path in GENERATED.rglob("*.py*") if path.suffix != ".pyc"}
        return sorted(
            str(name)
            for name in names
            if not (fresh / name).exists()
            or not (GENERATED / name).exists()
            or not filecmp.cmp(fresh / name, GENERATED / name, shallow=False)
        )


if __name__ == "__main__":
    if "--check" in sys.argv:
        if stale := differences():
            sys.exit(f"Generated code is out of date. Run `make proto`. Files: {', '.join(stale)}")
    else:
        GENERATED.mkdir(exist_ok=True)
        generate(GENERATED)
