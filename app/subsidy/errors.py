"""The one error of the room: a refused loan, reading or rate, as a typed fact."""


class SubsidyError(Exception):
    """A value the arithmetic refuses.

    `code` is stable and English, `message` is Chinese and says what to write instead, `pointer` is a JSON
    pointer into the request (``/repayments/0/amount_yuan``), empty where no single field is at fault.
    """

    def __init__(self, code: str, pointer: str, message: str) -> None:
        super().__init__(f"{code} {pointer}: {message}")
        self.code = code
        self.pointer = pointer
        self.message = message

    def under(self, prefix: str) -> "SubsidyError":
        """The same fact, its pointer moved below `prefix` (one loan among several)."""
        return SubsidyError(self.code, prefix + self.pointer, self.message)
