"""How often hypothesis tries: a little as a rule, thousands of times with `--hypothesis-profile=thorough`.

No example has a limit of time in any profile: how long it takes tells of the machine, not of the code.
"""

from hypothesis import HealthCheck, Phase, settings

USUAL = "usual"
THOROUGH = "thorough"
MUTANTS = "mutants"
"""For `make mutants`: the same examples each time, and no dear search for the smallest that fails."""


def register() -> None:
    """Make the profiles known, before hypothesis looks for the one that was asked for."""
    settings.register_profile(USUAL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile(USUAL)
    checks = list(HealthCheck)
    settings.register_profile(THOROUGH, max_examples=3_000, suppress_health_check=checks)
    settings.register_profile(
        MUTANTS,
        max_examples=50,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=checks,
    )


def wanted() -> bool:
    """Whether this run was asked to be thorough."""
    return settings.get_current_profile_name() == THOROUGH


def examples(usual: int) -> int:
    """So many as usual, or as many as the thorough profile has."""
    return settings.get_profile(THOROUGH).max_examples if wanted() else usual
