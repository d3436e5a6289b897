"""TLS 1.3 on both ends: contexts, one non-blocking link, and what a handshake said."""
