"""One record for each handshake, and the journal that keeps them."""
