"""What a handler is given: the state of one localcloud and the ways to act on it."""

from dataclasses import dataclass, field

from localcloud.home import Home
from localcloud.operations import Operations
from localcloud.store import Store


@dataclass
class Cloud:
    """One running localcloud."""

    home: Home
    store: Store = field(init=False)
    operations: Operations = field(init=False)

    def __post_init__(self) -> None:
        self.home.create()
        self.store = Store(self.home.database)
        self.operations = Operations(self.store)
