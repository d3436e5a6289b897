"""Every message of the protocol by one import; PROTOCOL.md says the same in prose.

Pure values, made and read on any thread: `wire.part` has what both ends share, `wire.asked` what
clients say, `wire.told` what hosts say, `wire.content` what a message is beside its text, and
`wire.transfer` how files travel. Here are the two unions that a decoder is made for.
"""

from typing import TypeAlias

from secure_chat.wire.asked import (
    Hello,
    History,
    Join,
    Leave,
    Moderate,
    Renew,
    Rooms,
    Say,
    Who,
    Whois,
)
from secure_chat.wire.content import Attached, Content, ContentKind, Format
from secure_chat.wire.part import PROTOCOL_VERSION, Close, Code, Measure, Part, Ping, Pong
from secure_chat.wire.told import (
    Ack,
    Done,
    Error,
    Greeting,
    Live,
    Membership,
    Notice,
    Page,
    People,
    Person,
    Presence,
    Profile,
    Renewed,
    RoomInfo,
    RoomList,
    Said,
    Welcome,
)
from secure_chat.wire.transfer import (
    Abandon,
    Chunk,
    Enough,
    Fetch,
    Grant,
    More,
    Piece,
    Placed,
    Seal,
    Sealed,
    Sending,
    Sent,
    Upload,
)

__all__ = [
    "PROTOCOL_VERSION",
    "Abandon",
    "Ack",
    "Attached",
    "Chunk",
    "Close",
    "Code",
    "Content",
    "ContentKind",
    "Done",
    "Enough",
    "Error",
    "Fetch",
    "Format",
    "FromClient",
    "FromHost",
    "Grant",
    "Greeting",
    "Hello",
    "History",
    "Join",
    "Leave",
    "Live",
    "Measure",
    "Membership",
    "Message",
    "Moderate",
    "More",
    "Notice",
    "Page",
    "Part",
    "People",
    "Person",
    "Piece",
    "Ping",
    "Placed",
    "Pong",
    "Presence",
    "Profile",
    "Renew",
    "Renewed",
    "RoomInfo",
    "RoomList",
    "Rooms",
    "Said",
    "Say",
    "Seal",
    "Sealed",
    "Sending",
    "Sent",
    "Upload",
    "Welcome",
    "Who",
    "Whois",
]

Both: TypeAlias = Ping | Pong | Close
FromClient: TypeAlias = (
    Both
    | Hello
    | Say
    | Join
    | Leave
    | Who
    | Rooms
    | Whois
    | History
    | Renew
    | Moderate
    | Upload
    | Chunk
    | Seal
    | Abandon
    | Fetch
    | More
    | Enough
)
FromHost: TypeAlias = (
    Both
    | Greeting
    | Welcome
    | Ack
    | Said
    | Membership
    | Live
    | Presence
    | People
    | RoomList
    | Profile
    | Page
    | Renewed
    | Done
    | Error
    | Notice
    | Placed
    | Grant
    | Sealed
    | Sending
    | Piece
    | Sent
)
Message: TypeAlias = FromClient | FromHost
