"""The running host: threads put together."""
