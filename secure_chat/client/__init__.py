"""The client without a window; `Client` is the public API."""
