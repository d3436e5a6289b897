"""The durable order of everything said."""
