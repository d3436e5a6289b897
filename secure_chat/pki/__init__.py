"""Identities and certificates: names, the profile, the authority and the certs folder."""
