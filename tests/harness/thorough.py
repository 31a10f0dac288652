"""How often hypothesis tries: a little in CI, thousands of times with `--hypothesis-profile=thorough`."""

from hypothesis import HealthCheck, Phase, settings

THOROUGH = "thorough"
MUTANTS = "mutants"
"""For `make mutants`: the same examples each time, and no dear search for the smallest that fails."""


def register() -> None:
    """Make the profiles known, before hypothesis looks for them."""
    checks = list(HealthCheck)
    settings.register_profile(THOROUGH, max_examples=3_000, deadline=None, suppress_health_check=checks)
    settings.register_profile(
        MUTANTS,
        max_examples=50,
        derandomize=True,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=checks,
    )


def wanted() -> bool:
    """Whether this run was asked to be thorough."""
    return settings.get_current_profile_name() == THOROUGH


def examples(usual: int) -> int:
    """So many as usual, or as many as the thorough profile has."""
    return settings.get_profile(THOROUGH).max_examples if wanted() else usual
