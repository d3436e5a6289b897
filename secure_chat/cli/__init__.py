"""The commands, one file a group; each parses, builds a value and calls one function."""
