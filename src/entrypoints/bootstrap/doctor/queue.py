from redis import RedisError

from adapters.redis_queue.inspection import listening_workers
from core.domain.secret import shown
from entrypoints.bootstrap.doctor.unset import unset
from entrypoints.doctor.findings import Check, Finding, fail, note, ok
from entrypoints.doctor.storage import judge_workers
from entrypoints.settings import Settings

_REMEDY = (
    "Start Redis, or correct CREWKIT_GIT_REDIS_URL. Deliveries are received meanwhile, and processed when "
    "it is back."
)


def queue_checks(settings: Settings) -> list[Check]:
    """Return what is asked of Redis."""
    if settings.redis_url is None:
        return [unset(settings, "redis", "REDIS_URL", _REMEDY)]
    url = settings.redis_url.reveal()

    async def look() -> list[Finding]:
        try:
            workers = await listening_workers(url)
        except (RedisError, OSError) as error:
            return [
                fail("redis", f"{shown(url)} does not answer ({type(error).__name__}).", _REMEDY),
                note("worker", "Not looked at, since Redis does not answer."),
            ]
        return [ok("redis", "It answers."), judge_workers(workers)]

    return [Check("redis", look, _REMEDY)]
