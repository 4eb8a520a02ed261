"""Why a request is turned down: one typed word, the same in the CLI, the API and rehearsals."""

from enum import StrEnum


class RefusalType(StrEnum):
    """The words; each is the `type` of a Temporal ApplicationError."""

    INVALID_TRANSITION = "InvalidTransition"
    NOT_ALLOWED = "NotAllowed"
    NOT_YOUR_VISIT = "NotYourVisit"
    CONSENT_NEEDED = "ConsentNeeded"
    INVALID_INPUT = "InvalidInput"
    UNKNOWN_TICKET = "UnknownTicket"
    UNKNOWN_DEVICE = "UnknownDevice"
    UNKNOWN_TECHNICIAN = "UnknownTechnician"
    UNKNOWN_POLICY = "UnknownPolicy"
    UNKNOWN_COMMAND = "UnknownCommand"
    NO_CHOICE = "NoChoice"
    NOT_IN_STOCK = "NotInStock"
    TICKET_CLOSED = "TicketClosed"
    NOT_YET_SUPPORTED = "NotYetSupported"


class Refused(Exception):
    """A request that the rules turn down. Nothing has changed.

    Shape: `type` is the word, `message` one clear Chinese line that says what to do instead,
    `field` the input at fault where there is one.
    """

    def __init__(self, type: RefusalType, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.type = type
        self.message = message
        self.field = field

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{where}{self.message}"


def invalid(field: str, message: str) -> Refused:
    """An input at fault: which field, and how to mend it."""
    return Refused(RefusalType.INVALID_INPUT, message, field)
