"""Where data is kept: below the platform's folder for user data, or below the one that was named.

Pure but for the platform's answer; used at start, on the main thread.
"""

from pathlib import Path

__all__ = ["data_folder"]


def data_folder(explicit: Path | None, community: str) -> Path:
    """Return the folder of one community's data, `host/` and `clients/NAME/` below it.

    Args:
        explicit: what `--data` says; it replaces the platform's folder only.
        community: the community's id, from the certificates folder; a new authority does not
            change it, so history survives.
    """
    if explicit is None:
        import platformdirs  # only here: who names a folder need not wait for it

        explicit = Path(platformdirs.user_data_dir("securechat", appauthor=False))
    return explicit / community
