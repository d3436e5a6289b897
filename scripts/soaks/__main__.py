"""Chooses the soak to run; each prints its counts and exits non-zero on any violation."""

import argparse
import sys

from scripts.soaks import durability

__all__ = ["main"]


def main() -> int:
    """Run the soak named on the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    durability.add_arguments(kinds.add_parser("durability", help=durability.__doc__))
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
