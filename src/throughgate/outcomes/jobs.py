"""Studies in the background. Each job may be run again at any time; a study whose worker died starts over."""

from __future__ import annotations

from throughgate.base.jobs import job


@job("check study", own_transactions=True)
def check_study(version_id: int) -> None:
    """Say what a plan could find before it is run."""
    from throughgate.outcomes import running  # noqa: PLC0415 - heavy imports belong in the worker

    running.check(version_id)


@job("run study", own_transactions=True)
def run_study(code: str) -> None:
    """Run a study."""
    from throughgate.outcomes import running  # noqa: PLC0415

    running.run(code)


@job("look at study file", own_transactions=True)
def look_at_file(code: str) -> None:
    """Find the columns of a study file."""
    from throughgate.outcomes import running  # noqa: PLC0415

    running.look_at_file(code)


@job("link roster", own_transactions=True)
def link_roster(code: str) -> None:
    """Find the people of a roster among the participants."""
    from throughgate.outcomes import linking  # noqa: PLC0415

    linking.link(code)
