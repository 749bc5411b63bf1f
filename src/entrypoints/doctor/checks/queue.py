from redis import RedisError

from adapters.redis_queue.problems import EVICTING, diagnose
from adapters.redis_queue.queue_probe import find_problems, list_workers
from core.domain.secret import redact_url
from entrypoints.doctor.checks.settings import report_missing
from entrypoints.doctor.findings import Check, Finding, fail, note, ok, warn
from entrypoints.doctor.storage import check_workers
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings

_TIMEOUT_SECONDS = 5.0
_SETTING = f"{PREFIX}REDIS_URL"
_REMEDY = (
    "Start Redis or correct CREWKIT_GIT_REDIS_URL. Until Redis works again, webhook events are stored, but "
    "not processed."
)
_UNSET = "Start Redis and set CREWKIT_GIT_REDIS_URL to its URL."


def queue_checks(settings: Settings) -> list[Check]:
    """Return the checks of Redis."""
    if settings.redis_url is None:
        return [report_missing(settings, "redis", ["REDIS_URL"], _UNSET)]
    url = settings.redis_url.reveal()

    async def check_queue() -> list[Finding]:
        problems = await find_problems(url, timeout_seconds=_TIMEOUT_SECONDS)
        findings = [
            (warn if problem is EVICTING else fail)(
                "redis", f"{redact_url(url)}: {problem.message}", problem.with_setting(_SETTING).remedy
            )
            for problem in problems
        ]
        try:
            workers = await list_workers(url)
        except (RedisError, OSError) as error:
            if not findings:
                problem = diagnose(error).with_setting(_SETTING)
                findings = [fail("redis", f"{redact_url(url)}: {problem.message}", problem.remedy)]
            return [*findings, note("worker", "Not checked, because of the problem that `redis` reports.")]
        return [*(findings or [ok("redis", "Redis responds and stores data.")]), check_workers(workers)]

    return [Check("redis", check_queue, _REMEDY)]
