"""Where data and profiles are kept: below the platform's folders, data also where one says.

Pure but for the platform's answer; used at start, on the main thread.
"""

from pathlib import Path

__all__ = ["config_folder", "data_folder"]


def config_folder() -> Path:
    """Return the folder of this user's settings for this program; it need not exist."""
    import platformdirs  # only here: who has no profile need not wait for it

    return Path(platformdirs.user_config_dir("securechat", appauthor=False))


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
