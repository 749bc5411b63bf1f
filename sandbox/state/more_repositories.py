"""More repositories than the demo has, as varied as those of real accounts."""

from dataclasses import dataclass

_ACME = "acme-rockets"
_ORBITAL = "orbital-works"
_MARA = "mara-okafor-acme"
_OONA = "oona-field-away"
MANY_BRANCHES = "assembly-line"


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of a repository. If `branches` is None, the repository is empty."""

    owner: str
    name: str
    language: str | None = None
    description: str | None = None
    private: bool = True
    archived: bool = False
    fork: bool = False
    default_branch: str = "main"
    branches: tuple[str, ...] | None = ()


SHAPES = (
    Shape(_ACME, "avionics", "C", "Flight computers and their buses", branches=("develop", "hotfix/can-bus")),
    Shape(_ACME, "ground-control", "TypeScript", "What operators see"),
    Shape(_ACME, "ground-control-api", "Go", "What operators' screens ask"),
    Shape(_ACME, "pad-cameras", "Python", "Streams of every pad"),
    Shape(_ACME, "propellant-model", "Julia", "How fuel behaves when it is cold", default_branch="trunk"),
    Shape(_ACME, "wind-tunnel", "Fortran", "Old numbers that are still right", default_branch="master"),
    Shape(_ACME, MANY_BRANCHES, "Ruby", "A branch for every work order"),
    Shape(_ACME, "weather", "R", "May we launch?", private=False),
    Shape(_ACME, "countdown.js", "JavaScript", "A countdown for any page", private=False),
    Shape(_ACME, "rocket.science", "Jupyter Notebook", "Lectures and notebooks", private=False),
    Shape(_ACME, "telemetry-sdk-python", "Python", "Send us measurements from Python", private=False),
    Shape(_ACME, "telemetry-sdk-go", "Go", "Send us measurements from Go", private=False),
    Shape(_ACME, "telemetry-sdk-rust", "Rust", "Send us measurements from Rust", private=False),
    Shape(_ACME, "telemetry-sdk-java", "Java", "Send us measurements from Java", private=False),
    Shape(_ACME, "telemetry-sdk-dotnet", "C#", "Send us measurements from .NET", private=False),
    Shape(_ACME, "linux", "C", "Our patches", private=False, fork=True, default_branch="master"),
    Shape(_ACME, "f-prime", "C++", "Flight software framework, with our drivers", private=False, fork=True),
    Shape(_ACME, "openmct", "JavaScript", "Mission control framework, with our theme", fork=True),
    Shape(_ACME, "website", "Astro", "acme-rockets.example", branches=("redesign", "spring-campaign")),
    Shape(_ACME, "website-2023", "PHP", "The page before", archived=True, default_branch="master"),
    Shape(_ACME, "sounding-rocket", "C++", "The first rocket that flew", archived=True),
    Shape(_ACME, "recovery-drone", "C++", "Finds what comes down", archived=True, private=False),
    Shape(_ACME, "new-idea", None, None, branches=None),
    Shape(_ACME, "engine-mk2", None, "Nothing here yet", branches=None),
    Shape(_ACME, ".github", None, "Profile and community files", private=False),
    Shape(_ACME, "infrastructure", "HCL", "Everything that runs", branches=("staging", "production")),
    Shape(_ACME, "ansible-roles", "Jinja", "What terraform leaves open"),
    Shape(_ACME, "helm-charts", "Smarty", "How services are deployed"),
    Shape(_ACME, "ci-images", "Dockerfile", "Images for builds"),
    Shape(_ACME, "handbook", "MDX", "How we work", branches=("docs/größe-und-maß", "fix/issue-#42")),
    Shape(_ACME, "design-system", "TypeScript", "Buttons that are safe to press"),
    Shape(_ACME, "mobile-app", "Kotlin", "Launches in your pocket"),
    Shape(_ACME, "mobile-app-ios", "Swift", "Launches in your other pocket"),
    Shape(_ACME, "payload-planner", "Elixir", "Who flies with what"),
    Shape(_ACME, "billing", "Ruby", "Invoices for orbits"),
    Shape(_ACME, "crm-sync", "Python", None),
    Shape(_ACME, "data-warehouse", "SQL", "Every measurement we ever took"),
    Shape(_ACME, "anomaly-detection", "Python", "Notices what should not be"),
    Shape(_ACME, "simulation", "C++", "Fly before flying", branches=("gpu", "gpu-2", "gpu-3")),
    Shape(_ACME, "simulation-results", None, "Large files, few words"),
    Shape(_ACME, "hardware-in-the-loop", "Python", "Real boards, pretended flights"),
    Shape(_ACME, "test-stand-7", "Assembly", "Valves and nerves"),
    Shape(_ACME, "a-repository-whose-name-is-about-as-long-as-anyone-would-dare-to-make-it-in-everyday-life"),
    Shape(_ACME, "X", "Zig", "The shortest name we have"),
    Shape(_ACME, "Space_Suits", "Lua", "Capital letters and an underscore"),
    Shape(_ORBITAL, "station-keeping", "Rust", "Staying where we are"),
    Shape(_ORBITAL, "docking", "Ada", "Gently"),
    Shape(_ORBITAL, "solar-panels", "Python", "Facing the right way"),
    Shape(_ORBITAL, "orbit-viewer", "TypeScript", "Where everything is", private=False),
    Shape(_ORBITAL, "two-line-elements", "Go", "Reading and writing TLE", private=False),
    Shape(_ORBITAL, "launchpad", "Python", "Same name, other owner"),
    Shape(_ORBITAL, "debris-catalogue", "Scala", "What to stay away from"),
    Shape(_ORBITAL, "old-beacon", "C", "Switched off", archived=True),
    Shape(_MARA, "dotfiles", "Shell", "Home, wherever I am", private=False),
    Shape(_MARA, "sourdough", None, "Feeding times and mistakes"),
    Shape(_MARA, "advent-of-code", "Haskell", "Every December", private=False),
    Shape(_OONA, "field-notes", None, "Birds, mostly"),
    Shape(_OONA, "bird-song", "Python", "Which bird was that?", private=False),
    Shape(_OONA, "scratch", None, None, branches=None),
    Shape(_OONA, "piano-practice", "Elm", "Eight bars a day"),
)
