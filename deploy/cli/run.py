"""The commands that run something: the whole network, or one process of it."""


def up(*, logs: bool = False) -> int:
    """Start the whole network on this machine and keep it running until Ctrl-C.

    Starts PostgreSQL and Redis of its own where DUOLOGUE_DATABASE_URL and DUOLOGUE_REDIS_URL are
    not set, brings the database up to date, and runs a coordinator with a standby and one shard
    for each bot. Without DUOLOGUE_BOT_TOKENS it is a demo: Telegram is simulated, with a page to
    chat on. What dies is started again; bots may come and go meanwhile (`duologue bots`).

    Parameters
    ----------
    logs
        Send the logs of all processes to standard error instead of the data folder.

    """
    from config.settings import load

    # Read before the rest is imported: what is wrong is told at once.
    settings = load()
    from deploy.supervisor.app import up as run_up

    return run_up(settings, logs=logs)


def migrate() -> int:
    """Bring the database's schema up to date. Harmless where it is already."""
    from core.state.postgres.migrate import migrate as apply
    from deploy.cli.context import require, run

    applied = run(lambda settings: apply(require(settings, "database_url", "DUOLOGUE_DATABASE_URL")))
    print("\n".join(f"applied {name}" for name in applied) or "the database is up to date")
    return 0


def coordinator(*, metrics_port: int | None = None) -> int:
    """Run one coordinator. Start it twice: one leads, the other one takes over when it dies.

    Parameters
    ----------
    metrics_port
        Where /metrics, /healthz and /readyz are served; DUOLOGUE_METRICS_PORT where not given.

    """
    from coordinator.app import main
    from deploy.cli.context import found_settings

    settings = found_settings()
    main(settings, metrics_port or settings.metrics_port)
    return 0


def shard(bot: int, /, *, metrics_port: int | None = None) -> int:
    """Run the shard of one bot that is in the network (`duologue bots list`).

    One process serves a bot at a time: a second one says so and waits for the first to go.

    Parameters
    ----------
    bot
        The bot's id: the number before the colon of its token.
    metrics_port
        Where /metrics, /healthz and /readyz are served; DUOLOGUE_METRICS_PORT where not given.

    """
    from deploy.cli.context import found_settings
    from shard.app import main

    settings = found_settings()
    main(settings, bot, metrics_port or settings.metrics_port)
    return 0


def simulator(
    *,
    port: int | None = None,
    bots: int = 3,
    people: int = 0,
    seed: str = "duologue",
    local: bool = False,
) -> int:
    """Run the Telegram simulator alone: a Bot API server with virtual people, for any bot program.

    Point a bot at it with the tokens that its page shows.

    Parameters
    ----------
    port
        Where it listens; DUOLOGUE_SIMULATOR_PORT where not given.
    bots
        How many bots exist from the start.
    people
        How many virtual people chat with them.
    seed
        The same seed makes the same bots, tokens and people.
    local
        Play a local Bot API server: large files, file:// paths.

    """
    from config.settings import load
    from deploy.demo import serve_simulator
    from simulator.app import Options

    settings = load()
    options = Options(
        host=settings.listen_host,
        port=port or settings.simulator_port,
        bots=bots,
        people=people,
        seed=seed,
        local=local,
    )
    return serve_simulator(options)
