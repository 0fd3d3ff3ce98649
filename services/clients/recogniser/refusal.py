"""Why a request cannot be met."""


class RefusedError(Exception):
    """`kind` is an error of the wire (see __main__), the text its sentence for people."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class WithdrawnError(Exception):
    """Nobody waits for this request any more."""
