"""The one tree of exceptions.

A message is written for the person who has to act: what is wrong, where, and what to do.
It never contains a password, a key or a whole connection address.
"""

from typing import ClassVar


class ThreadsPipelinesError(Exception):
    """Base of every error that the project raises on purpose."""

    exit_code: ClassVar[int] = 1
    """Exit code of a command that this error ends: 1 for a failure, 2 for a refused request."""


class ConfigurationError(ThreadsPipelinesError):
    """A setting, an environment variable or a run config value that cannot be used."""

    exit_code = 2


class MissingAddressError(ConfigurationError):
    """An address that no variable names, while no embedded stack runs that would have one."""

    exit_code = 1


class RealAccountsError(ConfigurationError):
    """Synthetic accounts were to be written beside real ones, and nobody said that they may be."""


class StackError(ThreadsPipelinesError):
    """A part of the embedded stack that cannot be started, reached or stopped."""


class SeedError(ThreadsPipelinesError):
    """A seed file that is missing or wrong; names object, entry, field and fault."""


class InputFileError(ThreadsPipelinesError):
    """A file given by a person that cannot be read; names the file, the line and the field."""


class TextModelError(ThreadsPipelinesError):
    """The text model's server does not answer, or lacks the model."""


class DatabaseError(ThreadsPipelinesError):
    """The app's database cannot be reached or refuses what the pipeline needs."""


class ContractError(DatabaseError):
    """The app's tables differ from what the pipeline relies on; names every difference."""


class PublishBusyError(DatabaseError):
    """Another run is publishing right now."""


class ObjectStorageError(ThreadsPipelinesError):
    """S3 cannot be reached, refuses, or lacks an object that is needed."""


class ArtefactError(ObjectStorageError):
    """A stored artefact is missing, incomplete or fails its checksum."""


class SchedulerError(ThreadsPipelinesError):
    """The scheduler of the workers on other machines, or the last of its workers, is gone."""


class ForeignHistoryError(ConfigurationError):
    """The versions in the bucket were made from another database than the one that is named."""


class PinError(ArtefactError):
    """It cannot be read which version is pinned, so that nothing may be published."""


class DataError(ThreadsPipelinesError):
    """Data that cannot be worked with, such as an empty window or a colliding id."""


class LeftWithoutError(DataError):
    """Publishing would leave more people without a feed than it may; nothing was published."""


class DeliveryError(ThreadsPipelinesError):
    """An alert or a number that could not be delivered; never names the address's path."""
