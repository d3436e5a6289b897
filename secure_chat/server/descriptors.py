"""How many connections the system lets this process have.

Called once at start, on the main thread. Where the system has no such limit (Windows) there is
nothing to do.
"""

import contextlib

__all__ = ["raise_descriptor_limit"]


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open files to the hard one, as every server has to."""
    try:
        import resource
    except ImportError:  # pragma: no cover -- only where there is no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems name a hard limit that they do not grant; then the soft one stays.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
