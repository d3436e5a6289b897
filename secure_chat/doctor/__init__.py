"""What is wrong with somebody's set-up, and what to do about it."""
