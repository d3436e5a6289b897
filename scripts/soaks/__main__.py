"""Chooses the soak to run; each prints its counts and exits non-zero on any violation."""

import argparse
import sys

from scripts.soaks import dead, disk, durability, flood, renewals, revoked, slow, transfers

__all__ = ["main"]

_KINDS = {
    "durability": durability,
    "flood": flood,
    "slow": slow,
    "disk": disk,
    "dead": dead,
    "renewals": renewals,
    "revoked": revoked,
    "transfers": transfers,
}


def main() -> int:
    """Run the soak named on the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, module in _KINDS.items():
        module.add_arguments(kinds.add_parser(name, help=module.__doc__))
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
