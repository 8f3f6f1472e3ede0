"""Run a solver in a thread of its own, and poll the observer meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

# Interval of calls to the observer [s].
PERIOD_S = 0.2


def poll(run: Callable[[], object], proceed: Callable[[], bool], stop: Callable[[], None]) -> None:
    """Run a solver that releases Python's lock, and poll whether to continue while it runs.

    The caller's thread stays free, so that an interrupt from the keyboard arrives at once.

    Parameters
    ----------
    run
        The solver's blocking call; an error of it is raised here.
    proceed
        Returns whether to continue.
    stop
        Makes the blocking call return soon.
    """
    errors: list[BaseException] = []

    def target() -> None:
        try:
            run()
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=target, name="solver", daemon=True)
    thread.start()
    try:
        thread.join(PERIOD_S)
        while thread.is_alive():
            if not proceed():
                stop()
            thread.join(PERIOD_S)
    except BaseException:
        stop()
        thread.join()
        raise
    if errors:
        raise errors[0]
