"""Sockets and the threads that own them: workers, peers, inboxes, outboxes."""
