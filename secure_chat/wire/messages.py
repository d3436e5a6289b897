"""Every message of the protocol by one import; PROTOCOL.md says the same in prose.

Pure values, made and read on any thread: `wire.part` has what both ends share, `wire.asked` what
clients say, `wire.told` what hosts say. Here are the two unions that a decoder is made for.
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

__all__ = [
    "PROTOCOL_VERSION",
    "Ack",
    "Close",
    "Code",
    "Done",
    "Error",
    "FromClient",
    "FromHost",
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
    "Notice",
    "Page",
    "Part",
    "People",
    "Person",
    "Ping",
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
    "Welcome",
    "Who",
    "Whois",
]

Both: TypeAlias = Ping | Pong | Close
FromClient: TypeAlias = (
    Both | Hello | Say | Join | Leave | Who | Rooms | Whois | History | Renew | Moderate
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
)
Message: TypeAlias = FromClient | FromHost
