import sys

# structlog and httpx import rich and Pygments for colored output if they are installed, as the test tools do.
# redis imports the OpenTelemetry SDK for its own metrics if the extra `otel` is installed. This service uses
# neither. They cost 0.12 s of CPU at each start with the test tools, and 0.05 s in the image.
_UNUSED_EXTRAS = ("rich", "pygments", "opentelemetry")


def import_libraries() -> None:
    """Import structlog, httpx and redis without the optional packages that this service does not use.

    Other modules can import these packages afterwards.
    """
    hidden = [name for name in _UNUSED_EXTRAS if name not in sys.modules]
    # None makes an import fail as if the package were not installed.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import httpx  # noqa: F401
        import redis  # noqa: F401
        import structlog  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
