"""The protocol without any input or output: messages, frames, states."""
