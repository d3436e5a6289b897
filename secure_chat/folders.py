"""Where data, profiles and received files are kept: in the platform's folders, or where one says.

Pure but for the platform's answer; used at start, on the main thread.
"""

from pathlib import Path

__all__ = ["config_folder", "data_folder", "inbox_folder"]


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


def inbox_folder(explicit: Path | None) -> Path:
    """Return the folder that received files land in; it need not exist.

    Args:
        explicit: what `--into` says; without it, a folder of ours among the downloads.
    """
    if explicit is not None:
        return explicit
    import platformdirs  # only here: who names a folder need not wait for it

    return platformdirs.user_downloads_path() / "securechat"
