"""Private chat over mutual TLS on a host of your own; `secure_chat.client` is the public API."""

__version__ = "0.1.0"
