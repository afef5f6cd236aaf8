"""What went wrong, in one sentence: what was wanted, what came, what to do."""


class SeqinterpError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(SeqinterpError, ValueError):
    """The data or a setting that the caller gave cannot be used."""


class ShapeError(InputError):
    """An array has the wrong number of axes or the wrong size."""


class AlphabetError(InputError):
    """A sequence holds a letter that is not DNA."""


class InfeasibleError(InputError):
    """No sequence keeps all the constraints, or none was found; `constraints` are the names of those that conflict."""

    def __init__(self, message: str, constraints: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.constraints = constraints


class FileError(InputError):
    """A file cannot be read or written, or does not hold what was expected."""


class LeakageError(InputError):
    """Related examples stand on both sides of a split."""


class ModelError(SeqinterpError):
    """The model cannot be used the way that was asked for."""
