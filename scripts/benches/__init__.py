"""Speed, measured as ratios against well-known peers in the same run."""
