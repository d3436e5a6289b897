"""Files, folders and streams on their way to the host and from it.

`files` is what a window or a script calls, `porter` the thread that carries bytes between the disk
and the line, `sending` and `receiving` decide, one of each for every file on its way. Nothing here
knows TLS, the queue of messages or a window.
"""
