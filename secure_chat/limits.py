"""Every cap, size and time-out of the program, with its unit and what happens at the bound.

One frozen value, made at start and handed down; nothing else in the package holds such a number.
The table in REFERENCE.md is generated from the `limit(...)` texts here.
"""

from dataclasses import dataclass, field

__all__ = ["Limits"]


def limit(value: float, unit: str, at_the_bound: str) -> float:
    """Declare one limit: its default, its unit, and what happens when it is reached."""
    return field(default=value, metadata={"unit": unit, "at": at_the_bound})


def count(value: int, unit: str, at_the_bound: str) -> int:
    """Declare one limit that is a whole number."""
    return field(default=value, metadata={"unit": unit, "at": at_the_bound})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All bounds of host and client; `Limits()` has the defaults."""

    # frames and messages
    frame_bytes: int = count(65_536, "bytes", "a longer frame closes the connection (too-big)")
    message_bytes: int = count(16_384, "bytes of UTF-8", "the message is refused (too-long)")
    id_chars: int = count(64, "characters", "the message is refused (bad-id)")
    reaction_chars: int = count(32, "characters", "the reaction is refused (bad-content)")
    lang_chars: int = count(
        32, "characters of a language's name", "the message is refused (bad-content)"
    )
    json_depth: int = count(
        100, "arrays and objects within each other", "the value is refused (bad-content)"
    )
    page_entries: int = count(100, "entries", "a page of history ends; the next one is asked for")
    page_bytes: int = count(40_960, "bytes of text", "a page of history ends earlier")
    names_per_page: int = count(200, "names", "who and rooms are paged")
    request_bytes: int = count(
        8_192, "bytes of a certificate request", "the renewal is refused (too-long)"
    )
    mute_seconds: int = count(
        315_360_000, "seconds, ten years", "a longer mute is refused (bad-query)"
    )
    unacked: int = count(256, "messages", "a client keeps the rest in its queue")

    # rates and numbers
    messages_per_second: float = limit(
        200, "messages a second a person, 0 for none", "the host reads that person more slowly"
    )
    message_burst: int = count(1_000, "messages a person", "the rate above takes over")
    connections: int = count(20_000, "connections", "a newcomer is refused (host-full)")
    connections_per_person: int = count(
        32, "connections", "a newcomer is refused (too-many-connections)"
    )
    rooms: int = count(10_000, "rooms", "a new room is refused (too-many-rooms)")
    rooms_per_person: int = count(400, "rooms", "joining is refused (too-many-rooms)")
    handshakes_waiting: int = count(
        4_000, "unfinished handshakes", "the oldest unfinished one is dropped"
    )
    petitions: int = count(
        32, "renewals and acts of a connection not answered yet", "the next is refused (bad-query)"
    )
    acts_per_hour: int = count(
        600, "renewals and acts an hour a person", "the next is refused (not-allowed)"
    )
    presence_names: int = count(
        200, "people in a room", "presence frames carry only the count from there on"
    )

    # files
    chunk_bytes: int = count(64_512, "bytes of a file in a frame", "the upload ends (too-large)")
    # Whole chunks: a rest would leave in a small frame of its own, in each window again.
    transfer_window_bytes: int = count(
        1_032_192, "bytes of a file on their way", "the sender waits until more is granted"
    )
    transfers: int = count(
        64, "uploads granted at once on the host", "the next waits until one has ended"
    )
    transfer_requests: int = count(
        1_024, "requests about files of a connection not taken yet", "it is closed (protocol)"
    )
    transfers_per_connection: int = count(
        64, "uploads and downloads of a connection", "the next is refused (busy)"
    )
    bulk_bytes: int = count(
        524_288, "bytes of files waiting for a peer", "reading them from the disk waits"
    )
    bulk_low_bytes: int = count(131_072, "bytes waiting", "the next are read from the disk")
    bulk_turn_bytes: int = count(
        131_072, "bytes of files written in a worker's turn", "messages get their turn"
    )
    bulk_read_bytes: int = count(
        262_144, "bytes read in a row, of a peer that sends files", "other peers get their turn"
    )
    unsent_bytes: int = count(
        131_072, "bytes unsent in the system, of a peer with files", "what follows waits outside"
    )
    sync_bytes: int = count(2_097_152, "bytes written to a file", "they are synced to the disk")
    file_bytes: int = count(17_179_869_184, "bytes of a file", "its upload is refused (too-large)")
    person_bytes: int = count(
        68_719_476_736, "bytes of all files of a person", "an upload is refused (quota)"
    )
    host_bytes: int = count(274_877_906_944, "bytes of all files", "an upload is refused (quota)")
    spare_bytes: int = count(
        1_073_741_824, "bytes free on the host's disk", "an upload is refused (disk-full)"
    )
    uploads_per_person: int = count(
        200_000, "uploads kept of a person", "an upload is refused (quota)"
    )
    uploads_offered: int = count(
        10_000, "uploads of a person that the hub knows", "the oldest is forgotten (no-upload)"
    )
    files_at_once: int = count(
        16, "small files of a folder on their way", "the next begins when one is through"
    )
    progress_seconds: float = limit(
        0.1, "seconds", "whoever waits for a transfer hears how far it is"
    )
    upload_keep_seconds: float = limit(
        604_800, "seconds", "an upload that no message refers to is forgotten"
    )
    files_open: int = count(64, "files read at once", "the one not read for longest is closed")
    sifted: int = count(
        256, "uploads the log is asked about at once", "the next when it has answered"
    )
    stream_grace_seconds: float = limit(
        30, "seconds", "a stream whose sender is gone is over (stopped)"
    )
    collect_seconds: float = limit(
        3_600, "seconds", "files that nothing refers to are looked for and deleted"
    )

    # received files
    name_bytes: int = count(
        200, "bytes of UTF-8 in a received name", "the name is shortened, its ending stays"
    )
    name_numbers: int = count(
        10_000, "numbers behind a name that is taken", "the transfer stops (incomplete)"
    )
    path_bytes: int = count(
        1_024, "bytes of UTF-8 in a path of a folder", "the folder is refused, or not sent"
    )
    folder_depth: int = count(32, "folders within each other", "the folder is refused, or not sent")
    manifest_entries: int = count(
        100_000, "files and empty folders of a folder", "the folder is refused, or not sent"
    )
    manifest_bytes: int = count(
        33_554_432, "bytes of a folder's list of files", "the folder is refused, or not sent"
    )
    rehash_bytes: int = count(1_048_576, "bytes of a partial file", "they are hashed, then more")

    # time
    handshake_seconds: float = limit(10, "seconds, in total", "the connection is closed")
    hello_seconds: float = limit(
        10, "seconds", "a client that says nothing after the greeting is closed"
    )
    frame_seconds: float = limit(10, "seconds", "a frame begun and not finished closes")
    ping_seconds: float = limit(15, "seconds of silence", "a ping is sent")
    dead_seconds: float = limit(28, "seconds of silence", "the peer is taken for dead")
    stuck_seconds: float = limit(
        20, "seconds without progress", "a peer that takes no data is dropped (slow)"
    )
    close_seconds: float = limit(1, "seconds", "a close_notify that cannot leave is given up")
    stop_seconds: float = limit(5, "seconds", "an ordered stop goes on without the rest")
    presence_seconds: float = limit(0.25, "seconds", "presence changes of a room are merged")
    registry_seconds: float = limit(
        0.25, "seconds", "how often the certificates folder is looked at"
    )
    folder_seconds: float = limit(
        2, "seconds", "what needs the folder that a command holds is refused (internal)"
    )
    connect_seconds: float = limit(10, "seconds", "a connection attempt is given up")
    ack_seconds: float = limit(30, "seconds", "`send` gives up: outcome unknown")
    retry_first_seconds: float = limit(0.2, "seconds", "the first wait before a new connection")
    retry_most_seconds: float = limit(10, "seconds", "the longest wait before a new connection")
    renew_spread_seconds: float = limit(
        2, "seconds", "clients that the host asks to renew do so spread over this time"
    )
    renew_retry_first_seconds: float = limit(
        60, "seconds, or 1/100 of the certificate's life", "the first wait after a failed renewal"
    )
    renew_retry_most_seconds: float = limit(
        21_600, "seconds, or 1/20 of the certificate's life", "the longest wait between renewals"
    )

    # enrolment
    enrolments: int = count(
        8, "connections to the enrolment listener", "the oldest that has asked for nothing goes"
    )
    enrolment_seconds: float = limit(
        10, "seconds, in total", "a connection that has asked for nothing by then is closed"
    )
    enrolment_attempts: int = count(
        10, "refused requests a minute an address", "the next is refused (too-many-attempts)"
    )
    enrolment_attempts_in_all: int = count(
        60, "refused requests a minute", "the next is refused (too-many-attempts)"
    )

    # memory
    outbox_bytes: int = count(
        1_048_576, "bytes waiting for a peer", "live delivery stops; the log serves it from there"
    )
    outbox_low_bytes: int = count(65_536, "bytes waiting", "delivery from the log goes on")
    write_bytes: int = count(65_536, "bytes", "one TLS write, up to four records")
    read_bytes: int = count(65_536, "bytes read in a row", "other peers get their turn")
    read_records: int = count(128, "TLS records read in a row", "other peers get their turn")
    inbox_items: int = count(4_096, "batches waiting for a thread", "the workers stop reading")
    deliveries_waiting: int = count(
        512, "batches waiting for a worker", "the hub waits, and so do those who send"
    )
    tail_entries: int = count(4_096, "recent messages in memory", "older ones come from the log")
    tail_bytes: int = count(4_194_304, "bytes of recent text", "older ones come from the log")
    unsent: int = count(
        10_000, "messages not acknowledged", "a client refuses new ones, or waits when it reads"
    )
    client_events: int = count(
        4_096, "events not yet taken by the window", "the client stops reading"
    )
    journal_waiting: int = count(10_000, "records waiting for the disk", "records are counted lost")
    drop_notes: int = count(1_000, "people", "older reasons of a drop are forgotten")

    # disk
    journal_bytes: int = count(67_108_864, "bytes", "the handshake journal is rotated")
    journal_files: int = count(10, "files", "the oldest journal file is deleted")
    refusals_per_second: int = count(
        1_000, "refused handshakes a second", "one counted record for each reason instead"
    )
    log_warning_bytes: int = count(
        4_294_967_296, "bytes", "the host warns that the log is large, at each doubling again"
    )
    log_wal_pages: int = count(
        4_000, "pages of 4 KiB in the WAL", "a commit also moves them to their place in the log"
    )
    index_entries: int = count(
        131_072, "entries in a table of the search index", "another table is begun"
    )
    log_cache_bytes: int = count(16_777_216, "bytes of the log", "pages are read from disk again")
    certificate_bytes: int = count(8_192, "bytes of DER", "the certificate is refused")
    certificates_remembered: int = count(
        1_024, "certificates", "the one not seen for longest is read again when it comes"
    )
    messages_recorded: int = count(64, "handshake messages a record", "the rest is not listed")
    certificates_recorded: int = count(
        10, "certificates of a chain in a record", "the rest is not listed"
    )
    names_recorded: int = count(
        100, "names or purposes of a certificate in a record", "the rest is not listed"
    )
    offers_recorded: int = count(
        200, "values of a list in a hello in a record", "the rest is not listed"
    )
    text_chars: int = count(
        1_024, "characters of a peer's text in a record", "the rest is cut off, with `...`"
    )

    # pictures
    picture_bytes: int = count(16_777_216, "bytes of a picture's file", "it is not shown")
    picture_pixels: int = count(40_000_000, "pixels, width times height", "it is not shown")
    picture_side: int = count(16_384, "pixels, width or height", "it is not shown")
    picture_parts: int = count(1_000, "parts of a file before its size", "it is not shown")
    picture_drawn_side: int = count(1_200, "pixels, width or height", "it is drawn smaller")
    picture_memory_bytes: int = count(
        1_073_741_824, "bytes of memory of the decoder", "the picture is not shown"
    )
    picture_seconds: float = limit(10, "seconds, in total", "the decoder is ended")
