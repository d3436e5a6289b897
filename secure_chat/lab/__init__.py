"""Every handshake failure made on purpose, on this computer only, with its record explained."""
