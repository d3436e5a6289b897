"""The host's side of file transfer: uploads come in, downloads go out, what nobody needs goes."""
